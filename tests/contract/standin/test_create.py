"""The create call: authentication, the envelope, model inputs, versions, headers."""

from datetime import datetime
from typing import Any

import pytest

from .conftest import SDXL, TOKEN, Receiver, Standin

FLUX = "black-forest-labs/flux-dev"


def test_the_answer_is_the_whole_object_with_the_input_as_sent(standin: Standin) -> None:
    given = {"prompt": "waves", "strength": 0.3}
    hook: dict[str, Any] = {"webhook": "http://127.0.0.1:9/?id=1", "webhook_events_filter": ["completed"]}
    answer = standin.post(input=given, **hook)
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["ratelimit-remaining"] == "599"
    assert body["input"] == given, "defaults are not filled in, unknown keys are echoed"
    assert {key: body[key] for key in hook} == hook
    assert (body["status"], body["output"], body["error"], body["data_removed"]) == ("starting", None, None, False)
    assert (body["model"], body["version"], body["source"]) == ("stability-ai/sdxl", SDXL, "api")
    assert body["urls"]["get"] == f"{standin.url}/v1/predictions/{body['id']}"
    assert body["urls"]["cancel"] == body["urls"]["get"] + "/cancel"
    assert len(body["id"]) == 26
    assert datetime.fromisoformat(body["created_at"]).tzinfo is not None


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic " + TOKEN, TOKEN])
def test_a_wrong_token_is_refused(standin: Standin, header: str) -> None:
    answer = standin.post(headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Unauthenticated",
        "detail": "You did not pass a valid authentication token",
        "status": 401,
    }


def test_the_older_token_scheme_is_accepted(standin: Standin) -> None:
    assert standin.post(headers={"Authorization": f"Token {TOKEN}"}).status_code == 201


@pytest.mark.parametrize("version", [SDXL, f"stability-ai/sdxl:{SDXL}", FLUX])
def test_all_three_forms_of_a_version_run(standin: Standin, version: str) -> None:
    assert standin.post(version=version, input={"prompt": "waves"}).status_code == 201


@pytest.mark.parametrize("version", ["0" * 64, "stability-ai/sdxl", f"someone/else:{SDXL}", "someone/else", ""])
def test_an_unknown_version_is_a_422_of_its_own(standin: Standin, version: str) -> None:
    answer = standin.post(version=version)
    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid version or not permitted"


@pytest.mark.parametrize(
    ("given", "type_", "field"),
    [
        ({"num_outputs": 5}, "number_lte", "input.num_outputs"),
        ({"num_outputs": 0}, "number_gte", "input.num_outputs"),
        ({"num_outputs": True}, "invalid_type", "input.num_outputs"),
        ({"num_inference_steps": 501}, "number_lte", "input.num_inference_steps"),
        ({"guidance_scale": 0.5}, "number_gte", "input.guidance_scale"),
        ({"prompt_strength": 1.01}, "number_lte", "input.prompt_strength"),
        ({"scheduler": "EULER"}, "enum", "input.scheduler"),
        ({"prompt": 3}, "invalid_type", "input.prompt"),
        ({"seed": None}, "invalid_type", "input.seed"),
        ({"seed": 1.5}, "invalid_type", "input.seed"),
        ({"image": "stencil.png"}, "format", "input.image"),
    ],
)
def test_input_outside_the_schema_names_the_field(
    standin: Standin, given: dict[str, Any], type_: str, field: str
) -> None:
    answer = standin.post(input=given)
    body = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["title"] == "Input validation failed"
    assert [(wrong["type"], wrong["field"]) for wrong in body["invalid_fields"]] == [(type_, field)]
    assert body["detail"] == f"- {field}: {body['invalid_fields'][0]['description']}\n"


def test_every_broken_field_is_listed(standin: Standin) -> None:
    body = standin.post(input={"num_outputs": 9, "prompt_strength": -1}).json()
    assert [wrong["field"] for wrong in body["invalid_fields"]] == ["input.num_outputs", "input.prompt_strength"]
    assert body["detail"].count("\n") == 2


def test_flux_requires_a_prompt(standin: Standin) -> None:
    answer = standin.http.post(f"/v1/models/{FLUX}/predictions", json={"input": {"guidance": 3}})
    assert answer.status_code == 422
    assert answer.json()["invalid_fields"][0] | {"description": ""} == {
        "type": "required",
        "field": "input",
        "description": "",
    }


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ({"model": "stability-ai/sdxl"}, "additional_property_not_allowed"),
        ({"lifetime": "30s"}, "additional_property_not_allowed"),
        ({"webhook": "ftp://example.org"}, "format"),
        ({"webhook_events_filter": ["finished"]}, "enum"),
        ({"webhook_events_filter": [[]]}, "enum"),
        ({"input": "waves"}, "invalid_type"),
    ],
)
def test_a_wrong_envelope_is_refused(standin: Standin, body: dict[str, Any], type_: str) -> None:
    answer = standin.post(**body)
    assert answer.status_code == 422
    assert answer.json()["invalid_fields"][0]["type"] == type_


def test_version_and_input_are_required(standin: Standin) -> None:
    answer = standin.http.post("/v1/predictions", json={})
    assert [wrong["type"] for wrong in answer.json()["invalid_fields"]] == ["required", "required"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_what_is_not_a_json_object_is_a_400(standin: Standin, content: bytes) -> None:
    assert standin.http.post("/v1/predictions", content=content).status_code == 400


def test_a_body_beyond_the_limit_is_a_413(standin: Standin) -> None:
    assert standin.http.post("/v1/predictions", content=b" " * (17 * 2**20)).status_code == 413


def test_community_models_do_not_run_on_the_official_route(standin: Standin) -> None:
    answer = standin.http.post("/v1/models/stability-ai/sdxl/predictions", json={"input": {}})
    assert answer.status_code == 404


def test_prefer_wait_holds_until_outputs_are_there_while_status_lags(standin: Standin) -> None:
    answer = standin.post(headers={"Prefer": "wait=5"})
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "wait=5"
    assert len(body["output"]) == 1
    assert (body["status"], body["completed_at"]) == ("processing", None)


def test_prefer_wait_gives_202_when_the_outputs_are_late(standin: Standin) -> None:
    standin.faults(prediction={"outcome": "stuck_processing"})
    answer = standin.post(headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["output"]) == ("starting", None)


@pytest.mark.parametrize(("outcome", "status"), [("stuck_starting", "aborted"), ("stuck_processing", "canceled")])
def test_cancel_after_ends_what_takes_too_long(standin: Standin, outcome: str, status: str) -> None:
    standin.faults(prediction={"outcome": outcome})
    answer = standin.post(headers={"Cancel-After": "5s"})
    body = answer.json()
    lifetime = datetime.fromisoformat(body["deadline"]) - datetime.fromisoformat(body["created_at"])
    assert lifetime.total_seconds() == 5
    assert standin.until_status(body["id"], "aborted", "canceled")["status"] == status
    assert standin.entry(body["id"])["paid"] is (status == "canceled")


@pytest.mark.parametrize("header", ["4", "4s", "25h", "soon", "", "-5s"])
def test_an_impossible_cancel_after_is_refused(standin: Standin, header: str) -> None:
    assert standin.post(headers={"Cancel-After": header}).status_code == 422


@pytest.mark.parametrize("header", ["30", "30s", "5m", "1h30m45s"])
def test_every_form_of_cancel_after_is_read(standin: Standin, header: str) -> None:
    assert standin.post(headers={"Cancel-After": header}).json()["deadline"]


def test_an_image_url_is_fetched_and_sets_the_size(standin: Standin, receiver: Receiver) -> None:
    done = standin.finished(image=receiver.url + "/init.png", width=512, height=512)
    content = standin.http.get(done["output"][0]).content
    assert content[16:24] == (40).to_bytes(4, "big") + (24).to_bytes(4, "big")


def test_an_image_that_cannot_be_had_fails_later_not_at_creation(standin: Standin, receiver: Receiver) -> None:
    done = standin.finished(image=receiver.url + "/gone.png")
    assert done["status"] == "failed"
    assert done["error"].startswith("404 Client Error")
    assert standin.finished(image="data:image/png;base64,AAAA")["status"] == "failed"


def test_without_a_seed_the_log_is_the_only_place_to_learn_it(standin: Standin) -> None:
    created = standin.post(input={"prompt": "waves", "width": 64, "height": 64}).json()
    done = standin.until_status(created["id"], "succeeded")
    assert "seed" not in done["input"]
    assert 0 <= int(done["logs"].splitlines()[0].removeprefix("Using seed: ")) < 2**16
