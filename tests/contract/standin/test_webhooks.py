"""Webhooks as documented: body, events, filter, signature, retries."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from .conftest import SIGNING_KEY, Receiver, Standin, until


def test_the_body_is_the_prediction_with_no_event_type(standin: Standin, receiver: Receiver) -> None:
    created = standin.create(webhook=receiver.url + "/body?job=1&slot=2", num_outputs=2)
    hook = receiver.next("/body?job=1&slot=2")
    assert hook.body == standin.get(created)
    assert hook.body["status"] == "succeeded"
    assert hook.body["webhook"] == receiver.url + "/body?job=1&slot=2"


def test_all_events_come_in_order(standin: Standin, receiver: Receiver) -> None:
    standin.create(webhook=receiver.url + "/all", events=["start", "output", "logs", "completed"])
    bodies = [receiver.next("/all").body for _ in range(4)]
    assert [body["status"] for body in bodies] == ["processing", "processing", "processing", "succeeded"]
    assert [bool(body["output"]) for body in bodies] == [False, False, True, True]
    assert [body["completed_at"] is None for body in bodies] == [True, True, True, False]


def test_the_filter_is_honoured(standin: Standin, receiver: Receiver) -> None:
    created = standin.create(webhook=receiver.url + "/filtered", events=["start"])
    assert receiver.next("/filtered").body["status"] == "processing"
    standin.until_status(created, "succeeded")
    entry = until(lambda: (entry := standin.entry(created))["webhooks"] and entry)
    assert [hook["event"] for hook in entry["webhooks"]] == ["start"]


def test_without_a_filter_output_and_end_are_sent(standin: Standin, receiver: Receiver) -> None:
    created = standin.post(webhook=receiver.url + "/default").json()["id"]
    entry = until(lambda: len((entry := standin.entry(created))["webhooks"]) == 2 and entry)
    assert [hook["event"] for hook in entry["webhooks"]] == ["output", "completed"]


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_terminal_event_is_retried_with_its_id_and_a_new_time(
    standin: Standin, receiver: Receiver, status: int
) -> None:
    path = f"/retried/{status}"
    receiver.scripts[path] = [status, status]
    created = standin.create(webhook=receiver.url + path)
    hooks = [receiver.next(path) for _ in range(3)]
    assert len({hook.headers["webhook-id"] for hook in hooks}) == 1
    for hook in hooks:
        Webhook(SIGNING_KEY).verify(hook.raw, hook.headers)
    entry = until(lambda: len((entry := standin.entry(created))["webhooks"]) == 3 and entry)
    assert [hook["answer"] for hook in entry["webhooks"]] == [status, status, 200]
    times = [datetime.fromisoformat(hook["sent_at"]) for hook in entry["webhooks"]]
    assert times == sorted(set(times))
    assert all(moment <= datetime.now(UTC) for moment in times)


def test_tries_end_after_about_a_minute_of_the_providers_clock(standin: Standin) -> None:
    created = standin.create(webhook="http://127.0.0.1:9/nobody")
    entry = until(lambda: len((entry := standin.entry(created))["webhooks"]) == 7 and entry)
    assert all(hook["answer"] is None and "ConnectError" in hook["error"] for hook in entry["webhooks"])
    first, last = (datetime.fromisoformat(entry["webhooks"][n]["sent_at"]) for n in (0, -1))
    assert (last - first).total_seconds() >= 0.6, "60 s, scaled by 0.01"


def test_a_redirect_loses_the_event(standin: Standin, receiver: Receiver) -> None:
    receiver.scripts["/redirected"] = [308]
    created = standin.create(webhook=receiver.url + "/redirected")
    receiver.next("/redirected")
    # A second prediction's retried webhook shows that the first one's retry was due, and did not come.
    receiver.scripts["/retried"] = [500]
    standin.create(webhook=receiver.url + "/retried")
    receiver.next("/retried")
    receiver.next("/retried")
    assert [hook["answer"] for hook in standin.entry(created)["webhooks"]] == [308]
    assert receiver.inbox("/moved").empty()


def test_an_intermediate_event_is_sent_once(standin: Standin, receiver: Receiver) -> None:
    receiver.scripts["/once"] = [500]
    created = standin.create(webhook=receiver.url + "/once", events=["start", "completed"])
    entry = until(lambda: len((entry := standin.entry(created))["webhooks"]) == 2 and entry)
    assert [(hook["event"], hook["answer"]) for hook in entry["webhooks"]] == [("start", 500), ("completed", 200)]


def test_logs_are_sent_as_they_grow_at_most_twice_a_second(standin: Standin, receiver: Receiver) -> None:
    standin.faults(prediction={"delay_seconds": 1.2})
    standin.create(webhook=receiver.url + "/logs", events=["logs", "completed"])
    bodies = [receiver.next("/logs").body for _ in range(3)]
    assert [body["status"] for body in bodies] == ["processing", "processing", "succeeded"]
    assert len(bodies[0]["logs"]) < len(bodies[1]["logs"])


def test_canceling_sends_the_end(standin: Standin, receiver: Receiver) -> None:
    standin.faults(prediction={"outcome": "stuck_processing"})
    created = standin.create(webhook=receiver.url + "/canceled")
    standin.http.post(f"/v1/predictions/{created}/cancel")
    assert receiver.next("/canceled").body["status"] == "canceled"


def test_a_failed_webhook_does_not_fail_the_prediction(standin: Standin) -> None:
    created = standin.create(webhook="http://127.0.0.1:9/nobody")
    assert standin.until_status(created, "succeeded", "failed")["status"] == "succeeded"
