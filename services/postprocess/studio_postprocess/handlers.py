"""prediction.succeeded → every picture of the slot, or the stencil of a draft, is clamped, measured and stored."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from studio_chassis.persistence.job_service import JobService
from studio_chassis.persistence.objects import ObjectStore
from studio_chassis.runtime import failpoints
from studio_chassis.runtime.process_pool import WorkLost, WorkRunner
from studio_contracts.concept import ColourShare, Concept
from studio_contracts.errors import JobWarning
from studio_contracts.events import PredictionSucceeded
from studio_contracts.file_formats import VectorKind
from studio_contracts.job import Job
from studio_contracts.object_keys import fitted_picture_key, picture_key
from studio_contracts.palette import MAX_CHOSEN
from studio_contracts.pictures import PictureKind, StoredPicture
from studio_contracts.plan import Plan
from studio_contracts.slot import Slot
from studio_domain.domain_events import PictureFailure, PicturesMade
from studio_pictures.errors import PictureError
from studio_postprocess.io.download import Downloader, DownloadError
from studio_postprocess.picture_work import work_on_picture
from studio_postprocess.results import File, PaletteFit, weighed


def palette_fit(job: Job, plan: Plan) -> PaletteFit | None:
    """How a concept's palette follows its picture; None where it is decided: by the client, the brief or a draft."""
    drawn = job.brief.kind == "draft" and job.brief.picture is None
    decided = job.brief.palette is not None or drawn
    if decided or (plan.reading is not None and plan.reading.only_colours):
        return None
    if plan.reading is None:
        return PaletteFit((), ())
    subjects = [subject.colour for subject in plan.reading.subjects if subject.colour]
    asked = tuple(dict.fromkeys([*plan.reading.colours, *subjects]))
    return PaletteFit(asked[:MAX_CHOSEN], plan.reading.refused_colours)


@dataclass(frozen=True)
class Postprocess:
    """The handler and what it works with. `at_once` bounds the pictures in memory at the same time."""

    jobs: JobService
    objects: ObjectStore
    downloader: Downloader
    at_once: asyncio.Semaphore
    workers: WorkRunner

    async def make_pictures(self, job: Job, ready: PredictionSucceeded) -> None:
        """Turn one slot's outputs into concepts. A picture that cannot be had becomes a warning."""
        slot = job.slot(ready.slot)
        if slot is None or slot.attempt != ready.attempt or slot.state != "succeeded":
            return
        started = time.perf_counter()
        assert job.plan is not None
        key = job.plan.directions[slot.direction].stencil.key
        stencil = await self.objects.get(key)
        sources: list[Callable[[], Awaitable[bytes]]] = [partial(self.downloader.fetch, url) for url in slot.outputs]
        if job.brief.kind == "draft":  # its stencil is its picture, or the client's own is
            sources = [partial(self.objects.get, key if job.brief.picture is None else fitted_picture_key(job.id))]
        made = await asyncio.gather(
            *(self._picture(job, job.plan, slot, index, source, stencil) for index, source in enumerate(sources))
        )
        pictures = PicturesMade(
            slot.number,
            slot.attempt,
            concepts=tuple(one for one in made if isinstance(one, Concept)),
            failures=tuple(one for one in made if isinstance(one, PictureFailure)),
            seconds=time.perf_counter() - started,
        )
        await self.jobs.apply(job, pictures)

    async def _picture(
        self, job: Job, plan: Plan, slot: Slot, index: int, source: Callable[[], Awaitable[bytes]], stencil: bytes
    ) -> Concept | PictureFailure:
        codes = plan.directions[slot.direction].codes
        size = (plan.width_px, plan.height_px)
        fit = palette_fit(job, plan)
        unsold = plan.reading.unsold if plan.reading is not None else ()
        async with self.at_once:
            try:
                original = await source()
                made = await self.workers.run(
                    work_on_picture, original, stencil, codes, size, plan.layout, job.brief.surface, fit, unsold
                )
            except DownloadError as error:
                return PictureFailure(index, "download_failed", str(error))
            except PictureError as error:
                return PictureFailure(index, error.reason, str(error))
            except (WorkLost, MemoryError) as error:
                return PictureFailure(index, "too_demanding", f"the picture takes too much to work on: {error}")
            except (ArithmeticError, ValueError) as error:  # another try would end the same way
                return PictureFailure(index, "unusable", f"the picture cannot be worked on: {error}")
            concept_id = f"{slot.number}-{index}"
            pictures = {kind: _stored(job.id, concept_id, kind, file) for kind, file in made.pictures.items()}
            vectors = {kind: _stored(job.id, concept_id, kind, file) for kind, file in made.vectors.items()}
            files = {pictures[kind].key: file.data for kind, file in made.pictures.items()}
            await self.objects.put_all(files | {vectors[kind].key: file.data for kind, file in made.vectors.items()})
            failpoints.reached("after-store")
        return Concept(
            id=concept_id,
            slot=slot.number,
            index=index,
            direction=slot.direction,
            pictures=pictures,
            vectors=vectors,
            quality=weighed(made.quality, plan.directions[slot.direction].subjects_shown),
            palette_used=tuple(ColourShare(code=code, share=share) for code, share in made.shares.items() if share),
            installer=made.installer,
            materials=made.materials,
            warnings=tuple(JobWarning(code=code, text=text, slot=slot.number) for code, text in made.warnings),
        )


def _stored(job_id: str, concept_id: str, kind: PictureKind | VectorKind, file: File) -> StoredPicture:
    """A file as the job's document names it."""
    key = picture_key(job_id, concept_id, kind, file.media_type)
    digest = hashlib.sha256(file.data).hexdigest()
    return StoredPicture(key=key, sha256=digest, media_type=file.media_type, width=file.width, height=file.height)
