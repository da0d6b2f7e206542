"""Reads what a stack has spent: CPU time, messages, database operations, storage."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from pymongo import MongoClient

from studio_local.ports import LOOPBACK
from studio_local.services import GATEWAY, WORKERS
from studio_local.stack import ServiceStack

from measuring import session_seconds

PUBLISHED = re.compile(r'^studio_published_total\{type="([^"]+)"\} (\S+)$', re.MULTILINE)
OPERATIONS = ("insert", "update", "remove", "queries", "getmore")
Counts = Mapping[str, float]


class Bill(NamedTuple):
    """Counted since the start: CPU seconds by process, messages published by type, operations on the jobs by kind."""

    cpu: Counts
    messages: Counts
    database: Counts

    def since(self, before: "Bill") -> "Bill":
        """What was added."""
        return Bill(
            *({key: new[key] - old.get(key, 0) for key in new} for new, old in zip(self, before, strict=True)),
        )


class Meter:
    """Reads what a stack has spent."""

    def __init__(self, stack: ServiceStack, client: MongoClient[dict[str, Any]]) -> None:
        self._stack = stack
        self._client = client

    def read(self, replicas: Iterable[int]) -> Bill:
        """`replicas` are the health ports of the postprocess replicas."""
        ports = [self._stack.ports[name] for name in (GATEWAY, *WORKERS) if name != "postprocess"] + list(replicas)
        return Bill(self._cpu(), _messages(ports), self._operations())

    def _cpu(self) -> Counts:
        """User and system time by service; broker and database only where they run as processes of the stack."""
        spent: defaultdict[str, float] = defaultdict(float)
        for pid in json.loads((self._stack.infrastructure.root / "processes.json").read_text()):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            name = words[2].removeprefix("studio_") if words[1] == "-m" else Path(words[0]).name
            spent[name] += session_seconds(int(pid))  # with the children that work on pictures
        return spent

    def _operations(self) -> Counts:
        totals = self._client.admin.command("top")["totals"].get(f"{self._stack.endpoints.database}.jobs", {})
        return {kind: totals.get(kind, {}).get("count", 0) for kind in OPERATIONS}

    def jobs_like(self, query: Mapping[str, Any], ids: Sequence[str]) -> int:
        """How many of the jobs fit. Asked of the database: asking the gateway for each would be counted as its work."""
        return self._client[self._stack.endpoints.database]["jobs"].count_documents({**query, "_id": {"$in": ids}})

    def stored(self) -> dict[str, float]:
        """Bytes of one job at rest, on average."""
        jobs = self._client[self._stack.endpoints.database]["jobs"]
        sizes = jobs.aggregate([{"$group": {"_id": None, "bytes": {"$avg": {"$bsonSize": "$$ROOT"}}}}])
        number = jobs.count_documents({})
        files = [path for path in self._stack.objects.rglob("*") if path.is_file()]
        indexes = self._client[self._stack.endpoints.database].command("collStats", "jobs")["totalIndexSize"]
        return {
            "job document, bytes": next(iter(sizes))["bytes"],
            "its indexes, bytes on disk": indexes / number,
            "objects": len(files) / number,
            "objects, bytes": sum(path.stat().st_size for path in files) / number,
        }


def _messages(ports: Sequence[int]) -> Counts:
    published: defaultdict[str, float] = defaultdict(float)
    for port in ports:
        answer = httpx.get(f"http://{LOOPBACK}:{port}/metrics", trust_env=False, timeout=10)
        for kind, number in PUBLISHED.findall(answer.raise_for_status().text):
            published[kind] += float(number)
    return published
