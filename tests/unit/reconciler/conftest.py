"""Fixtures of the reconciler's tests."""

import asyncio
from typing import Any

import pytest

from studio_support.called_clients import PUBLIC


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to. Nothing is looked up for real."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(self: object, host: str, port: object, **_: Any) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (address, 0)) for address in known.get(host, [PUBLIC])]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known
