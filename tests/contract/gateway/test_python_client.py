"""The Python client against the gateway on a real port."""

import asyncio
import threading
from pathlib import Path

import pytest

from studio_client import ApiError, AsyncStudioClient, StudioClient
from studio_support.served_gateway import ServedGateway


def test_a_job_is_created_followed_listed_and_saved(own_gateway: ServedGateway, tmp_path: Path) -> None:
    with StudioClient(own_gateway.url) as studio:
        job = studio.create({"prompt": "ocean energy", "count": 2})
        assert studio.get(job["id"])["status"] == "pending"
        assert [one["id"] for one in studio.jobs()] == [job["id"]]
        finishing = threading.Timer(0.3, own_gateway.finish, [job["id"]])
        finishing.start()
        events = [entry["event"] for entry in studio.stream(job["id"])]
        finishing.join()
        assert (events[0], events[-1]) == ("job.created", "job.completed")
        done = studio.wait(job)
        written = studio.download(done, tmp_path / "new" / "folder")
    names = {path.name for path in written}
    assert {"job.json", "stencil-0.png", "rank-1-quantized.png", "rank-1-sheet.pdf", "rank-1-svg.svg"} <= names
    assert all(path.stat().st_size for path in written)


def test_the_same_in_an_event_loop(own_gateway: ServedGateway, tmp_path: Path) -> None:
    async def follow() -> list[str]:
        async with AsyncStudioClient(own_gateway.url) as studio:
            job = await studio.create({"prompt": "ocean energy", "count": 2})
            await asyncio.to_thread(own_gateway.finish, job["id"])
            done = await studio.wait(job)
            assert [one["id"] async for one in studio.jobs(status="completed")] == [done["id"]]
            assert len(await studio.download(done, tmp_path)) > 8
            return [entry["event"] async for entry in studio.stream(job["id"])]

    assert asyncio.run(follow())[-1] == "job.completed"


def test_a_job_that_has_ended_is_waited_for_without_a_request(own_gateway: ServedGateway) -> None:
    with StudioClient(own_gateway.url) as studio:
        job_id = studio.create({"prompt": "ocean energy", "count": 2})["id"]
        own_gateway.finish(job_id)
        ended = studio.get(job_id)
        assert studio.wait(ended) == ended

    async def wait() -> object:
        async with AsyncStudioClient(own_gateway.url) as studio:
            return await studio.wait(ended)

    assert asyncio.run(wait()) == ended


def test_lists_go_on_over_pages_and_a_job_is_canceled(own_gateway: ServedGateway) -> None:
    with StudioClient(own_gateway.url) as studio:
        ids = [studio.create({"prompt": f"pond {number}"})["id"] for number in range(5)]
        assert [one["id"] for one in studio.jobs(limit="2")] == ids[::-1]
        assert studio.cancel(ids[0])["status"] == "canceled"
        assert len(studio.palette()) == 21
        assert studio.options()["max_pictures"] == 12


def test_a_job_is_named_sorted_and_deleted(own_gateway: ServedGateway) -> None:
    with StudioClient(own_gateway.url) as studio:
        job = studio.create({"prompt": "pond", "project": "Parks"})
        assert studio.change(job["id"], {"name": "Kita"})["name"] == "Kita"
        assert [(project["name"], project["jobs"]) for project in studio.projects()] == [("Parks", 1)]
        with pytest.raises(ApiError) as refused:
            studio.delete(job["id"])
        assert refused.value.status == 409
        studio.cancel(job["id"])
        studio.delete(job["id"])
        studio.delete(job["id"])
        assert list(studio.jobs()) == []


def test_a_job_is_shared_by_links_that_end(own_gateway: ServedGateway) -> None:
    with StudioClient(own_gateway.url) as studio:
        job = studio.create({"prompt": "pond"})["id"]
        link = studio.share(job, {"shows": ["brief"], "favourites_only": True})
        assert (link["shows"], link["favourites_only"]) == (["brief"], True)
        studio.end_share(job, link["id"])
        (ended,) = studio.shares(job)
        assert ended["revoked_at"] is not None


def test_an_unknown_job_is_an_error_immediately(own_gateway: ServedGateway) -> None:
    with StudioClient(own_gateway.url) as studio, pytest.raises(ApiError) as unknown:
        next(studio.stream("no-such-job"))
    assert unknown.value.status == 404
