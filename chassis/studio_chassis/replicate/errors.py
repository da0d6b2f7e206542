"""What can go wrong with a request to Replicate, distinguished by what may be done next.

Creating a prediction costs money and cannot be made idempotent, so the question is always whether one was created:

    ProviderError
    ├── ConnectionFailed           certainly not: try again
    ├── RateLimited                certainly not: try again after `retry_after`
    ├── OutcomeUnknown             perhaps: look for it before trying again
    │   ├── ResponseTooLarge       perhaps, and the response cannot be read this time or next time
    │   └── ProviderServerError    perhaps, and the next request would fare no better
    │       └── NotTheProvider     perhaps: something between us and the provider answered
    ├── AccountBlocked             no, and no request will work until a person acts
    │   ├── OutOfCredit
    │   ├── Unauthorised
    │   └── Misdirected            the settings lead somewhere else
    ├── InvalidRequest             no, and this request never will
    └── NotFound                   there is no such prediction to read or cancel

Only a 4xx with the provider's own problem JSON is about the request itself. Whatever else answers 3xx or 4xx (proxies,
firewalls, load balancers, another server) is about the way to the provider, and affects all requests alike.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from studio_chassis.errors import ChassisError

DEFAULT_RETRY_SECONDS = 10.0
"""An account low on credit may create six predictions a minute."""
RETRY_BOUNDS_SECONDS = (1.0, 600.0)
_MAX_TEXT_CHARS = 2_000
_MAX_PLACE_CHARS = 200
_ASTRAY = "REPLICATE_API_BASE or a proxy setting does not lead to the provider's API"
_REDIRECT = "Redirects are not followed: set REPLICATE_API_BASE to the address of the API itself"
_RESET_IN_TEXT = re.compile(r"~\s*(\d{1,6})\s*s")


class ProviderError(ChassisError):
    """The provider did not carry out the request."""


class ConnectionFailed(ProviderError):
    """No connection: the request never reached the provider."""


class OutcomeUnknown(ProviderError):
    """The request may have been carried out, but no usable response came back."""


class ResponseTooLarge(OutcomeUnknown):
    """The response exceeds what is read."""


class RateLimited(ProviderError):
    """Too many requests; `retry_after` is in seconds, within RETRY_BOUNDS_SECONDS."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderServerError(OutcomeUnknown):
    """The provider, or a gateway before it, says that it cannot serve; a prediction may still have been created."""


class NotTheProvider(ProviderServerError):
    """A refusal without the provider's own JSON: it comes from a proxy, a firewall or another server."""


class AccountBlocked(ProviderError):
    """Nothing can be bought until a person acts: hold all work, use no attempts."""


class OutOfCredit(AccountBlocked):
    """The account has no credit left or met its spending limit."""


class Unauthorised(AccountBlocked):
    """The API token is wrong, or not allowed to do this."""


class Misdirected(AccountBlocked):
    """The settings lead past the provider's API: a redirect, a proxy that wants a password, a path without an API."""


class InvalidField(NamedTuple):
    """One input the provider refused, such as `input.num_outputs` for `number_lte`."""

    field: str
    type: str
    description: str


class InvalidRequest(ProviderError):
    """The request is at fault: the same one must not be sent again."""

    def __init__(self, status: int, title: str, detail: str, invalid_fields: tuple[InvalidField, ...] = ()) -> None:
        super().__init__(_message(status, title, detail))
        self.status = status
        self.title = title
        self.detail = detail
        self.invalid_fields = invalid_fields


class NotFound(ProviderError):
    """The provider knows no prediction of that id."""


class Response(NamedTuple):
    """A whole HTTP response; header names in lower case, or in a mapping that ignores case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def error_for(response: Response, now: datetime) -> ProviderError:
    """What a response outside 2xx means. `now` is for a Retry-After given as a date.

    A 404 is taken for one of the path; the caller knows whether the path names a prediction.
    """
    problem = _problem(response.body)
    title, detail = _text(problem.get("title")), _text(problem.get("detail"))
    message = _message(response.status, title, detail)
    match response.status:
        case 401 | 403:
            return Unauthorised(message)
        case 402:
            return OutOfCredit(message)
        case 429:
            return RateLimited(message, _retry_after(problem, response.headers, now))
        case 408 | 409 | 425:
            return OutcomeUnknown(message)
        case 404 | 405 | 407 | 410 | 421:
            return Misdirected(f"{message}. {_ASTRAY}")
        case status if 300 <= status < 400:
            return Misdirected(f"{message}, a redirect{_target(response.headers)}. {_REDIRECT}")
        case status if status >= 500:
            return ProviderServerError(message)
        case status if 400 <= status < 500 and is_problem(response):
            return InvalidRequest(status, title, detail, tuple(_invalid_fields(problem)))
        case _:
            return NotTheProvider(f"{message}, without the provider's own JSON: something else answers in its place")


def is_problem(response: Response) -> bool:
    """Whether the body is the provider's problem JSON: an object that has a title or a detail."""
    problem = _problem(response.body)
    return any(isinstance(problem.get(key), str) and problem[key] for key in ("title", "detail"))


def _target(headers: Mapping[str, str]) -> str:
    """Where a redirect leads, without query and credentials, which may be secret."""
    try:
        parts = urlsplit(headers.get("location", ""))
    except ValueError:
        return ""
    place = f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else parts.path
    return f" to {place[:_MAX_PLACE_CHARS]}" if place else ""


def _message(status: int, title: str, detail: str) -> str:
    return ": ".join(filter(None, (f"the provider answered {status}", title, detail)))


def _problem(body: bytes) -> dict[str, Any]:
    """The keys of a JSON object; none for anything else, such as a gateway's HTML."""
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _text(value: object) -> str:
    return "" if value is None else str(value)[:_MAX_TEXT_CHARS]


def _invalid_fields(problem: Mapping[str, Any]) -> Iterator[InvalidField]:
    fields = problem.get("invalid_fields")
    for item in fields if isinstance(fields, list) else []:
        if isinstance(item, dict):
            yield InvalidField(_text(item.get("field")), _text(item.get("type")), _text(item.get("description")))


def _retry_after(problem: Mapping[str, Any], headers: Mapping[str, str], now: datetime) -> float:
    in_text = _RESET_IN_TEXT.search(_text(problem.get("detail")))
    stated = (
        _seconds(problem.get("retry_after")),
        _seconds(headers.get("retry-after")),
        _seconds_until(headers.get("retry-after"), now),
        _seconds(in_text and in_text[1]),
    )
    seconds = next((value for value in stated if value is not None), DEFAULT_RETRY_SECONDS)
    least, most = RETRY_BOUNDS_SECONDS
    return max(least, min(seconds, most))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None


def _seconds_until(date: str | None, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
