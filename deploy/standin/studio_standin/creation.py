"""The create call: from raw bytes and headers to a prediction, or to a refusal in the provider's words."""

import json
import re
from datetime import datetime, timedelta
from typing import Any, get_args

from starlette.requests import Request

from studio_standin import runs
from studio_standin.faults import Event, PredictionFault
from studio_standin.predictions import Prediction
from studio_standin.problems import invalid_input, invalid_version, not_found, problem
from studio_standin.schemas import MODELS, InvalidField, Model, VersionError, invalid_fields, resolve, with_defaults

MAX_BODY_BYTES = 16 * 2**20
_KEYS = frozenset({"input", "webhook", "webhook_events_filter", "stream"})
_LIFETIME_SECONDS = (5, 24 * 3600)


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object in the request. Raises Problem 400 or 413."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise problem(413, "Payload too large", f"The body has more than {MAX_BODY_BYTES} bytes.")
    try:
        body = json.loads(content)
    except ValueError as error:
        raise problem(400, "Bad request", f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise problem(400, "Bad request", "The body is not a JSON object.")
    return body


def subject_of(body: dict[str, Any]) -> tuple[str, str]:
    """Prompt and seed of a body that may be anything, for choosing faults."""
    given = body.get("input")
    return (str(given.get("prompt", "")), str(given.get("seed"))) if isinstance(given, dict) else ("", "")


def prediction_from(
    body: dict[str, Any],
    *,
    official: str | None,
    fault: PredictionFault,
    base_url: str,
    lifetime: timedelta | None,
    now: datetime,
) -> Prediction:
    """Validate a body. `official` is the model of the path, or None where the body names a version. Raises Problem."""
    wrong = [*_wrong_envelope(body, _KEYS if official else _KEYS | {"version"})]
    if wrong:
        raise invalid_input(wrong)
    model, version = _official(official) if official else _by_version(body["version"])
    wrong = invalid_fields(model, body["input"])
    if wrong:
        raise invalid_input(wrong)
    arguments = with_defaults(model, body["input"])
    if arguments["seed"] is None:
        arguments["seed"] = runs.random_seed()
    now = now.replace(
        microsecond=now.microsecond // 1000 * 1000
    )  # in the precision that responses show, so that lists filter by what they show
    return Prediction(
        model=model,
        version=version,
        given=body["input"],
        arguments=arguments,
        base_url=base_url,
        fault=fault,
        created_at=now,
        webhook=body.get("webhook"),
        webhook_events_filter=body.get("webhook_events_filter"),
        deadline=None if lifetime is None else now + lifetime,
    )


def parse_lifetime(header: str | None) -> timedelta | None:
    """`Cancel-After`: 30, 30s, 5m, 1h30m45s; 5 seconds to 24 hours. Raises Problem."""
    if header is None:
        return None
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", header.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    lifetime = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    least, most = _LIFETIME_SECONDS
    if not least <= lifetime.total_seconds() <= most:
        raise problem(422, "Invalid Cancel-After", f"Cancel-After must be between {least} seconds and 24 hours.")
    return lifetime


def parse_wait(header: str | None) -> int | None:
    """Seconds for which `Prefer: wait` or `wait=n` delays the response, 1 to 60; None without it."""
    match = re.fullmatch(r"\s*wait(?:=(\d+))?\s*", header or "")
    return min(60, max(1, int(match[1] or 60))) if match else None


def _official(name: str) -> tuple[Model, str]:
    model = MODELS.get(name)
    if model is None or not model.official:
        raise not_found()
    return model, "hidden"


def _by_version(reference: str) -> tuple[Model, str]:
    try:
        return resolve(reference)
    except VersionError as error:
        raise invalid_version() from error


def _wrong_envelope(body: dict[str, Any], keys: frozenset[str]) -> list[InvalidField]:
    wrong = [
        InvalidField("additional_property_not_allowed", "", f"Additional property {key} is not allowed")
        for key in body
        if key not in keys
    ]
    required = {"input": dict, "version": str} if "version" in keys else {"input": dict}
    for key, kind in required.items():
        if key not in body:
            wrong.append(InvalidField("required", "", f"{key} is required"))
        elif not isinstance(body[key], kind):
            wrong.append(InvalidField("invalid_type", key, f"Invalid type for {key}"))
    webhook = body.get("webhook")
    if webhook is not None and not (isinstance(webhook, str) and re.match(r"https?://[^/]", webhook)):
        wrong.append(InvalidField("format", "webhook", "Does not match format 'uri'"))
    events = body.get("webhook_events_filter")
    if events is not None and not (isinstance(events, list) and all(event in get_args(Event) for event in events)):
        allowed = ", ".join(f'"{event}"' for event in get_args(Event))
        wrong.append(InvalidField("enum", "webhook_events_filter", f"Must be a list of: {allowed}"))
    return wrong
