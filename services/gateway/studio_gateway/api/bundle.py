"""All there is of a job as one zip file, made while it is sent."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Iterator

from studio_chassis.persistence.objects import ObjectStore
from studio_contracts.access import ShareLink
from studio_contracts.concept import Concept
from studio_contracts.job import Job
from studio_contracts.pictures import StoredPicture
from studio_gateway.api.documents import sheet_of
from studio_gateway.api.file_names import concept_name
from studio_gateway.api.presenters import job_view
from studio_gateway.documents.drawn_sheets import DrawnSheets
from studio_gateway.documents.tables import materials_csv


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


class Bundle:
    """The zip file of a job: job.json, materials and sheets first, then each stored file.

    The same job at the same outside address in the same language gives the same bytes. `root` precedes the path of
    every link; with `link` the job is what that share link shows.
    """

    def __init__(
        self,
        job: Job,
        objects: ObjectStore,
        sheets: DrawnSheets,
        *,
        root: str,
        address: str,
        link: ShareLink | None,
        language: str,
    ) -> None:
        self._job = job
        self._objects = objects
        self._sheets = sheets
        self._about = job_view(job, root, link).model_dump_json(indent=2)
        self._address = address
        self._language = language
        self._entries: list[tuple[str, str | bytes | StoredPicture]] = []

    @property
    def etag(self) -> str:
        """The entity tag: job.json names every file by its hash, and sheets hold address and language."""
        return f'"{hashlib.sha256(f"{self._language} {self._address} {self._about}".encode()).hexdigest()[:32]}"'

    async def prepare(self) -> int:
        """Make what is not stored; how many bytes the zip file has. Raises ObjectNotFound, Unavailable."""
        self._entries = [("job.json", self._about), *_tables(self._job)]
        for concept in _ranked(self._job):
            if "installable" in concept.pictures:
                sheet = await sheet_of(self._job, concept, self._objects, self._sheets, self._address, self._language)
                self._entries.append((f"{concept_name(concept)}-sheet.pdf", sheet))
        self._entries += stored_files(self._job)
        sizes = await asyncio.gather(*(self._objects.size(stored.key) for _, stored in stored_files(self._job)))
        buffer = _ZipBuffer()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in self._entries:
                self._add(archive, name, b"" if isinstance(content, StoredPicture) else content)
        return len(buffer.take()) + sum(sizes)  # what is stored uncompressed adds its own length and nothing else

    async def chunks(self) -> AsyncIterator[bytes]:
        """The zip file in pieces, after `prepare`. One stored file at a time is in memory."""
        buffer = _ZipBuffer()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in self._entries:
                data = await self._objects.get(content.key) if isinstance(content, StoredPicture) else content
                self._add(archive, name, data)
                yield buffer.take()
        yield buffer.take()

    def _add(self, archive: zipfile.ZipFile, name: str, data: str | bytes) -> None:
        """Text is compressed; all else is already. The date is the job's, so that the same job gives the same bytes."""
        entry = zipfile.ZipInfo(name, self._job.created_at.timetuple()[:6])
        archive.writestr(entry, data, zipfile.ZIP_DEFLATED if isinstance(data, str) else zipfile.ZIP_STORED)


def stored_files(job: Job) -> Iterator[tuple[str, StoredPicture]]:
    """Every stored file of the job with its name in the bundle, best rank first."""
    for number, direction in enumerate(job.plan.directions if job.plan is not None else ()):
        yield f"stencil-{number}.{_suffix(direction.stencil)}", direction.stencil
    for concept in _ranked(job):
        for kind, stored in concept.files.items():
            yield f"{concept_name(concept)}-{kind}.{_suffix(stored)}", stored


def _tables(job: Job) -> Iterator[tuple[str, str]]:
    for concept in _ranked(job):
        if concept.materials is not None:
            yield f"{concept_name(concept)}-materials.csv", materials_csv(concept.materials)


def _ranked(job: Job) -> list[Concept]:
    return sorted(job.concepts, key=lambda concept: (concept.rank or 0, concept.slot, concept.index))


def _suffix(stored: StoredPicture) -> str:
    return stored.key.rpartition(".")[2]
