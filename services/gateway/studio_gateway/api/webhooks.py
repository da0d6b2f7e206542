"""The provider's reports on predictions: recorded, not interpreted."""

import json
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Request, Security, status
from fastapi.security import APIKeyQuery

from studio_chassis.observability import metrics
from studio_chassis.persistence.store import AttemptRef
from studio_chassis.replicate.webhook_url import WEBHOOK_ROUTE
from studio_chassis.runtime import failpoints
from studio_domain.prediction import slim_prediction
from studio_gateway.api.parameters import JobId
from studio_gateway.api.webhook_verification import VerificationError, check_signature, check_token
from studio_gateway.dependencies import Dependencies, DependenciesDep
from studio_gateway.http.problems import ProblemError, problems

log = structlog.get_logger()
router = APIRouter(tags=["webhooks"])
PathToken = Annotated[str, Path(description="Made for one slot and attempt.")]
QueryToken = Annotated[
    str | None,
    Security(
        APIKeyQuery(
            name="token",
            scheme_name="webhookToken",
            description="Made for one slot and attempt; part of the address that the provider is given.",
            auto_error=False,
        )
    ),
]
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
_RESPONSES = problems(400, 401, 404, 408, 413, 422, 503)


@router.post(
    WEBHOOK_ROUTE + "/{token}/{job_id}/{slot}/{attempt}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
async def receive_webhook(
    token: PathToken, job_id: JobId, slot: int, attempt: int, request: Request, deps: DependenciesDep
) -> None:
    """Record the provider's report on one attempt. Any error makes the provider send it again."""
    await _receive(AttemptRef(job_id, slot, attempt), token, request, deps)


@router.post(
    WEBHOOK_ROUTE + "/{job_id}/{slot}/{attempt}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_RESPONSES,
    openapi_extra=_BODY,
    deprecated=True,
)
async def receive_webhook_with_query(
    job_id: JobId, slot: int, attempt: int, request: Request, deps: DependenciesDep, token: QueryToken = None
) -> None:
    """As above, for predictions that were made before the token was part of the path."""
    await _receive(AttemptRef(job_id, slot, attempt), token, request, deps)


async def _receive(address: AttemptRef, token: str | None, request: Request, deps: Dependencies) -> None:
    """The token is checked before a byte of the body is read, so that nobody without it can fill the memory."""
    try:
        check_token(deps.settings, address, token)
        body = await request.body()
        check_signature(deps.settings, request.headers, body)
    except VerificationError as error:
        raise refused(address, error) from error
    await record(deps, address, parsed(body))


async def record(deps: Dependencies, address: AttemptRef, prediction: dict[str, Any]) -> None:
    """Record the report in the job. Raises JobNotFound, Unavailable."""
    job_id, slot, _ = address
    applied = await deps.jobs.record_webhook(address, slim_prediction(prediction))
    failpoints.reached("after-webhook-record")
    metrics.webhooks.labels("recorded" if applied.changed else "unchanged").inc()
    log.info("webhook recorded" if applied.changed else "webhook unchanged", job_id=job_id, slot=slot)


def refused(address: AttemptRef | None, error: VerificationError) -> ProblemError:
    """The response to a forged webhook. The log names the failed check, the response does not."""
    job_id = None if address is None else address.job_id
    metrics.webhooks.labels(f"refused: wrong {error.check}").inc()
    log.warning("webhook refused", job_id=job_id, reason=str(error))
    return ProblemError(401, "unauthorised", "Not accepted", "The webhook's token or signature is wrong.")


def parsed(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises ProblemError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, "not-json", "Not JSON", "The webhook's body is not JSON.") from error
    if not isinstance(value, dict):
        raise ProblemError(400, "not-json", "Not a prediction", "The webhook's body is not a JSON object.")
    return value
