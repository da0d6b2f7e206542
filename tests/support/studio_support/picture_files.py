"""Makes picture files."""

import io

from PIL import Image


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The image as a file of this kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
