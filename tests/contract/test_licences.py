"""What the studio is run with may be used as it is used, and the list of licences is current."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("licences", ROOT / "docs" / "licences.py")
assert SPEC is not None
assert SPEC.loader is not None
licences = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(licences)

PERMISSIVE = re.compile(
    r"0BSD|Apache-2\.0|BSD(-[23]-Clause)?|CC0-1\.0|ISC|MIT(-CMU)?|MPL-2\.0|OFL-1\.1|PSF-2\.0|Zlib|Unlicense"
)
COPYLEFT = {"connected-components-3d": "LGPL-3.0-or-later"}
"""Used as published and exchangeable, in one image."""


def test_the_list_of_licences_is_current() -> None:
    assert licences.FILE.read_text() == licences.document(), "run: make docs"


def test_every_package_has_a_licence_that_permits_its_use() -> None:
    found = {name: licences.licence(name) for name in licences.packages(licences.LOCK.read_text())}
    assert len(found) > 60
    others = {
        name: licence
        for name, licence in found.items()
        if not all(PERMISSIVE.fullmatch(part) for part in re.split(r" AND | OR |[()]| / ", licence) if part)
    }
    assert others == COPYLEFT


def test_packages_are_read_off_a_lock_with_markers_and_hashes() -> None:
    lock = "numpy==2.4 ; python_full_version < '3.12' \\\n    --hash=sha256:00\nnumpy==2.5\nUvicorn[standard]==0.3 \\\n"
    assert licences.packages(lock + "pywin32==312 ; sys_platform == 'win32' \\\n") == ["numpy", "uvicorn"]
