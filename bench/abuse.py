"""What another client notices while somebody abuses the gateway, and how much memory that takes. Run by `make abuse`.

The whole stack runs as processes, with the gateway's own limits. Each attack is a process of its own that opens what it
can again and again. During each, a probe reads a job, half of the times over a new connection, and now and then posts
one.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from measuring import bind, percentile, stack_at_once, take_cores
from served import Served

SECONDS = 10.0
PROBE_SECONDS = 0.02
DRAFT = {"prompt": "a pond", "kind": "draft"}
BODY = json.dumps(DRAFT).encode()
MIB = 2**20


MOST_SECONDS = 0.5
"""What another client's 95th percentile may be while the gateway is abused."""
MOST_MEMORY = 384 * MIB
"""The limit of the gateway's pod."""


class Row(NamedTuple):
    """What the probe saw during one attack: seconds of each answer, how many failed, and the gateway's memory."""

    attack: str
    read: list[float]
    posted: list[float]
    failed: int
    memory: int


async def hold(port: int, sent: bytes, trickle: bytes = b"", every: float = 1.0) -> None:
    """Hold a connection that sent this, and sends a little now and then; open another when it is closed."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            closed = asyncio.ensure_future(reader.read(-1))
            while not (await asyncio.wait([closed], timeout=every))[0]:
                if trickle:
                    writer.write(trickle)
            writer.close()
        await asyncio.sleep(every)


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


JSON = "Content-Type: application/json"
ATTACKS: dict[str, tuple[int, Callable[[int, str], Awaitable[None]]]] = {
    "10,000 idle connections": (10_000, lambda port, _: hold(port, b"", every=5)),
    "2,000 slow bodies": (
        2_000,
        lambda port, _: hold(port, head("POST", "/v1/jobs", JSON, "Content-Length: 60000") + b"{", b" " * 100),
    ),
    "500 floods of headers": (
        500,
        lambda port, _: hold(port, b"GET / HTTP/1.1\r\n", b"X-A: " + b"a" * 2000 + b"\r\n", every=0.1),
    ),
    "9,000 streams of a job": (9_000, lambda port, path: hold(port, head("GET", f"{path}/events"), every=5)),
    "150 webhooks of 4 MiB, unfinished": (
        150,
        lambda port, _: hold(
            port, head("POST", "/v1/webhooks/replicate/x/job/0/1", JSON, "Content-Length: 4194304") + b"x" * 4_000_000
        ),
    ),
    "100 concurrent posts with one idempotency key": (
        100,
        lambda port, _: hold(
            port,
            head("POST", "/v1/jobs", JSON, f"Content-Length: {len(BODY)}", "Idempotency-Key: same", "Connection: close")
            + BODY,
            every=0.1,
        ),
    ),
}


async def attack(name: str, port: int, path: str) -> None:
    """Until the process is ended."""
    number, one = ATTACKS[name]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, number + 500)), hard))

    async def later(place: int) -> None:
        await asyncio.sleep(place / number)  # within a second
        await one(port, path)

    await asyncio.gather(*map(later, range(number)))


async def probe(name: str, gateway: Served, url: str, path: str) -> Row:
    """Reads and posts for a while."""
    row = Row(name, [], [], 0, 0)
    until, turn = time.monotonic() + SECONDS, 0
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=5) as kept:
        while time.monotonic() < until:
            turn += 1
            began = time.perf_counter()
            try:
                if turn % 25 == 0:
                    (await kept.post("/v1/jobs", json=DRAFT)).raise_for_status()
                    row.posted.append(time.perf_counter() - began)
                elif turn % 2:
                    (await kept.get(path)).raise_for_status()
                    row.read.append(time.perf_counter() - began)
                else:
                    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=5) as new:
                        (await new.get(path)).raise_for_status()
                    row.read.append(time.perf_counter() - began)
            except httpx.HTTPError:
                row = row._replace(failed=row.failed + 1)
            row = row._replace(memory=max(row.memory, gateway.memory()))
            await asyncio.sleep(PROBE_SECONDS)
    return row


def show(rows: list[Row]) -> None:
    table = Table("while", "read p95", "post p95", "failed", "memory", title="Another client, and the gateway's memory")
    for row in rows:
        asked = len(row.read) + len(row.posted) + row.failed
        memory = f"{row.memory / MIB:.0f} MiB"
        table.add_row(row.attack, _p95(row.read), _p95(row.posted), f"{row.failed} of {asked}", memory)
    Console().print(table)


def missed(rows: list[Row]) -> list[str]:
    """The targets that were missed, in words."""
    texts = []
    for row in rows:
        for what, seconds in (("read", row.read), ("post", row.posted)):
            if len(seconds) > 1 and (p95 := percentile(seconds, 95)) > MOST_SECONDS:
                texts.append(f"{row.attack}: {what} p95 {p95 * 1000:.0f} ms is above {MOST_SECONDS * 1000:.0f}")
        if row.memory > MOST_MEMORY:
            texts.append(f"{row.attack}: {row.memory / MIB:.0f} MiB are above {MOST_MEMORY / MIB:.0f}")
        if not row.read:
            texts.append(f"{row.attack}: no read was answered")
    return texts


def _p95(seconds: list[float]) -> str:
    return f"{percentile(seconds, 95) * 1000:.0f} ms" if len(seconds) > 1 else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    take_cores(parser)
    parser.add_argument("--attack", choices=ATTACKS)
    parser.add_argument("--port", type=int)
    parser.add_argument("--path")
    given = parser.parse_args()
    if given.attack:
        asyncio.run(attack(given.attack, given.port, given.path))
        return
    bind(given.cores)
    with stack_at_once(fresh=True) as stack:
        stack.stop("predictor")  # the job that is read and followed waits for it, and drafts need none
        port = stack.ports["gateway"]
        gateway = Served(stack.services["gateway"], port)
        path = httpx.post(f"{stack.gateway_url}/v1/jobs", json={"prompt": "a pond"}, trust_env=False).headers[
            "Location"
        ]
        rows = [asyncio.run(probe("nothing", gateway, stack.gateway_url, path))]
        for name in ATTACKS:
            attacker = subprocess.Popen(
                [sys.executable, __file__, "--attack", name, "--port", str(port), "--path", path]
            )
            try:
                time.sleep(2)  # it opens what it can in the first second
                rows.append(asyncio.run(probe(name, gateway, stack.gateway_url, path)))
                if attacker.poll() is not None:
                    sys.exit(f"{name}: the attacker ended by itself, so its row shows nothing")
            finally:
                attacker.terminate()
                attacker.wait()
        show(rows)
    if texts := missed(rows):
        sys.exit("\n".join(texts))


if __name__ == "__main__":
    main()
