"""Routes that ask who calls before they look at what is sent.

The framework reads and parses a body first and resolves dependencies, the caller among them, afterwards. So a caller
without a key could make the gateway read bodies, and would learn from its answers how they are checked.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from studio_gateway.access.authentication import authenticate, caller_of


class ClosedRoute(APIRoute):
    """A route that authenticates its caller, where it asks for one, before anything else is read or refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        scopes = scopes_of(self.dependant)
        if scopes is None:
            return handle

        async def handle_known_caller(request: Request) -> Response:
            await caller_of(request, *scopes)
            return await handle(request)

        return handle_known_caller


def scopes_of(dependant: Dependant) -> list[str] | None:
    """The scopes that a key needs, None where no key is asked for."""
    for inner in dependant.dependencies:
        if inner.call is authenticate:
            return [*(inner.parent_oauth_scopes or ()), *(inner.own_oauth_scopes or ())]
        if (found := scopes_of(inner)) is not None:
            return found
    return None
