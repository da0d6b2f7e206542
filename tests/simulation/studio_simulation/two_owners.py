"""How long another owner's one job takes while one owner's many wait, in virtual seconds.

A prediction takes the provider 20 s, as many at a time as are bought; stencils and pictures take what they do on one
replica of two cores. `tests/simulation/two_owners.py` prints the table of docs/capacity.md.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import studio_postprocess.app
from studio_chassis.runtime.api_tokens import new_token, token_hash
from studio_chassis.testing.loop import VirtualLoop
from studio_chassis.testing.store import SimulatedJobStore
from studio_contracts.access import ApiKey
from studio_simulation import provider, single_run
from studio_simulation import world as worlds
from studio_simulation.faults import CODES
from studio_simulation.settings import AMPLE_BUDGET, settings_of
from studio_simulation.world import World

PICTURE_SECONDS, CORES = 0.25, 2
STENCIL_SECONDS = 0.1
QUEUED_SECONDS, RUN_SECONDS = 1.0, 19.0
BRIEF = {"prompt": "waves", "palette": list(CODES), "strategy": "bands", "count": 4}
"""One prediction of four pictures."""


class TwoOwners(World):
    """A world without faults: one owner keeps jobs waiting, and then another posts one."""

    waiting = 0
    picture_seconds = PICTURE_SECONDS
    found: list[float]

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        super().__init__(seed, loop)
        self._tokens: dict[str, str] = {}
        self.skew_seconds = 0.0

    @property
    def faulty(self) -> bool:
        """Nothing goes wrong, and the network is quick."""
        return False

    async def run(self) -> None:
        """Until the second owner's pictures are there."""
        store = SimulatedJobStore(self.database)
        for owner in ("first", "second"):
            self._tokens[owner] = new_token()
            scopes = frozenset({"jobs:create", "jobs:read"})
            key = ApiKey(id=owner, name=owner, owner=owner, scopes=scopes, created_at=self.now())
            await store.add_key(key, token_hash(self._tokens[owner]))
        with self._work_that_takes_time():
            for process in self.processes:
                self.spawn(process.run())
            await asyncio.sleep(1)
            for _ in range(self.waiting):
                await self._post("first")
            began = self.loop.time()
            job_id = await self._post("second")
            while not self.jobs[job_id].is_final:  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.1)
        self.found.append(self.loop.time() - began)
        if self.jobs[job_id].status != "completed":
            self.checks.violations.append("the second owner's job is not completed")

    async def _post(self, owner: str) -> str:
        headers = {"Authorization": f"Bearer {self._tokens[owner]}"}
        answer = await self.gateway().ask("POST", "/v1/jobs", json=BRIEF, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def _work_that_takes_time(self) -> ExitStack:
        pictures, stencils = asyncio.Semaphore(CORES), asyncio.Semaphore(1)

        async def take(turns: asyncio.Semaphore, seconds: float, function: Any, *given: Any, **_: Any) -> Any:
            async with turns:
                await asyncio.sleep(seconds)
                return function(*given)

        @asynccontextmanager
        async def pool(*_: object, **__: object) -> AsyncIterator[Any]:
            yield SimpleNamespace(run=partial(take, pictures, self.picture_seconds))

        stack = ExitStack()
        stack.enter_context(patch.object(studio_postprocess.app, "open_process_pool", pool))
        stack.enter_context(patch.object(asyncio, "to_thread", partial(take, stencils, STENCIL_SECONDS)))
        return stack


def second_owner_seconds(waiting: int, share: int, picture_seconds: float = PICTURE_SECONDS) -> float:
    """Virtual seconds until the second owner's four pictures are there, behind `waiting` jobs of the first's.

    `share` is STUDIO_SLOTS_PER_OWNER. The first owner may have as many jobs open as it wants, which
    STUDIO_OPEN_JOBS (50) prevents elsewhere.
    """
    own: dict[str, dict[str, object]] = {
        "gateway": {"access": "keys", "open_jobs": 10_000, "creates_per_minute": 10**6, "key_day_cents": AMPLE_BUDGET},
        "predictor": {"slots_per_owner": share, "key_day_cents": AMPLE_BUDGET},
    }

    def settings(service: str, _: bool, *given: Any) -> Any:
        known = settings_of(service, True, *given)  # the provider's webhooks arrive
        return known if known is None else known.model_copy(update=own.get(service, {}))

    with (
        patch.object(worlds, "settings_of", settings),
        patch.object(provider, "QUEUED_SECONDS", (QUEUED_SECONDS,) * 2),
        patch.object(provider, "RUN_SECONDS", (RUN_SECONDS,) * 2),
        patch.object(single_run, "World", TwoOwners),
        patch.multiple(TwoOwners, waiting=waiting, picture_seconds=picture_seconds, found=[], create=True),
    ):
        outcome = single_run.run(0)
        assert outcome.violations == [], outcome.violations
        return TwoOwners.found[0]
