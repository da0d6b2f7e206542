"""Unknown query parameters are refused, as unknown fields of a body are: a misspelt one would be ignored silently."""

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute


async def _refuse_unknown_parameters(request: Request) -> None:
    if not request.query_params:
        return
    route: APIRoute = request.scope["route"]
    known = known_parameters(route)
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        message = f"Unknown parameter. Known here: {', '.join(known) or 'none'}."
        raise RequestValidationError(
            [{"type": "unknown_parameter", "loc": ("query", name), "msg": message, "input": None} for name in unknown]
        )


def known_parameters(route: APIRoute) -> list[str]:
    """The names of the query parameters that a route and its dependencies take."""
    dependants = [route.dependant]
    names = []
    while dependants:
        dependant = dependants.pop(0)
        names += [field.alias for field in dependant.query_params]
        dependants += dependant.dependencies
    return names


KNOWN_PARAMETERS_ONLY = Depends(_refuse_unknown_parameters)
