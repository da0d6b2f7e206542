"""Response headers as the API's description names them."""

from typing import Any

Header = dict[str, dict[str, Any]]


def _header(name: str, description: str, example: str, type_: str = "string") -> Header:
    return {name: {"description": description, "schema": {"type": type_}, "example": example}}


LOCATION = _header("Location", "Where the job is", "/v1/jobs/0b9f4c1e-9f0e-4a57-8d2c-3f4f2f0f7c11")
RETRY_AFTER = _header("Retry-After", "Seconds after which to ask again", "1")
ETAG = _header("ETag", "Names this version: send it back as If-None-Match", '"7"')
REPLAYED = _header("Idempotent-Replayed", "The key was sent before: this is the job of then", "true")
CONTENT_RANGE = _header("Content-Range", "Which bytes of how many these are", "bytes 0-99/20480")
ACCEPT_RANGES = _header("Accept-Ranges", "Ranges of bytes can be asked for", "bytes")
DISPOSITION = _header("Content-Disposition", "The file's name", 'attachment; filename="ocean-1-quantized.png"')
CACHE_CONTROL = _header("Cache-Control", "For how long it may be kept", "private, no-cache")
REQUEST_ID = _header("X-Request-ID", "Names this request in the studio's logs", "4f1c0e5b2f8e4d3c9a7b6d5e4f3c2b1a")
