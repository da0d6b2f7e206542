"""What a release is made of: `release.py version v1.2.3`, `manifest VERSION COMMIT FOLDER`, `kustomize FOLDER`.

The folder holds a file for each image, with its name and digest: `registry/studio-gateway@sha256:…`. No package
but Python's own is needed.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_REFERENCE = re.compile(r"[a-z0-9./_:-]+/studio-([a-z]+)@sha256:[0-9a-f]{64}")


def packages() -> dict[str, str]:
    """Version of each package of the repository, by its folder."""
    files = [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/*/pyproject.toml")]
    found = {file.parent.relative_to(ROOT): tomllib.loads(file.read_text()).get("project") for file in files}
    return {str(folder): project["version"] for folder, project in found.items() if project}


def version_of(tag: str, versions: dict[str, str]) -> str:
    """The version that a tag names. Raises ValueError where a package has another."""
    version = tag.removeprefix("v")
    others = [f"{folder} is {found}" for folder, found in sorted(versions.items()) if found != version]
    if others or not tag.startswith("v"):
        raise ValueError(f"{tag} is not the version of every package: {', '.join(others)}")
    return version


def digests(folder: Path) -> dict[str, str]:
    """References by digest, by the image's name. Raises ValueError for what is no such reference."""
    found = {}
    for file in sorted(folder.iterdir()):
        reference = file.read_text().strip()
        match = _REFERENCE.fullmatch(reference)
        if match is None or match[1] != file.name:
            raise ValueError(f"{file.name}: {reference} is no reference of studio-{file.name} by digest")
        found[f"studio-{file.name}"] = reference
    return found


def manifest(version: str, commit: str, images: dict[str, str]) -> str:
    """The release as JSON: what was built from which commit."""
    return json.dumps({"version": version, "commit": commit, "images": images}, indent=2)


def kustomize(images: dict[str, str]) -> str:
    """The `images` of an overlay, by digest."""
    lines = ["images:"]
    for name, reference in images.items():
        where, digest = reference.split("@")
        lines.append(f"  - {{ name: {name}, newName: {where}, digest: {digest} }}")
    return "\n".join(lines)


def main(arguments: list[str]) -> str:
    """What is printed. Raises ValueError."""
    match arguments:
        case ["version", tag]:
            return f"version={version_of(tag, packages())}"
        case ["manifest", version, commit, folder]:
            return manifest(version, commit, digests(Path(folder)))
        case ["kustomize", folder]:
            return kustomize(digests(Path(folder)))
    raise ValueError(str(__doc__))


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]) + "\n")
    except ValueError as error:
        sys.exit(str(error))
