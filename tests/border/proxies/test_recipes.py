"""The kind: a proxy that ends TLS, keeps connections, takes a path away or stands before another site's panel."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from studio_chassis.replicate.webhook_url import webhook_url
from studio_gateway.http.body_limit import MAX_WEBHOOK_BYTES
from studio_support.served_gateway import serving

from .conftest import BELOW_A_PATH, OWN_HOST, PANEL, SIGNING_KEY, OpenProxy, Proxied

RECIPES = [(OWN_HOST, ""), (BELOW_A_PATH, "/concepts")]
REQUEST = {"prompt": "ocean energy with fish", "style": "professional", "count": 6}
FUNCTIONS = "/.netlify/functions"


@contextmanager
def client_of(proxied: Proxied) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxied.url, verify=False, trust_env=False, timeout=60) as client:
        yield client


def addresses_in(page: str) -> list[str]:
    return re.findall(r"""(?:src|href|from)(?:=| )"([^"#]+)\"""", page)


@pytest.mark.parametrize(("title", "path"), RECIPES)
def test_a_job_is_made_read_and_downloaded_through_the_proxy(behind_proxy: OpenProxy, title: str, path: str) -> None:
    with behind_proxy(title, path) as proxied, client_of(proxied) as client:
        created = client.post("v1/jobs", json={"prompt": "ocean", "count": 1})
        location = created.headers["location"]
        assert location == f"{path}/v1/jobs/{created.json()['id']}"
        proxied.gateway.finish(created.json()["id"])
        job = client.get(urljoin(proxied.url, location)).json()
        (concept,) = job["concepts"]
        for file in (
            *(one["stencil"] for one in job["plan"]["directions"]),
            *concept["pictures"].values(),
            *concept["vectors"].values(),
        ):
            assert client.get(urljoin(proxied.url, file["url"])).status_code == 200, file["url"]
        bundle = urljoin(proxied.url, f"{location}/bundle.zip")
        part = client.get(bundle, headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)
        assert client.head(bundle).headers["etag"].removeprefix("W/") == client.get(bundle).headers["etag"]


@pytest.mark.parametrize(("title", "path"), RECIPES)
@pytest.mark.parametrize("page", ["/", "/jobs/any", "/docs", "/docs/console", "/docs/events"])
def test_a_page_finds_all_its_files_through_the_proxy(
    behind_proxy: OpenProxy, title: str, path: str, page: str
) -> None:
    with behind_proxy(title, path) as proxied, client_of(proxied) as client:
        todo, seen = [proxied.url + page], set()
        while todo:
            address = todo.pop()
            if address in seen:
                continue
            seen.add(address)
            response = client.get(address)
            assert response.status_code == 200, address
            assert address.startswith(f"{proxied.url}/"), "it leads past the studio"
            if (
                response.headers["content-type"].startswith(("text/html", "text/javascript"))
                and "assets" not in address
            ):
                todo += [urljoin(address, found) for found in addresses_in(response.text)]
        assert len(seen) > 1


@pytest.mark.parametrize(("title", "path"), RECIPES)
def test_the_proxy_keeps_private_what_is_private(behind_proxy: OpenProxy, title: str, path: str) -> None:
    with behind_proxy(title, path) as proxied, client_of(proxied) as client:
        for private in ("metrics", "healthz", "readyz"):
            assert client.get(private).status_code == 404


def test_events_arrive_while_the_job_goes_on(behind_proxy: OpenProxy) -> None:
    with behind_proxy(OWN_HOST) as proxied, client_of(proxied) as client:
        proxied.gateway.accept("job-running")
        with client.stream("GET", "v1/jobs/job-running/events") as response:
            lines = response.iter_lines()
            assert "job.created" in next(line for line in lines if line.startswith("data: "))
            proxied.gateway.finish("job-running")
            assert "job.completed" in [line for line in lines if line.startswith("data: ")][-1]


def test_a_webhook_as_long_as_the_gateway_takes_passes(behind_proxy: OpenProxy) -> None:
    with behind_proxy(OWN_HOST) as proxied, client_of(proxied) as client:
        proxied.gateway.accept("job")
        proxied.gateway.start_prediction("job")
        address = webhook_url(proxied.url, "job", 0, 1, proxied.gateway.secret)
        body = b'{"id": "p", "status": "processing", "logs": "' + b"x" * (MAX_WEBHOOK_BYTES - 100) + b'"}'
        now = datetime.now(UTC)
        signed = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SIGNING_KEY).sign("msg_1", now, body.decode()),
        }
        assert client.post(address, content=body, headers=signed).status_code == 204


@pytest.mark.parametrize("named", [True, False])
def test_the_panel_finds_six_pictures_on_its_own_origin(behind_nginx: OpenProxy, named: bool) -> None:
    """Its content security policy lets pictures of no other origin in."""
    with behind_nginx(PANEL, named=named) as proxied, client_of(proxied) as client:
        created = client.post(f"{FUNCTIONS}/studio-inspire-create", json=REQUEST).json()
        proxied.gateway.finish(created["jobId"], slots=(1,) * 6)
        job = client.get(created["statusUrl"]).json()
        pictures = [concept["thumbnailUrl"] for concept in job["concepts"]]
        assert len(pictures) == 6
        for address in [created["statusUrl"], *pictures]:
            assert "{0.scheme}://{0.netloc}".format(urlsplit(address)) == proxied.url
        assert {client.get(address).headers["content-type"] for address in pictures} == {"image/png"}


def test_the_panel_s_key_makes_jobs_of_the_panel_and_nobody_comes_in_without(behind_nginx: OpenProxy) -> None:
    with behind_nginx(PANEL) as proxied, client_of(proxied) as client:
        job_id = client.post(f"{FUNCTIONS}/studio-inspire-create", json=REQUEST).json()["jobId"]
        assert proxied.gateway.inner.database.jobs[job_id].owner == "panel"
        assert client.post(f"/v1/jobs/{job_id}/cancel").status_code == 403
        direct = httpx.get(f"{proxied.gateway.url}/v1/jobs/{job_id}", timeout=60, trust_env=False)
        assert direct.status_code == 401


PANEL_PAGE = """<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"
content="default-src 'self'"><title>Panel</title><ul></ul><script src="panel.js"></script>"""
PANEL_SCRIPT = """
const functions = "/.netlify/functions";
(async () => {
  const { jobId } = await (await fetch(`${functions}/studio-inspire-create`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(%s) })).json();
  document.title = jobId;
  for (;;) {
    const job = await (await fetch(`${functions}/studio-inspire-status?jobId=${jobId}`)).json();
    if (job.status === "completed") {
      for (const concept of job.concepts) {
        const image = document.createElement("img");
        image.src = concept.thumbnailUrl || concept.quantizedUrl;
        document.body.append(image);
      }
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})();
"""


def test_a_browser_shows_all_six_pictures_of_the_panel(
    behind_nginx: OpenProxy, tmp_path: Path, chromium_or_skip: str
) -> None:
    api = pytest.importorskip("playwright.sync_api")
    from studio_support.page_loading import opening_again  # which needs it

    with behind_nginx(PANEL) as proxied, api.sync_playwright() as playwright, opening_again():
        (tmp_path / "panel" / "index.html").write_text(PANEL_PAGE)
        (tmp_path / "panel" / "panel.js").write_text(PANEL_SCRIPT % repr(REQUEST))
        browser = playwright.chromium.launch(executable_path=chromium_or_skip, args=["--headless", "--no-sandbox"])
        try:
            page: Any = browser.new_context(ignore_https_errors=True).new_page()
            page.goto(f"{proxied.url}/index.html")
            api.expect(page).not_to_have_title("Panel")
            proxied.gateway.finish(page.title(), slots=(1,) * 6)
            api.expect(page.locator("img")).to_have_count(6)
            loaded = "Promise.all([...document.images].map((image) => image.decode().then(() => image.naturalWidth)))"
            assert page.evaluate(loaded) == [1] * 6
        finally:
            browser.close()


def test_forwarded_headers_are_believed_from_trusted_proxies_only() -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    for trusted, scheme in (("127.0.0.1", "https"), ("192.0.2.1", "http")):
        with serving(trusted_proxies=trusted) as gateway:
            created = httpx.post(
                f"{gateway.url}{FUNCTIONS}/studio-inspire-create", json=REQUEST, headers=forwarded, trust_env=False
            )
            assert created.json()["statusUrl"].startswith(f"{scheme}://")
