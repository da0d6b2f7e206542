"""Files that clients upload to be an input of a prediction."""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

MAX_UPLOAD_BYTES = 100 * 2**20
KEPT_FOR = timedelta(hours=24)
_PATH = re.compile(r"/v1/files/([^/]+)(?:/download)?")


@dataclass(frozen=True)
class Upload:
    """One uploaded file."""

    id: str
    name: str
    content_type: str
    content: bytes
    metadata: dict[str, Any]
    created_at: datetime

    def view(self, base_url: str) -> dict[str, Any]:
        """The file as the API describes it."""
        sums = {name: hashlib.new(name, self.content, usedforsecurity=False).hexdigest() for name in ("sha256", "md5")}
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "size": len(self.content),
            "etag": sums["md5"],
            "checksums": sums,
            "metadata": self.metadata,
            "created_at": self.created_at.isoformat(),
            "expires_at": (self.created_at + KEPT_FOR).isoformat(),
            "urls": {"get": f"{base_url}/v1/files/{self.id}"},
        }


class Uploads:
    """Uploads beyond `max_bytes` together are forgotten, oldest first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Upload] = OrderedDict()

    def add(self, upload: Upload) -> None:
        """Keep an upload; the newest is always kept."""
        self._kept[upload.id] = upload
        while len(self._kept) > 1 and sum(len(one.content) for one in self._kept.values()) > self._max_bytes:
            self._kept.popitem(last=False)

    def get(self, upload_id: str) -> Upload | None:
        """The upload of that id."""
        return self._kept.get(upload_id)

    def remove(self, upload_id: str) -> bool:
        """Whether there was such an upload; now there is none."""
        return self._kept.pop(upload_id, None) is not None

    def newest_first(self) -> list[Upload]:
        """All uploads."""
        return list(reversed(self._kept.values()))

    def behind(self, uri: str) -> Upload | None:
        """The upload that the URI of an input names. The provider reads its own files without a request."""
        match = _PATH.fullmatch(urlsplit(uri).path)
        return self.get(match[1]) if match else None
