"""Settings of the gateway."""

from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from studio_chassis.runtime.settings import Duration, ModelSettings, PublicAddressSettings


class GatewaySettings(ModelSettings, PublicAddressSettings):
    """Where the gateway listens, what proves a webhook, and what a job may cost."""

    port: int = Field(8080, ge=0, le=65535, validation_alias="STUDIO_GATEWAY_PORT", description="Port of the REST API")
    replicate_webhook_secret: SecretStr = Field(
        min_length=16, validation_alias="REPLICATE_WEBHOOK_SECRET", description="Key of the tokens in webhook URLs"
    )
    replicate_webhook_secret_previous: SecretStr | None = Field(
        None,
        min_length=16,
        validation_alias="REPLICATE_WEBHOOK_SECRET_PREVIOUS",
        description="While the secret is rotated: the old one, whose tokens are still accepted",
    )
    replicate_webhook_signing_key: SecretStr | None = Field(
        None, validation_alias="REPLICATE_WEBHOOK_SIGNING_KEY", description="The provider's whsec_… key"
    )
    webhook_signatures: Literal["enforce", "report"] = Field(
        "enforce",
        validation_alias="STUDIO_WEBHOOK_SIGNATURES",
        description="`report` logs what `enforce` would refuse: for the first days with a new signing key",
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        validation_alias="STUDIO_TRUSTED_PROXIES",
        description="Addresses and networks, separated by commas, whose X-Forwarded-* headers are believed; * for all",
    )
    keep_alive: Duration = Field(
        timedelta(seconds=75),
        ge=timedelta(seconds=1),
        validation_alias="STUDIO_KEEP_ALIVE_SECONDS",
        description="How long an idle connection stays open: longer than the proxy in front keeps its own",
    )
    cors_origins: str = Field(
        "",
        validation_alias="STUDIO_CORS_ORIGINS",
        description="Origins of pages elsewhere that may call the API, separated by spaces",
    )
    attempts_per_slot: int = Field(
        3, ge=1, le=10, validation_alias="STUDIO_ATTEMPTS_PER_SLOT", description="How often one provider call is tried"
    )
    job_cents: int = Field(200, ge=1, validation_alias="STUDIO_JOB_CENTS", description="The most one job may cost")
    job_deadline: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(seconds=1),
        validation_alias="STUDIO_JOB_DEADLINE_SECONDS",
        description="Time after which a job fails",
    )
    retention_days: int = Field(
        30, ge=1, validation_alias="STUDIO_RETENTION_DAYS", description="How long a finished job and its files are kept"
    )

    @property
    def listen_port(self) -> int:
        return self.port

    @property
    def root(self) -> str:
        """What precedes every path in a link: the path of the outside address, "" at the top of a host."""
        return urlsplit(self.public_base_url or "").path
