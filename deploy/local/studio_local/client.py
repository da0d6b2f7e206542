"""A client of the gateway: post a brief, follow the job, fetch pictures. All the demo knows of its JSON is here."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple, Self

import httpx

from studio_local.errors import StackError

POLL_SECONDS = 0.25
STAGES = ("stencil", "prediction", "postprocess")
FINAL = ("completed", "failed", "canceled")


class JobFailedError(StackError):
    """The job did not complete."""


class Colour(NamedTuple):
    code: str
    name: str
    hex: str
    share: float


class RankedConcept(NamedTuple):
    """One finished concept: the name of its direction, score 0 to 1, URLs as paths on the gateway."""

    rank: int
    direction: str
    score: float
    installable: str
    original: str
    colours: list[Colour]
    warnings: list[str]


class Progress(NamedTuple):
    """How far a job is: stage, status, and pictures received of those asked for."""

    status: str
    stage: str
    received: int
    asked: int


class GatewayClient:
    """A client of one gateway. Raises JobFailedError, with the gateway's own words, where it refuses."""

    def __init__(self, base_url: str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else None
        self._http = httpx.Client(base_url=base_url, timeout=30, trust_env=False, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post_brief(self, brief: dict[str, Any]) -> str:
        """Returns the job's id."""
        response = self._http.post("/v1/jobs", json=brief)
        if not response.is_success:
            raise JobFailedError(f"The gateway refuses the brief ({response.status_code}): {response.text}")
        return str(response.json()["id"])

    def follow(self, job_id: str, seconds: float) -> Iterator[dict[str, Any]]:
        """The job again and again until it is final. Raises JobFailedError when that takes too long."""
        deadline = time.monotonic() + seconds
        while True:
            job = dict(self._get(f"/v1/jobs/{job_id}").json())
            yield job
            if job["status"] in FINAL:
                return
            if time.monotonic() > deadline:
                raise JobFailedError(f"The job is still in {job['stage']} after {seconds:.0f} s.")
            time.sleep(POLL_SECONDS)

    def picture(self, path: str) -> bytes:
        return self._get(path).content

    def _get(self, path: str) -> httpx.Response:
        response = self._http.get(path)
        if not response.is_success:
            raise JobFailedError(f"GET {path} answers {response.status_code}: {response.text}")
        return response


def progress(job: dict[str, Any]) -> Progress:
    received = sum(slot["received"] for slot in job["predictions"])
    return Progress(job["status"], job["stage"], received, job["brief"]["count"])


def ranked_concepts(job: dict[str, Any]) -> list[RankedConcept]:
    """The concepts, best first. Raises JobFailedError unless the job is completed."""
    if job["status"] != "completed":
        error = job["error"] or {"title": "no reason given", "detail": ""}
        raise JobFailedError(f"The job {job['status']} in {job['stage']}: {error['title']} {error['detail']}".strip())
    concepts = [
        RankedConcept(
            rank=concept["rank"],
            direction=job["plan"]["directions"][concept["direction"]]["name"],
            score=concept["score"],
            installable=concept["pictures"]["installable"]["url"],
            original=concept["pictures"]["original"]["url"],
            colours=[
                Colour(used["code"], used["name"], used["hex"], used["share"]) for used in concept["palette_used"]
            ],
            warnings=[warning["text"] for warning in concept["warnings"]],
        )
        for concept in job["concepts"]
    ]
    return sorted(concepts, key=lambda concept: concept.rank)


def stage_seconds(job: dict[str, Any]) -> dict[str, float]:
    """Seconds of a finished job in each stage; an early slot's pictures may be post-processed during "prediction"."""
    happened = {
        entry["event"]: datetime.fromisoformat(entry["at"]) for entry in job["timeline"]
    }  # the last of its kind
    accepted, finished = datetime.fromisoformat(job["created_at"]), datetime.fromisoformat(job["finished_at"])
    drawn = happened.get("stencil.ready", accepted)
    bought = happened.get("prediction.succeeded", drawn)
    marks = [accepted, drawn, bought, finished]
    return {
        stage: (end - begin).total_seconds() for stage, begin, end in zip(STAGES, marks, marks[1:], strict=False)
    } | {"total": (finished - accepted).total_seconds()}
