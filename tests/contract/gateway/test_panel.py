"""The existing panel, played by Node, against the gateway."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from studio_chassis.replicate.webhook_url import webhook_url
from studio_contracts.events import PredictionSucceeded, PredictionUpdated, SlotPayload
from studio_support.served_gateway import ServedGateway

NODE = shutil.which("node")
PANEL = Path(__file__).with_name("panel.mjs")
REQUEST = {
    "prompt": "ocean energy with fish",
    "surface": {"width_m": 5, "height_m": 5},
    "paletteColors": [{"code": "RH20", "hex": "#0075BC", "name": "Standard Blue"}],
    "style": "professional",
    "count": 1,
}
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@contextmanager
def panel(url: str, brief: Any) -> Iterator[Callable[[], tuple[str, Any]]]:
    """What the panel shows, one thing at a call."""
    command = [str(NODE), str(PANEL), url, json.dumps(brief)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = process.stdout

        def shown() -> tuple[str, Any]:
            line = json.loads(lines.readline())
            return line["what"], line["shown"]

        try:
            yield shown
            assert process.wait(60) == 0
        finally:
            process.kill()


def begin(gateway: ServedGateway, shown: Callable[[], tuple[str, Any]]) -> str:
    what, created = shown()
    assert what == "created"
    assert set(created) == {"jobId", "status", "statusUrl", "estimatedDuration", "message"}
    assert (created["status"], created["estimatedDuration"]) == ("pending", 14)
    assert created["statusUrl"] == f"{gateway.url}/.netlify/functions/studio-inspire-status?jobId={created['jobId']}"
    what, enqueued = shown()
    assert (what, enqueued["ok"], set(enqueued)) == ("enqueued", True, {"ok", "note"})
    what, progress = shown()
    assert (what, progress["text"]) == ("progress", "Starting…")
    assert set(progress["fields"]) == {"jobId", "status", "message", "created_at", "updated_at"}
    return str(created["jobId"])


def test_a_job_is_created_followed_and_shown_with_every_field_of_its_card(gateway: ServedGateway) -> None:
    with panel(gateway.url, REQUEST) as shown:
        gateway.finish(begin(gateway, shown))
        what, result = shown()
        while what == "progress":
            assert result["text"] in ("In the queue…", "Drawing…")
            what, result = shown()
    assert what == "completed", result
    assert {"jobId", "status", "message", "concepts", "metadata", "created_at", "updated_at", "completed_at"} == set(
        result["fields"]
    )
    (card,) = result["cards"]
    assert card == {
        "title": "Concept 1",
        "picture": [200, "image/png"],
        "original": 200,
        "score": "80%",
        "green": True,
        "contrast": "70%",
        "balance": "60%",
        "chips": ["RH20 #0075BC Standard Blue", "RH31 #E8E3D8 Cream"],
    }


def test_a_failed_job_is_shown_with_its_reason(gateway: ServedGateway) -> None:
    with panel(gateway.url, REQUEST | {"paletteColors": None}) as shown:
        gateway.fail(begin(gateway, shown))
        assert shown() == ("error", "No paint: The pot is empty.")


def test_an_unknown_id_is_shown_as_an_error(gateway: ServedGateway) -> None:
    with panel(gateway.url, {"jobId": "nobody"}) as shown:
        assert shown() == ("error", "There is no job of this id.")


def test_a_refused_request_is_shown_with_what_is_wrong(gateway: ServedGateway) -> None:
    with panel(gateway.url, REQUEST | {"paletteColors": [{"code": "RH99"}]}) as shown:
        what, message = shown()
    assert what == "error"
    assert "RH99" in message
    assert "RH30" in message


def token_of(gateway: ServedGateway, job_id: str) -> str:
    """What proves a callback to be of the job's first attempt."""
    return webhook_url(gateway.url, job_id, 0, 1, gateway.secret).split("/")[-4]


def prediction(gateway: ServedGateway, job_id: str, status: str, **fields: Any) -> dict[str, Any]:
    """What the provider sends of the job's prediction."""
    return {
        "id": gateway.inner.prediction_id(job_id, 0),
        "version": "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b",
        "status": status,
        "input": {"prompt": "ocean energy with fish", "image": "data:image/png;base64,AAAA", "seed": 7},
        "output": None,
        "error": None,
        "logs": "20/20 steps",
        "metrics": {"predict_time": 2.5},
        "created_at": "2026-03-01T12:00:00.000Z",
        "webhook": f"{gateway.url}/.netlify/functions/replicate-callback?token=secret",
        **fields,
    }


@pytest.mark.parametrize(
    ("status", "fields", "follows"),
    [
        ("succeeded", {"output": ["https://replicate.delivery/a/out-0.png"]}, PredictionSucceeded),
        ("failed", {"error": "NSFW content detected", "metrics": {}}, PredictionUpdated),
    ],
)
def test_the_provider_s_old_callback_is_accepted(
    gateway: ServedGateway, status: str, fields: dict[str, Any], follows: type[SlotPayload]
) -> None:
    job_id = f"called-back-{status}"
    gateway.accept(job_id)
    gateway.start_prediction(job_id)
    body = prediction(gateway, job_id, status, **fields)
    again = {"token": token_of(gateway, job_id), "body": body}
    with panel(gateway.url, {"callbacks": [again, again]}) as shown:
        assert [shown(), shown()] == [("answered", {"status": 204, "body": None})] * 2
    gateway.flush_publishing()
    (event,) = [one for one in gateway.published if (one.type, one.subject) == (follows.type, job_id)]
    assert (event.data["slot"], event.data["attempt"]) == (0, 1)


def test_of_a_callback_that_is_left_to_the_predictor_all_that_matters_is_kept(gateway: ServedGateway) -> None:
    job_id = "called-back-for-the-predictor"
    gateway.accept(job_id)
    gateway.start_prediction(job_id)
    body = prediction(gateway, job_id, "failed", error="NSFW content detected", metrics={})
    with panel(gateway.url, {"callbacks": [{"token": token_of(gateway, job_id), "body": body}]}) as shown:
        assert shown() == ("answered", {"status": 204, "body": None})
    gateway.flush_publishing()
    (recorded,) = [
        event.payload
        for event in gateway.published
        if event.subject == job_id and isinstance(event.payload, PredictionUpdated)
    ]
    assert recorded.prediction == {
        "id": body["id"],
        "status": "failed",
        "created_at": body["created_at"],
        "output": body["output"],
        "error": body["error"],
        "metrics": {"predict_time": body["metrics"].get("predict_time")},
        "input": {"prompt": "ocean energy with fish", "seed": 7},
        "studio_oversized": False,
    }


def test_a_callback_that_is_not_believed_or_not_understood_is_refused_in_the_panel_s_terms(
    gateway: ServedGateway,
) -> None:
    job_id = "called-back-wrongly"
    gateway.accept(job_id)
    gateway.start_prediction(job_id)
    token, body = token_of(gateway, job_id), prediction(gateway, job_id, "succeeded")
    cases: list[tuple[Any, int, str, str]] = [
        ({"token": token, "body": body | {"id": "nobody's"}}, 404, "Not found", "There is no prediction of this id."),
        ({"token": token, "body": {"status": "succeeded"}}, 404, "Not found", "There is no prediction of this id."),
        ({"token": "wrong", "body": body}, 401, "Not accepted", "The webhook's token or signature is wrong."),
        ({"token": None, "body": body}, 401, "Not accepted", "The webhook's token or signature is wrong."),
        (
            {"token": token_of(gateway, "another"), "body": body},
            401,
            "Not accepted",
            "The webhook's token or signature is wrong.",
        ),
        ({"token": token, "body": "{"}, 400, "Not JSON", "The webhook's body is not JSON."),
        ({"token": token, "body": "[]"}, 400, "Not a prediction", "The webhook's body is not a JSON object."),
    ]
    with panel(gateway.url, {"callbacks": [callback for callback, *_ in cases]}) as shown:
        for callback, status, error, message in cases:
            assert shown() == ("answered", {"status": status, "body": {"error": error, "message": message}}), callback
    gateway.flush_publishing()
    subjects = [event.subject for event in gateway.published if event.type == "studio.prediction.updated.v1"]
    assert job_id not in subjects
