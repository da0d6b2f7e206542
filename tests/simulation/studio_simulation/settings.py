"""The settings of the simulated services, some of them drawn by the seed."""

from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

from pydantic import SecretStr

from studio_gateway.settings import GatewaySettings
from studio_postprocess.settings import PostprocessSettings
from studio_predictor.settings import PredictorSettings
from studio_reconciler.settings import ReconcilerSettings
from studio_simulation.faults import GRACE_SECONDS, STUCK_SECONDS
from studio_simulation.provider import TOKEN
from studio_simulation.receiver import MASTER
from studio_simulation.webhooks import SIGNING_KEY

DEADLINE_SECONDS = 900
ATTEMPTS = 3
TIGHT_BUDGETS = (30, 60, 90)
"""Cents a day, in some worlds: twelve pictures cost 36."""
AMPLE_BUDGET = 1_000_000


def day_cents(seed: int, *, peaceful: bool) -> int:
    """The budget of a day in the world of that seed."""
    random = Random(f"budget {seed}")  # of its own, so that other worlds stay as they are
    return AMPLE_BUDGET if peaceful or random.random() < 0.75 else random.choice(TIGHT_BUDGETS)


def start_webhook(seed: int) -> bool:
    """Whether the world of that seed asks for the `start` webhook."""
    return Random(f"start webhook {seed}").random() < 0.5


@cache
def settings_of(service: str, public: bool, cents: int, day_cents: int, start_webhook: bool) -> Any:
    """The settings of a service, or None where it needs none but its addresses."""
    types = {
        "gateway": GatewaySettings,
        "predictor": PredictorSettings,
        "postprocess": PostprocessSettings,
        "reconciler": ReconcilerSettings,
    }
    own: dict[str, dict[str, Any]] = {
        "gateway": {
            "access": "local",
            "trusted_hosts": "studio.example",
            "replicate_webhook_secret": SecretStr("simulated-secret-of-webhooks"),
            "replicate_webhook_signing_key": SecretStr(SIGNING_KEY),
            "job_deadline": timedelta(seconds=DEADLINE_SECONDS),
            "attempts_per_slot": ATTEMPTS,
            "job_cents": cents,
            "callbacks": "public",
            "day_cents": day_cents,
        },
        "predictor": {
            "replicate_api_token": SecretStr(TOKEN),
            "replicate_webhook_secret": SecretStr("simulated-secret-of-webhooks"),
            "public_base_url": "https://studio.example" if public else None,
            "adoption_grace": timedelta(seconds=GRACE_SECONDS),
            "day_cents": day_cents,
            "start_webhook": start_webhook,
        },
        "postprocess": {},
        "reconciler": {
            "replicate_api_token": SecretStr(TOKEN),
            "public_base_url": "https://studio.example" if public else None,
            "stuck_after": timedelta(seconds=STUCK_SECONDS),
            "poll_every": timedelta(seconds=5),
            "callbacks": "public",
            "callback_secret": SecretStr(MASTER),
        },
    }
    if service == "stencil":
        return None
    urls = {
        "rabbitmq_url": SecretStr("amqp://x"),
        "mongodb_url": SecretStr("mongodb://x"),
        "object_store_url": "file:///x",
    }
    return types[service](**urls, **own[service])
