"""How faults are brought about where one call of the stand-in or one command is not enough."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from bson import ObjectId
from pymongo.errors import AutoReconnect

from studio_contracts.topology import STENCIL_JOB_CREATED
from studio_drill.faults import FAKETIME, Act, DrillStack
from studio_local.ports import free_port
from studio_local.processes import wait_until

JOB_SECONDS = 60
BIG = 6
"""Pictures of a job that costs much."""
FIELD = "written_by_hand"


def provider(**faults: Any) -> Callable[[DrillStack], None]:
    """The provider's stand-in misbehaves so."""
    return lambda studio: studio.provider(**faults)


RECOVERED = Act("the provider is as it should be again", provider())


def fill_the_store(studio: DrillStack) -> None:
    """Write into the object store's volume until nothing more fits."""
    file = studio.deployments.stack.objects / "filler"
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass


def forge_an_event(studio: DrillStack) -> None:
    """Publish an event of a version that nobody knows."""
    names = {"specversion": "1.0", "type": "studio.job.created.v9", "id": str(ObjectId()), "source": "/a/stranger"}
    headers = {
        f"ce-{key}": value for key, value in (names | {"subject": "a-job", "time": "2026-01-01T00:00:00Z"}).items()
    }
    message = {"properties": {"headers": headers}, "payload": "{}", "payload_encoding": "string"}
    message |= {"routing_key": STENCIL_JOB_CREATED.types[0]}
    _manage(studio, "POST", "exchanges/{vhost}/studio.events/publish", message)


def unbind(studio: DrillStack) -> None:
    """Take the binding of the stencil's queue away, as a hand in the broker's management page does."""
    queue, key = STENCIL_JOB_CREATED.name, quote(STENCIL_JOB_CREATED.types[0], safe="")
    _manage(studio, "DELETE", f"bindings/{{vhost}}/e/studio.events/q/{queue}/{key}")


def _manage(studio: DrillStack, method: str, path: str, body: object = None) -> None:
    stack = studio.deployments.stack
    vhost = quote(urlsplit(stack.endpoints.rabbitmq_url).path[1:], safe="")
    management = stack.infrastructure.management
    url = f"{management.url}/api/{path.format(vhost=vhost)}"
    login = (management.user, management.password)
    httpx.request(method, url, auth=login, json=body, timeout=60, trust_env=False).raise_for_status()


def on_a_machine_ahead(studio: DrillStack) -> None:
    """The stencil service moves to a machine whose clock is ten minutes ahead."""
    ahead = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+600s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    studio.deployments.machines["stencil"] = ahead
    studio.deployments.restart("stencil")
    studio.deployments.wait_ready("stencil")


def half_a_rotation(studio: DrillStack) -> None:
    """The webhook secret is replaced, and the gateway alone knows."""
    studio.deployments.shared["REPLICATE_WEBHOOK_SECRET"] = "a-new-secret-of-the-drill"
    studio.deployments.restart("gateway")


def wrong_address(studio: DrillStack) -> None:
    """PUBLIC_BASE_URL leads to where nobody listens."""
    studio.deployments.shared["PUBLIC_BASE_URL"] = f"http://127.0.0.1:{free_port()}"
    studio.deployments.restart("predictor")
    studio.deployments.restart("reconciler")


def wrong_broker_password(studio: DrillStack) -> None:
    """A rotation of the broker's password reaches the secret and not the broker."""
    shared = studio.deployments.shared
    studio.known_good["RABBITMQ_URL"] = shared["RABBITMQ_URL"]
    user, _, host = shared["RABBITMQ_URL"].rpartition("@")
    shared["RABBITMQ_URL"] = f"{user.rpartition(':')[0]}:wrong@{host}"
    studio.deployments.restart("gateway")


def right_broker_password(studio: DrillStack) -> None:
    studio.deployments.shared.update(studio.known_good)


def kill(server: str) -> Callable[[DrillStack], None]:
    """SIGKILL to the broker or the database."""
    return lambda studio: studio.deployments.stack.infrastructure.server(server).kill()


def start(server: str) -> Callable[[DrillStack], None]:
    """Start it again, with its data."""
    return lambda studio: studio.deployments.stack.infrastructure.restart(server)


def stop_answering(service: str) -> Callable[[DrillStack], None]:
    """The process is there and does nothing (SIGSTOP)."""

    def act(studio: DrillStack) -> None:
        pid = studio.deployments.stack.services[service].pid
        assert pid is not None
        os.killpg(pid, signal.SIGSTOP)

    return act


def bad_release(studio: DrillStack) -> None:
    """A release of postprocess that cannot start with its settings."""
    studio.deployments.set("postprocess", {"STUDIO_PICTURE_SECONDS": "soon"})


def spend_all(studio: DrillStack) -> None:
    """A client posts jobs until the day's budget is used."""

    def refused() -> bool:
        studio.load.post("a pond with many fish", BIG)
        return studio.load.refused["402"] > 0

    if not wait_until(refused, JOB_SECONDS):
        raise RuntimeError(f"no job was refused with 402: {studio.load.refused}")


def write_by_hand(studio: DrillStack) -> None:
    """Somebody writes a field into the newest job that no release knows."""
    jobs = studio.database["jobs"]
    newest = jobs.find_one(sort=[("created_at", -1)])
    assert newest is not None
    studio.found["JOB"] = newest["_id"]
    jobs.update_one({"_id": newest["_id"]}, {"$set": {FIELD: 1}})


def drop_an_index(studio: DrillStack) -> None:
    """Somebody drops an index."""
    jobs = studio.database["jobs"]
    name = next(name for name in sorted(jobs.index_information()) if name != "_id_")
    jobs.drop_index(name)


def step_down(studio: DrillStack) -> None:
    """The database's primary steps down, and no other member can be elected for a minute."""
    with suppress(AutoReconnect):  # it closes connections, maybe this one
        studio.database.client.admin.command("replSetStepDown", 60, force=True)


def delay_database(seconds: float) -> Callable[[DrillStack], None]:
    """Each answer of the database takes that much longer."""

    def act(studio: DrillStack) -> None:
        studio.database_line.delay_seconds = seconds

    return act


def disk_limit(limit: str) -> Callable[[DrillStack], None]:
    """How much disk the broker wants free."""
    return lambda studio: studio.command(f"rabbitmqctl -q set_disk_free_limit {limit}")
