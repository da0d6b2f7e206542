"""Clients: they post jobs at an even pace and keep every id that was answered with 202."""

import itertools
import random
import threading
import uuid

import httpx

COUNTS = (1, 1, 1, 2, 4)
ANSWER_SECONDS = 120.0


class Crowd:
    """Posts in a thread of its own until it is told to stop, and at least `jobs` jobs.

    Each job has an idempotency key, and is posted again until it is accepted: a gateway may die before it answers.
    """

    def __init__(self, gateway_url: str, jobs: int, pace_seconds: float, seed: int) -> None:
        self.accepted: list[str] = []
        self._wanted = jobs
        self._pace = pace_seconds
        self._random = random.Random(seed)
        self._client = httpx.Client(base_url=gateway_url, timeout=15, trust_env=False)
        self._more = threading.Condition()
        self._enough = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="crowd")

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Return when enough jobs are accepted. Raises what went wrong while posting."""
        self._enough.set()
        self._thread.join()
        self._client.close()
        if self._error is not None:
            raise self._error

    def wait_for_more(self, jobs: int) -> None:
        """Return when so many more jobs are accepted: a measure of time that goes on only while the gateway serves."""
        with self._more:
            wanted = len(self.accepted) + jobs
            arrived = self._more.wait_for(lambda: len(self.accepted) >= wanted or self._error is not None, 120)
        assert arrived, "the gateway accepts no jobs any more"

    def _run(self) -> None:
        try:
            for number in itertools.count():
                if self._enough.is_set() and number >= self._wanted:
                    return
                job_id = self._post(f"a pond with {number} fish", self._random.choice(COUNTS))
                with self._more:
                    self.accepted.append(job_id)
                    self._more.notify_all()
                if number < self._wanted or not self._enough.is_set():
                    self._wait(self._pace)
        except Exception as error:  # noqa: BLE001 - told to the main thread
            self._error = error
            with self._more:
                self._more.notify_all()

    def _post(self, prompt: str, count: int) -> str:
        key = uuid.uuid4().hex
        patience = threading.Event()
        for _ in range(int(ANSWER_SECONDS / 0.5)):
            try:
                brief = {"prompt": prompt, "count": count}
                answer = self._client.post("/v1/jobs", json=brief, headers={"Idempotency-Key": key})
                if answer.status_code == 202:
                    return str(answer.json()["id"])
                assert answer.status_code in (409, 503), answer.text
            except httpx.TransportError:
                pass
            patience.wait(0.5)
        raise AssertionError("a job was not accepted in time")

    def _wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)
