"""The stack's folder: one owner at a time, and the secrets that its data was created with."""

import base64
import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import IO

from studio_local.errors import AlreadyRunningError

REPOSITORY = Path(__file__).resolve().parents[3]
TOOLS = REPOSITORY / ".studio" / "tools"


class FolderLock:
    """Held while a stack runs; the kernel lets go of it when the holder ends, however it ends."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Raises AlreadyRunningError, naming the holder and its address. Held already is no error."""
        if self._file:
            return
        file = (self._root / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise AlreadyRunningError(f"The stack already runs: {holder}. Stop that one first (Ctrl-C).") from None
        self._file = file
        self.describe("starting")

    def describe(self, what: str) -> None:
        """The message for a second start."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()}, {what}")
        self._file.flush()

    def release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def stable_secrets(root: Path) -> dict[str, str]:
    """Random once for each folder: the broker's password belongs to the data it was created with."""
    file = root / "secrets.json"
    if not file.exists():
        made = {name: secrets.token_urlsafe(24) for name in ("broker", "erlang_cookie", "webhook_token", "provider")}
        made["webhook_signing_key"] = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        file.touch(mode=0o600)
        file.write_text(json.dumps(made, indent=2))
    return dict(json.loads(file.read_text()))
