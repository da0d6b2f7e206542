"""What the provider's responses hold. One that cannot be read may stand for something that was bought."""

import json
from collections.abc import Iterable, Iterator

import httpx
import structlog

from studio_chassis.observability import metrics
from studio_chassis.replicate.errors import OutcomeUnknown, ResponseTooLarge
from studio_domain.prediction import PredictionReport, UnreadablePrediction, read_prediction

MAX_QUERY_CHARS = 16_384
log = structlog.get_logger()


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The body; of an error, the part within the limit. Raises OutcomeUnknown and ResponseTooLarge."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise OutcomeUnknown("the provider's response is compressed, which was not asked for")  # it may expand a lot
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit and response.is_success:
            raise ResponseTooLarge(f"the provider's response is larger than {limit} bytes")
        if len(body) > limit:
            break  # the status of an error is enough
    return bytes(body[:limit])


def parse_json(body: bytes) -> object:
    """What the JSON says. Raises OutcomeUnknown."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OutcomeUnknown(f"the provider's response of {len(body)} bytes is not JSON") from error


def read_report(body: object) -> PredictionReport:
    """Read one prediction of ours. An unknown status is logged and counted. Raises UnreadablePrediction."""
    report = read_prediction(body)
    if not report.has_known_status:
        metrics.unknown_statuses.inc()
        log.warning("unknown prediction status", prediction_id=report.id, status=report.status)
    return report


def parse_report(body: object) -> PredictionReport:
    """As `read_report`, of a response. Raises OutcomeUnknown."""
    try:
        return read_report(body)
    except UnreadablePrediction as error:
        raise OutcomeUnknown(f"the provider's response is no prediction: {error}") from error


def readable_reports(results: Iterable[object]) -> Iterator[PredictionReport]:
    """The predictions of a page, without entries that cannot be read."""
    for result in results:
        try:
            yield read_prediction(result)
        except UnreadablePrediction:  # it has no id, so it cannot be adopted
            continue


def query_of_next_page(following: object) -> str:
    """The query of the next page. Its host and path are not followed: the token must go nowhere else.

    Raises OutcomeUnknown.
    """
    try:
        query = httpx.URL(str(following)).query.decode()
    except (httpx.InvalidURL, UnicodeError):  # JSON may hold half a surrogate pair, which has no bytes
        query = ""
    if not 0 < len(query) <= MAX_QUERY_CHARS:
        raise OutcomeUnknown("the provider's link to the next page cannot be read")
    return query
