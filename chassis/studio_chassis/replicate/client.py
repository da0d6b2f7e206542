"""Replicate's HTTP API, as far as we use it. Nothing is sent twice: `errors` lists what may be tried again."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

import httpx
from opentelemetry.trace import SpanKind
from pydantic import SecretStr

from studio_chassis.observability import metrics
from studio_chassis.observability.tracing import span
from studio_chassis.replicate.errors import (
    ConnectionFailed,
    Misdirected,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Response,
    error_for,
    is_problem,
)
from studio_chassis.replicate.responses import (
    parse_json,
    parse_report,
    query_of_next_page,
    read_body,
    readable_reports,
)
from studio_chassis.replicate.webhook_url import normalize_base_url
from studio_chassis.runtime.clock import Clock, utc_now
from studio_domain.prediction import PredictionReport

WebhookEvent = Literal["start", "output", "logs", "completed"]

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 20.0
MAX_RESPONSE_BYTES = 4 * 2**20
MAX_PAGE_BYTES = 40 * 2**20
"""A page echoes the inputs of 100 predictions, each with a stencil of up to 256 kB as a data URI."""
CANCEL_AFTER_BOUNDS = (timedelta(seconds=5), timedelta(hours=24))
"""What the provider accepts; outside it refuses the request."""

_ID = re.compile(r"/predictions/[^/]+")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def api_root(base: str) -> str:
    """The API's root without a slash at its end, `/v1` added where the setting lacks it. Raises ValueError."""
    root = normalize_base_url(base)
    return root if root.endswith("/v1") else f"{root}/v1"


class ReplicateClient:
    """Creates, reads, cancels and lists predictions. The caller owns and closes `http`.

    Every method raises ProviderErrors. The token goes to `api_base` alone and appears in no repr or error.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        api_base: str,
        token: SecretStr,
        now: Clock = utc_now,
    ) -> None:
        secret = token.get_secret_value().strip()
        if not (secret and secret.isascii() and secret.isprintable()):
            raise ValueError("the API token is empty or holds characters that a header cannot carry")
        self._http = http
        self._root = api_root(api_base)
        self._token = SecretStr(secret)
        self._now = now

    async def create(
        self,
        version: str,
        inputs: Mapping[str, Any],
        *,
        webhook: str | None = None,
        webhook_events: Sequence[WebhookEvent] = ("completed",),
        cancel_after: timedelta | None = None,
    ) -> PredictionReport:
        """Buy one prediction, without waiting for its pictures. After OutcomeUnknown it may exist.

        `version` is a version's hash or, for official models, `owner/name`. `cancel_after` counts from the creation
        and is moved into the provider's bounds.
        """
        body: dict[str, Any] = {"version": version, "input": dict(inputs)}
        if webhook is not None:
            body |= {"webhook": webhook, "webhook_events_filter": list(webhook_events)}
        headers = {}
        if cancel_after is not None:
            shortest, longest = CANCEL_AFTER_BOUNDS
            headers["Cancel-After"] = f"{int(max(shortest, min(cancel_after, longest)).total_seconds())}s"
        return parse_report(parse_json(await self._request("POST", "/predictions", body, headers)))

    async def read(self, prediction_id: str) -> dict[str, Any]:
        """The prediction as it is now, as the JSON a webhook would bring. Raises NotFound for an unknown id."""
        body = parse_json(await self._request("GET", _path(prediction_id)))
        if not isinstance(body, dict):
            raise OutcomeUnknown("the provider's response is no JSON object")
        parse_report(body)  # a 200 that is no prediction must not be taken for one
        return body

    async def cancel(self, prediction_id: str) -> PredictionReport:
        """Cancel the prediction. Raises NotFound; the response for one that has ended is not documented."""
        return parse_report(parse_json(await self._request("POST", f"{_path(prediction_id)}/cancel")))

    async def account(self) -> str:
        """The name of the account that the token belongs to."""
        body = parse_json(await self._request("GET", "/account"))
        return str(body.get("username", "")) if isinstance(body, dict) else ""

    async def has_model(self, slug: str, version: str) -> bool:
        """Whether the provider has this version of the model; an official model's version is its name."""
        path = f"/models/{slug}" if version == slug else f"/models/{slug}/versions/{version}"
        try:
            await self._request("GET", path)
        except NotFound:
            return False
        return True

    async def recent(self, created_after: datetime, max_pages: int = 10) -> AsyncIterator[list[PredictionReport]]:
        """The account's predictions since that moment, a page of up to 100 at a time, newest first.

        Leave a margin in `created_after` for clocks that differ. Entries that cannot be read are left out. Raises
        OutcomeUnknown when there are more than `max_pages`, as what has not been found may still be among them.
        """
        since = created_after.astimezone(UTC).isoformat().replace("+00:00", "Z")
        query = str(httpx.QueryParams(created_after=since))
        for _ in range(max_pages):
            page = parse_json(await self._request("GET", f"/predictions?{query}", limit=MAX_PAGE_BYTES))
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise OutcomeUnknown("the provider's list of predictions cannot be read")
            yield list(readable_reports(page["results"]))
            if not page.get("next"):
                return
            query = query_of_next_page(page["next"])
        raise OutcomeUnknown(f"the provider lists more than {max_pages} pages of predictions since {since}")

    async def _request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_RESPONSE_BYTES,
    ) -> bytes:
        call = f"{method} {_ID.sub('/predictions/{id}', path.partition('?')[0])}"
        with span(call, kind=SpanKind.CLIENT):
            try:
                content = await self._send(method, path, body, headers or {}, limit)
            except ProviderError as error:
                metrics.provider_calls.labels(call, type(error).__name__).inc()
                raise
        metrics.provider_calls.labels(call, "ok").inc()
        return content

    async def _send(self, method: str, path: str, body: object, headers: Mapping[str, str], limit: int) -> bytes:
        token = self._token.get_secret_value()
        request = self._http.build_request(
            method,
            f"{self._root}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity", **headers},
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
        )
        response = await self._exchange(request, limit)
        if 200 <= response.status < 300:
            return response.body
        if response.status == 404 and path.startswith(("/predictions/", "/models/")) and is_problem(response):
            raise NotFound("the provider knows no prediction or model of this name")
        # An error page may echo what was sent.
        raise error_for(response._replace(body=response.body.replace(token.encode(), b"[token]")), self._now())

    async def _exchange(self, request: httpx.Request, limit: int) -> Response:
        try:
            # httpx bounds each step; a body that arrives in small pieces never exceeds those.
            async with asyncio.timeout(TOTAL_SECONDS):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    return Response(response.status_code, response.headers, await read_body(response, limit))
                finally:
                    await response.aclose()
        except _NEVER_SENT as error:
            raise ConnectionFailed(f"no connection to the provider ({type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            if _is_bad_location(error):
                raise Misdirected(
                    "the provider answered with a redirect to no address: check REPLICATE_API_BASE"
                ) from error
            raise OutcomeUnknown(f"the provider's response was lost ({type(error).__name__})") from error


def _is_bad_location(error: Exception) -> bool:
    """Whether httpx failed to read the Location of a redirect. It reads it, although it does not follow it."""
    return isinstance(error, httpx.InvalidURL) or "location header" in str(error)


def _path(prediction_id: str) -> str:
    return f"/predictions/{quote(prediction_id, safe='')}"
