"""The provider's API routes."""

import asyncio
import contextlib
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from studio_standin import creation
from studio_standin.app_state import AppState, AppStateDep
from studio_standin.authentication import authenticate
from studio_standin.faults import CreateFault, HttpFault, PredictionFault, ReadFault
from studio_standin.predictions import CursorError, Prediction, view
from studio_standin.problems import DroppedConnection, Problem, from_fault, not_found, problem
from studio_standin.schemas import MODELS, openapi_schema

routes = APIRouter(prefix="/v1", dependencies=[Depends(authenticate)])


@routes.post("/predictions", status_code=201)
async def create_prediction(app_state: AppStateDep, request: Request, response: Response) -> dict[str, Any]:
    return await _create(app_state, request, response, None)


@routes.post("/models/{owner}/{name}/predictions", status_code=201)
async def create_official(
    app_state: AppStateDep, owner: str, name: str, request: Request, response: Response
) -> dict[str, Any]:
    return await _create(app_state, request, response, f"{owner}/{name}")


async def _create(app_state: AppState, request: Request, response: Response, official: str | None) -> dict[str, Any]:
    faults = app_state.fault_injector.faults
    try:
        body = await creation.read_body(request)
        prompt, seed = creation.subject_of(body)
        fault = app_state.fault_injector.first(faults.create, prompt, f"create {seed}") or CreateFault()
        if not fault.accepted:
            await _refuse(fault)
        prediction = creation.prediction_from(
            body,
            official=official,
            fault=app_state.fault_injector.first(faults.prediction, prompt, f"prediction {seed}") or PredictionFault(),
            base_url=app_state.base_url(request),
            lifetime=creation.parse_lifetime(request.headers.get("Cancel-After")),
            now=app_state.clock(),
        )
    except Problem as refusal:
        app_state.refused[refusal.response.status_code] += 1
        raise
    body = view(prediction)
    app_state.lifecycle.start(prediction)
    wait = creation.parse_wait(request.headers.get("Prefer"))
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait}"
        body = await _wait_for_output(prediction, wait, response) or body
    if fault.webhook_first:
        await prediction.finished.wait()
        await asyncio.gather(*prediction.sending)
    await _spoil(fault)
    if fault.status:
        raise from_fault(fault)
    _limit(response, 599)
    return body


async def _wait_for_output(prediction: Prediction, seconds: int, response: Response) -> dict[str, Any] | None:
    """The response to `Prefer: wait`: as documented, the output is complete while the status is still processing.

    None when the time is over: then the response has the status `starting`, whatever the prediction is doing.
    """
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(prediction.finished.wait(), seconds)
        return prediction.at_output or view(prediction)
    response.status_code = 202
    return None


@routes.get("/predictions/{prediction_id}")
async def get_prediction(app_state: AppStateDep, prediction_id: str, response: Response) -> dict[str, Any]:
    prediction = _existing(app_state, prediction_id)
    fault = _read_fault(app_state, "get", prediction.prompt)
    await _refuse(fault)
    await _spoil(fault)
    _limit(response, 59999)
    return view(prediction)


@routes.get("/predictions")
async def list_predictions(
    app_state: AppStateDep,
    request: Request,
    response: Response,
    cursor: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> dict[str, Any]:
    fault = _read_fault(app_state, "list", "")
    await _refuse(fault)
    try:
        page = app_state.store.page(cursor, created_after, created_before)
    except CursorError as error:
        raise problem(400, "Bad request", "The cursor is invalid.") from error
    kept = {key: value for key, value in request.query_params.items() if key != "cursor"}

    def link(to: str | None) -> str | None:
        return to and f"{app_state.base_url(request)}/v1/predictions?{urlencode(kept | {'cursor': to})}"

    await _spoil(fault)
    _limit(response, 2999)
    echo = app_state.fault_injector.faults.list_echoes_webhook
    results = [view(prediction, with_webhook=echo) for prediction in page.results]
    return {"next": link(page.next), "previous": link(page.previous), "results": results}


@routes.post("/predictions/{prediction_id}/cancel")
async def cancel_prediction(app_state: AppStateDep, prediction_id: str, response: Response) -> dict[str, Any]:
    prediction = _existing(app_state, prediction_id)
    fault = _read_fault(app_state, "cancel", prediction.prompt)
    await _refuse(fault)
    app_state.lifecycle.cancel(prediction)
    await _spoil(fault)
    _limit(response, 2999)
    return view(prediction)


@routes.get("/webhooks/default/secret")
async def webhook_secret(app_state: AppStateDep, response: Response) -> dict[str, str]:
    fault = _read_fault(app_state, "secret", "")
    await _refuse(fault)
    await _spoil(fault)
    _limit(response, 2999)
    return {"key": app_state.settings.webhook_signing_key.get_secret_value()}


@routes.get("/account")
async def get_account(response: Response) -> dict[str, Any]:
    _limit(response, 2999)
    return {"type": "organization", "username": "standin", "name": "Stand-in", "github_url": None}


@routes.get("/models/{owner}/{name}")
async def get_model(owner: str, name: str, response: Response) -> dict[str, Any]:
    if f"{owner}/{name}" not in MODELS:
        raise not_found()
    _limit(response, 2999)
    return {"owner": owner, "name": name, "visibility": "public"}


@routes.get("/models/{owner}/{name}/versions/{version}")
async def get_version(owner: str, name: str, version: str, response: Response) -> dict[str, Any]:
    model = MODELS.get(f"{owner}/{name}")
    if model is None or version not in model.versions:
        raise not_found()
    _limit(response, 2999)
    return {
        "id": version,
        "created_at": "2023-11-06T23:00:00.000000Z",
        "cog_version": "0.8.6",
        "openapi_schema": openapi_schema(model),
    }


def _existing(app_state: AppState, prediction_id: str) -> Prediction:
    prediction = app_state.store.get(prediction_id)
    if prediction is None:
        raise not_found()
    return prediction


def _read_fault(app_state: AppState, call: Literal["get", "list", "cancel", "secret"], prompt: str) -> ReadFault | None:
    return app_state.fault_injector.first(
        app_state.fault_injector.faults.read, prompt, call, lambda rule: rule.call is None or rule.call == call
    )


async def _refuse(fault: HttpFault | None) -> None:
    """Respond with the fault's status, without carrying out the request."""
    if fault is not None and fault.status is not None:
        await asyncio.sleep(fault.delay_seconds)
        raise from_fault(fault)


async def _spoil(fault: HttpFault | None) -> None:
    """Delay or drop the response after the request was carried out."""
    if fault is not None:
        await asyncio.sleep(fault.delay_seconds)
        if fault.drop:
            raise Problem(DroppedConnection())


def _limit(response: Response, remaining: int) -> None:
    response.headers["ratelimit-remaining"] = str(remaining)
    response.headers["ratelimit-reset"] = "1"
