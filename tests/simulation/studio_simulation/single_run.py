"""One run of the whole system on virtual time."""

import asyncio
import gc
import time
from collections import Counter
from dataclasses import dataclass

from studio_chassis.testing.loop import Stalled, VirtualLoop
from studio_simulation.environment import concept, simulated_environment
from studio_simulation.world import World


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    seed: int
    violations: list[str]
    trace: list[str]
    statuses: Counter[str]
    counts: Counter[str]
    """How often what is rare and allowed happened."""
    seconds: float


def run(seed: int) -> Outcome:
    """One run of the whole system. The same seed gives the same trace."""
    began = time.perf_counter()
    concept()  # made once a process, and not with this run's entropy
    loop = VirtualLoop()
    world = World(seed, loop)
    gc.disable()  # a tenth of the time, and it would run finalisers of the dead at moments of its own
    try:
        with simulated_environment(world):
            loop.set_exception_handler(lambda _, context: world.checks.failed(context))
            try:
                loop.run_until_complete(world.run())
            except Stalled as error:
                world.checks.violations.append(f"stalled: {error}")
            world.over = True
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    finally:
        gc.enable()
        loop.close()
    checks = world.checks
    statuses = Counter[str](job.status for job in world.jobs.values())
    return Outcome(seed, checks.violations, world.trace, statuses, checks.counts, time.perf_counter() - began)
