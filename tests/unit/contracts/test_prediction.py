"""Prediction bodies as replicate.com, its recordings and Cog send them, and hostile ones."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from studio_domain.prediction import (
    MAX_OUTPUT_CHARS,
    PredictionReport,
    PredictionStatus,
    UnreadablePrediction,
    read_prediction,
    slim_prediction,
)

ID = "ufawqhfynnddngldkgtslldrkq"
FULL: dict[str, Any] = {
    "id": ID,
    "model": "stability-ai/sdxl",
    "version": "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b",
    "input": {
        "prompt": "waves",
        "seed": 7,
        "num_outputs": 2,
        "image": "data:image/png;base64,AAAA",
        "guidance_scale": 6,
    },
    "output": ["https://replicate.delivery/a/out-0.png", "https://replicate.delivery/a/out-1.png"],
    "logs": "Using seed: 7\n",
    "error": None,
    "status": "succeeded",
    "created_at": "2026-11-22T10:00:00.123Z",
    "started_at": "2026-11-22T10:00:01.123456Z",
    "completed_at": "2026-11-22T10:00:05.123456789Z",
    "metrics": {"predict_time": 4.25, "total_time": 5.0, "image_count": 2},
    "urls": {"get": "https://api.replicate.com/v1/predictions/x"},
    "data_removed": False,
    "source": "api",
    "webhook": "https://x/v1/webhooks/replicate/j/0/1?token=secret",
    "webhook_completed": None,
    "something_new": {"nested": [1]},
}


def body(**changes: Any) -> dict[str, Any]:
    return {"id": ID, "status": "succeeded", **changes}


def test_a_full_body_is_read_with_fractions_of_any_length() -> None:
    report = read_prediction(FULL)
    assert report.outputs == tuple(FULL["output"])
    assert report.predict_seconds == 4.25
    assert report.created_at == datetime(2026, 11, 22, 10, 0, 0, 123_000, tzinfo=UTC)
    assert report.started_at == datetime(2026, 11, 22, 10, 0, 1, 123_000, tzinfo=UTC)
    assert report.completed_at == datetime(2026, 11, 22, 10, 0, 5, 123_000, tzinfo=UTC)
    assert report.input == {"prompt": "waves", "seed": 7, "num_outputs": 2}
    assert report.webhook == FULL["webhook"]


def test_an_id_and_a_status_are_enough() -> None:
    assert read_prediction({"id": "p", "status": "starting"}) == PredictionReport(
        id="p", status=PredictionStatus.STARTING
    )


@pytest.mark.parametrize(
    ("status", "final"),
    [
        ("starting", False),
        ("processing", False),
        ("succeeded", True),
        ("failed", True),
        ("canceled", True),
        ("aborted", True),
    ],
)
def test_every_documented_status_is_known(status: str, final: bool) -> None:
    report = read_prediction(body(status=status))
    assert report.status == status
    assert report.is_final is final
    assert report.has_known_status


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        ("queued", "queued"),
        ("successful", "successful"),
        ("SUCCEEDED", "SUCCEEDED"),
        ("", ""),
        (None, ""),
        (1, "1"),
        (["starting"], "['starting']"),
        ({}, "{}"),
        ("s" * 10_000, "s" * 64),
        ("bad \ud800", "bad ?"),
    ],
)
def test_an_unknown_status_is_kept_and_is_not_final(status: object, kept: str) -> None:
    report = read_prediction(body(status=status))
    assert report.status == kept
    assert not report.is_final
    assert not report.has_known_status


def test_a_prediction_without_a_status_exists_and_has_not_ended() -> None:
    assert not read_prediction({"id": ID}).is_final


def test_an_id_may_be_a_number() -> None:
    assert read_prediction({"id": 5, "status": "failed"}).id == "5"


def test_pictures_inside_the_answer_are_left_out_when_they_are_too_large() -> None:
    pictures = ["data:image/png;base64," + "A" * (MAX_OUTPUT_CHARS // 2)] * 2
    whole = body(output=pictures)
    slim = slim_prediction(whole)
    for report in (read_prediction(whole), read_prediction(slim)):
        assert (report.outputs, report.oversized) == ((), True)
    assert len(json.dumps(slim)) < 1_000


def test_what_is_stored_of_a_report_is_bounded_whatever_it_holds() -> None:
    large = "x" * (4 * 2**20)
    everything: dict[str, Any] = dict.fromkeys(FULL, large) | {"input": {"prompt": large}, "output": ["x"] * 10**6}
    assert len(json.dumps(slim_prediction(everything))) < 20_000


@pytest.mark.parametrize("key", ["id", "status", "error", "output", "created_at", "metrics", "input", "webhook"])
def test_a_deeply_nested_value_is_read_like_any_other(key: str) -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    assert json.dumps(slim_prediction(body(**{key: nested})))


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        "succeeded",
        3,
        {},
        {"id": "", "status": "failed"},
        {"id": True, "status": "failed"},
        {"id": "x" * 129, "status": "failed"},
    ],
)
def test_what_is_no_prediction_is_unreadable(bad: object) -> None:
    with pytest.raises(UnreadablePrediction):
        read_prediction(bad)


@pytest.mark.parametrize(
    ("output", "outputs"),
    [
        (None, ()),
        ([], ()),
        ("https://h/a.png", ("https://h/a.png",)),
        (["https://h/a.png", "https://h/a.png"], ("https://h/a.png", "https://h/a.png")),
        (["data:image/png;base64,AA"], ("data:image/png;base64,AA",)),
        (["https://h/a.png", None, 3, ["https://h/b.png"], ""], ("https://h/a.png",)),
        ({"image": "https://h/a.png"}, ()),
        ("", ()),
        (7, ()),
    ],
)
def test_output_of_any_shape_becomes_a_tuple(output: object, outputs: tuple[str, ...]) -> None:
    report = read_prediction(body(output=output))
    assert report.outputs == outputs


def test_a_purged_success_is_read() -> None:
    report = read_prediction(body(output=None, data_removed=True, logs=None, input={}))
    assert (report.status, report.outputs) == ("succeeded", ())


@pytest.mark.parametrize(
    ("error", "expected"),
    [(None, None), ("", ""), ("x" * 5_000, "x" * 2_000), ({"code": 1}, "{'code': 1}"), ("bad \ud800", "bad ?")],
)
def test_an_error_of_any_kind_is_a_bounded_text(error: object, expected: str | None) -> None:
    assert read_prediction(body(status="failed", error=error)).error == expected


@pytest.mark.parametrize("metrics", [None, [], {}, {"predict_time": None}, {"predict_time": "4"}])
def test_metrics_of_another_shape_give_no_time(metrics: object) -> None:
    assert read_prediction(body(metrics=metrics)).predict_seconds is None


@pytest.mark.parametrize("seconds", [True, -1, float("nan"), float("inf"), 10**400])
def test_a_time_that_is_none_is_left_out(seconds: object) -> None:
    assert read_prediction(body(metrics={"predict_time": seconds})).predict_seconds is None


@pytest.mark.parametrize("moment", ["soon", "", 5, None, "0001-01-01T00:00:00+14:00"])
def test_an_unreadable_time_does_not_lose_the_report(moment: object) -> None:
    assert read_prediction(body(created_at=moment)).created_at is None


def test_a_time_without_zone_is_utc() -> None:
    assert read_prediction(body(created_at="2026-11-22T10:00:00")).created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("inputs", [None, [], "x", {"seed": True, "num_outputs": 2.5, "prompt": None}, {"seed": 2**63}])
def test_inputs_that_identify_nothing_are_left_out(inputs: object) -> None:
    assert read_prediction(body(input=inputs)).input == {}


def test_a_report_is_frozen_and_its_repr_hides_the_token() -> None:
    report = read_prediction(FULL)
    assert "secret" not in repr(report)
    with pytest.raises(ValidationError):
        report.status = PredictionStatus.FAILED  # type: ignore[misc]


def test_trimming_drops_logs_pictures_and_the_webhooks_token() -> None:
    text = json.dumps(slim_prediction(FULL))
    for dropped in ("Using seed", "data:image", "secret", "something_new", "guidance"):
        assert dropped not in text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_BODIES = st.fixed_dictionaries(
    {"id": st.just(ID) | _JSON, "status": st.sampled_from(list(PredictionStatus)).map(str) | _JSON},
    optional={key: st.just(value) | _JSON for key, value in FULL.items() if key not in ("id", "status")},
)


@given(_BODIES)
def test_any_body_is_either_unreadable_or_reads_the_same_after_trimming(original: dict[str, Any]) -> None:
    carried = json.loads(json.dumps(slim_prediction(original), allow_nan=False).encode("utf-8"))
    try:
        report = read_prediction(original)
    except UnreadablePrediction:
        with pytest.raises(UnreadablePrediction):
            read_prediction(carried)
    else:
        assert read_prediction(carried) == report.model_copy(update={"webhook": None})
        assert PredictionReport.model_validate_json(report.model_dump_json()) == report
