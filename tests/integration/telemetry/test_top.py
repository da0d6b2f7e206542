"""`studio top` on a running studio."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts.topology import QUEUES
from studio_support.running_studio import PATIENCE_SECONDS


@pytest.fixture
def environment(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RABBITMQ_URL", "MONGODB_URL", "STUDIO_DATABASE", "OBJECT_STORE_URL", "STUDIO_SERVICE_URLS"):
        monkeypatch.setenv(name, studio.stack.environment[name])


async def top() -> dict[str, list[str]]:
    """The cells of each row, by the first."""
    result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "120"}).invoke, main, ["top", "--once"])
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in result.output.splitlines()]
    return {row[0]: row[1:] for row in rows}


async def eventually(condition: Callable[[dict[str, list[str]]], bool]) -> dict[str, list[str]]:
    """What `top` shows once the condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition(shown := await top()):
        assert time.monotonic() < deadline, shown
        await asyncio.sleep(0.2)
    return shown


def has_completed(shown: dict[str, list[str]]) -> bool:
    """Whether a job has, in the last minute."""
    return any(re.search(r"[1-9] completed.* US cents", line) for line in shown)


@pytest.mark.usefixtures("environment")
async def test_top_shows_queues_consumers_and_what_ended(studio: Any) -> None:
    await asyncio.to_thread(studio.run)
    await eventually(has_completed)  # shown for a minute, and the queues may need longer

    def is_idle(shown: dict[str, list[str]]) -> bool:  # the last updates may still be in their queues or outboxes
        cleared = any(line.startswith("Outboxes with unpublished events: 0") for line in shown)
        return cleared and all(shown[queue.name] == ["0", "1", "0", "0 s"] for queue in QUEUES)

    await eventually(is_idle)


@pytest.mark.usefixtures("environment")
async def test_top_shows_jobs_by_stage_while_nobody_draws(studio: Any) -> None:
    await asyncio.to_thread(studio.stack.stop, "stencil")
    try:
        await asyncio.to_thread(studio.post)
        await asyncio.to_thread(studio.post)
        shown = await eventually(lambda shown: shown["stencil.job-created"][:3] == ["2", "0", "0"])
        assert shown["stencil"][0] == "2"
    finally:
        await asyncio.to_thread(studio.stack.start, "stencil")
