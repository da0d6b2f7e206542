"""All that is stored of a job as one zip file, made while it is sent: one file at a time is in memory."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Iterator

from studio_chassis.persistence.objects import ObjectStore
from studio_contracts.job import Concept, Job, Materials, StoredPicture
from studio_contracts.palette import BY_CODE
from studio_gateway.api.views import job_view


class _ZipBuffer(io.RawIOBase):
    """Takes what the zip writer writes and gives it away; it cannot seek, so the writer never looks back."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken


async def bundle(job: Job, objects: ObjectStore) -> AsyncIterator[bytes]:
    """The zip file in pieces: job.json and materials first, then each stored file. Pictures are compressed already."""
    outlet = _ZipBuffer()
    moment = job.created_at.timetuple()[:6]
    with zipfile.ZipFile(outlet, "w") as archive:
        about = zipfile.ZipInfo("job.json", moment)
        archive.writestr(about, job_view(job).model_dump_json(indent=2), zipfile.ZIP_DEFLATED)
        yield outlet.take()
        for name, text in _tables(job):
            archive.writestr(zipfile.ZipInfo(name, moment), text, zipfile.ZIP_DEFLATED)
        for name, stored in stored_files(job):
            archive.writestr(zipfile.ZipInfo(name, moment), await objects.get(stored.key))
            yield outlet.take()
    yield outlet.take()


def stored_files(job: Job) -> Iterator[tuple[str, StoredPicture]]:
    """Every stored file of the job with its name in the bundle, best rank first."""
    if job.stencil is not None:
        yield f"stencil.{_suffix(job.stencil)}", job.stencil
    for name, concept in _named(job):
        for kind, stored in concept.files.items():
            yield f"{name}-{kind}.{_suffix(stored)}", stored


def materials_csv(materials: Materials) -> str:
    """One line a colour and one for the sum: share (0 to 1), area in m², granule in kg, bags."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("code", "name", "hex", "share", "area_m2", "granule_kg", "bags"))
    for line in materials.colours:
        table.writerow((*BY_CODE[line.code], line.share, line.area_m2, line.kg, line.bags))
    table.writerow(("total", "", "", 1, materials.area_m2, materials.kg, materials.bags))
    return text.getvalue()


def _tables(job: Job) -> Iterator[tuple[str, str]]:
    for name, concept in _named(job):
        if concept.materials is not None:
            yield f"{name}-materials.csv", materials_csv(concept.materials)


def _named(job: Job) -> Iterator[tuple[str, Concept]]:
    for concept in sorted(job.concepts, key=lambda concept: (concept.rank or 0, concept.slot, concept.index)):
        yield f"rank-{concept.rank}" if concept.rank is not None else f"concept-{concept.id}", concept


def _suffix(stored: StoredPicture) -> str:
    return stored.key.rpartition(".")[2]
