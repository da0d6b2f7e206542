"""What a program on virtual time cannot reach."""

from typing import Any

import httpx
import pytest

from studio_chassis.testing.loop import VirtualLoop


def test_a_request_to_the_real_network_is_reported_also_where_its_error_is_swallowed() -> None:
    async def ask() -> None:
        async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
            await transport.handle_async_request(httpx.Request("GET", "http://replicate.delivery/a.png"))

    reported: list[dict[str, Any]] = []
    loop = VirtualLoop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    try:
        with pytest.raises(ExceptionGroup):  # of the tries to connect
            loop.run_until_complete(ask())
    finally:
        loop.close()
    assert [context["message"] for context in reported] == ["the real network was asked for a connection"]
