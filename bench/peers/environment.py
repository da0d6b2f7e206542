"""The environment that peers run in: their own packages before those of the studio, whose code does the work."""

import site
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"


def peers_environment(folder: Path) -> Path:
    """The `bin` of an environment with what the peers need, made on first use."""
    marker, binaries = folder / "installed.txt", folder / "bin"
    if not marker.exists() or marker.read_text() != REQUIREMENTS.read_text():
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([binaries / "python", "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        ours = next(path for path in site.getsitepackages() if path.endswith("site-packages"))
        # after the installation, or pip would take what the studio has for what the peers need
        (folder / "lib" / version / "site-packages" / "zz_studio.pth").write_text(
            f"import site; site.addsitedir({ours!r})\n"
        )
        marker.write_text(REQUIREMENTS.read_text())
    return binaries
