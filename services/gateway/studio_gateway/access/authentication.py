"""The caller of a request, as routes ask for it: `Annotated[Caller, Security(authenticate, scopes=[…])]`."""

from dataclasses import replace
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from studio_chassis.errors import Unavailable
from studio_chassis.observability import metrics
from studio_contracts.access import ApiKey, ShareLink
from studio_gateway.access.caller import Caller
from studio_gateway.access.origin import check_origin
from studio_gateway.access.owned_jobs import OwnedJobs
from studio_gateway.dependencies import Dependencies, dependencies_of
from studio_gateway.http.concurrency_limit import hold
from studio_gateway.http.problems import ProblemError

BEARER = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="tpvs_…",
    description="An API key, made by `studio keys create`. A studio on a laptop's loopback needs none.",
    auto_error=False,
)
SESSION_COOKIE = "studio_session"
SESSION = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="What a browser gets for a key (`POST /v1/session`). Unsafe requests must come from the studio's page.",
    auto_error=False,
)
SHARE_COOKIE = "studio_share"
SHARE = APIKeyCookie(
    name=SHARE_COOKIE,
    scheme_name="share",
    description="What a browser gets for a read-only link (`POST /v1/jobs/{job_id}/shares/open`): one job may be read.",
    auto_error=False,
)
CALLER = "caller"
"""The key of a request's state that holds its caller, so that the route and the framework authenticate it only once."""
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
Session = Annotated[str | None, Security(SESSION)]
Share = Annotated[str | None, Security(SHARE)]


async def authenticate(
    needed: SecurityScopes, request: Request, bearer: Bearer, session: Session, share: Share
) -> Caller:
    """The caller, who may do what is needed. Raises ProblemError (401, 403) and Unavailable."""
    deps = dependencies_of(request)
    caller: Caller | None = getattr(request.state, CALLER, None)
    if caller is None:
        caller = await _caller(deps, request, bearer, session, share)
        setattr(request.state, CALLER, caller)
        if caller.via != "local":
            hold(request, deps.requests, caller.client, too_many_requests)
    if caller.via != "key":
        check_origin(request, deps.settings, from_browser=caller.via in ("session", "share"))
    if missing := [scope for scope in needed.scopes if scope not in caller.scopes]:
        raise _forbidden(missing)
    await deps.rates.check(request, caller, needed.scopes)
    return caller


async def _caller(
    deps: Dependencies,
    request: Request,
    bearer: HTTPAuthorizationCredentials | None,
    session: str | None,
    share: str | None,
) -> Caller:
    has_another = bearer is not None or session is not None
    link = None if share is None else await _checked_link(deps, share, address_of(request), has_another=has_another)
    try:
        caller = await _identify(deps, request, bearer, session)
    except ProblemError:
        if link is None or bearer is not None:
            raise
        caller = Caller.with_link(link, address_of(request))
    return caller if link is None else replace(caller, link=link)


async def caller_of(request: Request, *scopes: str) -> Caller:
    """As `authenticate`, for code that runs before the framework resolves dependencies."""
    return await authenticate(
        SecurityScopes(list(scopes)), request, await BEARER(request), await SESSION(request), await SHARE(request)
    )


async def still_allowed(request: Request, caller: Caller) -> bool:
    """Whether the caller is still allowed: its key, session or link has not ended since."""
    try:
        now = await _caller(
            dependencies_of(request), request, await BEARER(request), await SESSION(request), await SHARE(request)
        )
    except Unavailable:
        return True
    except ProblemError:
        return False
    return (now.owner, now.link) == (caller.owner, caller.link) and "jobs:read" in now.scopes


async def _identify(
    deps: Dependencies, request: Request, bearer: HTTPAuthorizationCredentials | None, session: str | None
) -> Caller:
    address = address_of(request)
    if deps.settings.access == "local":
        return Caller.local(address)
    if bearer is not None:
        return Caller.with_key(await checked_key(deps, bearer.credentials, address), "key", address)
    if session is not None and (key := await checked_session(deps, session, address)) is not None:
        return Caller.with_key(key, "session", address)
    if deps.settings.access == "anonymous" and "Authorization" not in request.headers:
        return Caller.anonymous(address)
    if session is not None:
        raise unauthenticated("The session has ended. Enter the API key again.")
    raise unauthenticated("Send an API key as `Authorization: Bearer tpvs_…`.")


async def checked_key(deps: Dependencies, token: str, address: str) -> ApiKey:
    """The key that the token is. Raises ProblemError (401, or 429 after too many wrong ones) and Unavailable."""
    if not deps.keys.knows(token):
        deps.failed_checks.refuse(address)
    key = await deps.keys.key_of(token)
    if key is None:
        await deps.failed_checks.count(address)
        raise unauthenticated("This API key is unknown, expired or revoked.", error="invalid_token")
    return key


async def checked_session(deps: Dependencies, token: str, address: str) -> ApiKey | None:
    """The key of a session, None when it has ended. Raises ProblemError (429, too many ended ones) and Unavailable."""
    if deps.keys.is_ended(token):
        return None
    if not deps.keys.knows(token):
        deps.ended_sessions.refuse(address)
    key = await deps.keys.key_of_session(token)
    if key is None:
        await deps.ended_sessions.count(address)
    return key


async def _checked_link(deps: Dependencies, token: str, address: str, *, has_another: bool) -> ShareLink | None:
    """As `checked_session`. While the address is closed the cookie opens nothing for who `has_another` credential."""
    if deps.keys.is_ended(token) or (has_another and deps.ended_sessions.closed_seconds(address)):
        return None
    deps.ended_sessions.refuse(address)
    link = await deps.keys.link_of(token)
    if link is None:
        await deps.ended_sessions.count(address)
    return link


def address_of(request: Request) -> str:
    """Where the request comes from, behind the proxies that are trusted."""
    return "" if request.client is None else request.client.host


def too_many_requests() -> ProblemError:
    """A 429 for a client that uses as many connections as it may."""
    metrics.rate_limited.labels("connections").inc()
    detail = "Too many of your requests are under way. Send them one after another."
    return ProblemError(429, "too-many-connections", "Too many connections", detail, retry_after=1)


def unauthenticated(detail: str, error: str = "") -> ProblemError:
    """A 401 that says how to identify oneself."""
    challenge = 'Bearer realm="studio"' + (f', error="{error}"' if error else "")
    return ProblemError(401, "unauthenticated", "Who are you?", detail, headers={"WWW-Authenticate": challenge})


def _forbidden(missing: list[str]) -> ProblemError:
    scopes = " ".join(missing)
    challenge = f'Bearer realm="studio", error="insufficient_scope", scope="{scopes}"'
    detail = f"This key lacks the scope {', '.join(missing)}."
    return ProblemError(403, "forbidden", "Not allowed", detail, headers={"WWW-Authenticate": challenge})


Operator = Annotated[Caller, Security(authenticate, scopes=["ops"])]


async def owned_jobs(request: Request, caller: Annotated[Caller, Security(authenticate)]) -> OwnedJobs:
    """The jobs that the caller may see, as routes ask for them."""
    return dependencies_of(request).jobs.of(caller)


JobsToCreate = Annotated[OwnedJobs, Security(owned_jobs, scopes=["jobs:create"])]
JobsToRead = Annotated[OwnedJobs, Security(owned_jobs, scopes=["jobs:read"])]
JobsToCancel = Annotated[OwnedJobs, Security(owned_jobs, scopes=["jobs:cancel"])]
