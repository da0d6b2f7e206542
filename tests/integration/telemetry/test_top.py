"""`studio top` on a running studio."""

import asyncio
from typing import Any

import pytest
from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts.topology import QUEUES


@pytest.fixture
def environment(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RABBITMQ_URL", "MONGODB_URL", "STUDIO_DATABASE", "OBJECT_STORE_URL"):
        monkeypatch.setenv(name, studio.stack.environment[name])


async def top() -> dict[str, list[str]]:
    """The cells of each row, by the first."""
    result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "120"}).invoke, main, ["top", "--once"])
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in result.output.splitlines()]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.usefixtures("environment")
async def test_top_shows_queues_consumers_and_what_ended(studio: Any) -> None:
    await asyncio.to_thread(studio.run)
    shown = await top()
    for queue in QUEUES:
        assert shown[queue.name] == ["0", "1", "0"]
    assert any("1 completed" in line for line in shown)


@pytest.mark.usefixtures("environment")
async def test_top_shows_jobs_by_stage_while_nobody_draws(studio: Any) -> None:
    await asyncio.to_thread(studio.stack.stop, "stencil")
    try:
        await asyncio.to_thread(studio.post)
        await asyncio.to_thread(studio.post)
        shown = await top()
        assert shown["stencil"][0] == "2"
        assert shown["stencil.job-created"][1:] == ["0", "0"]
    finally:
        await asyncio.to_thread(studio.stack.start, "stencil")
