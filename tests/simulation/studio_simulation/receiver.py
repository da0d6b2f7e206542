"""Clients that asked to be called: they are away, slow, or their answers are lost; what they accepted is remembered.

Drawn from a random source of its own, so that the mixture of other faults of a seed stays as it is.
"""

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr

from studio_chassis.outbound.signatures import SignatureError, owner_secret, verify
from studio_contracts.access import LOCAL_OWNER
from studio_contracts.callbacks import STAGE_CALLBACKS

if TYPE_CHECKING:
    from studio_simulation.process import Life
    from studio_simulation.world import World

MASTER = "the simulated master of all callback secrets"
DOMAIN = ".client.example"
SHARE = 0.3
"""Of the clients, those that ask to be called."""
REFUSALS = (302, 400, 401, 404, 429, 500, 503)


class Receivers:
    """Every client's receiver, and the calls it accepted."""

    def __init__(self, world: "World", *, peaceful: bool) -> None:
        self._world = world
        self._random = Random(f"receivers {world.seed}")
        self._rate = 0.0 if peaceful else self._random.choice((0.0, 0.3, 0.8))
        self.accepted: dict[str, set[tuple[str, int]]] = {}
        """By job, the type and version of each call that was accepted."""

    def wishes(self, number: int) -> dict[str, Any]:
        """What the request of that client says about calls; nothing for most."""
        random = Random(f"{self._world.seed} called {number}")
        if random.random() >= SHARE:
            return {}
        events = [event for event in STAGE_CALLBACKS if random.random() < 0.3]
        return {
            "callback_url": f"https://c{number}{DOMAIN}/hook",
            "callback_events": events,
            "metadata": {"client": str(number)},
        }

    async def answer(self, life: "Life", request: httpx.Request) -> httpx.Response:
        """What a process gets for its call."""
        world, random = self._world, self._random
        await life.gate("POST callback", "before")
        await asyncio.sleep(world.latency())
        fault = random.randrange(4) if world.faulty and random.random() < self._rate else None
        if fault == 0:
            raise httpx.ConnectError("refused", request=request)
        if fault == 1:
            await life.gate("POST callback", "after")
            return httpx.Response(random.choice(REFUSALS))
        self._accept(request)
        if fault == 2:
            await asyncio.sleep(60)
        await life.gate("POST callback", "after")
        if fault == 3:
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(204)

    def _accept(self, request: httpx.Request) -> None:
        try:
            verify(owner_secret(SecretStr(MASTER), LOCAL_OWNER), request.headers, request.content)
        except SignatureError as error:
            self._world.checks.violations.append(f"calls_are_signed: {error}")
        call = json.loads(request.content)
        job_id, version = call["data"]["id"], call["data"]["version"]
        self._world.say("receiver", f"accepts {call['type']} of {job_id}")
        if request.headers["webhook-id"] != f"msg_{job_id}_{version}":
            self._world.checks.report(job_id, "calls_have_ids: another one")
        self.accepted.setdefault(job_id, set()).add((call["type"], version))
