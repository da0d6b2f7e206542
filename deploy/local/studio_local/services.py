"""The five services and the provider's stand-in, each a process with its settings in the environment."""

import sys
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

import httpx

from studio_contracts.services import SERVICES
from studio_local.errors import StackError
from studio_local.infrastructure import Endpoints
from studio_local.ports import LOOPBACK, NO_TLS, is_free, is_listening
from studio_local.processes import ManagedProcess, ProcessRecords

GATEWAY = "gateway"
STANDIN = "standin"
WORKERS = tuple(name for name in SERVICES if name != GATEWAY)
PORT_NAMES = (GATEWAY, STANDIN, *WORKERS)
STOP_SECONDS = 30.0


def require_free(port: int | None) -> None:
    """Raises StackError when the gateway's wanted port is taken."""
    if port is not None and not is_free(port):
        raise StackError(f"Port {port} is taken: set STUDIO_GATEWAY_PORT to a free one.")


def uses_replicate(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("REPLICATE_API_TOKEN"))


def settings(
    endpoints: Endpoints,
    objects: Path,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
    environment: Mapping[str, str],
) -> dict[str, str]:
    """The environment all services share; with a token for Replicate in the caller's, Replicate itself is used."""
    shared = {
        "RABBITMQ_URL": endpoints.rabbitmq_url,
        "MONGODB_URL": endpoints.mongodb_url,
        "STUDIO_DATABASE": endpoints.database,
        "OBJECT_STORE_URL": objects.as_uri(),
        "REPLICATE_WEBHOOK_SECRET": environment.get("REPLICATE_WEBHOOK_SECRET") or secrets["webhook_token"],
        "STUDIO_ACCESS": environment.get("STUDIO_ACCESS") or "local",
        "STUDIO_GATEWAY_PORT": str(ports[GATEWAY]),
        "STUDIO_GATEWAY_URL": f"http://{LOOPBACK}:{ports[GATEWAY]}",
        "STUDIO_SERVICE_URLS": " ".join(f"http://{LOOPBACK}:{ports[name]}" for name in (GATEWAY, *WORKERS)),
        "STUDIO_LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }
    if uses_replicate(environment):
        return dict(environment) | shared
    standin = f"http://{LOOPBACK}:{ports[STANDIN]}"
    return (
        dict(environment)
        | shared
        | {
            "REPLICATE_API_TOKEN": secrets["provider"],
            "REPLICATE_API_BASE": f"{standin}/v1",
            "REPLICATE_WEBHOOK_SIGNING_KEY": secrets["webhook_signing_key"],
            "PUBLIC_BASE_URL": f"http://{LOOPBACK}:{ports[GATEWAY]}",
            "STUDIO_DOWNLOAD_HOSTS": standin,
            "STANDIN_PORT": str(ports[STANDIN]),
            "STANDIN_API_TOKEN": secrets["provider"],
            "STANDIN_WEBHOOK_SIGNING_KEY": secrets["webhook_signing_key"],
        }
    )


def service_processes(
    environment: Mapping[str, str], ports: Mapping[str, int], logs: Path, records: ProcessRecords, *, standin: bool
) -> dict[str, ManagedProcess]:
    """The processes by name, not yet started; the stand-in only where asked for."""

    def process(name: str, port: int) -> ManagedProcess:
        instance = token_hex(4)
        return ManagedProcess(
            name,
            [sys.executable, "-m", f"studio_{name}"],
            environment={**environment, "STUDIO_HEALTH_PORT": str(port), "STUDIO_INSTANCE": instance},
            log=logs / f"{name}.log",
            records=records,
            ready=(lambda: is_listening(port)) if name == STANDIN else (lambda: is_ready(port, instance)),
            grace_seconds=STOP_SECONDS,
        )

    names = ([STANDIN] if standin else []) + [GATEWAY, *WORKERS]
    return {name: process(name, ports[name]) for name in names}


def is_ready(port: int, instance: str) -> bool:
    """Whether the service that listens on the port is that instance, and ready."""
    try:
        answer = httpx.get(f"http://{LOOPBACK}:{port}/readyz", timeout=2, trust_env=False, verify=NO_TLS)
        return answer.is_success and answer.json().get("instance") == instance
    except (httpx.HTTPError, ValueError, AttributeError):  # another program may answer anything
        return False
