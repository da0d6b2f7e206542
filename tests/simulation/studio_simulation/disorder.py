"""What operators, other releases and hostile input leave behind: unreadable documents, missing queues, lethal briefs.

Drawn from a random source of its own, so that the mixture of other faults of a seed stays as it is.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from aio_pika import Message

from studio_contracts import topology
from studio_contracts.brief import Brief
from studio_contracts.job import Limits
from studio_domain.domain_events import CancelRequested
from studio_domain.lifecycle import accept, transition
from studio_simulation.faults import FAULTY_SECONDS, LETHAL

if TYPE_CHECKING:
    from studio_simulation.world import World

HOSTILE_TIME = "9999-12-31T23:59:59-23:59"
"""A moment that lies beyond the calendar once it is in UTC."""


@dataclass(frozen=True)
class Disorder:
    """What of it one run has."""

    unreadable: bool
    """Whether two documents of a later release lie in the database: one overdue with an outbox, one expired."""
    deletions: tuple[tuple[float, str], ...]
    """When which queue is deleted, if it is empty and has no consumer."""
    recreations: tuple[tuple[float, str], ...]
    """When which work queue is deleted and declared again within a moment."""
    brief: str | None
    """What the first client asks for."""
    hostile_messages: tuple[float, ...]
    """When a message comes whose headers make its reader fail."""

    @classmethod
    def draw(cls, random: Random, *, peaceful: bool) -> "Disorder":
        """None of it in a peaceful run."""
        if peaceful:
            return cls(unreadable=False, deletions=(), recreations=(), brief=None, hostile_messages=())
        names = [queue.dead_letter_queue for queue in topology.QUEUES]
        names += [topology.retry_exchange(delay) for delay in topology.RETRY_DELAYS] * 3
        deletions = [
            (random.uniform(0, FAULTY_SECONDS), random.choice(names)) for _ in range(random.choice((0, 0, 5, 20)))
        ]
        return cls(
            unreadable=random.random() < 0.3,
            deletions=tuple(sorted(deletions)),
            brief=random.choices((LETHAL, "overflowing", None), (0.1, 0.1, 0.8))[0],
            hostile_messages=tuple(random.uniform(0, FAULTY_SECONDS) for _ in range(random.choice((0, 0, 0, 2)))),
            recreations=_recreations(random),
        )


def _recreations(random: Random) -> tuple[tuple[float, str], ...]:
    names = [queue.name for queue in topology.QUEUES]
    return tuple(
        sorted((random.uniform(0, FAULTY_SECONDS), random.choice(names)) for _ in range(random.choice((0, 0, 0, 3))))
    )


def store_unreadable_documents(world: "World") -> None:
    """Put documents of a later release into the database, older than all others."""
    before = world.now() - timedelta(days=60)
    for job_id in ("unreadable-open", "unreadable-final"):
        first = accept(
            Brief(prompt="of a later release"),
            job_id=job_id,
            seed=1,
            traceparent="",
            limits=Limits(),
            now=before,
            by="gateway",
        )
        ended = transition(first.job, CancelRequested(), now=before, by="gateway")
        assert ended is not None
        world.database.jobs[job_id] = ended.job if job_id == "unreadable-final" else first.job
        world.database.outboxes[job_id] = list(first.events)
        world.database.unreadable.add(job_id)


async def delete_queues(world: "World") -> None:
    """Delete queues as policies and operators do."""
    for moment, name in world.disorder.deletions:
        await asyncio.sleep(max(0.0, moment - world.loop.time()))
        if world.rabbit.delete(name):
            world.say("operator", f"deletes {name}")


async def recreate_queues(world: "World") -> None:
    """Delete work queues and declare them again, so that their consumers are counted and given nothing."""
    for moment, name in world.disorder.recreations:
        await asyncio.sleep(max(0.0, moment - world.loop.time()))
        world.rabbit.recreate(name)
        world.say("operator", f"deletes {name} and declares it again")


async def send_hostile_messages(world: "World") -> None:
    """Send messages whose headers make a reader fail."""
    for moment in sorted(world.disorder.hostile_messages):
        await asyncio.sleep(max(0.0, moment - world.loop.time()))
        queue = topology.QUEUES[int(moment) % len(topology.QUEUES)]
        world.poisoned += 1
        world.say("outsider", f"puts a hostile message into {queue.name}")
        message = Message(b"{}", headers={"ce-specversion": "1.0", "ce-time": HOSTILE_TIME})
        world.rabbit.route("", queue.name, message)
