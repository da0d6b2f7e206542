"""What the simulated provider holds and says: predictions of ours and of others, their errors and statuses."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

INFRASTRUCTURE = (
    "Director: unexpected error handling prediction (E9828)",
    "Prediction interrupted; please retry (code: PA)",
    "Service is temporarily unavailable (E004)",
)
MODEL = ("NSFW content detected in all outputs", "CUDA out of memory", "", None)
FAILING = "failing"
FINAL = ("succeeded", "failed", "canceled", "aborted")
UNKNOWN_STATUSES: tuple[Any, ...] = ("queued", "booting", "SUCCEEDED", "", None, 7, ["starting"], {"phase": "warm-up"})
"""What a later version of the API may say of a prediction that has not ended."""
FOREIGN = (301, 302, 308, 400, 403, 404, 407, 418, 421, 499)
"""What proxies, firewalls and other servers answer in the provider's place, in HTML."""
PAGE = 10
ENDLESS = 120
"""Predictions of others in a list that is too long to be read to its end."""
FOREIGN_PREDICTIONS: tuple[dict[str, Any], ...] = tuple(
    {"id": f"other{n:04}", "status": "succeeded" if n % 5 else "unheard of", "input": {"prompt": "cats", "seed": n}}
    for n in range(ENDLESS)
)


@dataclass(eq=False)
class Prediction:
    """One paid prediction."""

    id: str
    inputs: dict[str, Any]
    stencil: str
    """SHA-256 of the image it was given."""
    webhook: str | None
    events: list[str]
    created: float
    created_at: datetime
    listed: float
    """When the list begins to show it."""
    outcome: str
    failing: bool
    """Whether its pictures bring a fault of our own code to light."""
    status: str = "starting"
    output: Any = None
    error: str | None = None
    ended: float | None = None
    ended_by: str = ""
    reported: bool = False
    """Whether a webhook of it was taken."""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
