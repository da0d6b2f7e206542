"""While postprocess cannot keep up nothing more is paid for, and everything goes on once it can."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_local.infrastructure import Infrastructure
from studio_predictor.backlog import COUNTED_SECONDS
from studio_support.running_studio import IMPATIENT, Studio, running_studio

PAUSED = 'studio_consumer_paused{cause="backlog",queue="predictor.stencil-ready"} 1.0'


@pytest.fixture
def studio(infrastructure: Infrastructure, tmp_path: Path) -> Iterator[Studio]:
    unhurried = {"STUDIO_STUCK_AFTER": "3600", "STUDIO_RELAY_AFTER": "3600"}  # no event is published twice
    extra = IMPATIENT | unhurried | {"STUDIO_MAX_BACKLOG": "1"}
    with running_studio(infrastructure, tmp_path, extra) as studio:
        yield studio


def test_nothing_is_bought_while_postprocess_is_behind_and_all_of_it_afterwards(studio: Studio) -> None:
    studio.stack.services["postprocess"].stop()
    paid = [studio.post(count=1) for _ in range(2)]
    for job_id in paid:
        studio.wait_for(job_id, lambda job: job["stage"] == "postprocess")
    time.sleep(COUNTED_SECONDS)  # for so long a count is relied on, which may be of before these two
    held_back = studio.post(count=1)
    predictor = f"http://127.0.0.1:{studio.stack.ports['predictor']}"
    studio.until(lambda: PAUSED in studio.get(f"{predictor}/metrics").text)
    reason = studio.get(f"{predictor}/readyz").json()["queues"]["predictor.stencil-ready"]
    assert reason == "2 finished predictions wait for postprocess"
    assert studio.paid_for(studio.job(held_back)) == []

    studio.stack.start("postprocess")
    ended = [studio.wait(job_id) for job_id in (*paid, held_back)]
    assert [job["status"] for job in ended] == ["completed"] * 3
    assert [len(studio.paid_for(job)) for job in ended] == [1] * 3
