"""Parts of a job as the services would record them."""

import hashlib
import struct
import zlib
from collections.abc import MutableMapping
from typing import Any

from studio_contracts.concept import ColourMaterial, ColourShare, Concept, Materials, Quality
from studio_contracts.object_keys import picture_key
from studio_contracts.pictures import StoredPicture
from studio_contracts.slot import GenerationRequest, Slot

SVG = "image/svg+xml"
PNG = "image/png"
KINDS: tuple[Any, ...] = ("original", "quantized", "thumbnail", "installable")
GENERATION = GenerationRequest(model="sdxl", version="v", cents_per_picture=3, input={})
MATERIALS = Materials(
    colours=(
        ColourMaterial(code="RH20", share=0.7, area_m2=17.5, kg=154, bags=7),
        ColourMaterial(code="RH31", share=0.3, area_m2=7.5, kg=66, bags=3),
    ),
    area_m2=25, kg=220, bags=10, binder_kg=(26.4, 44),
)  # fmt: skip

Bucket = MutableMapping[str, bytes]


def png(comment: str) -> bytes:
    """A picture of one pixel that differs by its comment."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0" + comment.encode() + bytes(range(1, 200)))
    return b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", zlib.compress(bytes(4))) + chunk(b"IEND", b"")


def store_picture(bucket: Bucket, key: str, media_type: str = PNG) -> StoredPicture:
    """Put bytes that differ by key into the bucket, and describe them."""
    data = png(key)
    bucket[key] = data
    return StoredPicture(
        key=key, sha256=hashlib.sha256(data).hexdigest(), media_type=media_type, width=1152, height=768
    )


def concept(bucket: Bucket, job_id: str, slot: Slot, score: float) -> Concept:
    """The one concept of a slot, with its files stored."""
    name = f"{slot.number}-0"
    return Concept(
        id=name, slot=slot.number, index=0, direction=slot.direction,
        quality=Quality(score=score, fidelity=0.9, flatness=0.9, contrast=0.7, balance=0.6, mean_delta_e=2.5),
        pictures={kind: store_picture(bucket, picture_key(job_id, name, kind, PNG)) for kind in KINDS},
        palette_used=(ColourShare(code="RH31", share=0.3), ColourShare(code="RH20", share=0.7)),
        vectors={"svg": store_picture(bucket, picture_key(job_id, name, "svg", SVG), SVG)},
        materials=MATERIALS,
    )  # fmt: skip
