"""What every object store does."""

import pytest

from studio_chassis.errors import ObjectNotFound
from studio_chassis.persistence.objects import ObjectStore


async def test_bytes_come_back_as_they_were_put(objects: ObjectStore) -> None:
    await objects.put("jobs/a/stencil.png", b"first")
    await objects.put("jobs/a/stencil.png", b"second")
    assert await objects.get("jobs/a/stencil.png") == b"second"
    assert await objects.size("jobs/a/stencil.png") == len(b"second")


async def test_many_are_stored_together(objects: ObjectStore) -> None:
    files = {f"jobs/a/concepts/0-0/{number}.png": bytes([number]) for number in range(9)}
    await objects.put_all(files)
    assert {key: await objects.get(key) for key in files} == files


async def test_a_missing_object_is_an_error(objects: ObjectStore) -> None:
    with pytest.raises(ObjectNotFound):
        await objects.get("jobs/a/stencil.png")
    with pytest.raises(ObjectNotFound):
        await objects.size("jobs/a/stencil.png")


async def test_deletion_takes_all_below_a_prefix_and_nothing_beside_it(objects: ObjectStore) -> None:
    for key in ("jobs/a/stencil.png", "jobs/a/concepts/0-0/original.png", "jobs/ab/stencil.png"):
        await objects.put(key, b"data")
    for _ in range(2):
        await objects.delete_under("jobs/a")
    assert await objects.get("jobs/ab/stencil.png") == b"data"
    for key in ("jobs/a/stencil.png", "jobs/a/concepts/0-0/original.png"):
        with pytest.raises(ObjectNotFound):
            await objects.get(key)


async def test_the_volume_s_fill_level_is_a_share_where_the_store_has_one(objects: ObjectStore) -> None:
    used = await objects.used_ratio()
    assert used is None or 0 < used < 1
