"""Every fault switch does what its description states, and nothing else."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from standardwebhooks import Webhook, WebhookVerificationError

from studio_standin.faults import FAILURES, FailureName, FaultInjector, Faults, WebhookFault

from .conftest import SIGNING_KEY, Hook, Receiver, Standin, until


def verify(hook: Hook) -> None:
    Webhook(SIGNING_KEY).verify(hook.raw, hook.headers)


# The control routes


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


# Creating


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


# Reading and cancelling


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


# How a prediction runs


@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_text(standin: Standin, failure: FailureName) -> None:
    standin.faults(prediction={"outcome": "failed", "failure": failure})
    done = standin.finished()
    assert (done["status"], done["error"], done["output"]) == ("failed", FAILURES[failure], None)


def test_a_failure_sends_its_webhook(standin: Standin, receiver: Receiver) -> None:
    standin.faults(prediction={"outcome": "failed", "failure": "null"})
    standin.create(webhook=receiver.url + "/failed")
    body = receiver.next("/failed").body
    assert (body["status"], body["error"]) == ("failed", None)


def test_canceled_in_the_dashboard(standin: Standin, receiver: Receiver) -> None:
    standin.faults(prediction={"outcome": "canceled"})
    standin.create(webhook=receiver.url + "/dashboard")
    assert receiver.next("/dashboard").body["status"] == "canceled"


def test_aborted_never_ran_and_sends_nothing(standin: Standin) -> None:
    standin.faults(prediction={"outcome": "aborted"})
    created = standin.create(webhook="http://127.0.0.1:9/x")
    done = standin.until_status(created, "aborted")
    assert (done["started_at"], done["output"]) == (None, None)
    assert standin.entry(created)["webhooks"] == []


@pytest.mark.parametrize(("outcome", "status"), [("stuck_starting", "starting"), ("stuck_processing", "processing")])
def test_stuck_until_canceled(standin: Standin, outcome: str, status: str) -> None:
    standin.faults(prediction={"outcome": outcome, "prompt_contains": "stuck"})
    created = standin.create(prompt="stuck")
    standin.finished(prompt="another one completes during it")
    assert standin.get(created)["status"] == status
    assert standin.http.post(f"/v1/predictions/{created}/cancel").json()["status"] == "canceled"


def test_some_pictures_held_back_leave_gaps(standin: Standin) -> None:
    standin.faults(prediction={"nsfw_dropped": 1})
    done = standin.finished(num_outputs=3)
    assert [url[-9:] for url in done["output"]] == ["out-0.png", "out-2.png"]
    assert "NSFW content detected in image 1" in done["logs"]


def test_all_pictures_held_back_is_a_failure(standin: Standin) -> None:
    standin.faults(prediction={"nsfw_dropped": 4})
    done = standin.finished(num_outputs=4)
    assert (done["status"], done["error"]) == ("failed", FAILURES["nsfw"])


def test_strange_outputs(standin: Standin) -> None:
    def output(kind: str) -> Any:
        standin.faults(prediction={"output": kind})
        done = standin.finished(num_outputs=2)
        assert done["status"] == "succeeded"
        return done["output"]

    assert output("null") is None
    assert output("empty_list") == []
    assert output("string").endswith("out-0.png")
    assert [uri[:22] for uri in output("data_uris")] == ["data:image/png;base64,"] * 2
    same = output("same_names")
    assert [url[-9:] for url in same] == ["out-0.png"] * 2
    assert len(set(same)) == 2


@pytest.mark.parametrize(("flaw", "size"), [("black", (96, 64)), ("wrong_size", (56, 32)), ("noise", (96, 64))])
def test_flawed_pictures_are_served(standin: Standin, flaw: str, size: tuple[int, int]) -> None:
    standin.faults(prediction={"flaw": flaw})
    image = Image.open(BytesIO(standin.http.get(standin.finished()["output"][0]).content))
    assert image.size == size
    assert (image.getextrema() == ((0, 0),) * 3) is (flaw == "black")


def test_purged_soon_after_the_end(standin: Standin) -> None:
    standin.faults(prediction={"purge_after_seconds": 0})
    created = standin.create()
    purged = until(lambda: (body := standin.get(created))["data_removed"] and body)
    assert (purged["status"], purged["output"]) == ("succeeded", None)


def test_the_start_webhook_may_have_the_status_starting(standin: Standin, receiver: Receiver) -> None:
    standin.faults(prediction={"start_status": "starting"})
    standin.create(webhook=receiver.url + "/starting", events=["start"])
    assert receiver.next("/starting").body["status"] == "starting"


def test_sparse_objects_omit_optional_keys(standin: Standin) -> None:
    standin.faults(prediction={"shapes": ["sparse"]})
    body = standin.post().json()
    assert not {"output", "error", "logs", "metrics", "started_at", "completed_at", "data_removed"} & set(body)
    assert {"id", "status", "urls", "input"} <= set(body)


def test_nine_digit_fractions(standin: Standin) -> None:
    standin.faults(prediction={"shapes": ["long_fractions"]})
    done = standin.finished()
    fractions = [done[key].rstrip("Z").split(".")[1] for key in ("created_at", "started_at", "completed_at")]
    assert [len(fraction) for fraction in fractions] == [9, 9, 9]


def test_unknown_keys(standin: Standin) -> None:
    standin.faults(prediction={"shapes": ["unknown_keys"]})
    assert {"webhook_completed", "stream", "x_region"} <= set(standin.post().json())


# The file host


@pytest.mark.parametrize(("kind", "status"), [("missing", 404), ("forbidden", 403), ("error", 500)])
def test_a_file_refused(standin: Standin, kind: str, status: int) -> None:
    standin.faults(files={"kind": kind, "times": 1})
    url = standin.finished()["output"][0]
    assert [standin.http.get(url).status_code for _ in range(2)] == [status, 200]


def test_one_file_of_several(standin: Standin) -> None:
    standin.faults(files={"kind": "missing", "index": 1})
    done = standin.finished(num_outputs=3)
    assert [standin.http.get(url).status_code for url in done["output"]] == [200, 404, 200]


def test_a_truncated_file(standin: Standin) -> None:
    standin.faults(files={"kind": "truncated"})
    url = standin.finished()["output"][0]
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        standin.http.get(url)


def test_a_web_page_called_a_picture(standin: Standin) -> None:
    standin.faults(files={"kind": "not_an_image"})
    answer = standin.http.get(standin.finished()["output"][0])
    assert (answer.headers["content-type"], answer.text[:6]) == ("image/png", "<html>")


def test_a_picture_called_a_web_page(standin: Standin) -> None:
    standin.faults(files={"kind": "wrong_type"})
    answer = standin.http.get(standin.finished()["output"][0])
    assert (answer.headers["content-type"], answer.content[:4]) == ("text/html", b"\x89PNG")


def test_a_file_that_redirects(standin: Standin) -> None:
    standin.faults(files={"kind": "redirect", "location": "http://169.254.169.254/"})
    answer = standin.http.get(standin.finished()["output"][0])
    assert (answer.status_code, answer.headers["location"]) == (302, "http://169.254.169.254/")


def test_a_slow_file(standin: Standin) -> None:
    standin.faults(files={"kind": "slow", "seconds": 0.2})
    answer = standin.http.get(standin.finished()["output"][0])
    assert answer.elapsed >= timedelta(seconds=0.2)


# Webhooks


def test_a_lost_webhook_is_recorded_and_not_sent(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "lost", "event": "completed"})
    created = standin.create(webhook=receiver.url + "/lost", events=["start", "completed"])
    entry = until(lambda: len((entry := standin.entry(created))["webhooks"]) == 2 and entry)
    assert [(hook["event"], hook["error"]) for hook in entry["webhooks"]] == [("start", None), ("completed", "lost")]
    assert receiver.next("/lost").body["status"] == "processing"
    assert receiver.inbox("/lost").empty()


@pytest.mark.parametrize(("kind", "ids"), [("duplicate", 1), ("repeat", 2)])
def test_a_webhook_sent_twice(standin: Standin, receiver: Receiver, kind: str, ids: int) -> None:
    standin.faults(webhooks={"kind": kind})
    standin.create(webhook=f"{receiver.url}/{kind}")
    hooks = [receiver.next(f"/{kind}") for _ in range(2)]
    assert len({hook.headers["webhook-id"] for hook in hooks}) == ids
    assert hooks[0].raw == hooks[1].raw
    verify(hooks[1])


def test_a_late_webhook(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "late", "seconds": 0.3, "event": "start"})
    standin.create(webhook=receiver.url + "/late", events=["start", "completed"])
    assert [receiver.next("/late").body["status"] for _ in range(2)] == ["succeeded", "processing"]


def test_reordered_webhooks(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "reordered"})
    standin.create(webhook=receiver.url + "/reordered", events=["start", "output", "completed"])
    statuses = [receiver.next("/reordered").body["status"] for _ in range(3)]
    assert statuses == ["succeeded", "processing", "processing"]


def test_an_unsigned_webhook(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "unsigned"})
    standin.create(webhook=receiver.url + "/unsigned")
    assert not [name for name in receiver.next("/unsigned").headers if name.startswith("webhook-")]


def test_a_wrong_signature(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "wrong_signature"})
    standin.create(webhook=receiver.url + "/wrong")
    with pytest.raises(WebhookVerificationError, match="No matching"):
        verify(receiver.next("/wrong"))


def test_a_malformed_signature(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "malformed_signature"})
    standin.create(webhook=receiver.url + "/malformed")
    with pytest.raises(ValueError, match="unpack"):
        verify(receiver.next("/malformed"))


def test_a_stale_timestamp_properly_signed(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "stale"})
    standin.create(webhook=receiver.url + "/stale")
    hook = receiver.next("/stale")
    with pytest.raises(WebhookVerificationError, match="too old"):
        verify(hook)
    signed_at = datetime.fromtimestamp(int(hook.headers["webhook-timestamp"]), UTC)
    expected = Webhook(SIGNING_KEY).sign(hook.headers["webhook-id"], signed_at, hook.raw.decode())
    assert hook.headers["webhook-signature"] == expected


def test_two_signatures_of_which_the_second_is_valid(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "two_signatures"})
    standin.create(webhook=receiver.url + "/two")
    hook = receiver.next("/two")
    first, second = hook.headers["webhook-signature"].split(" ")
    verify(hook._replace(headers=hook.headers | {"webhook-signature": second}))
    with pytest.raises(WebhookVerificationError):
        verify(hook._replace(headers=hook.headers | {"webhook-signature": first}))
    verify(hook)


def test_several_webhook_faults_together(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks=[{"kind": "duplicate"}, {"kind": "unsigned"}])
    standin.create(webhook=receiver.url + "/both")
    assert all("webhook-id" not in receiver.next("/both").headers for _ in range(2))
