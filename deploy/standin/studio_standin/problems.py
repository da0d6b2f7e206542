"""Error responses: problem+json in the provider's words, pages of gateways, and dropped connections."""

from collections.abc import Sequence

from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from studio_standin.faults import HttpFault
from studio_standin.schemas import InvalidField


class Problem(Exception):
    """Ends a request with this response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def problem(status: int, title: str | None, detail: str, **more: object) -> Problem:
    """`application/problem+json`; a title of None is left out."""
    body = {"title": title, "detail": detail, "status": status, **more}
    if title is None:
        del body["title"]
    return Problem(JSONResponse(body, status, media_type="application/problem+json"))


def unauthenticated() -> Problem:
    return problem(401, "Unauthenticated", "You did not pass a valid authentication token")


def not_found() -> Problem:
    return problem(404, None, "The requested resource could not be found.")


def invalid_version() -> Problem:
    detail = "The specified version does not exist (or perhaps you don't have permission to use it?)"
    return problem(422, "Invalid version or not permitted", detail)


def invalid_input(fields: Sequence[InvalidField]) -> Problem:
    detail = "".join(f"- {invalid.field or '(root)'}: {invalid.description}\n" for invalid in fields)
    return problem(422, "Input validation failed", detail, invalid_fields=[invalid._asdict() for invalid in fields])


def from_fault(fault: HttpFault) -> Problem:
    """The response that a fault's status stands for."""
    match fault.status:
        case 401:
            return unauthenticated()
        case 402:
            detail = (
                "You have insufficient credit to run this model. Buy credit, then wait a few minutes and try again."
            )
            return problem(402, "Insufficient credit", detail)
        case 404:
            return not_found()
        case 422:
            field = InvalidField("number_lte", "input.num_outputs", "Must be less than or equal to 4")
            return invalid_input([field])
        case 429:
            return _throttled(fault)
        case status:
            page = f"<html><head><title>{status}</title></head><body><h1>{status} Server Error</h1></body></html>"
            return Problem(HTMLResponse(page, status or 500))


def _throttled(fault: HttpFault) -> Problem:
    seconds = fault.retry_after
    if fault.retry_in == "header":
        throttled = problem(429, None, "Request was throttled.")
        throttled.response.headers["Retry-After"] = str(seconds)
        return throttled
    detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
    return problem(429, None, detail, **({"retry_after": seconds} if fault.retry_in == "body" else {}))


class DroppedConnection(Response):
    """Closes the connection instead of answering, or in the middle of `body` when a content length is promised."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.body:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        # ASGI cannot close a connection: the bound method leads to uvicorn's own request cycle.
        receive.__self__.transport.close()  # type: ignore[attr-defined]
        while (await receive())["type"] != "http.disconnect":
            pass
