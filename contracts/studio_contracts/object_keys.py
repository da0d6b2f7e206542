"""Where pictures live in the object store. Deterministic, so that doing a step twice overwrites its like."""

from studio_contracts.file_formats import SUFFIXES, VectorKind
from studio_contracts.pictures import PictureKind


def job_prefix(job_id: str) -> str:
    """What the keys of all a job's pictures begin with."""
    return f"jobs/{job_id}"


def own_picture_key(job_id: str) -> str:
    """Key of the picture that a client brought, as it was sent."""
    return f"{job_prefix(job_id)}/own-picture"


def fitted_picture_key(job_id: str) -> str:
    """Key of that picture on the surface, before its colours are matched: a PNG."""
    return f"{job_prefix(job_id)}/fitted-picture.png"


def stencil_key(job_id: str, direction: int) -> str:
    """Key of the stencil of one of a job's directions, by its number."""
    return f"jobs/{job_id}/directions/{direction}/stencil.png"


def picture_key(job_id: str, concept_id: str, kind: PictureKind | VectorKind, media_type: str) -> str:
    """Key of one picture of a concept."""
    return f"jobs/{job_id}/concepts/{concept_id}/{kind}.{SUFFIXES[media_type]}"
