"""What a client posts: a brief, the directions of a job to be painted, or a concept with edits; and whom to call."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from pydantic import Field

from studio_chassis.errors import JobNotFound
from studio_chassis.outbound.callback_url import CallbackUrlError, Reach, check_callback_url
from studio_contracts.brief import Brief, BriefFields, Prompt, Source
from studio_contracts.callbacks import MAX_URL_CHARS, STAGE_CALLBACKS, Callback, Metadata, StageCallback
from studio_contracts.concept import Concept
from studio_contracts.details import Name, Project
from studio_contracts.edits import EditError, codes_after
from studio_contracts.job import Job
from studio_gateway.access.caller import Caller
from studio_gateway.access.owned_jobs import OwnedJobs

CHANGEABLE = frozenset({"source", "kind", "count", "style", "seed"})
"""What may differ from the job whose directions are painted. The rest is in the stencils already."""


class JobRequest(BriefFields[Prompt | None]):
    """A brief; or `from`, and what else shall differ from the brief of that job."""

    prompt: Prompt | None = Field(None, description="What the surface should look like; needed unless `from` is given.")
    callback_url: str | None = Field(
        None, max_length=MAX_URL_CHARS, description="Call this https address when the job ends (see the webhooks)."
    )
    callback_events: tuple[StageCallback, ...] = Field(
        (), max_length=len(STAGE_CALLBACKS), description="Call it when the job reaches these stages, too."
    )
    metadata: Metadata = Field(
        default_factory=dict,
        description="Your own words about the job, given back in its views and in every call: up to 20 pairs, 2 kB.",
    )

    name: Name = Field("", description="What you call the job; the list's search finds it.")
    project: Project = Field(
        "", description="The project that the job belongs to, by its name; left out, that of `from`."
    )

    def callback(self, reach: Reach, caller: Caller) -> Callback | None:
        """Where the client is to be called. Raises RequestValidationError."""
        return callback_of(self.callback_url, self.callback_events, reach, caller)


def callback_of(url: str | None, events: Sequence[StageCallback], reach: Reach, caller: Caller) -> Callback | None:
    """Where a client is to be called; an anonymous caller cannot ask for calls. Raises RequestValidationError."""
    if url is None:
        if events:
            raise _invalid("callback_events", "no_callback_url", "There is no callback_url for these.")
        return None
    if caller.via == "anonymous":
        raise _invalid("callback_url", "callback_url", "Calls to clients need an API key.")
    try:
        check_callback_url(url, reach)
    except CallbackUrlError as error:
        raise _invalid("callback_url", "callback_url", str(error)) from error
    return Callback(url=url, events=tuple(dict.fromkeys(events)))


class WantedJob(NamedTuple):
    """The brief that is asked for, and the project it belongs to: the one given, else that of the job in `from`."""

    brief: Brief
    project: str


async def to_wanted(request: JobRequest, jobs: OwnedJobs) -> WantedJob:
    """What is asked for. Raises RequestValidationError, naming the field; Unavailable."""
    given = {name: getattr(request, name) for name in request.model_fields_set & Brief.model_fields.keys()}
    if request.source is None:
        if request.prompt is None:
            raise _invalid("prompt", "no_prompt", "Say in a few words what the surface should look like.")
        return WantedJob(Brief(**given), request.project)
    for name in given:
        if name not in CHANGEABLE:
            raise _invalid(name, "given_by_source", "This stays as it is in the job named in `from`: leave it out.")
    job = await _source(request.source, jobs)
    project = request.project if "project" in request.model_fields_set else job.project
    if request.source.concept is not None:
        edited = _edited(given, request.source, _concept(job, request.source.concept), job.brief)
        return WantedJob(edited, project)
    if request.kind == "draft":
        raise _invalid("kind", "given_by_source", "A draft is drawn anew: leave `from` or `kind` out.")
    return WantedJob(job.brief.model_copy(update={**given, "kind": "painted", "picture": None}), project)


def _edited(given: dict[str, Any], source: Source, concept: Concept, brief: Brief) -> Brief:
    """The brief of the edited concept. It is a draft, so that it costs nothing, unless `kind` says otherwise."""
    try:
        codes = codes_after((used.code for used in concept.palette_used), source.edits)
    except EditError as error:
        raise _invalid(f"from.edits.{error.number}", "impossible_edit", str(error)) from error
    surface = brief.surface.after(source.edits)
    return brief.model_copy(
        update={"kind": "draft", **given, "palette": codes, "surface": surface, "framed": False, "picture": None}
    )


def _concept(job: Job, concept_id: str) -> Concept:
    for concept in job.concepts:
        if concept.id == concept_id and "installable" in concept.pictures:
            return concept
    known = ", ".join(concept.id for concept in job.concepts) or "none yet"
    raise _invalid("from.concept", "unknown_concept", f"There is no concept {concept_id}. There are: {known}.")


async def _source(source: Source, jobs: OwnedJobs) -> Job:
    try:
        job = await jobs.load_own(source.job)
    except JobNotFound as error:
        raise _invalid("from.job", "unknown_job", f"There is no job {source.job}.") from error
    if job.plan is None:
        raise _invalid("from.job", "no_directions", "This job has no directions yet.")
    missing = [number for number in source.directions if number >= len(job.plan.directions)]
    if missing:
        text = f"This job has the directions 0 to {len(job.plan.directions) - 1}."
        raise _invalid("from.directions", "unknown_direction", text)
    return job


def _invalid(field: str, kind: str, text: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body", *field.split(".")), "msg": text, "input": None}])
