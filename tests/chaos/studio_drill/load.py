"""Clients that post a job every few seconds and keep every id that was answered with 202."""

import itertools
import threading
import uuid
from collections import Counter
from typing import Self

import httpx

from studio_chaos.load_generator import SMALL
from studio_contracts.job import TERMINAL

ANSWER_SECONDS = 15
MOST_OPEN = 20
"""No further job is posted while this number have not ended: a slow machine would never catch up."""


class Load:
    """Posts in its own thread while the context is open. A refusal is counted, and the next job is another one."""

    def __init__(self, gateway_url: str, pace_seconds: float) -> None:
        self.accepted: list[str] = []
        self.refused: Counter[str] = Counter()
        self._pace = pace_seconds
        self._client = httpx.Client(base_url=gateway_url, timeout=ANSWER_SECONDS, trust_env=False)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.close()

    def stop(self) -> None:
        """Post nothing more."""
        self._over.set()
        self._thread.join()

    def post(self, prompt: str, count: int = 1) -> str:
        """The id of an accepted job, or an empty text."""
        try:
            headers = {"Idempotency-Key": uuid.uuid4().hex}
            answer = self._client.post(
                "/v1/jobs", json={"prompt": prompt, "count": count, "surface": SMALL}, headers=headers
            )
        except httpx.TransportError as error:
            self.refused[type(error).__name__] += 1
            return ""
        if answer.status_code != httpx.codes.ACCEPTED:
            self.refused[str(answer.status_code)] += 1
            return ""
        self.accepted.append(str(answer.json()["id"]))
        return self.accepted[-1]

    def status(self, job_id: str) -> str:
        """Of a job, as the gateway says; empty where it says nothing."""
        try:
            return str(self._client.get(f"/v1/jobs/{job_id}").json().get("status", ""))
        except (httpx.TransportError, ValueError):
            return ""

    def ended(self, job_id: str) -> bool:
        """Whether the gateway says that a job has ended."""
        return self.status(job_id) in TERMINAL

    def _run(self) -> None:
        for number in itertools.count():
            if len(self.accepted) < MOST_OPEN or self.ended(self.accepted[-MOST_OPEN]):
                self.post(f"a pond with {number} fish")
            if self._over.wait(self._pace):
                return
