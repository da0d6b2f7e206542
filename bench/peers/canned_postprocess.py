"""The studio's postprocess service with the work on pictures replaced by a result that was made once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import studio_postprocess.app
import studio_postprocess.handlers
from peers.work import canned
from studio_chassis.runtime.service import run_service
from studio_postprocess.settings import PostprocessSettings


class _Here:
    """Runs work where it is asked for: there is nothing left to do in a process of its own."""

    async def run(self, function: Any, *arguments: object) -> Any:
        return function()


@asynccontextmanager
async def _no_pool(*_: object, **__: object) -> AsyncIterator[_Here]:
    canned()
    yield _Here()


if __name__ == "__main__":
    patch.object(studio_postprocess.app, "open_process_pool", _no_pool).start()
    patch.object(studio_postprocess.handlers, "work_on_picture", canned).start()
    run_service("postprocess", PostprocessSettings, studio_postprocess.app.build)
