"""Faults of a running prediction: failures, strange outputs, missing pictures, unusual documents."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from studio_standin import files
from studio_standin.faults import FAILURES, FailureName

from .conftest import Receiver, Standin, until


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


def test_an_error_of_the_standin_ends_the_prediction_and_is_reported(
    standin: Standin, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> bytes:
        raise AttributeError("cmap")

    monkeypatch.setattr(files, "render", broken)
    created = standin.create(webhook=receiver.url + "/broken")
    assert receiver.next("/broken").body["error"] == FAILURES["unknown"]
    assert f"prediction {created} met an error of the stand-in" in caplog.text
    assert "AttributeError: cmap" in caplog.text


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
