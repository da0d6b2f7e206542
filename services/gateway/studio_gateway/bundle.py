"""All that is stored of a job as one zip file, made while it is sent: one file at a time is in memory."""

import io
import zipfile
from collections.abc import AsyncIterator, Iterator

from studio_chassis.objects import ObjectStore
from studio_contracts.job import Job, StoredPicture
from studio_gateway.views import job_view


class _Outlet(io.RawIOBase):
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
    """The zip file in pieces: job.json first, then each stored file. Pictures are compressed already."""
    outlet = _Outlet()
    moment = job.created_at.timetuple()[:6]
    with zipfile.ZipFile(outlet, "w") as archive:
        about = zipfile.ZipInfo("job.json", moment)
        archive.writestr(about, job_view(job).model_dump_json(indent=2), zipfile.ZIP_DEFLATED)
        yield outlet.take()
        for name, stored in stored_files(job):
            archive.writestr(zipfile.ZipInfo(name, moment), await objects.get(stored.key))
            yield outlet.take()
    yield outlet.take()


def stored_files(job: Job) -> Iterator[tuple[str, StoredPicture]]:
    """Every stored file of the job with its name in the bundle, best rank first."""
    if job.stencil is not None:
        yield f"stencil.{_suffix(job.stencil)}", job.stencil
    for concept in sorted(job.concepts, key=lambda concept: (concept.rank or 0, concept.slot, concept.index)):
        name = f"rank-{concept.rank}" if concept.rank is not None else f"concept-{concept.id}"
        for kind, stored in concept.files.items():
            yield f"{name}-{kind}.{_suffix(stored)}", stored


def _suffix(stored: StoredPicture) -> str:
    return stored.key.rpartition(".")[2]
