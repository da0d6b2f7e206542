"""What surrounds the services' code in a simulated world: its time, entropy and network, and cheap work on pixels."""

import os
import random as random_module
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from datetime import datetime
from functools import cache, partial
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import anyio.to_thread
import httpx
import numpy as np
import standardwebhooks.webhooks
import structlog

import studio_postprocess.app
import studio_postprocess.handlers
import studio_reconciler.app
import studio_stencil.app
import studio_stencil.handlers
from studio_chassis.messaging.dispositions import Reject
from studio_contracts.brief import Surface
from studio_contracts.palette import BY_CODE
from studio_pictures.errors import PictureError
from studio_postprocess.concept import make_concept
from studio_postprocess.results import ConceptPictures
from studio_simulation.faults import BROKEN_BRIEFS, CODES, LETHAL
from studio_simulation.file_session import FileSession
from studio_simulation.predictions import FAILING
from studio_simulation.process import LIFE
from studio_stencil.planning.plan import Stencil, make_plan

if TYPE_CHECKING:
    from studio_simulation.world import World


@cache
def concept() -> ConceptPictures:
    """One real concept, which takes a moment to make."""
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (16, 16), (120, 90, 60)).save(file, "PNG")
    palette, stencil = [BY_CODE[code] for code in CODES], np.zeros((16, 16), np.uint8)
    return make_concept(file.getvalue(), palette, (16, 16), stencil, "full", Surface())


def _cheap_concept(world: "World", original: bytes, *_: Any, **__: Any) -> ConceptPictures:
    """Stands for the real picture work: other bytes give other pictures and scores."""
    if original.startswith(FAILING.encode()) and not world.faults.fixed(world.loop.time()):
        raise Reject("a fault that these pictures bring to light")
    if original.startswith(b"broken"):
        raise PictureError("damaged", "truncated")
    made = concept()
    score = Random(original).random()
    return made._replace(
        pictures={kind: file._replace(data=kind.encode() + original) for kind, file in made.pictures.items()},
        vectors={kind: file._replace(data=kind.encode() + original) for kind, file in made.vectors.items()},
        quality=made.quality.model_copy(update={"score": score}),
    )


class _Here:
    """Runs work where it is asked for."""

    async def run(self, function: Any, *arguments: object) -> Any:
        return function(*arguments)


@asynccontextmanager
async def _no_pool(*_: object, **__: object) -> AsyncIterator[_Here]:
    yield _Here()


async def _at_once(function: Any, *arguments: Any, **_: Any) -> Any:
    return function(*arguments)


def _plan(world: "World", prompt: str, *arguments: Any, **options: Any) -> Any:
    if prompt in BROKEN_BRIEFS and not world.faults.fixed(world.loop.time()):
        raise BROKEN_BRIEFS[prompt]
    if prompt == LETHAL and not world.faults.fixed(world.loop.time()):
        world.stencil().end("out of memory")
    return make_plan(prompt, *arguments, **options)


def _cheap_sketch(*_: Any) -> Any:
    return SimpleNamespace(motifs=[])


def _cheap_drawing(plan: Any, direction: Any, _: Any) -> Stencil:
    """Another stencil for each direction."""
    indices = np.full((4, 4 + plan.directions.index(direction)), plan.seed % 3, dtype=np.uint8)
    return Stencil(plan.codes, (1.0, *[0.0] * (len(plan.codes) - 1)), indices, direction.reason, (), ())


@contextmanager
def simulated_environment(world: "World") -> Iterator[None]:
    """Time, entropy, the network and the work on pixels are the world's."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return world.now().astimezone(tz)

    def client(**_: Any) -> httpx.AsyncClient:
        transport = httpx.MockTransport(partial(world.internet, life=LIFE.get()))
        return world.real_client(transport=transport, trust_env=False)

    entropy = Random(world.seed).randbytes
    stopwatch = SimpleNamespace(perf_counter=world.loop.time, monotonic=world.loop.time)
    configured = structlog.get_config()
    with ExitStack() as stack:
        stack.callback(structlog.configure, **configured)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        for target, name, replacement in (
            (httpx, "AsyncClient", client),
            (os, "urandom", entropy),
            (random_module, "_urandom", entropy),
            (anyio.to_thread, "run_sync", _at_once),
            (standardwebhooks.webhooks, "datetime", Clock),
            (studio_stencil.app, "open_process_pool", _no_pool),
            (studio_stencil.handlers, "make_plan", partial(_plan, world)),
            (studio_stencil.handlers, "sketch", _cheap_sketch),
            (studio_stencil.handlers, "draw", _cheap_drawing),
            (studio_stencil.handlers, "time", stopwatch),
            (studio_postprocess.app, "usable_cores", lambda: 2),
            (studio_postprocess.app, "trusted_authorities", lambda: None),
            (studio_postprocess.app, "open_session", lambda *_: nullcontext(FileSession(world))),
            (studio_postprocess.app, "open_process_pool", _no_pool),
            (studio_postprocess.handlers, "work_on_picture", partial(_cheap_concept, world)),
            (studio_postprocess.handlers, "time", stopwatch),
            (studio_reconciler.app, "RELAY_SECONDS", 4.0),
            (studio_reconciler.app, "RESCUE_SECONDS", 4.0),
            (studio_reconciler.app, "STATS_SECONDS", 300.0),
        ):
            stack.enter_context(patch.object(target, name, replacement))
        yield
