"""Webhooks of any headers and body: each is recorded or refused, never a fault of ours, and what is kept is bounded."""

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from pydantic import SecretStr

from studio_domain.domain_events import PredictionReported, WebhookReceived
from studio_domain.lifecycle import transition
from studio_domain.prediction import UnreadablePrediction, read_prediction, slim_prediction
from studio_gateway.api.webhook_verification import VerificationError, check_signature
from studio_gateway.api.webhooks import parsed
from studio_gateway.http.problems import ProblemError
from studio_support.job_shapes import LATER, SHAPES
from tests.border.fuzz.bounds import JSON, TEXT, bent, fuzz, within_bounds

KEPT_CHARS = 2**20 + 50_000
"""What is kept of one report: its outputs, and little else."""
KEYS = ("id", "status", "output", "error", "metrics", "input", "created_at", "started_at", "completed_at", "webhook")
SEEDS = (
    b'{"id": "p0.1", "status": "processing", "output": null, "logs": "seed 7", "input": {"prompt": "x", "seed": 7}}',
    b'{"id": "p0.1", "status": "succeeded", "output": ["https://replicate.delivery/a.png"], "metrics": {}}',
    b'{"id": "p0.1", "status": "failed", "error": "E9828", "data_removed": false, "created_at": "2026-11-22T10:00Z"}',
    b'{"id": "p0.1", "status": "queued", "kind": "v2"}',
)
PREDICTIONS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("p0.1") | JSON,
        "status": st.sampled_from(("starting", "processing", "succeeded", "failed", "canceled", "aborted")) | JSON,
        "output": st.lists(st.just("https://replicate.delivery/a.png"), max_size=5) | JSON,
        **dict.fromkeys(KEYS[3:], JSON),
    },
)
BODIES = bent(SEEDS) | st.binary(max_size=80) | PREDICTIONS.map(lambda value: json.dumps(value).encode())


@fuzz(BODIES)
def test_any_body_is_refused_or_a_report_that_the_lifecycle_understands(body: bytes) -> None:
    with within_bounds():
        try:
            prediction = parsed(body)
        except ProblemError as error:
            assert error.problem.status == 400
            return
        slim = slim_prediction(prediction)
        assert len(json.dumps(slim, allow_nan=False).encode()) < 4 * KEPT_CHARS
        kept = transition(SHAPES["running"], WebhookReceived(0, 1, slim), now=LATER, by="gateway")
        assert kept is not None
        try:
            report = read_prediction(slim)
        except UnreadablePrediction:
            return
        change = transition(kept.job, PredictionReported(0, 1, report), now=LATER, by="predictor")
        if not report.is_final:
            assert change is None, "a status that is not final changes nothing"


SIGNED = SimpleNamespace(
    replicate_webhook_signing_key=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), webhook_signatures="enforce"
)
SIGNATURES = st.sampled_from(
    (
        "",
        "v1,",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,a,b",
        "v2,x",
        "v1a,x v1,é",
        "v1," + "A" * 100_000,
    )
)


@fuzz(TEXT, TEXT | st.integers().map(str) | st.sampled_from(("1e9", "nan", "9" * 5_000)), TEXT | SIGNATURES, BODIES)
def test_no_forged_signature_is_accepted_or_raises_anything_else(
    message_id: str, timestamp: str, signature: str, body: bytes
) -> None:
    found: Any = {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    settings: Any = SIGNED
    with within_bounds():
        try:
            check_signature(settings, found, body)
        except VerificationError as error:
            assert error.check == "signature"
        else:
            raise AssertionError("a forged signature was accepted")
