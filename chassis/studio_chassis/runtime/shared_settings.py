"""Settings that some services share: the provider, the public address, callbacks, the model, budgets."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from studio_chassis.replicate.webhook_url import normalize_base_url
from studio_chassis.runtime.settings import ServiceSettings
from studio_contracts.models import ModelName
from studio_contracts.spending import Budgets


def _sendable_token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value().strip()
    if not (text and text.isascii() and text.isprintable()):
        raise ValueError("it is empty or holds characters that a header cannot carry")
    return token


def _checked_base_url(url: str) -> str:
    normalize_base_url(url)
    return url


class ProviderSettings(ServiceSettings):
    """For the services that talk to Replicate."""

    replicate_api_token: Annotated[SecretStr, AfterValidator(_sendable_token)] = Field(
        min_length=1, validation_alias="REPLICATE_API_TOKEN", description="Replicate's API token"
    )
    replicate_api_base: Annotated[str, AfterValidator(_checked_base_url)] = Field(
        "https://api.replicate.com/v1",
        validation_alias="REPLICATE_API_BASE",
        description="Address of Replicate's API; `/v1` is added where it is missing, redirects are not followed",
    )

    @model_validator(mode="after")
    def _has_usable_environment(self) -> Self:
        from studio_chassis.replicate.http_client import environment_faults  # httpx is not in every image

        if faults := environment_faults():
            raise ValueError("; ".join(faults))
        return self


class PublicAddressSettings(ServiceSettings):
    """For the services that need the outside address: links, webhooks, and whether to poll instead."""

    public_base_url: Annotated[str, AfterValidator(normalize_base_url)] | None = Field(
        None,
        validation_alias="PUBLIC_BASE_URL",
        description=(
            "The gateway's address from outside: for the provider's webhooks and, with its path, for links; "
            "without it the reconciler polls"
        ),
    )

    @field_validator("public_base_url", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class CallbackSettings(ServiceSettings):
    """For the services that take and make calls to clients."""

    callbacks: Literal["off", "public", "local"] = Field(
        "off",
        validation_alias="STUDIO_CALLBACKS",
        description="Whether clients may be called: `public` at https addresses of the internet, `local` at any",
    )


class ModelSettings(ServiceSettings):
    """For the services that buy pictures, or quote their price."""

    model: ModelName = Field("sdxl", validation_alias="STUDIO_MODEL", description="The image model that paints")


class BudgetSettings(ServiceSettings):
    """For the services that spend money, or say how much is left."""

    day_cents: int = Field(
        20_000,
        ge=0,
        validation_alias="STUDIO_DAY_CENTS",
        description="US cents that may be spent in a day (UTC); `studio spend limit` changes it while running",
    )
    key_day_cents: int = Field(
        5_000,
        ge=0,
        validation_alias="STUDIO_KEY_DAY_CENTS",
        description="US cents that may be spent in a day (UTC) with one API key; `studio spend limit --key` changes it "
        "for one",
    )

    @property
    def budgets(self) -> Budgets:
        """The limits, as the store takes them."""
        return Budgets(day_cents=self.day_cents, key_day_cents=self.key_day_cents)
