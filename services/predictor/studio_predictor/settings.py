"""Settings of the predictor."""

from datetime import timedelta

from pydantic import Field, SecretStr

from studio_chassis.runtime.settings import Duration
from studio_chassis.runtime.shared_settings import (
    BudgetSettings,
    ModelSettings,
    ProviderSettings,
    PublicAddressSettings,
)


class PredictorSettings(ModelSettings, BudgetSettings, PublicAddressSettings, ProviderSettings):
    """Which model to buy from, how, and where the provider calls back."""

    replicate_webhook_secret: SecretStr = Field(
        min_length=16, validation_alias="REPLICATE_WEBHOOK_SECRET", description="Key of the tokens in webhook URLs"
    )
    prompt_strength: float = Field(
        0.7, ge=0, le=1, validation_alias="STUDIO_PROMPT_STRENGTH", description="0 keeps the stencil, 1 destroys it"
    )
    max_backlog: int = Field(
        1000,
        ge=0,
        validation_alias="STUDIO_MAX_BACKLOG",
        description="Finished predictions that may wait for postprocess; while there are more, nothing is bought",
    )
    slots_per_owner: int = Field(
        16,
        ge=1,
        validation_alias="STUDIO_SLOTS_PER_OWNER",
        description=(
            "Predictions of one owner that may be under way, postprocess included; more wait, so that others' come "
            "between. Raise it with the replicas of postprocess"
        ),
    )
    start_webhook: bool = Field(
        False,
        validation_alias="STUDIO_START_WEBHOOK",
        description=(
            "Have the provider call back when a prediction starts, too. One whose creation got no response is known "
            "from then on, even where the provider's list does not show it"
        ),
    )
    adoption_grace: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=30),  # above the client's own time-out, or a request still under way would be repeated
        validation_alias="STUDIO_ADOPTION_GRACE",
        description="How long to look for a prediction whose creation got no response, before it counts as lost",
    )
