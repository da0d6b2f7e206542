"""What a program on virtual time cannot reach."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import httpx
import pytest

from studio_chassis.testing.loop import VirtualLoop

URL = "http://replicate.delivery/a.png"


async def ask_by_httpx() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(URL)


async def ask_by_aiohttp() -> None:
    async with aiohttp.ClientSession() as session:
        await session.get(URL)


@pytest.mark.parametrize("ask", [ask_by_httpx, ask_by_aiohttp])
def test_a_request_to_the_real_network_is_reported_also_where_its_error_is_swallowed(
    ask: Callable[[], Awaitable[None]],
) -> None:
    async def swallow() -> None:
        await asyncio.gather(ask(), return_exceptions=True)

    reported: list[dict[str, Any]] = []
    loop = VirtualLoop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    try:
        loop.run_until_complete(swallow())
    finally:
        loop.close()
    assert [context["message"] for context in reported] == ["the real network was asked for a connection"]
