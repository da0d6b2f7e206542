"""Settings of the reconciler."""

from datetime import timedelta
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from studio_chassis.persistence.outbox_publisher import CLEAR_SECONDS
from studio_chassis.runtime.settings import Duration
from studio_chassis.runtime.shared_settings import (
    BudgetSettings,
    CallbackSettings,
    ProviderSettings,
    PublicAddressSettings,
)


class ReconcilerSettings(BudgetSettings, CallbackSettings, PublicAddressSettings, ProviderSettings):
    """How long things may take before the reconciler looks after them."""

    relay_after: Duration = Field(
        timedelta(seconds=3),
        gt=timedelta(seconds=CLEAR_SECONDS),
        validation_alias="STUDIO_RELAY_AFTER",
        description="Age at which the relay publishes a committed event that is still in its outbox. A publisher takes "
        "up to two seconds to clear one; an earlier relay would publish events twice",
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
    callback_secret: SecretStr | None = Field(
        None,
        min_length=32,
        validation_alias="STUDIO_CALLBACK_SECRET",
        description="Master of the secrets with which calls to clients are signed (`studio callbacks secret`)",
    )
    callback_secret_previous: SecretStr | None = Field(
        None,
        min_length=32,
        validation_alias="STUDIO_CALLBACK_SECRET_PREVIOUS",
        description="While the master is rotated: the old one, with which calls are signed as well",
    )

    @field_validator("callback_secret", "callback_secret_previous", mode="before")
    @classmethod
    def _empty_secret_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.callbacks != "off" and self.callback_secret is None:
            raise ValueError("STUDIO_CALLBACK_SECRET is missing: no client is called without a signature")
        return self

    @property
    def callback_secrets(self) -> tuple[SecretStr, ...]:
        """The masters to sign with, the newest first."""
        both = (self.callback_secret, self.callback_secret_previous)
        return tuple(secret for secret in both if secret is not None)
