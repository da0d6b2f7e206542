"""The object store in memory."""

from collections.abc import Mapping

from studio_chassis.errors import ObjectNotFound
from studio_chassis.testing.wire import Wire, perfect


class SimulatedObjectStore:
    """One client of a bucket, which is a dict that all clients share."""

    def __init__(self, bucket: dict[str, bytes] | None = None, wire: Wire = perfect) -> None:
        self._bucket = {} if bucket is None else bucket
        self._wire = wire

    async def put(self, key: str, data: bytes) -> None:
        """Store the bytes, replacing what the key held."""

        def put() -> None:
            self._bucket[key] = bytes(data)

        await self._wire("objects.put", put)

    async def put_all(self, files: Mapping[str, bytes]) -> None:
        """Store them one after the other."""
        for key, data in files.items():
            await self.put(key, data)

    async def get(self, key: str) -> bytes:
        """The bytes. Raises ObjectNotFound."""
        data = await self._wire("objects.get", lambda: self._bucket.get(key))
        if data is None:
            raise ObjectNotFound(key)
        return data

    async def size(self, key: str) -> int:
        """How many bytes the key holds. Raises ObjectNotFound."""
        data = await self._wire("objects.size", lambda: self._bucket.get(key))
        if data is None:
            raise ObjectNotFound(key)
        return len(data)

    async def delete_under(self, prefix: str) -> None:
        """Remove every object whose key begins with the prefix and a slash."""

        def delete() -> None:
            for key in [key for key in self._bucket if key.startswith(f"{prefix}/")]:
                del self._bucket[key]

        await self._wire("objects.delete", delete)

    async def used_ratio(self) -> float | None:
        """Memory has no volume."""
        return None
