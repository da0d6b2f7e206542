"""All that is stored of a job as one zip file, made while it is sent: one file at a time is in memory."""

import asyncio
import csv
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Iterator

from studio_chassis.persistence.objects import ObjectStore
from studio_contracts.job import Concept, Job, Materials, StoredPicture
from studio_contracts.palette import BY_CODE
from studio_gateway.api.views import job_view


class _ZipBuffer(io.RawIOBase):
    """Collects what the zip writer writes. It cannot seek, so the writer only appends."""

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


async def bundle(job: Job, objects: ObjectStore, root: str) -> AsyncIterator[bytes]:
    """The zip file in pieces: job.json and materials first, then each stored file. Pictures are compressed already."""
    buffer = _ZipBuffer()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _entries(job, root):
            data = await objects.get(content.key) if isinstance(content, StoredPicture) else content
            _add(archive, job, name, data)
            yield buffer.take()
    yield buffer.take()


async def bundle_size(job: Job, objects: ObjectStore, root: str) -> int:
    """How many bytes `bundle` gives, without reading a file. Raises ObjectNotFound, Unavailable."""
    sizes = await asyncio.gather(*(objects.size(stored.key) for _, stored in stored_files(job)))
    buffer = _ZipBuffer()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _entries(job, root):
            _add(archive, job, name, b"" if isinstance(content, StoredPicture) else content)
    return len(buffer.take()) + sum(sizes)  # what is stored uncompressed adds its own length and nothing else


def bundle_etag(job: Job, root: str) -> str:
    """The entity tag of the bundle: job.json names every file by its hash."""
    return f'"{hashlib.sha256(_about(job, root).encode()).hexdigest()[:32]}"'


def _entries(job: Job, root: str) -> Iterator[tuple[str, str | StoredPicture]]:
    yield "job.json", _about(job, root)
    yield from _tables(job)
    yield from stored_files(job)


def _add(archive: zipfile.ZipFile, job: Job, name: str, data: str | bytes) -> None:
    """Text is compressed. The date is the job's, so that the same job gives the same bytes."""
    entry = zipfile.ZipInfo(name, job.created_at.timetuple()[:6])
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED if isinstance(data, str) else zipfile.ZIP_STORED)


def _about(job: Job, root: str) -> str:
    return job_view(job, root).model_dump_json(indent=2)


def stored_files(job: Job) -> Iterator[tuple[str, StoredPicture]]:
    """Every stored file of the job with its name in the bundle, best rank first."""
    for number, direction in enumerate(job.plan.directions if job.plan is not None else ()):
        yield f"stencil-{number}.{_suffix(direction.stencil)}", direction.stencil
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
