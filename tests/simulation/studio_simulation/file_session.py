"""The session that pictures are fetched with, as far as a simulated world needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
from yarl import URL

from studio_chassis.outbound.addresses import find_public_addresses, send_to
from studio_postprocess.io.http_session import TIMEOUTS
from studio_simulation.process import LIFE

if TYPE_CHECKING:
    from studio_simulation.world import World


class FileSession:
    """Sends a process's requests into its world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._life = LIFE.get()

    @asynccontextmanager
    async def get(self, url: URL, *, allow_redirects: bool) -> AsyncIterator[SimpleNamespace]:
        """The response with what the downloader looks at. Raises TimeoutError."""
        assert not allow_redirects
        assert url.host is not None
        async with asyncio.timeout(TIMEOUTS.total):
            request = httpx.Request("GET", str(url))
            send_to(request, url.host, (await find_public_addresses(url.host))[0])
            response = await self._world.internet(request, self._life)
            content = SimpleNamespace(iter_any=response.aiter_bytes)
            yield SimpleNamespace(status=response.status_code, headers=response.headers, content=content)
