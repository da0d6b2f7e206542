"""What the probes of a service answer, and when."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from studio_chassis.errors import Unavailable
from studio_chassis.observability import metrics
from studio_chassis.runtime.health import STALLED_SECONDS, Health
from studio_contracts.topology import STENCIL_JOB_CREATED


class Database:
    """Answers pings while it is up."""

    up = True

    async def ping(self) -> None:
        if not self.up:
            raise Unavailable("database: away")


class StubConsumer:
    """As much of a consumer as health looks at."""

    def __init__(self) -> None:
        self.queue = STENCIL_JOB_CREATED
        self.is_consuming = True
        self.is_stalled = False
        self.is_overdue = False
        self.oldest_in_flight_seconds = 0.0
        self.paused_because: str | None = None
        self.deferred_because: str | None = None


class Clock:
    """A clock that is set by hand."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("studio_chassis.runtime.health.time", clock)
    return clock


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def consumer() -> StubConsumer:
    return StubConsumer()


@pytest.fixture
def health(clock: Clock, database: Database, consumer: StubConsumer) -> Health:
    return Health("stencil", "1.2.3", "abc", database.ping, [consumer])


async def _get(health: Health, path: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await health(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


async def _status(health: Health, path: str) -> int:
    return (await _get(health, path))[0]


async def test_a_service_that_works_is_alive_and_ready(health: Health) -> None:
    status, headers, body = await _get(health, "/readyz")
    assert (status, headers["cache-control"], headers["content-type"]) == (200, "no-store", "application/json")
    assert json.loads(body)["queues"] == {"stencil.job-created": True}
    assert await _status(health, "/healthz") == 200


async def test_without_its_database_a_service_is_alive_but_not_ready(health: Health, database: Database) -> None:
    database.up = False
    assert (await _status(health, "/healthz"), await _status(health, "/readyz")) == (200, 503)


async def test_a_service_that_drains_is_not_ready(health: Health) -> None:
    health.stopping = True
    assert await _status(health, "/readyz") == 503


async def test_a_stalled_consumer_is_not_ready_immediately_and_not_alive_in_the_end(
    health: Health, consumer: StubConsumer, clock: Clock
) -> None:
    consumer.is_consuming, consumer.is_stalled = False, True
    assert (await _status(health, "/healthz"), await _status(health, "/readyz")) == (200, 503)
    clock.seconds += STALLED_SECONDS - 1
    assert await _status(health, "/healthz") == 200
    clock.seconds += 1
    assert await _status(health, "/healthz") == 503
    consumer.is_consuming, consumer.is_stalled = True, False
    assert await _status(health, "/healthz") == 200


async def test_a_broker_that_does_not_answer_is_no_reason_to_restart_a_service(
    health: Health, consumer: StubConsumer, clock: Clock
) -> None:
    consumer.is_consuming = False
    clock.seconds += 10 * STALLED_SECONDS
    assert (await _status(health, "/healthz"), await _status(health, "/readyz")) == (200, 503)


async def test_a_consumer_that_pauses_is_ready_and_says_why(health: Health, consumer: StubConsumer) -> None:
    consumer.paused_because = "no credit"
    status, _, body = await _get(health, "/readyz")
    assert (status, json.loads(body)["queues"]) == (200, {"stencil.job-created": "no credit"})


async def test_a_message_longer_in_flight_than_its_time_limit_makes_a_service_unready(
    health: Health, consumer: StubConsumer
) -> None:
    consumer.is_overdue, consumer.oldest_in_flight_seconds = True, 400.0
    status, _, body = await _get(health, "/readyz")
    assert (status, json.loads(body)["queues"]) == (503, {"stencil.job-created": "a message is in flight for 400 s"})
    assert await _status(health, "/healthz") == 200


async def test_both_probes_name_the_instance(health: Health) -> None:
    for path in ("/healthz", "/readyz"):
        assert json.loads((await _get(health, path))[2])["instance"] == "abc"


async def test_an_index_that_the_database_refuses_is_named_and_stops_nothing(health: Health) -> None:
    health.index_problems = ("jobs.overdue: conflicts",)
    status, _, body = await _get(health, "/readyz")
    assert (status, json.loads(body)["index_problems"]) == (200, ["jobs.overdue: conflicts"])


async def test_metrics_are_served_and_any_other_path_is_not_found_in_json(health: Health) -> None:
    metrics.rescued.labels("polled")
    status, _, body = await _get(health, "/metrics")
    assert (status, b"studio_rescued_total" in body) == (200, True)
    status, headers, body = await _get(health, "/anything")
    assert (status, headers["content-type"], json.loads(body)["title"]) == (404, "application/json", "Not found")


async def test_what_cannot_be_used_is_named_with_its_cause_and_logged_once(clock: Clock, database: Database) -> None:
    async def no_broker() -> None:
        raise Unavailable("broker: ProbableAuthenticationError: ACCESS_REFUSED")

    database.up = False
    health = Health("stencil", "1.2.3", "abc", database.ping, [], no_broker)
    with capture_logs() as lines:
        for _ in range(2):
            _, _, body = await _get(health, "/readyz")
    reasons = {"database": "database: away", "broker": "broker: ProbableAuthenticationError: ACCESS_REFUSED"}
    assert json.loads(body)["reasons"] == reasons
    assert [(line["event"], line["broker"]) for line in lines] == [("not ready", reasons["broker"])]


async def test_a_consumer_that_puts_messages_off_is_ready_and_says_why(health: Health, consumer: StubConsumer) -> None:
    consumer.deferred_because = "object store: GenericError: No space left on device"
    status, _, body = await _get(health, "/readyz")
    assert (status, json.loads(body)["queues"]) == (200, {"stencil.job-created": consumer.deferred_because})
