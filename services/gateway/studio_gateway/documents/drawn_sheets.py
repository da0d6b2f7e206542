"""Sheets that were drawn, so that no client makes the gateway draw the same one again and again."""

import asyncio
import hashlib
from collections import OrderedDict

from studio_gateway.documents.sheet_content import Paper, Sheet

MAX_BYTES = 24 * 2**20
DRAWN_AT_ONCE = 2
"""Each takes a thread and a core for some tenths of a second, which the other requests miss."""


class DrawnSheets:
    """Draws a few sheets at a time and remembers the last ones."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[bytes, bytes] = OrderedDict()
        self._under_way: dict[bytes, asyncio.Task[bytes]] = {}
        self._bytes = 0
        self._turns = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def draw(self, sheet: Sheet, paper: Paper) -> bytes:
        """The sheet as a PDF. Who asks for one that is being drawn waits for it."""
        key = _key(sheet, paper)
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        if key not in self._under_way:
            self._under_way[key] = asyncio.create_task(self._make(key, sheet, paper))
        return await asyncio.shield(self._under_way[key])  # a client that leaves must not end it for the others

    async def _make(self, key: bytes, sheet: Sheet, paper: Paper) -> bytes:
        try:
            async with self._turns:
                data = await asyncio.to_thread(_draw, sheet, paper)
        finally:
            del self._under_way[key]
        self._remember(key, data)
        return data

    def _remember(self, key: bytes, data: bytes) -> None:
        self._drawn[key] = data
        self._bytes += len(data)
        while self._bytes > MAX_BYTES and len(self._drawn) > 1:
            _, dropped = self._drawn.popitem(last=False)
            self._bytes -= len(dropped)


def _draw(sheet: Sheet, paper: Paper) -> bytes:
    from studio_gateway.documents.sheet import draw_sheet  # the gateway starts without it: fonts, PDF, 10 MB

    return draw_sheet(sheet, paper)


def _key(sheet: Sheet, paper: Paper) -> bytes:
    """What tells one sheet from another: everything that stands on it."""
    digest = hashlib.sha256(sheet.picture)
    digest.update(repr((paper, sheet._replace(picture=b""))).encode())
    return digest.digest()
