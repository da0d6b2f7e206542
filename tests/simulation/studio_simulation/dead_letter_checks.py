"""Dead letters: those that must be there, and no other."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from aio_pika import Message

from studio_chassis.messaging.cloudevents import ATTEMPT, DEAD_LETTERED_AT, LAST_ERROR
from studio_contracts import topology
from studio_contracts.job import Job

if TYPE_CHECKING:
    from studio_simulation.world import World


class DeadLetterChecks:
    """Compares what lies in the dead-letter queues with what the jobs say."""

    def __init__(self, world: "World", report: Callable[[str, str], None], violations: list[str]) -> None:
        self._world = world
        self._report = report
        self._violations = violations

    def of(self, job: Job) -> None:
        """A job that waits for a replay has a dead letter to be replayed."""
        if self._world.faults.wipe_at is not None or job.error is None or not job.error.replayable:
            return
        if job.id not in self._by_job():
            self._report(job.id, "dead_letters_as_expected: replayable without a dead letter")
        if self._world.faults.fixed_at is not None:
            self._report(job.id, "fixed_jobs_are_sent_on: it still waits for a replay")

    def _by_job(self) -> Counter[str]:
        return Counter(str(message.headers.get("ce-subject")) for message in self._all())

    def _all(self) -> list[Message]:
        return [message for queue in topology.QUEUES for message in self._in(queue)]

    def _in(self, queue: topology.Queue) -> list[Message]:
        name = queue.dead_letter_queue
        return self._world.rabbit.messages(name) if name in self._world.rabbit.queues else []

    def _given_up(self) -> None:
        """What the broker dead-lettered was looked at, and its job did not wait for its deadline."""
        if any(DEAD_LETTERED_AT not in message.headers for message in self._all()):
            self._violations.append("delivery_limits_are_reported: a dead letter of the broker was not looked at")
        for message in self._all():
            job = self._world.jobs.get(str(message.headers.get("ce-subject")))
            given_up = str(message.headers.get(LAST_ERROR)).startswith("the broker gave")
            if given_up and job is not None and job.error is not None and job.error.code == "timed_out":
                self._report(job.id, "undeliverable_jobs_fail: the broker gave its message up, and it waited on")

    def at_the_end(self) -> None:
        """Dead letters are the hostile messages that were sent, and what made a job fail, if not cancelled first.

        What the broker dead-lettered, because its consumers died of it or beside it, is reported by the reconciler. It
        may be an old copy of a message that did its work.
        """
        self._given_up()
        ours = [
            message for message in self._all() if not str(message.headers.get(LAST_ERROR)).startswith("the broker gave")
        ]
        for message in ours:
            if "OverflowError" in str(message.headers.get(LAST_ERROR)) and message.headers.get(ATTEMPT) != 1:
                self._report(str(message.headers["ce-subject"]), "arithmetic_is_never_retried: it was")
        by_job = Counter(str(message.headers.get("ce-subject")) for message in ours)
        reports = self._in(topology.PREDICTOR_PREDICTION_UPDATED)
        if any(message in ours and message.headers.get("ce-subject") is not None for message in reports):
            self._violations.append("reports_are_never_set_aside: a report of the provider is a dead letter")
        poison = by_job.pop("None", 0)
        if poison < self._world.poisoned and self._world.faults.wipe_at is None:
            self._violations.append(f"dead_letters_as_expected: {poison} of {self._world.poisoned} poisoned messages")
        for job_id, number in by_job.items():
            job = self._world.jobs.get(job_id)
            if job is None or not job.is_final:
                self._report(job_id, f"dead_letters_as_expected: {number} of a job that does not know")
            elif job.status == "completed":
                self._report(job_id, f"dead_letters_as_expected: {number} of a job that is {job.status}")
