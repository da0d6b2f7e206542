"""Which addresses a client may ask to be called at."""

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from studio_chassis.outbound.addresses import is_address, is_public
from studio_contracts.callbacks import MAX_URL_CHARS

Reach = Literal["off", "public", "local"]


class CallbackUrlError(ValueError):
    """No client is called at that address; the text is for the client."""


class Receiver(NamedTuple):
    """Where a client is called: its host, and whether that is an IP address."""

    host: str
    is_address: bool


def check_callback_url(url: str, reach: Reach) -> Receiver:
    """The receiver of a URL. Raises CallbackUrlError.

    With the reach `public`: https at port 443 of a name or public address. `local` takes http, ports and private
    addresses as well, for receivers beside the studio. What a name leads to is seen when it is called.
    """
    if reach == "off":
        raise CallbackUrlError("This studio calls no clients (STUDIO_CALLBACKS is off).")
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise CallbackUrlError(f"A callback URL has at most {MAX_URL_CHARS} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise CallbackUrlError("This is no URL.") from error
    if not host or "\\" in url or "@" in parts.netloc or parts.fragment:
        raise CallbackUrlError("A callback URL has a host, and neither credentials nor a fragment.")
    if parts.scheme not in (("https",) if reach == "public" else ("https", "http")):
        raise CallbackUrlError("A callback URL begins with https://.")
    if reach == "public" and port not in (None, 443):
        raise CallbackUrlError("A callback URL has the port 443.")
    if reach == "public" and ((is_address(host) and not is_public(host)) or host == "localhost"):
        raise CallbackUrlError("This is a private address; no client is called there.")
    return Receiver(host, is_address(host))
