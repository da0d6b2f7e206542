"""Picture files that cost a careless reader gigabytes or minutes, and pictures with too many regions to lay."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageCms

from studio_colour.difference import ByteArray
from studio_postprocess.installable.regions import IntArray

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, *chunks: bytes) -> bytes:
    """An RGB PNG with these chunks between its header and its end."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_SIGNATURE + header + b"".join(chunks) + chunk(b"IEND")


def zeros(size: int) -> bytes:
    """A zlib stream of at least that many zero bytes. Made of equal blocks, so that it takes no time to make."""
    block = 1 << 24
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = deflate.compress(bytes(block)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + part * -(-size // block) + b"\x03\x00" + bytes(4)


def inflating_png(size: int) -> bytes:
    """64x64 pixels whose stream goes on for `size` bytes."""
    return png_of(64, 64, chunk(b"IDAT", zeros(size)))


def png_of_chunks(kind: bytes, number: int) -> bytes:
    """A valid picture among that many empty chunks."""
    pixels = zlib.compress((b"\0" + bytes([200, 30, 30]) * 64) * 64)
    return png_of(64, 64, chunk(b"IDAT", pixels), chunk(kind) * number)


def png_with(ancillary: bytes) -> bytes:
    """A sound picture of one colour, (200, 30, 30), with a chunk before its pixels."""
    pixels = zlib.compress((b"\0" + bytes([200, 30, 30]) * 64) * 64)
    return png_of(64, 64, ancillary, chunk(b"IDAT", pixels))


def profile_chunk(profile: bytes) -> bytes:
    """The PNG chunk of an ICC profile."""
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile))


def srgb_profile() -> bytes:
    """Pillow's sRGB profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def linear_profile(name: bytes) -> bytes:
    """The primaries of sRGB with linear light: each tone curve replaced by the identity."""
    profile = bytearray(srgb_profile())
    for number in range(int.from_bytes(profile[128:132])):
        entry = 132 + 12 * number
        tag, start = bytes(profile[entry : entry + 4]), int.from_bytes(profile[entry + 4 : entry + 8])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            profile[start : start + 12] = b"curv" + bytes(8)
            profile[entry + 8 : entry + 12] = (12).to_bytes(4)
        elif tag == b"desc":
            text = profile[start : start + int.from_bytes(profile[entry + 8 : entry + 12])]
            replaced = name.decode().encode("utf-16-be") if text.startswith(b"mluc") else name
            profile[start + len(text) - len(replaced) : start + len(text)] = replaced
    return bytes(profile)


def jpeg_of_scans(scans: int, side: int = 256) -> bytes:
    """A progressive JPEG whose last scan is repeated that many times."""
    data = saved(Image.effect_noise((side, side), 60).convert("RGB"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def jpeg_of_segments(number: int) -> bytes:
    """A JPEG with that many empty comments."""
    data = saved(Image.new("RGB", (64, 64), "red"), "JPEG")
    return data[:2] + b"\xff\xfe\x00\x02" * number + data[2:]


def webp_of_canvas(width: int, height: int) -> bytes:
    """A WebP that claims such a canvas and holds next to nothing."""
    frame = saved(Image.new("RGB", (16, 16), "red"), "WEBP", lossless=True)[12:]
    canvas = b"\x02\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body += b"ANMF" + struct.pack("<I", 16 + len(frame)) + bytes(6) + b"\x0f\0\0\x0f\0\0" + bytes(4) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_of_chunks(number: int) -> bytes:
    """A valid WebP followed by that many empty chunks of no meaning."""
    data = saved(Image.new("RGB", (16, 16), "red"), "WEBP", lossless=True)
    body = data[8:] + (b"junk" + bytes(4)) * number
    return b"RIFF" + struct.pack("<I", len(body)) + body


def checkerboard(width: int, height: int, side: int = 1) -> ByteArray:
    """Black and white squares of `side` pixels, sRGB (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width] // side
    return _grey((x + y) % 2 * 255)


def halftone(width: int, height: int, step: int = 6) -> ByteArray:
    """Round dots that grow across the picture, as print shows a gradient."""
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot(x % step - step / 2, y % step - step / 2)
    dots = distance < np.sqrt(x / width) * step / 2
    return np.where(dots[..., None], np.array([0, 117, 188]), np.array([232, 227, 216])).astype(np.uint8)


def noise(width: int, height: int, seed: int = 1) -> ByteArray:
    """Each pixel any colour."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def dithered(width: int, height: int, seed: int = 2) -> ByteArray:
    """A soft gradient in pure primaries by random dithering: a picture with an honest look, and regions of a pixel."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.random((5, 7, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    return ((soft > rng.random((height, width, 1))) * 255).astype(np.uint8)


def stripes(width: int, height: int) -> ByteArray:
    """Lines one pixel wide."""
    x = np.broadcast_to(np.arange(width) % 2, (height, width))
    return _grey(x * 255)


def comb(width: int, height: int) -> ByteArray:
    """Two colours that interlock along one border as long as the picture has pixels."""
    board = stripes(width, height)
    board[0], board[-1] = 0, 255
    return board


def _grey(levels: IntArray) -> ByteArray:
    spread: ByteArray = levels.astype(np.uint8)[..., None].repeat(3, axis=2)
    return spread
