"""Event streams that stay open while something else is measured."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from peers.contestants import Contestant

from http_client import Connection, request


@contextmanager
def watching(contestant: Contestant, job: dict[str, Any], number: int) -> Iterator[None]:
    """That many streams, read in a thread. They follow copies of a job that wait: nothing was published of them."""
    waiting = [f"watched-{place}" for place in range((number + 9) // 10)]
    fresh = {"status": "pending", "stage": "stencil", "final": False, "version": 1, "outbox": []}
    nothing: dict[str, Any] = {"plan": None, "generation": None, "finished_at": None, "started_at": None}
    empty: dict[str, Any] = {"predictions": [], "concepts": [], "expires_at": None}
    for job_id in waiting:
        times = {"created_at": datetime.now(UTC), "updated_at": datetime.now(UTC), "timeline": job["timeline"][:1]}
        contestant.jobs.insert_one(job | fresh | nothing | empty | times | {"_id": job_id})
    opened, done = Event(), Event()
    thread = Thread(target=lambda: asyncio.run(_follow(contestant.url, waiting, number, opened, done)))
    thread.start()
    try:
        if not opened.wait(120):
            raise SystemExit(f"{number} streams did not open")
        yield
    finally:
        done.set()
        thread.join()


async def _follow(url: str, jobs: Sequence[str], number: int, opened: Event, done: Event) -> None:
    port = urlsplit(url).port
    assert port is not None
    streams = []
    for place in range(number):
        stream = await Connection.open(port)
        stream.send(request("GET", f"/v1/jobs/{jobs[place // 10]}/events"))
        await stream.read_until(b"job.created")
        streams.append(stream)
    opened.set()
    await asyncio.to_thread(done.wait)
    await asyncio.gather(*(stream.close() for stream in streams), return_exceptions=True)
