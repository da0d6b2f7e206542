"""Webhooks of any headers and body: each is recorded or refused, never a fault of ours, and what is kept is bounded."""

import json
from random import Random
from types import SimpleNamespace
from typing import Any

from pydantic import SecretStr

from studio_domain.domain_events import PredictionReported, WebhookReceived
from studio_domain.lifecycle import transition
from studio_domain.prediction import UnreadablePrediction, read_prediction, slim_prediction
from studio_fuzz.mutation import corpus, document, text
from studio_fuzz.target import Target
from studio_gateway.api.webhook_verification import VerificationError, check_signature
from studio_gateway.api.webhooks import parsed
from studio_gateway.http.problems import ProblemError
from studio_support.job_shapes import LATER, SHAPES

KEPT_BYTES = 4 * (2**20 + 50_000)
"""What is kept of one report: its outputs, and little else."""
BODIES = corpus("webhooks")
SETTINGS: Any = SimpleNamespace(
    replicate_webhook_signing_key=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), webhook_signatures="enforce"
)
SIGNATURES = (
    "", "v1,", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,a,b", "v2,x", "v1a,x v1,é", "v1," + "A" * 100_000,
)  # fmt: skip
TIMES = ("0", "-1", "1e9", "nan", "9" * 5_000, "1790000000", "١٧٩", " 1790000000 ")


def _body(random: Random) -> bytes:
    return document(random, BODIES)


def _check_body(body: bytes) -> None:
    try:
        prediction = parsed(body)
    except ProblemError as error:
        assert error.problem.status == 400
        return
    slim = slim_prediction(prediction)
    assert len(json.dumps(slim, allow_nan=False).encode()) < KEPT_BYTES
    kept = transition(SHAPES["running"], WebhookReceived(0, 1, slim), now=LATER, by="gateway")
    try:
        report = read_prediction(slim)
    except UnreadablePrediction:
        assert kept is not None, "who reads it later says what is wrong with it"
        return
    if kept is None:
        assert not report.is_final or report.id != "p0.1", "only that a prediction runs is known already"
        return
    change = transition(kept.job, PredictionReported(0, 1, report), now=LATER, by="predictor")
    assert report.is_final or change is None, "a status that is not final changes nothing"


def _signed(random: Random) -> tuple[dict[str, str], bytes]:
    headers = {
        "webhook-id": text(random),
        "webhook-timestamp": random.choice(TIMES) if random.random() < 0.6 else text(random),
        "webhook-signature": random.choice(SIGNATURES) if random.random() < 0.6 else text(random, 90),
    }
    if random.random() < 0.1:
        del headers[random.choice(tuple(headers))]
    return headers, b"{}"


def _check_signed(webhook: tuple[dict[str, str], bytes]) -> None:
    try:
        check_signature(SETTINGS, *webhook)
    except VerificationError as error:
        assert error.check == "signature"
    else:
        raise AssertionError("a forged signature was accepted")


TARGETS = (
    Target("webhook-bodies", 150, _body, _check_body),
    Target("webhook-signatures", 150, _signed, _check_signed),
)
