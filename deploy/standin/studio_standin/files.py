"""The file host's store: recipes by path, and as many rendered pictures as fit."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Executor

from studio_standin.pictures import Recipe, render


class Files:
    """Pictures beyond `max_bytes` are dropped, oldest first, and rendered again on request."""

    def __init__(self, max_bytes: int, pool: Executor) -> None:
        self._max_bytes = max_bytes
        self._pool = pool
        self._recipes: dict[str, Recipe] = {}
        self._rendered: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def recipe(self, path: str) -> Recipe | None:
        return self._recipes.get(path)

    async def add(self, path: str, recipe: Recipe) -> None:
        """Render a picture and keep it. Raises PictureError."""
        content = await self._render(recipe)
        self._recipes[path] = recipe
        self._keep(path, content)

    async def content(self, path: str) -> bytes:
        """The encoded picture. Raises KeyError for an unknown path."""
        content = self._rendered.get(path)
        if content is None:
            content = await self._render(self._recipes[path])
            if path in self._recipes:  # unless it was removed during the rendering
                self._keep(path, content)
        return content

    def remove(self, path: str) -> None:
        self._recipes.pop(path, None)
        self._bytes -= len(self._rendered.pop(path, b""))

    async def _render(self, recipe: Recipe) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pool, render, recipe)

    def _keep(self, path: str, content: bytes) -> None:
        self._bytes += len(content) - len(self._rendered.pop(path, b""))
        self._rendered[path] = content
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._rendered.popitem(last=False)[1])
