"""The clients of a simulated world: they post briefs, paint drafts, cancel jobs, and note why."""

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

from studio_simulation.faults import BROKEN_BRIEFS, CODES, LAST_SECOND

if TYPE_CHECKING:
    from studio_simulation.world import World

DRAFTS = 0.2
"""Share of the clients that ask for a draft first."""


async def client(world: "World", number: int) -> None:
    """One client, from its brief to its last request."""
    random = world.random
    await asyncio.sleep(random.uniform(0, 40))
    prompt = next((word for word in BROKEN_BRIEFS if world.happens(f"client.{word}")), f"waves {number}")
    if number == 0 and world.disorder.brief is not None:
        prompt = world.disorder.brief
    count = random.choice((1, 4, 6, 12))
    drafts = Random(f"{world.seed} {number}").random() < DRAFTS  # of its own, so that other worlds stay as they are
    kind = "draft" if drafts else "painted"
    brief: dict[str, Any] = {"prompt": prompt, "palette": list(CODES), "count": count, "kind": kind}
    brief |= world.receivers.wishes(number)
    key = {"idempotency-key": f"key-{number}"} if random.random() < 0.7 else {}
    job_id = await post(world, brief, key)
    if job_id is None:
        return
    if key:
        world.checks.keyed(number, prompt, count)
    world.say("client", f"has job {job_id} for {brief['count']} pictures, {kind}")
    if drafts:
        await _paint(world, job_id, count)
    elif random.random() < 0.25:
        if random.random() < 0.5:
            await _something_runs(world, job_id)
        await asyncio.sleep(random.choice((random.uniform(0, 2), random.uniform(0, 60))))
        await cancel(world, job_id)


async def post(world: "World", wanted: dict[str, Any], key: dict[str, str]) -> str | None:
    """Ask for a job until it is accepted; its id, or None when the gateway never takes it."""
    for _ in range(40):
        try:
            answer = await world.gateway().ask("POST", "/v1/jobs", json=wanted, headers=key)
        except ConnectionError:
            answer = None
        if answer is not None and answer.status_code == 402:
            world.refused += 1
            return None
        if answer is not None and answer.status_code == 202:
            job_id = str(answer.json()["id"])
            world.accepted[job_id] = world.loop.time()
            return job_id
        await asyncio.sleep(world.random.uniform(1, 10))
    return None


async def _paint(world: "World", draft_id: str, count: int) -> None:
    """Once a draft is ready, some clients have two of its directions painted."""
    while world.loop.time() < LAST_SECOND:
        draft = world.database.jobs[draft_id]
        if draft.is_final:
            break
        await asyncio.sleep(0.5)
    if draft.status == "completed" and count > 1:
        painted = await post(world, {"from": {"job": draft_id, "directions": [2, 0]}, "count": count}, {})
        world.say("client", f"has job {painted} painted from {draft_id}")


async def _something_runs(world: "World", job_id: str) -> None:
    """Wait until money is being spent on the job, while there is anything to wait for."""
    while world.faulty and not (job := world.database.jobs[job_id]).is_final:
        if any(slot.state == "running" for slot in job.predictions):
            return
        await asyncio.sleep(0.5)


async def cancel(world: "World", job_id: str) -> None:
    """A client cancels its job."""
    for _ in range(40):
        try:
            answer = await world.gateway().ask("POST", f"/v1/jobs/{job_id}/cancel")
            if answer.status_code == 200:
                world.canceled[job_id] = world.loop.time()
                world.say("client", f"canceled {job_id}: {answer.json()['status']}")
                await _note(world, job_id, f"called off at {world.loop.time():.1f}")
                return
        except ConnectionError:
            pass
        await asyncio.sleep(world.random.uniform(0.5, 5))


async def _note(world: "World", job_id: str, notes: str) -> None:
    """A client writes on its job why it was called off. The job's last events may still be unpublished."""
    for _ in range(40):
        try:
            answer = await world.gateway().ask("PATCH", f"/v1/jobs/{job_id}", json={"notes": notes})
            if answer.status_code == 200:
                world.noted[job_id] = notes
                world.say("client", f"notes on {job_id}")
                return
        except ConnectionError:
            pass
        await asyncio.sleep(world.random.uniform(0.5, 5))
