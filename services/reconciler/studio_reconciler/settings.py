"""Settings of the reconciler."""

from datetime import timedelta

from pydantic import Field

from studio_chassis.runtime.settings import Duration, ProviderSettings, PublicAddressSettings


class ReconcilerSettings(PublicAddressSettings, ProviderSettings):
    """How long things may take before the reconciler looks after them."""

    relay_after: Duration = Field(
        timedelta(seconds=3),
        validation_alias="STUDIO_RELAY_AFTER",
        description="Age at which a committed event that was not published is published by the relay",
    )
    stuck_after: Duration = Field(
        timedelta(minutes=5),
        validation_alias="STUDIO_STUCK_AFTER",
        description="Time without a transition after which a job is rescued; doubled after each rescue without effect, "
        "up to 4 times",
    )
    poll_every: Duration = Field(
        timedelta(seconds=2),
        validation_alias="STUDIO_POLL_EVERY",
        description="How often running predictions are asked for when there are no webhooks",
    )
