"""What happens to the processes, the broker and the money of a simulated world while it runs."""

import asyncio
from random import Random
from typing import TYPE_CHECKING

from aio_pika import Message

from studio_contracts import topology
from studio_contracts.spending import SpendingControl
from studio_simulation.faults import FAULTY_SECONDS, Interruption

if TYPE_CHECKING:
    from studio_simulation.world import World


async def interrupt(world: "World", interruption: Interruption) -> None:
    """Kill, stop or cut off a process at its moment."""
    await asyncio.sleep(interruption.at)
    process = world.processes[interruption.process]
    if not world.faulty or process.life is None or process.life.dead:
        return
    if interruption.kind == "kill":
        process.life.end("killed")
    elif interruption.kind == "stop":
        await process.stop()
    else:
        await process.cut_off(interruption.seconds)


async def broker_outages(world: "World") -> None:
    """Cut every process off while the broker is away."""
    for window in world.faults.windows:
        if window.what == "broker":
            await asyncio.sleep(max(0, window.start - world.loop.time()))
            await asyncio.gather(*(process.cut_off(window.end - window.start) for process in world.processes))


async def stop_spending(world: "World") -> None:
    """In some worlds an operator stops spending, or pauses the predictor, for a while."""
    random = Random(f"stop {world.seed}")
    if world.faults.peaceful or random.random() < 0.8:
        return
    await asyncio.sleep(random.uniform(0, FAULTY_SECONDS))
    stop = SpendingControl(stopped=True)
    world.database.spending.control = stop if world.seed % 2 else SpendingControl(predictor_paused=True)
    world.stopped_at = world.loop.time()
    world.say("operator", "stops spending")
    await asyncio.sleep(random.uniform(10, 120))
    world.stopped_at = None
    world.database.spending.control = SpendingControl()
    world.say("operator", "resumes spending")


async def poison(world: "World") -> None:
    """Put a message that nobody can read into a queue."""
    await asyncio.sleep(world.random.uniform(0, FAULTY_SECONDS))
    queue = world.random.choice(topology.QUEUES)
    world.poisoned += 1
    world.say("outsider", f"puts poison into {queue.name}")
    world.rabbit.route("", queue.name, Message(b"\xff poison", headers={"ce-specversion": "1.0"}))
