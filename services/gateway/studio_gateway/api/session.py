"""A browser's session: a key entered once becomes a cookie that scripts cannot read and other sites cannot use."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request, Response, status
from pydantic import BaseModel, Field

from studio_contracts.access import ApiKey, Scope
from studio_gateway.access.authentication import SESSION_COOKIE, Session, address_of, checked_key, checked_session
from studio_gateway.access.caller import Caller
from studio_gateway.access.origin import check_origin
from studio_gateway.api.cookies import attributes
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http.problems import problems
from studio_gateway.http.query import KNOWN_PARAMETERS_ONLY

router = APIRouter(tags=["session"], dependencies=[KNOWN_PARAMETERS_ONLY])


class SignIn(BaseModel):
    """An API key, sent once."""

    key: str = Field(min_length=1, max_length=200, examples=["tpvs_your-key"])


class SessionView(BaseModel):
    """Whether the studio wants a key, and whose key this browser entered."""

    access: Literal["keys", "anonymous", "local"]
    signed_in: bool
    name: str | None = None
    owner: str | None = None
    scopes: list[Scope] = Field(default_factory=list)


@router.get("/v1/session", responses=problems(422, 429, 503))
async def get_session(request: Request, deps: DependenciesDep, session: Session = None) -> SessionView:
    """Whether this browser is signed in."""
    key = None if session is None else await checked_session(deps, session, address_of(request))
    return _view(deps, key)


@router.post("/v1/session", responses=problems(401, 403, 413, 415, 422, 429, 503))
async def open_session(
    sign_in: Annotated[SignIn, Body()], request: Request, response: Response, deps: DependenciesDep
) -> SessionView:
    """Sign this browser in with a key."""
    check_origin(request, deps.settings, from_browser=False)
    key = await checked_key(deps, sign_in.key.strip(), address_of(request))
    until = deps.clock() + deps.settings.session_time
    if key.expires_at is not None:
        until = min(until, key.expires_at)
    token = await deps.keys.open_session(key, until)
    max_age = int((until - deps.clock()).total_seconds())
    response.set_cookie(
        SESSION_COOKIE, token, max_age=max_age, **attributes(request, deps.settings, deps.settings.root or "/")
    )
    await deps.audit.record(Caller.with_key(key, "session", address_of(request)), "session.opened", key.id)
    return _view(deps, key)


@router.delete("/v1/session", status_code=status.HTTP_204_NO_CONTENT, responses=problems(403, 422, 429, 503))
async def end_session(request: Request, response: Response, deps: DependenciesDep, session: Session = None) -> None:
    """Sign this browser out. The session ends, so copies of its cookie are useless."""
    check_origin(request, deps.settings, from_browser=False)
    if session is not None:
        key = await checked_session(deps, session, address_of(request))
        if key is not None:
            await deps.keys.end_session(session)
            await deps.audit.record(Caller.with_key(key, "session", address_of(request)), "session.ended", key.id)
    response.delete_cookie(SESSION_COOKIE, **attributes(request, deps.settings, deps.settings.root or "/"))


def _view(deps: Dependencies, key: ApiKey | None) -> SessionView:
    access = deps.settings.access
    if key is None:
        return SessionView(access=access, signed_in=False)
    return SessionView(access=access, signed_in=True, name=key.name, owner=key.owner, scopes=sorted(key.scopes))
