"""Which addresses a client may give to be called at."""

import pytest

from studio_chassis.outbound.callback_url import CallbackUrlError, check_callback_url
from studio_support.called_clients import URL

REFUSED = [
    "http://client.example/",
    "ftp://client.example/",
    "https://",
    "client.example/hook",
    "",
    "https://user:pass@client.example/",
    "https://client.example/#part",
    "https://client.example\\@evil.example/",
    "https://client.example:8443/",
    "https://client.example:port/",
    "https://client.example/ x",
    "https://client.example/\x00",
    "https://clïent.example/",
    "https://[::1/",
    "https://[::1]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest",
    "https://localhost/",
    "https://localhost./",
    "https://client.example/" + "x" * 2000,
]


@pytest.mark.parametrize("url", REFUSED)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(CallbackUrlError):
        check_callback_url(url, "public")


@pytest.mark.parametrize(
    "url", [URL, "https://client.example:443", "https://1.1.1.1/a", "https://[2606:4700::6810:1]/"]
)
def test_https_urls_of_the_internet_are_taken(url: str) -> None:
    assert check_callback_url(url, "public").host
