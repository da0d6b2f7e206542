"""Engineers replay dead letters: on a real broker and database, with a consumer that fails until it is repaired."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from typer.testing import CliRunner

from studio_chassis.messaging.cloudevents import to_message
from studio_chassis.persistence.job_service import JobService
from studio_cli import replay
from studio_cli.app import main
from studio_contracts import topology
from studio_contracts.events import PAYLOADS, Event, JobCreated
from studio_domain.domain_events import CancelRequested, Reopened, WorkFailed
from studio_local.infrastructure import Endpoints, Infrastructure
from studio_support.dead_letter_studio import (
    JobCreatedAgain,
    Studio,
    eventually,
    is_dead_lettered,
    of_version_2,
    running,
)


@pytest.fixture
def endpoints(infrastructure: Infrastructure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoints]:
    with infrastructure.isolated() as endpoints:
        monkeypatch.setenv("RABBITMQ_URL", endpoints.rabbitmq_url)
        monkeypatch.setenv("MONGODB_URL", endpoints.mongodb_url)
        monkeypatch.setenv("STUDIO_DATABASE", endpoints.database)
        monkeypatch.setenv("OBJECT_STORE_URL", tmp_path.as_uri())
        yield endpoints


async def all_handled(studio: Studio, ids: list[str]) -> bool:
    return set(ids) <= set(studio.handled)


async def test_a_dead_letter_fails_its_job_as_replayable_and_can_be_listed_and_shown(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    async with running(endpoints, tmp_path) as studio:
        ids = await studio.accept(2)
        await studio.until_dead(ids)
        await studio.until_listed(2)
        listed = await studio.command("dlq", "list")
        assert "out of paint" in listed
        assert "stencil.job-created" in listed
        shown = await studio.command("dlq", "show", ids[0])
        assert f"studio job show {ids[0]}" in shown
        assert "attempts   1" in shown
        assert "the build" in shown
        timeline = await studio.command("job", "show", ids[0])
        assert "job.failed" in timeline
        assert f"studio dlq replay --job {ids[0]}" in " ".join(timeline.split())


async def test_looking_takes_nothing_away_and_a_dry_run_changes_nothing(endpoints: Endpoints, tmp_path: Path) -> None:
    async with running(endpoints, tmp_path) as studio:
        ids = await studio.accept(1)
        await studio.until_dead(ids)
        for _ in range(3):
            await studio.until_listed(1)
        assert "1 would be replayed" in await studio.command("dlq", "replay", "--dry-run")
        assert is_dead_lettered(await studio.jobs.load(ids[0]))
        await studio.until_listed(1)


@pytest.mark.parametrize("partitions", [1, 3])
async def test_replaying_twenty_dead_letters_continues_each_job_once(
    endpoints: Endpoints, tmp_path: Path, partitions: int
) -> None:
    async with running(endpoints, tmp_path, partitions) as studio:
        ids = await studio.accept(20)
        await studio.until_dead(ids)
        studio.repaired = True
        output = await studio.command("dlq", "replay", "--rate", "200", "--watch", "0.5")
        assert "20 replayed" in output
        assert "0 came back dead" in output
        await studio.until(ids, lambda job: job.status == "pending")
        assert sorted(studio.handled) == sorted(ids)
        before = [await studio.jobs.load(job_id) for job_id in ids]
        await studio.until_listed(0)
        await studio.command("dlq", "replay", "--rate", "200", "--watch", "0")
        assert [await studio.jobs.load(job_id) for job_id in ids] == before


async def test_messages_that_are_dead_lettered_again_are_counted(endpoints: Endpoints, tmp_path: Path) -> None:
    async with running(endpoints, tmp_path) as studio:
        ids = await studio.accept(2)
        await studio.until_dead(ids)
        assert "2 came back dead" in await studio.command("dlq", "replay", "--rate", "100", "--watch", "30")


async def test_filters_choose_by_queue_error_job_and_age(endpoints: Endpoints, tmp_path: Path) -> None:
    async with running(endpoints, tmp_path) as studio:
        ids = await studio.accept(2)
        await studio.until_dead(ids)
        for arguments, found in [
            (["--job", ids[0]], 1),
            (["--error", "OUT OF PAINT"], 2),
            (["--error", "brushes"], 0),
            (["--queue", "predictor.stencil-ready"], 0),
            (["--queue", "stencil.job-created"], 2),
            (["--older-than", "10"], 0),
            (["--newer-than", "10"], 2),
        ]:
            await studio.until_listed(found, *arguments)


async def test_a_replay_killed_in_the_middle_is_resumed_to_the_same_end(
    endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at the worst moment: the seventh job is reopened, its dead letter is not removed yet."""
    async with running(endpoints, tmp_path) as studio:
        ids = await studio.accept(12)
        await studio.until_dead(ids)
        studio.repaired = True
        real, seen = replay._replay, 0

        async def dies_at_the_seventh(letter: Any, jobs: JobService, publish: Any) -> replay.ReplayOutcome:
            nonlocal seen
            seen += 1
            if seen == 7:
                await jobs.apply(letter.job_id, Reopened(letter.event))
                raise KeyboardInterrupt
            return await real(letter, jobs, publish)

        monkeypatch.setattr(replay, "_replay", dies_at_the_seventh)
        result = await asyncio.to_thread(CliRunner().invoke, main, ["dlq", "replay", "--rate", "200"])
        assert result.exit_code != 0
        studio.waiting = None  # six are gone
        monkeypatch.setattr(replay, "_replay", real)
        output = await studio.command("dlq", "replay", "--rate", "200", "--watch", "0")
        assert "5 replayed" in output
        assert "1 nothing to do" in output
        await studio.until(ids, lambda job: job.status == "pending")
        assert set(studio.handled) == set(ids)
        await studio.until_listed(0)
        nothing = await studio.command("dlq", "replay", "--dry-run")
        assert nothing == "No dead letter matches: nothing would be replayed\n"
        copies = tmp_path / "none.jsonl"
        nothing = await studio.command("dlq", "discard", "--keep", str(copies), "--yes")
        assert nothing == "No dead letter matches: nothing was discarded\n"
        assert not copies.exists()


async def test_unreadable_dead_letters_are_kept_by_replay_and_discarded_with_a_copy(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    async with running(endpoints, tmp_path) as studio:
        event = Event(
            id="poison", type="studio.job.created.v9", source="/x", subject="j", time=datetime.now(UTC),
            traceparent="", data={},
        )  # fmt: skip
        await studio.broker.send(topology.EXCHANGE, topology.STENCIL_JOB_CREATED.types[0], to_message(event))
        await studio.until_listed(1)
        assert "1 kept: the message cannot be read" in await studio.command("dlq", "replay")
        copies = tmp_path / "copies.jsonl"
        assert "1 discarded" in await studio.command("dlq", "discard", "--keep", str(copies), "--yes")
        assert json.loads(copies.read_text())["headers"]["ce-type"] == "studio.job.created.v9"
        await studio.until_listed(0)


async def test_dead_letters_of_an_unknown_version_are_replayed_once_it_is_known(
    endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade in the wrong order: the producer of version 2 came before its consumer."""
    async with running(endpoints, tmp_path) as studio:
        studio.repaired = True
        (job_id, *ended) = ids = await studio.accept(3)
        await eventually(lambda: all_handled(studio, ids))
        await studio.jobs.apply(ended[0], CancelRequested())
        await studio.jobs.apply(ended[1], WorkFailed("c", "t", "d", replayable=True))
        studio.handled.clear()
        for number, subject in enumerate(ids):
            await studio.broker.send(
                topology.EXCHANGE, JobCreated.type, to_message(of_version_2(f"v2-{number}", subject))
            )
        await studio.until_listed(3)
        assert "3 kept: the message cannot be read" in await studio.command("dlq", "replay")
        assert (await studio.jobs.load(job_id)).status == "pending"

        monkeypatch.setitem(PAYLOADS, JobCreatedAgain.type, JobCreatedAgain)
        monkeypatch.setattr(topology, "MANDATORY_TYPES", topology.MANDATORY_TYPES | {JobCreatedAgain.type})
        async with await aio_pika.connect(endpoints.rabbitmq_url) as connection:
            queue = await (await connection.channel()).get_queue(topology.STENCIL_JOB_CREATED.name)
            await queue.bind(topology.EXCHANGE, JobCreatedAgain.type)
        assert "2 would be replayed" in await studio.command("dlq", "replay", "--dry-run")
        output = await studio.command("dlq", "replay", "--rate", "200", "--watch", "0")
        assert "2 replayed" in output
        assert "1 nothing to do" in output
        await eventually(lambda: all_handled(studio, [job_id, ended[1]]))
        assert ended[0] not in studio.handled
        await studio.until_listed(0)
