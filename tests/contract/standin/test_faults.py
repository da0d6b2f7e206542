"""Every fault switch does what its description states, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from studio_standin.faults import FaultInjector, Faults, WebhookFault

from .conftest import Receiver, Standin


def test_faults_are_replaced_as_a_whole_and_cleared(standin: Standin) -> None:
    standin.faults(create={"status": 402})
    standin.faults(prediction={"outcome": "failed"})
    faults = standin.http.get("/standin/faults").json()
    assert (faults["create"], faults["prediction"][0]["outcome"]) == ([], "failed")
    assert standin.http.delete("/standin/faults").status_code == 204
    assert standin.http.get("/standin/faults").json() == Faults().model_dump(mode="json")


def test_an_unknown_switch_is_refused(standin: Standin) -> None:
    assert standin.http.put("/standin/faults", json={"create": {"statsu": 402}}).status_code == 422
    assert standin.http.put("/standin/faults", json={"creations": []}).status_code == 422


def test_times_limits_how_many_calls_a_fault_affects(standin: Standin) -> None:
    standin.faults(create={"status": 429, "times": 2})
    assert [standin.post().status_code for _ in range(4)] == [429, 429, 201, 201]


def test_prompt_contains_leaves_others_alone(standin: Standin) -> None:
    standin.faults(create={"status": 402, "prompt_contains": "ocean"})
    assert standin.post(input={"prompt": "an ocean"}).status_code == 402
    assert standin.post(input={"prompt": "a forest"}).status_code == 201


def test_several_rules_apply_independently(standin: Standin) -> None:
    standin.faults(create=[{"status": 402, "prompt_contains": "a"}, {"status": 503, "prompt_contains": "b"}])
    assert [standin.post(input={"prompt": prompt}).status_code for prompt in "abc"] == [402, 503, 201]


def test_rates_draw_the_same_for_the_same_seed_whatever_the_order() -> None:
    def struck(seed: int, order: list[int]) -> set[int]:
        board = FaultInjector()
        board.replace(Faults(seed=seed, webhooks=(WebhookFault(kind="lost", rate=0.2),)))
        return {key for key in order if board.first(board.faults.webhooks, "waves", f"completed {key}")}

    keys = list(range(500))
    assert struck(1, keys) == struck(1, keys[::-1])
    assert struck(1, keys) != struck(2, keys)
    assert 60 < len(struck(1, keys)) < 140


def test_the_ledger_counts_what_was_created_paid_and_refused(standin: Standin) -> None:
    before = standin.ledger()
    standin.faults(
        prediction={"outcome": "aborted", "prompt_contains": "never ran"}, create={"status": 402, "times": 1}
    )
    assert standin.post().status_code == 402
    paid, aborted = (standin.finished(prompt=prompt, seed=11) for prompt in ("ran", "never ran"))
    after = standin.ledger()
    assert after["created"] - before["created"] == 2
    assert after["paid"] - before["paid"] == 1
    assert after["refused"]["402"] - before["refused"].get("402", 0) == 1
    entry = standin.entry(paid["id"])
    assert (entry["prompt"], entry["seed"], entry["num_outputs"], entry["webhooks"]) == ("ran", 11, 1, [])
    assert len(entry["prompt_sha256"]) == 64
    assert standin.entry(aborted["id"])["paid"] is False


@pytest.mark.parametrize("status", [401, 402, 404, 422, 429])
def test_a_refusal_is_problem_json_and_creates_nothing(standin: Standin, status: int) -> None:
    created = standin.ledger()["created"]
    standin.faults(create={"status": status})
    answer = standin.post()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert standin.ledger()["created"] == created


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateway_error_is_html(standin: Standin, status: int) -> None:
    standin.faults(create={"status": status})
    answer = standin.post()
    assert (answer.status_code, answer.text[:6]) == (status, "<html>")
    assert answer.headers["content-type"].startswith("text/html")


def test_402_has_the_title_insufficient_credit(standin: Standin) -> None:
    standin.faults(create={"status": 402})
    assert standin.post().json()["title"] == "Insufficient credit"


def test_a_422_lists_fields(standin: Standin) -> None:
    standin.faults(create={"status": 422})
    assert standin.post().json()["invalid_fields"][0]["field"] == "input.num_outputs"


@pytest.mark.parametrize(
    ("where", "expected"), [("body", (7, None, True)), ("header", (None, "7", False)), ("text", (None, None, True))]
)
def test_a_429_states_the_delay_in_the_chosen_place(standin: Standin, where: str, expected: tuple[Any, ...]) -> None:
    standin.faults(create={"status": 429, "retry_after": 7, "retry_in": where})
    answer = standin.post()
    body = answer.json()
    assert (body.get("retry_after"), answer.headers.get("Retry-After"), "~7s" in body["detail"]) == expected


def test_a_refusal_after_acceptance_is_paid_all_the_same(standin: Standin) -> None:
    created = standin.ledger()["created"]
    standin.faults(create={"status": 502, "accepted": True})
    assert standin.post().status_code == 502
    assert standin.ledger()["created"] == created + 1


def test_a_dropped_answer_leaves_a_paid_prediction(standin: Standin) -> None:
    standin.faults(create={"drop": True, "times": 1})
    created = standin.ledger()["created"]
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        standin.post()
    assert standin.ledger()["created"] == created + 1
    assert standin.post().status_code == 201


def test_a_delayed_answer_comes_while_the_work_goes_on(standin: Standin) -> None:
    standin.faults(create={"delay_seconds": 0.3})
    answer = standin.post()
    assert answer.elapsed >= timedelta(seconds=0.3)
    assert answer.json()["status"] == "starting"
    completed = datetime.fromisoformat(standin.get(answer.json()["id"])["completed_at"])
    assert completed < datetime.now(UTC) - timedelta(seconds=0.1)


def test_a_webhook_can_beat_the_answer_of_its_create_call(standin: Standin, receiver: Receiver) -> None:
    standin.faults(create={"webhook_first": True})
    created = standin.create(webhook=receiver.url + "/beats")
    assert receiver.inbox("/beats").get_nowait().body["id"] == created


@pytest.mark.parametrize("call", ["get", "list", "cancel", "secret"])
def test_each_other_call_can_fail_alone(standin: Standin, call: str) -> None:
    created = standin.create()
    calls = {
        "get": ("GET", f"/v1/predictions/{created}"),
        "list": ("GET", "/v1/predictions"),
        "cancel": ("POST", f"/v1/predictions/{created}/cancel"),
        "secret": ("GET", "/v1/webhooks/default/secret"),
    }
    standin.faults(read={"call": call, "status": 503})
    assert {name: standin.http.request(*request).status_code for name, request in calls.items()} == {
        name: 503 if name == call else 200 for name in calls
    }
    standin.faults(read={"call": call, "drop": True})
    with pytest.raises(httpx.RemoteProtocolError):
        standin.http.request(*calls[call])


def test_a_cancel_whose_answer_is_lost_has_happened(standin: Standin) -> None:
    standin.faults(read={"call": "cancel", "drop": True}, prediction={"outcome": "stuck_processing"})
    created = standin.create()
    with pytest.raises(httpx.RemoteProtocolError):
        standin.http.post(f"/v1/predictions/{created}/cancel")
    assert standin.get(created)["status"] == "canceled"


def test_lists_echo_webhooks_only_when_switched_on(standin: Standin) -> None:
    standin.create(webhook="http://127.0.0.1:9/x")
    assert "webhook" not in standin.http.get("/v1/predictions").json()["results"][0]
    standin.faults(list_echoes_webhook=True)
    assert standin.http.get("/v1/predictions").json()["results"][0]["webhook"] == "http://127.0.0.1:9/x"
