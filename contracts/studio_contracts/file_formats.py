"""The formats of the files that a job has: one table for the keys in the object store, the API, bundles and clients."""

from typing import Literal

VectorKind = Literal["svg", "dxf"]
"""A format that a surface is exported in; also the suffix of its files."""

VECTOR_MEDIA_TYPES: dict[VectorKind, str] = {
    "svg": "image/svg+xml",
    "dxf": "image/vnd.dxf",
}

SUFFIXES: dict[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    **{media_type: kind for kind, media_type in VECTOR_MEDIA_TYPES.items()},
}
"""The suffix of a file by its media type."""
