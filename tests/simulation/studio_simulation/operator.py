"""An operator at `studio dlq replay`: its real code on simulated adapters, dying at the worst moment now and then."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aio_pika import Message

from studio_chassis.errors import ChassisError
from studio_chassis.messaging.connection import CONNECTION_ERRORS
from studio_chassis.persistence.job_service import JobService
from studio_chassis.testing.broker import SimulatedBroker
from studio_chassis.testing.channel import SimulatedChannel
from studio_chassis.testing.store import SimulatedJobStore
from studio_chassis.testing.wire import Wire
from studio_cli.dead_letters import DeadLetter, read_dead_letters
from studio_cli.replay import ReplayOutcome, replay
from studio_simulation.clients import cancel
from studio_simulation.process import Life

if TYPE_CHECKING:
    from studio_simulation.world import World

T = TypeVar("T")
DEATHS = 0.3
"""Share of dead letters before whose removal the command dies, as long as it has deaths left."""
CANCELED = 0.2
"""Share of replayed jobs whose clients call them off soon afterwards."""


class Operator:
    """Replays all dead letters, at the drawn times."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._deaths_left = world.faults.operators_deaths
        self._at_work = 0
        self.outcomes: Counter[ReplayOutcome] = Counter()
        self.replayed: set[str] = set()
        """Jobs that were reopened."""
        self._read: dict[tuple[str, str], Message] = {}
        """A copy of each readable dead letter that was ever seen, by its queue and event."""

    @property
    def is_idle(self) -> bool:
        """Whether no command runs."""
        return not self._at_work

    async def replay_at(self, moment: float) -> None:
        """Come at that moment of the run."""
        await asyncio.sleep(moment - self._world.loop.time())
        await self.replay()

    async def replay(self) -> int:
        """One command, to its end or its death; returns how many dead letters it took away or sent on."""
        world = self._world
        life = Life(world, "operator", timedelta(0))
        channel = SimulatedChannel(world.rabbit, self._wire(life))
        self._at_work += 1
        done = sum(self.outcomes.values())
        command = world.spawn(self._command(life, channel))
        await asyncio.wait([command, life.died], return_when=asyncio.FIRST_COMPLETED)
        channel.close()
        self._at_work -= 1
        return sum(self.outcomes.values()) - done or life.dead

    async def _command(self, life: Life, channel: Any) -> None:
        store = SimulatedJobStore(self._world.database, life.wire)
        broker = SimulatedBroker(self._world.rabbit, life.wire)
        jobs = JobService(store, broker.publish, life.now, "operator")
        life.world.say("operator", "replays what is dead")
        try:
            dead_letters = [dead_letter async for dead_letter in read_dead_letters(channel)]
            for dead_letter in dead_letters:
                self._keep(dead_letter)
            await replay(dead_letters, jobs, broker.publish, per_second=10.0, dry_run=False, report=self._record)
        except (ChassisError, *CONNECTION_ERRORS) as error:
            life.world.say("operator", f"stops and will try again: {error}")

    def _keep(self, dead_letter: DeadLetter) -> None:
        if dead_letter.event is not None:
            copy = Message(
                dead_letter.body, headers=dict(dead_letter.headers), message_id=dead_letter.message.message_id
            )
            self._read[dead_letter.queue.dead_letter_queue, dead_letter.event.id] = copy

    async def _record(self, dead_letter: DeadLetter, outcome: ReplayOutcome) -> None:
        world = self._world
        world.say("operator", f"{dead_letter.id}: {outcome.value}")
        if outcome not in (ReplayOutcome.REPLAYED, ReplayOutcome.DONE_BEFORE):
            return
        self.outcomes[outcome] += 1
        if outcome is ReplayOutcome.REPLAYED and dead_letter.job_id is not None:
            self.replayed.add(dead_letter.job_id)
            if world.random.random() < CANCELED:
                world.spawn(cancel(world, dead_letter.job_id))

    def _wire(self, life: Life) -> Wire:
        async def wire(operation: str, effect: Callable[[], Any]) -> Any:
            result = await life.wire(operation, effect)
            if operation == "broker.get" and result is not None:
                job_id = str(result.headers.get("ce-subject"))
                result.wire = partial(self._take_away, life, job_id, self._version(job_id))
            return result

        return wire

    async def _take_away(
        self, life: Life, job_id: str, version: int | None, operation: str, effect: Callable[[], T]
    ) -> T:
        """The removal of a dead letter, fetched when its job had that version: the command may die just before."""

        def checked() -> T:
            job = self._world.jobs.get(job_id)
            if job is not None and job.version == version and job.error is not None and job.error.replayable:
                self._world.checks.report(job_id, "dead_letters_as_expected: taken away before the job was reopened")
            return effect()

        if self._deaths_left > 0 and self._world.random.random() < DEATHS:
            self._deaths_left -= 1
            life.end("before it takes the dead letter away")
        return await life.wire(operation, checked)

    def _version(self, job_id: str) -> int | None:
        job = self._world.jobs.get(job_id)
        return None if job is None else job.version

    async def replay_all_again(self) -> None:
        """Every dead letter that ever was, once more, as if none had been removed: it must have no effect."""
        world = self._world
        for (queue, _), copy in self._read.items():
            world.rabbit.route("", queue, copy)
        await asyncio.sleep(1)
        waiting = {job.id for job in world.jobs.values() if job.error is not None and job.error.replayable}
        before = self._state()
        self._deaths_left = 0
        await self.replay()
        if not waiting and self._state() != before:
            world.checks.violations.append("replayed_twice_changes_nothing: it did")

    def _state(self) -> tuple[Any, ...]:
        world = self._world
        versions = {job.id: job.version for job in world.jobs.values()}
        outboxes = {job_id: len(events) for job_id, events in world.database.outboxes.items() if events}
        return versions, outboxes, len(world.provider.predictions), world.rabbit.is_empty
