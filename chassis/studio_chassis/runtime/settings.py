"""Settings every service shares, read once from the environment."""

import base64
import os
import re
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from studio_chassis.runtime import failpoints, tls
from studio_contracts.topology import MOST_PARTITIONS


def _from_seconds(value: Any) -> Any:
    with suppress(TypeError, ValueError):
        return timedelta(seconds=float(value))
    return value


def _known_failpoint(value: str) -> str:
    failpoints.parse(value)
    return value


_STORE_KEY = "AWS_SECRET_ACCESS_KEY"
_EXAMPLE = re.compile(f"exampleonly|{base64.b64encode(b'exampleon').decode()}")
"""How every secret in the examples begins, as it stands and in Base64."""
Duration = Annotated[timedelta, BeforeValidator(_from_seconds)]
"""A time span: in the environment a number of seconds, or an ISO 8601 duration such as PT5M."""


class ServiceSettings(BaseSettings):
    """What every service needs. A service adds its own in a subclass; the names are the same everywhere."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    rabbitmq_url: SecretStr = Field(
        min_length=1, validation_alias="RABBITMQ_URL", description="amqp://user:password@host:port/vhost"
    )
    mongodb_url: SecretStr = Field(
        min_length=1, validation_alias="MONGODB_URL", description="mongodb://… of a replica set"
    )
    queue_partitions: int = Field(
        1,
        ge=1,
        le=MOST_PARTITIONS,
        validation_alias="STUDIO_QUEUE_PARTITIONS",
        description="Queues of the broker that each of the busiest work queues consists of, by job id; the same in all "
        "services. More than 1 needs RabbitMQ's plugin rabbitmq_consistent_hash_exchange",
    )
    tls_ca_file: Path | None = Field(
        None,
        validation_alias="STUDIO_TLS_CA_FILE",
        description="PEM file of the authority behind the certificates of broker (`amqps://…`) and database "
        "(`…?tls=true`); without it the system's authorities count",
    )
    tls_client_file: Path | None = Field(
        None,
        validation_alias="STUDIO_TLS_CLIENT_FILE",
        description="PEM file with this service's own certificate and key, where broker and database ask for one",
    )
    object_store_url: str = Field(
        min_length=1, validation_alias="OBJECT_STORE_URL", description="file:///folder or s3://bucket"
    )
    database: str = Field("studio", validation_alias="STUDIO_DATABASE", description="Name of the database")
    http_host: str = Field("127.0.0.1", validation_alias="STUDIO_HTTP_HOST", description="Address to listen on")
    health_port: int = Field(
        8081,
        ge=0,
        le=65535,
        validation_alias="STUDIO_HEALTH_PORT",
        description="Port of /healthz, /readyz and /metrics, not for the public; the gateway has the first two on both",
    )
    build: str = Field("development", validation_alias="STUDIO_BUILD", description="Version of the build, for /healthz")
    instance: str = Field(
        "",
        validation_alias="STUDIO_INSTANCE",
        description="Name of this process in /healthz and /readyz; drawn by chance when it is empty",
    )
    log_format: Literal["json", "console"] = Field(
        "json", validation_alias="STUDIO_LOG_FORMAT", description="One JSON object a line, or text for a terminal"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="STUDIO_LOG_LEVEL", description="The least severe lines that are logged"
    )
    drain_time: Duration = Field(
        timedelta(seconds=25),
        gt=timedelta(0),
        validation_alias="STUDIO_DRAIN_SECONDS",
        description="Time after SIGTERM to finish the work in flight",
    )
    example_values: Literal["refuse", "accept"] = Field(
        "refuse",
        validation_alias="STUDIO_EXAMPLE_VALUES",
        description="`accept` starts with the secrets of the examples, which everybody knows: to try it on one machine",
    )
    failpoint: Annotated[str, AfterValidator(_known_failpoint)] = Field(
        "",
        validation_alias="STUDIO_FAILPOINT",
        description="For drills: name[:n] of the failpoint at which the process dies",
    )

    @property
    def broker_address(self) -> str:
        """The broker's URL with the TLS files in it."""
        return tls.broker_address(self.rabbitmq_url.get_secret_value(), self.tls_ca_file, self.tls_client_file)

    @property
    def database_address(self) -> str:
        """The database's URL with the TLS files in it."""
        return tls.database_address(self.mongodb_url.get_secret_value(), self.tls_ca_file, self.tls_client_file)

    @model_validator(mode="after")
    def _has_usable_certificates(self) -> Self:
        files = {"STUDIO_TLS_CA_FILE": self.tls_ca_file, "STUDIO_TLS_CLIENT_FILE": self.tls_client_file}
        urls = (self.rabbitmq_url.get_secret_value(), self.mongodb_url.get_secret_value())
        if faults := tls.faults(files, urls):
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _has_secrets_of_its_own(self) -> Self:
        if self.example_values == "refuse" and (names := self._examples()):
            raise ValueError(
                f"{', '.join(names)}: from an example, so everybody knows it. Make your own (openssl rand -hex 24); "
                "STUDIO_EXAMPLE_VALUES=accept is for trying the studio on one machine"
            )
        return self

    def _examples(self) -> list[str]:
        """The variables that hold a secret of an example; the object store's is read by its library alone."""
        values = {_STORE_KEY: os.environ.get(_STORE_KEY, "")}
        for name, field in type(self).model_fields.items():
            if isinstance(value := getattr(self, name), SecretStr):
                values[str(field.validation_alias)] = value.get_secret_value()
        return [name for name, value in values.items() if _EXAMPLE.search(value)]

    @property
    def listen_port(self) -> int:
        """The one port the service listens on."""
        return self.health_port


S = TypeVar("S", bound=ServiceSettings)


def read_settings(settings_type: type[S]) -> S:
    """The settings from the environment. Exits with status 2 after naming every missing or invalid variable."""
    try:
        return settings_type()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            name = ".".join(str(part) for part in problem["loc"]) or "environment"
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        sys.stderr.write("Set these environment variables and start again; docs/settings.md lists them all.\n")
        raise SystemExit(2) from None
