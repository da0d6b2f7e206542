"""Fixtures of the picture tests."""

import asyncio
from typing import Any

import numpy as np
import pytest

from studio_colour.difference import ByteArray
from studio_support.file_host import PUBLIC


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250101)


@pytest.fixture
def rgb(rng: np.random.Generator) -> ByteArray:
    """A picture of 80 by 64 pixels in random blocks of 8."""
    small = rng.integers(0, 256, (8, 10, 3), dtype=np.uint8)
    return np.ascontiguousarray(small.repeat(8, axis=0).repeat(8, axis=1))


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to: a public address, unless a test says otherwise. Nothing is looked up for real."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(self: object, host: str, port: object, **_: Any) -> list[tuple[Any, ...]]:
        found = known.get(host, [PUBLIC])
        if not found:
            raise OSError("no such name")
        return [(0, 0, 0, "", (address, 0)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known
