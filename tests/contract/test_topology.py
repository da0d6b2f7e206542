"""The table of queues every service declares alike."""

from datetime import timedelta

import pytest

from studio_contracts import topology
from studio_contracts.events import PAYLOADS
from studio_contracts.services import SERVICES
from studio_contracts.topology import MANDATORY_TYPES, MAX_ATTEMPTS, QUEUES, RETRY_DELAYS, retry_delay, retry_exchange

ROUTES = {
    "studio.job.created.v1": "stencil.job-created",
    "studio.stencil.ready.v1": "predictor.stencil-ready",
    "studio.prediction.requested.v1": "predictor.prediction-requested",
    "studio.prediction.updated.v1": "predictor.prediction-updated",
    "studio.prediction.succeeded.v1": "postprocess.prediction-succeeded",
    "studio.job.canceled.v1": "predictor.job-ended",
    "studio.job.failed.v1": "predictor.job-ended",
    "studio.callback.requested.v1": "reconciler.callback-requested",
}


def test_every_type_goes_to_the_one_queue_documented_for_it() -> None:
    assert sorted((event_type, queue.name) for queue in QUEUES for event_type in queue.types) == sorted(ROUTES.items())


def test_only_the_end_of_a_completed_job_may_have_no_queue() -> None:
    assert set(ROUTES) == MANDATORY_TYPES
    assert set(PAYLOADS) - MANDATORY_TYPES == {"studio.job.completed.v1"}


def test_every_name_on_the_broker_is_unique() -> None:
    names = [topology.EXCHANGE, *(retry_exchange(delay) for delay in RETRY_DELAYS)]
    names += [name for queue in QUEUES for name in (queue.name, queue.dead_letter_queue)]
    assert len(set(names)) == len(names)
    assert all(len(name.encode()) <= 255 for name in names)


@pytest.mark.parametrize("partitions", [1, 2, topology.MOST_PARTITIONS])
def test_a_busy_queue_consists_of_so_many_parts_and_every_other_of_itself(partitions: int) -> None:
    parts = {queue.name: queue.parts(partitions) for queue in QUEUES}
    assert [name for queue in QUEUES for name in parts[queue.name] if not queue.partitioned] == [
        queue.name for queue in QUEUES if not queue.partitioned
    ]
    for queue in QUEUES:
        if queue.partitioned:
            numbered = tuple(f"{queue.name}.{number}" for number in range(partitions))
            assert parts[queue.name] == ((queue.name,) if partitions == 1 else numbered)
    taken = {queue.dead_letter_queue for queue in QUEUES} | {retry_exchange(delay) for delay in RETRY_DELAYS}
    assert not taken & {name for names in parts.values() for name in names}


def test_the_queues_that_every_job_passes_can_be_divided() -> None:
    assert {queue.types[0] for queue in QUEUES if queue.partitioned} == {
        "studio.job.created.v1",
        "studio.stencil.ready.v1",
        "studio.prediction.succeeded.v1",
    }


def test_queues_belong_to_a_service_and_have_a_bounded_prefetch() -> None:
    for queue in QUEUES:
        assert queue.name.split(".")[0] in SERVICES
        assert 0 < queue.prefetch <= 32


def test_each_retry_waits_longer_than_the_one_before() -> None:
    waits = [retry_delay(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    assert waits == sorted(set(waits)) == list(RETRY_DELAYS)


@pytest.mark.parametrize("attempt", [1, 3, 5, 6, 1000])
@pytest.mark.parametrize("seconds", [0, 0.5, 1, 6, 30, 120, 599, 600])
def test_a_delay_is_never_shorter_than_asked_for_and_always_one_that_exists(attempt: int, seconds: float) -> None:
    wait = retry_delay(attempt, timedelta(seconds=seconds))
    assert wait in RETRY_DELAYS
    assert wait >= max(timedelta(seconds=seconds), retry_delay(attempt))


def test_the_longest_delay_queue_bounds_every_delay() -> None:
    assert retry_delay(1, timedelta(days=1)) == retry_delay(1000) == RETRY_DELAYS[-1] <= timedelta(minutes=10)


def test_the_brokers_own_limit_is_only_the_backstop() -> None:
    assert topology.DELIVERY_LIMIT > MAX_ATTEMPTS
