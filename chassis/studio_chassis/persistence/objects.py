"""Pictures in an object store given by URL: a folder for the local stack, S3 and its kin elsewhere."""

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from studio_chassis.errors import ObjectNotFound, Unavailable
from studio_chassis.observability.logs import cause_of


class ObjectStore(Protocol):
    """Bytes under keys. Each method raises Unavailable when the store does not answer."""

    async def put(self, key: str, data: bytes) -> None:
        """Store the bytes, replacing what the key held."""

    async def put_all(self, files: Mapping[str, bytes]) -> None:
        """Store them all, by their keys. Some of them may be stored where this fails."""

    async def get(self, key: str) -> bytes:
        """The bytes. Raises ObjectNotFound."""

    async def size(self, key: str) -> int:
        """How many bytes the key holds. Raises ObjectNotFound."""

    async def delete_under(self, prefix: str) -> None:
        """Remove every object whose key begins with the prefix and a slash. None is fine."""

    async def used_ratio(self) -> float | None:
        """Share of the store's volume that is used, 0 to 1; None where the store reports no volume."""


class UrlObjectStore:
    """An object store reached through obstore by its URL.

    `retries` is how often a request that a server did not answer is repeated.
    """

    def __init__(self, url: str, retries: int = 10) -> None:
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        try:
            self._store = (
                LocalStore(prefix=self._folder, mkdir=True)
                if self._folder is not None
                else from_url(
                    url,
                    client_options={"allow_http": True, "timeout": "20s", "connect_timeout": "5s"},
                    retry_config={"max_retries": retries},
                )
            )
        except (BaseError, OSError) as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error

    async def put(self, key: str, data: bytes) -> None:
        try:
            await obstore.put_async(self._store, key, data)
        except (BaseError, OSError) as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error

    async def put_all(self, files: Mapping[str, bytes]) -> None:
        try:
            if self._folder is not None:  # a thread for all costs less than a task for each
                await asyncio.to_thread(self._write_all, files)
            else:
                await asyncio.gather(*(obstore.put_async(self._store, key, data) for key, data in files.items()))
        except (BaseError, OSError) as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error

    def _write_all(self, files: Mapping[str, bytes]) -> None:
        for key, data in files.items():
            obstore.put(self._store, key, data)

    async def get(self, key: str) -> bytes:
        try:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())
        except FileNotFoundError as error:
            raise ObjectNotFound(key) from error
        except (BaseError, OSError) as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error

    async def size(self, key: str) -> int:
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except FileNotFoundError as error:
            raise ObjectNotFound(key) from error
        except (BaseError, OSError) as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error

    async def delete_under(self, prefix: str) -> None:
        try:
            async for batch in obstore.list(self._store, prefix):
                for found in batch:
                    with suppress(FileNotFoundError):
                        await obstore.delete_async(self._store, found["path"])
        except (BaseError, OSError) as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error

    async def used_ratio(self) -> float | None:
        if self._folder is None:
            return None
        try:
            volume = shutil.disk_usage(self._folder)
        except OSError as error:
            raise Unavailable(f"object store: {cause_of(error)}") from error
        return volume.used / volume.total if volume.total else None
