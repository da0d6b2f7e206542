"""Compare files with the lock: `verify.py requirements.lock FOLDER` fails for one whose hash the lock does not name."""

import re
import sys
from hashlib import sha256
from pathlib import Path


def unknown_files(lock: str, folder: Path) -> list[str]:
    """Names of the files in the folder that the lock does not vouch for."""
    known = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    return [path.name for path in sorted(folder.iterdir()) if sha256(path.read_bytes()).hexdigest() not in known]


if __name__ == "__main__":
    if unknown := unknown_files(Path(sys.argv[1]).read_text(), Path(sys.argv[2])):
        sys.exit(f"not as locked: {', '.join(unknown)}")
