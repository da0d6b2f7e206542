"""Which names the gateway answers to.

A foreign page can point a name of its own at this machine's loopback (DNS rebinding) and is then, for the browser, of
the same origin. The Host header still has the foreign name. Starlette's own middleware answers in plain text and does
not know IPv6 addresses.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from studio_gateway.http.body_limit import WEBHOOK_PATHS
from studio_gateway.http.problems import ProblemError, problem_response

FOR_ANY_HOST = ("/healthz", "/readyz", "/metrics", *WEBHOOK_PATHS)
"""Probes come by address; a webhook, by the name of a tunnel, and proves itself."""


class HostCheck:
    """ASGI middleware that refuses requests to another host with 421."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_for_us(scope):
            await self._app(scope, receive, send)
            return
        detail = "This studio does not answer to that host name. Its operator can add it to STUDIO_TRUSTED_HOSTS."
        await problem_response(ProblemError(421, "other-host", "Another host", detail))(scope, receive, send)

    def _is_for_us(self, scope: Scope) -> bool:
        return host_name(Headers(scope=scope).get("Host", "")) in self._hosts or scope["path"].startswith(FOR_ANY_HOST)


def host_name(host: str) -> str:
    """The name or address of a Host header, without port and brackets; "" when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
