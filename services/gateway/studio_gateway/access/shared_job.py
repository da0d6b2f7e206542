"""What a link shows of a job: the rest is taken out of the job itself, so that no route can give it away."""

from collections.abc import Mapping
from typing import TypeVar

from studio_contracts.access import ShareLink
from studio_contracts.concept import Concept, Materials
from studio_contracts.job import Job, TimelineEntry
from studio_contracts.plan import Direction, Plan
from studio_contracts.slot import Slot

Numbered = TypeVar("Numbered", Concept, Slot)
NO_WORDS = "…"
"""Stands for the brief's text where it is left out and the job has no name."""


def as_shown(job: Job, link: ShareLink | None) -> Job:
    """The job as the link shows it; without a link, the job. What only its owner should know is in no link."""
    if link is None:
        return job
    job = job.model_copy(update={"metadata": {}, "callback": None, "notes": "", "project": ""})
    if link.favourites_only:
        job = _with_favourites_only(job)
    if "brief" not in link.shows:
        job = _without_words(job)
    if "cost" not in link.shows:
        job = job.model_copy(update={"generation": None})
    return job.model_copy(update={"concepts": tuple(_concept(concept, link) for concept in job.concepts)})


def _concept(concept: Concept, link: ShareLink) -> Concept:
    without: dict[str, object] = {}
    if "downloads" not in link.shows:
        without["vectors"] = {}
    if "brief" not in link.shows:
        without |= {"warnings": (), "materials": _without_named(concept.materials)}
    if "materials" not in link.shows:
        without["materials"] = None
    return concept.model_copy(update=without)


def _with_favourites_only(job: Job) -> Job:
    """Directions without a favourite go too: their stencils show what was not chosen. The others are renumbered."""
    concepts = [concept for concept in job.concepts if concept.id in job.favourites]
    kept = sorted({concept.direction for concept in concepts})
    hidden = sorted({slot.direction for slot in job.predictions} - set(kept))
    numbers = {direction: number for number, direction in enumerate([*kept, *hidden])}
    return job.model_copy(
        update={
            "plan": _with_directions(job.plan, kept),
            "concepts": tuple(_renumbered(concept, numbers) for concept in concepts),
            "predictions": tuple(_renumbered(slot, numbers) for slot in job.predictions),
            "timeline": _without_details(job),
        }
    )


def _with_directions(plan: Plan | None, kept: list[int]) -> Plan | None:
    if plan is None or not kept:
        return None
    return plan.model_copy(update={"directions": tuple(plan.directions[number] for number in kept)})


def _renumbered(one: Numbered, numbers: Mapping[int, int]) -> Numbered:
    return one.model_copy(update={"direction": numbers[one.direction]})


def _without_words(job: Job) -> Job:
    """Without the brief's text, and without what quotes it: how it was read, reasons, warnings, words for colours."""
    hidden = {"prompt": job.name or NO_WORDS, "seed": None, "source": None, "picture": None}
    return job.model_copy(
        update={
            "brief": job.brief.model_copy(update=hidden),
            "plan": None if job.plan is None else _plan_without_words(job.plan),
            "warnings": (),
            "error": None if job.error is None else job.error.model_copy(update={"detail": job.error.title}),
            "timeline": _without_details(job),
        }
    )


def _without_details(job: Job) -> tuple[TimelineEntry, ...]:
    """They name every direction with its reason."""
    return tuple(entry.model_copy(update={"detail": None}) for entry in job.timeline)


def _plan_without_words(plan: Plan) -> Plan:
    directions = tuple(_direction_without_words(direction) for direction in plan.directions)
    return plan.model_copy(update={"reading": None, "palette_reason": "", "not_drawn": (), "directions": directions})


def _direction_without_words(direction: Direction) -> Direction:
    return direction.model_copy(update={"reason": "", "seed": 0, "subjects_shown": None})


def _without_named(materials: Materials | None) -> Materials | None:
    """A blend that answers to a word of the brief names it."""
    if materials is None:
        return None
    blends = tuple(blend for blend in materials.blends if blend.reason != "named")
    return materials.model_copy(update={"blends": blends})
