"""The pictures of a job, as the object store has them."""

from typing import Literal

from studio_contracts.base import FrozenModel

PictureKind = Literal["original", "quantized", "thumbnail", "installable"]


class StoredPicture(FrozenModel):
    """A picture in the object store, found by its key and proven by its hash. In pixels, a vector in millimetres."""

    key: str
    sha256: str
    media_type: str
    width: int
    height: int
