"""That a request which changes something does not come from a foreign page.

A browser adds what lets the caller in by itself: the cookie, or merely being on the same machine. It also says, in
`Origin` and `Sec-Fetch-Site`, which page the request comes from. Programs with a key send neither, and need neither.
"""

from urllib.parse import urlsplit

from fastapi import Request

from studio_gateway.http.problems import ProblemError
from studio_gateway.settings import GatewaySettings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check_origin(request: Request, settings: GatewaySettings, *, from_browser: bool) -> None:
    """Raises ProblemError (403) for an unsafe request of a foreign page; `from_browser` wants proof that it is not."""
    if request.method in SAFE:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is None:
        is_ours = site in ("same-origin", "none") or (site is None and not from_browser)
    else:
        is_ours = origin in settings.cors_origins.split() or _host(origin) in _our_hosts(request, settings)
    if not is_ours:
        detail = "This request comes from a page that is not this studio's."
        raise ProblemError(403, "foreign-origin", "Not allowed", detail)


def _our_hosts(request: Request, settings: GatewaySettings) -> set[str]:
    """Host and port by which the gateway is reached: what the browser asked for, and the address from outside."""
    return {request.headers.get("Host", ""), _host(settings.public_base_url or "")} - {""}


def _host(address: str) -> str:
    """Host and port of an address, "" when it is none, as of the origin "null"."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""
