"""Settings of the gateway."""

import ipaddress
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from standardwebhooks.webhooks import Webhook

from studio_chassis.runtime.settings import Duration
from studio_chassis.runtime.shared_settings import (
    BudgetSettings,
    CallbackSettings,
    ModelSettings,
    PublicAddressSettings,
)


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _usable_key(key: SecretStr | None) -> SecretStr | None:
    try:
        Webhook(key.get_secret_value().strip()) if key is not None else None
    except Exception:  # noqa: BLE001 - the library raises errors of several kinds, and their texts may hold the key
        raise ValueError("not a signing key: it looks like whsec_ and base64") from None
    return key


SigningKey = Annotated[SecretStr | None, BeforeValidator(_empty_is_none), AfterValidator(_usable_key)]


LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class GatewaySettings(CallbackSettings, ModelSettings, BudgetSettings, PublicAddressSettings):
    """Where the gateway listens, what proves a webhook, and what a job may cost."""

    port: int = Field(8080, ge=0, le=65535, validation_alias="STUDIO_GATEWAY_PORT", description="Port of the REST API")
    access: Literal["keys", "anonymous", "local"] = Field(
        "keys",
        validation_alias="STUDIO_ACCESS",
        description=(
            "Who may use the API. `keys`: who has an API key. `anonymous`: callers without one too, who may "
            "create jobs and read those whose id they know. `local`: everybody who reaches the address, so it must be "
            "a loopback address"
        ),
    )
    session_time: Duration = Field(
        timedelta(hours=8),
        ge=timedelta(minutes=1),
        validation_alias="STUDIO_SESSION_SECONDS",
        description="How long a browser stays signed in after a key was entered",
    )
    trusted_hosts: str = Field(
        "",
        validation_alias="STUDIO_TRUSTED_HOSTS",
        description=(
            "Host names by which the gateway is reached, separated by spaces; requests to any other name are refused. "
            "None: any with keys. With STUDIO_ACCESS=local the loopback's names, and those given here"
        ),
    )
    replicate_webhook_secret: SecretStr = Field(
        min_length=16, validation_alias="REPLICATE_WEBHOOK_SECRET", description="Key of the tokens in webhook URLs"
    )
    replicate_webhook_secret_previous: SecretStr | None = Field(
        None,
        min_length=16,
        validation_alias="REPLICATE_WEBHOOK_SECRET_PREVIOUS",
        description="While the secret is rotated: the old one, whose tokens are still accepted",
    )
    replicate_webhook_signing_key: SigningKey = Field(
        None,
        validation_alias="REPLICATE_WEBHOOK_SIGNING_KEY",
        description="The provider's whsec_… key; required where PUBLIC_BASE_URL is set",
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
    creates_per_minute: int = Field(
        30,
        ge=1,
        validation_alias="STUDIO_CREATES_PER_MINUTE",
        description="Jobs that one API key may ask for in a minute, over all replicas; a tenth without a key",
    )
    changes_per_minute: int = Field(
        120,
        ge=1,
        validation_alias="STUDIO_CHANGES_PER_MINUTE",
        description="Jobs that a key may change or delete in a minute, over all replicas; a tenth without a key",
    )
    requests_per_minute: int = Field(
        1200,
        ge=20,
        validation_alias="STUDIO_REQUESTS_PER_MINUTE",
        description="Other requests of one API key in a minute, over all replicas; a tenth without a key",
    )
    open_jobs: int = Field(
        50,
        ge=1,
        validation_alias="STUDIO_OPEN_JOBS",
        description="Jobs of one owner that may be under way; more are refused, so that others' do not wait for them",
    )
    connections: int = Field(
        1000,
        ge=10,
        validation_alias="STUDIO_CONNECTIONS",
        description="Connections that one gateway keeps; beyond, those are closed that have waited longest",
    )
    connections_per_client: int = Field(
        200,
        ge=10,
        validation_alias="STUDIO_CONNECTIONS_PER_CLIENT",
        description=(
            "Requests of one API key, or of one address where there is none, under way at one gateway: each uses a "
            "connection"
        ),
    )
    streams: int = Field(
        500, ge=1, validation_alias="STUDIO_STREAMS", description="Event streams that one gateway keeps open"
    )
    streams_per_client: int = Field(
        50,
        ge=1,
        validation_alias="STUDIO_STREAMS_PER_CLIENT",
        description="Event streams of one API key, or of one address where there is none, at one gateway",
    )
    retention_days: int = Field(
        30, ge=1, validation_alias="STUDIO_RETENTION_DAYS", description="How long a finished job and its files are kept"
    )

    @model_validator(mode="after")
    def _public_webhooks_are_signed(self) -> Self:
        if self.public_base_url is not None and self.replicate_webhook_signing_key is None:
            raise ValueError(
                "REPLICATE_WEBHOOK_SIGNING_KEY is missing, and PUBLIC_BASE_URL is set: webhooks come from outside and "
                "must be signed. Replicate's API gives the key at GET /v1/webhooks/default/secret"
            )
        return self

    @model_validator(mode="after")
    def _is_open_on_loopback_only(self) -> Self:
        if self.access == "local" and not _is_loopback(self.http_host):
            raise ValueError(
                f"STUDIO_ACCESS=local lets everybody in, and STUDIO_HTTP_HOST={self.http_host} can be reached from "
                "other machines: set STUDIO_HTTP_HOST=127.0.0.1, or set STUDIO_ACCESS=keys and make keys with "
                "`studio keys create`"
            )
        return self

    @property
    def listen_port(self) -> int:
        return self.port

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that are answered; empty for any."""
        named = frozenset(self.trusted_hosts.lower().split())
        if self.access == "local":
            return named | LOOPBACK_NAMES
        return named | {urlsplit(self.public_base_url or "").hostname or ""} - {""} if named else named

    @property
    def root(self) -> str:
        """What precedes every path in a link: the path of the outside address, "" at the top of a host."""
        return urlsplit(self.public_base_url or "").path


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
