"""What goes wrong at the provider, at its files, and on the way of its webhooks."""

from studio_drill import staging
from studio_drill.faults import RESCUED, Act, Fault

POST_AGAIN = "studio job retry --where code=download_failed,since=2h"
STOP = 'studio spend stop "the model fails"'
JOBS_FAIL = ("StudioJobsFail",)


def _jobs_fail(name: str, says: str, code: str, **faults: object) -> Fault:
    """The provider makes every job fail for this cause."""
    return Fault(
        name,
        says,
        staging.provider(**faults),
        "jobs-fail",
        (STOP, staging.RECOVERED, "studio spend resume", POST_AGAIN),
        alerts=JOBS_FAIL,
        doctor=rf"jobs: .*most jobs fail: .*{code}",
        words={"download_failed": code},
        jobs_fail=True,
    )


PROVIDER_FAULTS: tuple[Fault, ...] = (
    _jobs_fail(
        "every-prediction-fails",
        "the model is out of memory",
        "prediction_failed",
        prediction={"outcome": "failed", "failure": "cuda"},
    ),
    _jobs_fail("every-file-missing", "the file host answers 404", "download_failed", files={"kind": "missing"}),
    _jobs_fail("every-request-refused", "the provider answers 422", "prediction_refused", create={"status": 422}),
    _jobs_fail("no-pictures", "predictions succeed without pictures", "no_output", prediction={"output": "empty_list"}),
    _jobs_fail(
        "files-are-no-pictures", "the file host sends a web page", "not_a_picture", files={"kind": "not_an_image"}
    ),
    Fault(
        "out-of-credit",
        "the provider answers 402",
        staging.provider(create={"status": 402}),
        "provider-out-of-credit",
        (staging.RECOVERED, "kubectl -n studio rollout restart deployment/predictor"),
        alerts=("StudioConsumerPaused",),
        doctor=r"services: .*402",
    ),
    Fault(
        "token-refused",
        "the provider answers 401",
        staging.provider(create={"status": 401}, read={"status": 401}),
        "provider-out-of-credit",
        (
            Act("a valid token is put in", staging.provider()),
            "kubectl -n studio rollout restart deployment/predictor",
        ),
        alerts=("StudioConsumerPaused",),
        doctor=r"provider: REPLICATE_API_TOKEN is refused",
    ),
    Fault(
        "provider-down",
        "the provider answers 503",
        staging.provider(create={"status": 503}, read={"status": 503}),
        "provider-down",
        (staging.RECOVERED, "studio doctor"),
        alerts=("StudioProviderErrors", "StudioConsumerPaused"),
        doctor=r"provider: REPLICATE_API_BASE does not answer",
    ),
    Fault(
        "half-a-rotation",
        "the gateway alone knows the new webhook secret",
        staging.half_a_rotation,
        "rotate-secrets",
        (
            "kubectl -n studio rollout restart deployment/predictor"
            " && kubectl -n studio rollout status deployment/predictor",
        ),
        alerts=("StudioWebhooksRefused",),
        settings=RESCUED,
        needs=("prometheus",),
        name_seconds=420,  # rings after five minutes in which no webhook was taken: forged ones cannot ring it
    ),
    Fault(
        "no-webhook-arrives",
        "PUBLIC_BASE_URL leads to where nobody listens",
        staging.wrong_address,
        "webhooks-cannot-reach-us",
        (
            "kubectl -n studio set env deployment/predictor deployment/reconciler PUBLIC_BASE_URL=",
            "kubectl -n studio rollout status deployment/reconciler",
        ),
        alerts=("StudioNoWebhooks",),
        doctor=r"public address: PUBLIC_BASE_URL cannot be reached",
        settings=RESCUED,
    ),
)
