"""Posts jobs at an even pace and keeps every id that was answered with 202."""

import itertools
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from studio_local.processes import wait_until

PATIENCE_SECONDS = 240.0
COUNTS = (1, 1, 1, 2, 3)  # as many predictions: each is of another direction
SMALL = {"width_m": 4, "height_m": 2}
"""A picture of it takes half the work of one of ten by three metres, and meets the same faults."""
ANSWER_SECONDS = 240.0


class _Receiver(BaseHTTPRequestHandler):
    """Takes every call."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class LoadGenerator:
    """Posts in its own thread until it is stopped, and at least `jobs` jobs. Wants to be called when each ends.

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
        self._quit = threading.Event()  # never set: a pause between two jobs
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load")
        self._receiver = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
        self._receiving = threading.Thread(target=self._receiver.serve_forever, name="receiver", daemon=True)

    def start(self) -> None:
        self._receiving.start()
        self._thread.start()

    def finish(self) -> None:
        """Return when enough jobs are accepted. Raises what went wrong while posting."""
        self._enough.set()
        self._thread.join()
        self._client.close()
        if self._error is not None:
            raise self._error

    def wait_for_more(self, jobs: int) -> None:
        """Return when that many more jobs are accepted: a clock that runs only while the gateway serves."""
        with self._more:
            wanted = len(self.accepted) + jobs
            arrived = self._more.wait_for(
                lambda: len(self.accepted) >= wanted or self._error is not None, PATIENCE_SECONDS
            )
        assert arrived, "the gateway accepts no jobs any more"

    def _run(self) -> None:
        try:
            for number in itertools.count():
                if self._enough.is_set() and number >= self._wanted:
                    return
                more = {"callback_url": f"http://127.0.0.1:{self._receiver.server_port}/ended", "surface": SMALL}
                job_id = post_job(self._client, f"a pond with {number} fish", self._random.choice(COUNTS), **more)
                with self._more:
                    self.accepted.append(job_id)
                    self._more.notify_all()
                if number < self._wanted or not self._enough.is_set():
                    self._quit.wait(self._pace)
        except Exception as error:  # noqa: BLE001 - reported to the main thread
            self._error = error
            with self._more:
                self._more.notify_all()


def post_jobs(gateway_url: str, jobs: int, **more: object) -> list[str]:
    """Post jobs of one picture each, concurrently. Their ids."""
    with (
        httpx.Client(base_url=gateway_url, timeout=15, trust_env=False) as client,
        ThreadPoolExecutor(4) as clients,
    ):
        return list(clients.map(lambda number: post_job(client, f"a pond with {number} fish", 1, **more), range(jobs)))


def post_job(client: httpx.Client, prompt: str, count: int, **more: object) -> str:
    """The id of a job that was answered with 202, after as many tries with one idempotency key as that takes."""
    key = uuid.uuid4().hex
    accepted: list[str] = []

    def is_accepted() -> bool:
        with suppress(httpx.TransportError):  # the gateway may be dead, or die before it answers
            brief = {"prompt": prompt, "count": count, **more}
            answer = client.post("/v1/jobs", json=brief, headers={"Idempotency-Key": key})
            assert answer.status_code in (202, 409, 503), answer.text
            if answer.status_code == 202:
                accepted.append(str(answer.json()["id"]))
        return bool(accepted)

    assert wait_until(is_accepted, ANSWER_SECONDS), "a job was not accepted in time"
    return accepted[0]
