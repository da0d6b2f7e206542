"""What must hold in every run: the invariants of a job after each change, and those of the whole world at the end."""

import asyncio
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from studio_cli.replay import ReplayOutcome
from studio_contracts.file_formats import VectorKind
from studio_contracts.job import Job
from studio_contracts.pictures import PictureKind
from studio_domain.allowed_transitions import change_violations
from studio_domain.invariants import at_rest_violations, job_violations
from studio_simulation.dead_letter_checks import DeadLetterChecks
from studio_simulation.faults import BROKEN_BRIEFS, LETHAL, STUCK_SECONDS
from studio_simulation.ledger import Ledger
from studio_simulation.money import Money

if TYPE_CHECKING:
    from studio_simulation.world import World

DEADLINE_SLACK_SECONDS = 60.0
"""Between a job's deadline and its end, at most."""


class Checks:
    """Collects what is broken."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.violations: list[str] = []
        self._ledger = Ledger(world, self.report)
        self._dead_letters = DeadLetterChecks(world, self.report, self.violations)
        self.money = Money(world)

    def observe(self, before: Job | None, after: Job) -> None:
        """A change was committed."""
        self._world.say("database", f"{after.id[:8]} {describe(after)}")
        for what in (*change_violations(before, after), *job_violations(after)):
            self.report(after.id, what)
        if any("evil" in output for slot in after.predictions for output in slot.outputs):
            self.report(after.id, "forged_webhook_changes_nothing: a forged webhook was believed")
        if before is not None:
            self._ledger.observe(before, after)
            self._rescue_intervals(before, after)
        if after.status == "completed":
            self._pictures(after)

    def failed(self, context: dict[str, Any]) -> None:
        """A task ended with an error, and no code awaited it."""
        if not self._world.over:
            self.violations.append(f"no_lost_error: {context.get('message')}: {context.get('exception')!r}")

    def ended(self, task: asyncio.Task[Any]) -> None:
        """A task that should have continued, or ended without an error."""
        if not task.cancelled() and task.exception() is not None and not self._world.over:
            self.violations.append(f"no_lost_error: {task.exception()!r} in {task.get_coro()!r}")

    def at_the_end(self) -> None:
        """Nothing is under way any more."""
        world = self._world
        for job in world.jobs.values():
            for what in at_rest_violations(job, tuple(world.database.outboxes.get(job.id, ()))):
                self.report(job.id, what)
            if job.status == "completed":
                self._pictures(job)
            self._published(job)
            self._dead_letters.of(job)
            self._in_time(job)
            self._source(job)
            self._called(job)
            if world.faults.peaceful:
                self._in_peace(job)
        for job_id in world.accepted:
            if job_id not in world.jobs:
                self.report(job_id, "accepted_is_kept: there is no such job")
        for job_id, notes in world.noted.items():
            if world.database.jobs[job_id].notes != notes:
                self.report(job_id, "notes_are_kept: what its client wrote is gone")
        if not world.rabbit.is_empty:
            self.violations.append("queues_are_empty: messages are left")
        self._dead_letters.at_the_end()
        self._ledger.at_the_end()
        self.money.at_the_end()

    def keyed(self, number: int, prompt: str, count: int) -> None:
        """A client got the same answer for the same key, so it has one job."""
        briefs = [job.brief for job in self._world.jobs.values() if job.brief.source is None]
        if prompt.startswith("waves") and sum((brief.prompt, brief.count) == (prompt, count) for brief in briefs) > 1:
            self.violations.append(f"same_key_same_job: client {number} has several")

    def _published(self, job: Job) -> None:
        """The broker took the last event of a job that has ended: no rescue publishes it again."""
        if job.is_final and f"{job.id}:job.{job.status}.v1" not in self._world.rabbit.taken:
            self.report(job.id, "every_end_is_published: the broker never took its last event")

    def _source(self, job: Job) -> None:
        """What is painted from a draft has the stencils that were shown."""
        if job.brief.source is None or job.plan is None:
            return
        draft = self._world.database.jobs[job.brief.source.job].plan
        assert draft is not None
        shown = [draft.directions[number].stencil.sha256 for number in job.brief.source.directions]
        if [direction.stencil.sha256 for direction in job.plan.directions] != shown:
            self.report(job.id, "painted_as_shown: it has other stencils than its draft")

    def _called(self, job: Job) -> None:
        """Clients that asked for calls were called at the end, and at each stage they asked for."""
        if job.callback is None:
            return
        accepted = self._world.receivers.accepted.get(job.id, set())
        if not any(kind == f"job.{job.status}" for kind, _ in accepted):
            self.report(job.id, f"the_end_is_heard: it is {job.status}, and its client heard {sorted(accepted)}")
        for call in job.callback.calls:
            if (call.type, call.version) not in accepted:
                self.report(job.id, f"every_call_is_heard: {call.type} of version {call.version} was not")

    def _in_time(self, job: Job) -> None:
        """A job ends by its deadline, and before it unless the provider kept it waiting; it is rescued now and then."""
        assert job.finished_at is not None or not job.is_final
        if job.finished_at is not None and (job.finished_at - job.deadline_at).total_seconds() > DEADLINE_SLACK_SECONDS:
            self.report(job.id, "ends_by_its_deadline: it ended later")
        predictions = self._world.provider.predictions.values()
        outcomes = {p.outcome for p in predictions if self._world.address_of(p)[0] == job.id}
        # A brief that no handler can serve is tried for most of its time: again from the start where the broker loses
        # its messages, and later where another brief keeps killing the consumer.
        begins_late = self._world.faults.wipe_at is not None or self._world.disorder.brief == LETHAL
        excused = "stuck" in outcomes or (begins_late and job.brief.prompt in (*BROKEN_BRIEFS, LETHAL))
        if job.error is not None and job.error.code == "timed_out" and not excused:
            self.report(job.id, "nothing_waits_for_its_deadline: it timed out though no prediction was stuck")

    def _rescue_intervals(self, before: Job, after: Job) -> None:
        """A job is rescued when it stood still, and ever more rarely as long as that does not help."""
        if after.rescues == before.rescues:
            return
        without_effect = next((n for n, line in enumerate(reversed(before.timeline)) if line.event != "job.rescued"), 0)
        idle = (after.updated_at - before.updated_at).total_seconds()
        if idle < STUCK_SECONDS * min(2**without_effect, 4) - 2 * self._world.skew_seconds:
            self.report(
                after.id, f"rescued_in_moderation: after {idle:.0f} seconds and {without_effect} rescues without effect"
            )

    def _in_peace(self, job: Job) -> None:
        """Where nothing goes wrong, nothing is retried, rescued or missing."""
        slots = job.predictions
        if job.rescues or job.warnings or any(slot.attempt > 1 for slot in slots):
            self.report(job.id, f"peace_is_uneventful: {job.rescues} rescues, {len(job.warnings)} warnings")
        if job.status == "failed" or (job.status == "completed" and len(job.concepts) != job.pictures_wanted):
            self.report(job.id, f"peace_is_uneventful: {job.status} with {len(job.concepts)} pictures")

    @property
    def counts(self) -> Counter[str]:
        """How often what is rare and allowed happened."""
        operator, jobs = self._world.operator, self._world.jobs
        completed = sum(jobs[job_id].status == "completed" for job_id in operator.replayed)
        replays = {
            "replays": operator.outcomes[ReplayOutcome.REPLAYED],
            "repeated replays": operator.outcomes[ReplayOutcome.DONE_BEFORE],
        }
        over_budget = sum(
            warning.code == "over_budget" for job in self._world.jobs.values() for warning in job.warnings
        )
        refused = Counter({"refused at creation": self._world.refused, "refused at the claim": over_budget})
        return self._ledger.counts + refused + Counter(replays) + Counter({"replayed jobs completed": completed})

    def report(self, job_id: str, what: str) -> None:
        """A promise was broken."""
        line = f"{what} (job {job_id[:8]})"
        if line not in self.violations:
            self.violations.append(line)
            self._world.say("VIOLATION", line)

    def _pictures(self, job: Job) -> None:
        """Every promised picture can be fetched and is the one that was promised."""
        for concept in job.concepts:
            if set(concept.files) != {*get_args(PictureKind), *get_args(VectorKind)}:
                self.report(job.id, f"pictures_are_stored: {concept.id} lacks a kind")
            for stored in concept.files.values():
                data = self._world.bucket.get(stored.key)
                if data is None:
                    self.report(job.id, f"pictures_are_stored: {stored.key} is missing")
                elif hashlib.sha256(data).hexdigest() != stored.sha256:
                    self.report(job.id, f"pictures_are_stored: {stored.key} is another picture")


def describe(job: Job) -> str:
    """A job in one line."""
    slots = " ".join(
        f"{slot.number}:{slot.state}/{slot.attempt}/{len(slot.prediction_ids)}" for slot in job.predictions
    )
    return f"v{job.version} {job.status} {job.stage} [{slots}]" + (f" {job.error.code}" if job.error else "")
