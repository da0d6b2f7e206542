"""The API's description as a browser shows it: Redoc works under the page's policy, with our own files alone."""

from playwright.sync_api import Browser, expect

from studio_support.served_gateway import serving


def test_the_description_is_shown_and_searched_with_the_studio_s_own_files(browser: Browser) -> None:
    with serving(access="local", trusted_hosts="127.0.0.1") as gateway:
        context = browser.new_context(base_url=gateway.url)
        loaded: list[str] = []
        context.on("requestfinished", lambda request: loaded.append(request.url))
        page = context.new_page()
        page.goto("/docs")
        expect(page.get_by_role("heading", name="With Python")).to_be_visible()
        page.get_by_role("textbox").fill("cancel")  # by a worker, which the policy has to allow
        expect(page.get_by_role("menuitem", name="cancel").first).to_be_visible()
        context.close()
    assert [url for url in loaded if not url.startswith((f"{gateway.url}/", f"blob:{gateway.url}/"))] == []
