"""What each route asks of its callers, read off the application itself. `docs/api/routes.md` shows it."""

from collections.abc import Iterator
from typing import NamedTuple

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from studio_gateway.access.authentication import owned_jobs
from studio_gateway.access.closed_route import scopes_of
from studio_gateway.access.rate_limiter import limit_of
from studio_gateway.http.body_limit import body_limit

_DOCS = "none: on STUDIO_HEALTH_PORT; here only with STUDIO_ACCESS=local, or where both ports are the same"
_WEBHOOK = "the token of the attempt, and the provider's signature"
OPEN: dict[str, str] = {
    "/": "none: the page's own files",
    "/jobs": "none: the page's own files",
    "/jobs/{job_id}": "none: the page's own files",
    "/static/{name}": "none: the page's own files",
    "/v1/palette": "none: the same for everybody",
    "/v1/options": "none: the same for everybody",
    "/v1/session": "none: this is where a key is entered",
    "/v1/jobs/{job_id}/shares/open": "the secret of a link",
    "/v1/webhooks/replicate/{token}/{job_id}/{slot}/{attempt}": _WEBHOOK,
    "/v1/webhooks/replicate/{job_id}/{slot}/{attempt}": _WEBHOOK,
    "/.netlify/functions/replicate-callback": _WEBHOOK,
    "/docs": _DOCS,
    "/docs/console": _DOCS,
    "/docs/events": _DOCS,
    "/docs/assets": _DOCS,
    "/openapi.json": _DOCS,
    "/asyncapi.json": _DOCS,
    "/healthz": "none: for probes; the proxy keeps it from the outside",
    "/readyz": "none: for probes; the proxy keeps it from the outside",
    "/metrics": "none: for Prometheus, on STUDIO_HEALTH_PORT; here only where both ports are the same",
}
"""Routes that ask for no key, and why. Every other route must ask for one."""


class RoutePolicy(NamedTuple):
    """A route and what it asks for. `scopes` is empty where no key is asked for.

    `is_owned`: the route has the jobs of the caller's owner and no others. `body_bytes` is 0 where no body is read.
    `rate` names the limit of requests a minute that counts it.
    """

    method: str
    path: str
    authentication: str
    scopes: tuple[str, ...]
    is_owned: bool
    body_bytes: int
    rate: str


def route_table(app: FastAPI) -> list[RoutePolicy]:
    """Every route of the application, by path."""
    return sorted(_policies(app), key=lambda policy: (policy.path, policy.method))


def _policies(app: FastAPI) -> Iterator[RoutePolicy]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            scopes = scopes_of(route.dependant)
            how = OPEN.get(route.path, "nothing") if scopes is None else _credentials(route.path, scopes)
            is_owned = _uses(route.dependant, owned_jobs)
        elif isinstance(route, Route | Mount):
            scopes, how, is_owned = None, OPEN.get(route.path, "nothing"), False
        else:
            continue
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            rate = "" if scopes is None else limit_of(method, scopes)  # where no key is asked for, nothing is counted
            limit = 0 if method in ("GET", "HEAD") else body_limit(route.path)
            yield RoutePolicy(method, route.path, how, tuple(scopes or ()), is_owned, limit, rate)


def _credentials(path: str, scopes: list[str]) -> str:
    is_linked = path.startswith("/v1/jobs/{job_id}") and scopes == ["jobs:read"]
    return "a key, a session or a link" if is_linked else "a key or a session"


def _uses(dependant: Dependant, call: object) -> bool:
    return any(inner.call is call or _uses(inner, call) for inner in dependant.dependencies)
