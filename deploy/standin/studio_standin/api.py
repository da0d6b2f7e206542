"""The provider's API routes."""

import asyncio
import contextlib
import secrets
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Request, Response

from studio_standin import creation
from studio_standin.faults import CreateFault, HttpFault, PredictionFault, ReadFault
from studio_standin.predictions import CursorError, Prediction, view
from studio_standin.problems import Problem, Severed, from_fault, not_found, problem, unauthenticated
from studio_standin.schemas import model_named, openapi_schema
from studio_standin.world import Here, World


def _authenticate(world: Here, authorization: Annotated[str, Header()] = "") -> None:
    scheme, _, token = authorization.partition(" ")
    expected = world.settings.api_token.get_secret_value().encode()
    if scheme not in ("Bearer", "Token") or not secrets.compare_digest(token.strip().encode(), expected):
        raise unauthenticated()


routes = APIRouter(prefix="/v1", dependencies=[Depends(_authenticate)])


@routes.post("/predictions", status_code=201)
async def create_prediction(world: Here, request: Request, response: Response) -> dict[str, Any]:
    return await _create(world, request, response, None)


@routes.post("/models/{owner}/{name}/predictions", status_code=201)
async def create_official(world: Here, owner: str, name: str, request: Request, response: Response) -> dict[str, Any]:
    return await _create(world, request, response, f"{owner}/{name}")


async def _create(world: World, request: Request, response: Response, official: str | None) -> dict[str, Any]:
    faults = world.switchboard.faults
    try:
        body = await creation.read_body(request)
        prompt, seed = creation.subject_of(body)
        fault = world.switchboard.first(faults.create, prompt, f"create {seed}") or CreateFault()
        if not fault.accepted:
            await _refuse(fault)
        prediction = creation.prediction_from(
            body,
            official=official,
            fault=world.switchboard.first(faults.prediction, prompt, f"prediction {seed}") or PredictionFault(),
            base_url=world.base_url(request),
            lifetime=creation.parse_lifetime(request.headers.get("Cancel-After")),
            now=world.clock(),
        )
    except Problem as refusal:
        world.refused[refusal.answer.status_code] += 1
        raise
    answer = view(prediction)
    world.lifecycle.start(prediction)
    wait = creation.parse_wait(request.headers.get("Prefer"))
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait}"
        answer = await _wait_for_output(prediction, wait, response)
    if fault.webhook_first:
        await prediction.finished.wait()
        await asyncio.gather(*prediction.sending)
    await _spoil(fault)
    if fault.status:
        raise from_fault(fault)
    _limit(response, 599)
    return answer


async def _wait_for_output(prediction: Prediction, seconds: int, response: Response) -> dict[str, Any]:
    """What `Prefer: wait` answers: as documented, outputs are there while the status still says processing."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(prediction.finished.wait(), seconds)
    if not prediction.is_terminal:
        response.status_code = 202
    return prediction.at_output or view(prediction)


@routes.get("/predictions/{prediction_id}")
async def get_prediction(world: Here, prediction_id: str, response: Response) -> dict[str, Any]:
    prediction = _existing(world, prediction_id)
    fault = _read_fault(world, "get", prediction.prompt)
    await _refuse(fault)
    await _spoil(fault)
    _limit(response, 59999)
    return view(prediction)


@routes.get("/predictions")
async def list_predictions(
    world: Here,
    request: Request,
    response: Response,
    cursor: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> dict[str, Any]:
    fault = _read_fault(world, "list", "")
    await _refuse(fault)
    try:
        page = world.store.page(cursor, created_after, created_before)
    except CursorError as error:
        raise problem(400, "Bad request", "The cursor is invalid.") from error
    kept = {key: value for key, value in request.query_params.items() if key != "cursor"}

    def link(to: str | None) -> str | None:
        return to and f"{world.base_url(request)}/v1/predictions?{urlencode(kept | {'cursor': to})}"

    await _spoil(fault)
    _limit(response, 2999)
    echo = world.switchboard.faults.list_echoes_webhook
    results = [view(prediction, with_webhook=echo) for prediction in page.results]
    return {"next": link(page.next), "previous": link(page.previous), "results": results}


@routes.post("/predictions/{prediction_id}/cancel")
async def cancel_prediction(world: Here, prediction_id: str, response: Response) -> dict[str, Any]:
    prediction = _existing(world, prediction_id)
    fault = _read_fault(world, "cancel", prediction.prompt)
    await _refuse(fault)
    world.lifecycle.cancel(prediction)
    await _spoil(fault)
    _limit(response, 2999)
    return view(prediction)


@routes.get("/webhooks/default/secret")
async def webhook_secret(world: Here, response: Response) -> dict[str, str]:
    fault = _read_fault(world, "secret", "")
    await _refuse(fault)
    await _spoil(fault)
    _limit(response, 2999)
    return {"key": world.settings.webhook_signing_key.get_secret_value()}


@routes.get("/models/{owner}/{name}/versions/{version}")
async def get_version(owner: str, name: str, version: str, response: Response) -> dict[str, Any]:
    model = model_named(f"{owner}/{name}")
    if model is None or version not in model.versions:
        raise not_found()
    _limit(response, 2999)
    return {
        "id": version,
        "created_at": "2023-11-06T23:00:00.000000Z",
        "cog_version": "0.8.6",
        "openapi_schema": openapi_schema(model),
    }


def _existing(world: World, prediction_id: str) -> Prediction:
    prediction = world.store.get(prediction_id)
    if prediction is None:
        raise not_found()
    return prediction


def _read_fault(world: World, call: Literal["get", "list", "cancel", "secret"], prompt: str) -> ReadFault | None:
    return world.switchboard.first(
        world.switchboard.faults.read, prompt, call, lambda rule: rule.call is None or rule.call == call
    )


async def _refuse(fault: HttpFault | None) -> None:
    """Answer with the fault's status before anything was done."""
    if fault is not None and fault.status is not None:
        await asyncio.sleep(fault.delay_seconds)
        raise from_fault(fault)


async def _spoil(fault: HttpFault | None) -> None:
    """Hold the answer back, or lose it, when everything was done."""
    if fault is not None:
        await asyncio.sleep(fault.delay_seconds)
        if fault.drop:
            raise Problem(Severed())


def _limit(response: Response, remaining: int) -> None:
    response.headers["ratelimit-remaining"] = str(remaining)
    response.headers["ratelimit-reset"] = "1"
