"""What must hold in every run: the invariants of a job after each change, and those of the whole world at the end."""

import asyncio
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from studio_chassis.invariants import at_rest_violations, change_violations, job_violations
from studio_contracts import topology
from studio_contracts.job import Job, PictureKind, VectorKind

if TYPE_CHECKING:
    from studio_simulation.world import World

PATIENCE_SECONDS = 60.0
"""Between a job's deadline and its end, at most."""
CALL_OFF_SECONDS = 240.0
"""After the faults and the job have ended, no prediction of a job that was called off runs for longer."""


class Checks:
    """Collects what is broken."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.violations: list[str] = []
        self._finals: dict[str, Job] = {}

    def observe(self, before: Job | None, after: Job) -> None:
        """A change was committed."""
        from studio_simulation.world import describe

        self._world.say("database", f"{after.id[:8]} {describe(after)}")
        for what in (*change_violations(before, after), *job_violations(after)):
            self._report(after.id, what)
        if any("evil" in output for slot in after.predictions for output in slot.outputs):
            self._report(after.id, "forgery_changes_nothing: a forged webhook was believed")
        if after.status == "completed":
            self._pictures(after)

    def failed(self, context: dict[str, Any]) -> None:
        """A task ended with an error that nobody awaited."""
        if not self._world.over:
            self.violations.append(f"no_lost_error: {context.get('message')}: {context.get('exception')!r}")

    def ended(self, task: asyncio.Task[Any]) -> None:
        """A task that should have gone on, or have ended well."""
        if not task.cancelled() and task.exception() is not None and not self._world.over:
            self.violations.append(f"no_lost_error: {task.exception()!r} in {task.get_coro()!r}")

    def at_the_end(self) -> None:
        """Nothing is under way any more."""
        world = self._world
        for job in world.database.jobs.values():
            for what in at_rest_violations(job, tuple(world.database.outboxes.get(job.id, ()))):
                self._report(job.id, what)
            if job.status == "completed":
                self._pictures(job)
            self._dead_letter(job)
            self._in_time(job)
            if world.faults.peaceful:
                self._in_peace(job)
        for job_id in world.accepted:
            if job_id not in world.database.jobs:
                self._report(job_id, "accepted_is_kept: there is no such job")
        if not world.rabbit.is_empty:
            self.violations.append("queues_are_empty: messages are left")
        self._letters()
        self._money()

    def keyed(self, number: int, prompt: str, count: int) -> None:
        """A client got the same answer for the same key, so it has one job."""
        briefs = [job.brief for job in self._world.database.jobs.values()]
        if prompt.startswith("waves") and sum((brief.prompt, brief.count) == (prompt, count) for brief in briefs) > 1:
            self.violations.append(f"same_key_same_job: client {number} has several")

    def _in_time(self, job: Job) -> None:
        """A job ends by its deadline, and before it unless the provider kept it waiting; it is rescued now and then."""
        assert job.finished_at is not None or not job.is_final
        if job.finished_at is not None and (job.finished_at - job.deadline_at).total_seconds() > PATIENCE_SECONDS:
            self._report(job.id, "ends_by_its_deadline: it ended later")
        fates = {p.fate for p in self._world.provider.predictions.values() if self._world.address_of(p)[0] == job.id}
        if job.error is not None and job.error.code == "timed_out" and "stuck" not in fates:
            self._report(job.id, "nothing_waits_for_its_deadline: it timed out though no prediction was stuck")
        lived = ((job.finished_at or job.updated_at) - job.created_at).total_seconds()
        if job.rescues > 2 + lived / 30:
            self._report(job.id, f"rescued_in_moderation: {job.rescues} times in {lived:.0f} seconds")

    def _in_peace(self, job: Job) -> None:
        """Where nothing goes wrong, nothing is retried, rescued or missing."""
        slots = job.predictions
        if job.rescues or job.warnings or any(slot.attempt > 1 for slot in slots):
            self._report(job.id, f"peace_is_uneventful: {job.rescues} rescues, {len(job.warnings)} warnings")
        if job.status == "failed" or (job.status == "completed" and len(job.concepts) != job.brief.count):
            self._report(job.id, f"peace_is_uneventful: {job.status} with {len(job.concepts)} pictures")

    def _report(self, job_id: str, what: str) -> None:
        line = f"{what} (job {job_id[:8]})"
        if line not in self.violations:
            self.violations.append(line)
            self._world.say("VIOLATION", line)

    def _pictures(self, job: Job) -> None:
        """Every promised picture can be fetched and is the one that was promised."""
        for concept in job.concepts:
            if set(concept.files) != {*get_args(PictureKind), *get_args(VectorKind)}:
                self._report(job.id, f"pictures_are_stored: {concept.id} lacks a kind")
            for stored in concept.files.values():
                data = self._world.bucket.get(stored.key)
                if data is None:
                    self._report(job.id, f"pictures_are_stored: {stored.key} is missing")
                elif hashlib.sha256(data).hexdigest() != stored.sha256:
                    self._report(job.id, f"pictures_are_stored: {stored.key} is another picture")

    def _dead_letter(self, job: Job) -> None:
        """A job that waits for a replay has a dead letter to be replayed."""
        wiped = self._world.faults.wipe_at is not None
        if not wiped and job.error is not None and job.error.replayable and job.id not in self._letters_by_job():
            self._report(job.id, "dead_letters_as_expected: replayable without a dead letter")

    def _letters_by_job(self) -> Counter[str]:
        letters = (m for queue in topology.QUEUES for m in self._world.rabbit.messages(queue.dead))
        return Counter(str(letter.headers.get("ce-subject")) for letter in letters)

    def _letters(self) -> None:
        """Dead letters are the poison that was put in, and what made a job fail, unless it was called off meanwhile."""
        letters = self._letters_by_job()
        poison = letters.pop("None", 0)
        if poison < self._world.poisoned and self._world.faults.wipe_at is None:
            self.violations.append(f"dead_letters_as_expected: {poison} of {self._world.poisoned} poisoned messages")
        for job_id, number in letters.items():
            job = self._world.database.jobs.get(job_id)
            if job is None or not job.is_final:
                self._report(job_id, f"dead_letters_as_expected: {number} of a job that does not know")
            elif job.status == "completed":
                self._report(job_id, f"dead_letters_as_expected: {number} of a job that is {job.status}")

    def _money(self) -> None:
        """One paid prediction per slot and attempt, none that nobody knows of, none that runs for nobody."""
        world = self._world
        bought: Counter[tuple[str, int, int]] = Counter()
        for prediction in world.provider.predictions.values():
            address = world.address_of(prediction)
            bought[address] += 1
            job = world.database.jobs[address[0]]
            slot = job.predictions[address[1]]
            if prediction.id not in slot.paid and not (job.is_final and job.status != "completed"):
                self._report(job.id, f"nothing_is_paid_for_nothing: {prediction.id} was never adopted")
            if world.faults.wipe_at is None:
                self._called_off(job, prediction)
            if prediction.fate in ("model", "aborted", "by_hand") and slot.attempt > address[2]:
                self._report(job.id, f"only_infrastructure_is_retried: {prediction.id} was {prediction.fate}")
        for (job_id, slot_number, attempt), number in bought.items():
            if number > 1:
                self._report(job_id, f"paid_once: slot {slot_number} attempt {attempt} was paid {number} times")
        per_slot: Counter[tuple[str, int]] = Counter()
        for (job_id, slot_number, _), number in bought.items():
            per_slot[job_id, slot_number] += number
        for (job_id, slot_number), number in per_slot.items():
            if number > world.database.jobs[job_id].limits.attempts_per_slot:
                self._report(job_id, f"paid_within_attempts: slot {slot_number} was paid {number} times")

    def _called_off(self, job: Job, prediction: Any) -> None:
        """A job that was called off stops spending."""
        from studio_simulation.faults import FAULTY_SECONDS
        from studio_simulation.world import BEGINNING

        if job.status not in ("canceled", "failed") or (job.error is not None and job.error.replayable):
            return
        assert job.finished_at is not None
        ended = (job.finished_at - BEGINNING).total_seconds()
        if prediction.created > ended + 20:
            self._report(job.id, f"canceled_stops_spending: {prediction.id} was bought afterwards")
        by = max(ended, FAULTY_SECONDS) + CALL_OFF_SECONDS
        if prediction.ended is None or (prediction.fate == "stuck" and prediction.ended > by):
            self._report(job.id, f"canceled_stops_spending: {prediction.id} ran on")
