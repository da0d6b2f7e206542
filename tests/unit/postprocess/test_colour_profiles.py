"""A picture's own colour profile is applied when it is read."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio_colour.difference import ByteArray
from studio_pictures.decode import decode
from studio_support.picture_files import saved

IN_SRGB = (199, 121, 99)
"""What (180, 120, 100) by the profile below is in sRGB, by the matrices of both."""


def wide_gamut() -> bytes:
    """The profile of Adobe RGB (1998) but for its exact curve: its green is far outside sRGB's."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"Wide\0" + bytes(78),
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        b"rTRC": (curve := b"curv" + bytes(4) + struct.pack(">IHH", 1, 0x0233, 0)),
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, contents, place = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", place + len(contents), len(content))
        contents += padded
    size = struct.pack(">I", place + len(contents))
    illuminant = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    header = (
        size + bytes(4) + b"\x02\x10\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28) + illuminant + bytes(48)
    )
    return header + table + contents


def xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colours_are_converted_by_the_pictures_own_profile(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100}
    image = Image.new("RGB", (16, 16), (180, 120, 100))
    plain = decode(saved(image, kind, **options)).rgb[8, 8].astype(int)
    seen = decode(saved(image, kind, icc_profile=wide_gamut(), **options)).rgb[8, 8].astype(int)
    np.testing.assert_allclose(plain, (180, 120, 100), atol=1)
    np.testing.assert_allclose(seen, IN_SRGB, atol=2)


def test_a_profile_leaves_transparency_as_it_is() -> None:
    image = Image.new("RGBA", (2, 1), (180, 120, 100, 255))
    image.putpixel((0, 0), (180, 120, 100, 0))
    rgb = decode(saved(image, icc_profile=wide_gamut())).rgb
    assert rgb[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_allclose(rgb[0, 1].astype(int), IN_SRGB, atol=2)


def test_an_indexed_picture_is_converted_too() -> None:
    image = Image.new("RGB", (4, 4), (180, 120, 100)).quantize(2)
    np.testing.assert_allclose(decode(saved(image, icc_profile=wide_gamut())).rgb[0, 0].astype(int), IN_SRGB, atol=2)


def test_the_profile_of_srgb_changes_nothing(rgb: ByteArray) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(decode(saved(Image.fromarray(rgb), icc_profile=profile)).rgb, rgb)


@pytest.mark.parametrize("profile", [b"no profile", bytes(200)])
def test_a_profile_that_cannot_be_used_is_ignored(rgb: ByteArray, profile: bytes) -> None:
    np.testing.assert_array_equal(decode(saved(Image.fromarray(rgb), icc_profile=profile)).rgb, rgb)
