"""The release: every image, by digest, from one commit; a tag that no package carries is refused."""

import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from studio_contracts.services import SERVICES

ROOT = Path(__file__).parents[3]
RELEASE = runpy.run_path(str(ROOT / "deploy" / "images" / "release.py"))
DIGEST = f"sha256:{'0' * 64}"


def workflow(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return found


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow("release.yml")["jobs"][job]["steps"]
    return found


def step(job: str, action: str) -> dict[str, Any]:
    (found,) = (one for one in steps(job) if one.get("uses", "").startswith(action))
    return found


def test_every_image_is_built_from_its_package() -> None:
    built = {one["image"]: one for one in workflow("release.yml")["jobs"]["image"]["strategy"]["matrix"]["include"]}
    assert set(built) == {*SERVICES, "cli", "ops"}
    for one in built.values():
        assert (ROOT / one["package"] / "pyproject.toml").exists()
        assert all((ROOT / library / "pyproject.toml").exists() for library in one.get("libraries", "").split())
    assert {name: built[name]["package"] for name in SERVICES} == {name: f"services/{name}" for name in SERVICES}


def test_nothing_is_published_untested_unscanned_or_unsigned_and_all_of_it_by_digest() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert "workflow_call" in workflow("ci.yml")[True]  # YAML 1.1 reads `on` as a truth
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert {"test", "version"} <= set(jobs["image"]["needs"])
    assert "image" in jobs["publish"]["needs"]
    build = step("image", "docker/build-push-action")["with"]
    assert (build["platforms"], build["sbom"], build["provenance"]) == ("linux/amd64,linux/arm64", True, "mode=max")
    assert "@${{ steps.build.outputs.digest }}" in step("image", "aquasecurity/trivy-action")["with"]["image-ref"]
    names = [one.get("uses", one.get("run", "")).split("@")[0].split()[0] for one in steps("image")]
    assert names.index("docker/build-push-action") < names.index("aquasecurity/trivy-action") < names.index("cosign")


def test_the_shell_of_each_workflow_is_in_order() -> None:
    for name in ("ci.yml", "release.yml"):
        for job in workflow(name)["jobs"].values():
            for one in job.get("steps", []):
                subprocess.run(["bash", "-n", "-c", one.get("run", "")], check=True)


def test_a_tag_is_the_version_of_every_package() -> None:
    versions = RELEASE["packages"]()
    assert {"contracts", "chassis", "cli", *(f"services/{name}" for name in SERVICES)} <= set(versions)
    (version,) = set(versions.values())
    assert RELEASE["main"](["version", f"v{version}"]) == f"version={version}"
    with pytest.raises(ValueError, match=f"cli is {version}"):
        RELEASE["main"](["version", "v9.9.9"])


def test_the_manifest_and_the_overlay_s_part_name_digests(tmp_path: Path) -> None:
    for name in ("gateway", "ops"):
        (tmp_path / name).write_text(f"registry.example.com/acme/studio/studio-{name}@{DIGEST}\n")
    made = yaml.safe_load(RELEASE["main"](["manifest", "1.2.3", "abc", str(tmp_path)]))
    assert (made["version"], made["commit"], set(made["images"])) == ("1.2.3", "abc", {"studio-gateway", "studio-ops"})
    overlay = yaml.safe_load(RELEASE["main"](["kustomize", str(tmp_path)]))
    assert overlay["images"][0] == {
        "name": "studio-gateway", "newName": "registry.example.com/acme/studio/studio-gateway", "digest": DIGEST,
    }  # fmt: skip
    (tmp_path / "ops").write_text("registry.example.com/acme/studio/studio-ops:1.2.3")
    with pytest.raises(ValueError, match="by digest"):
        RELEASE["main"](["kustomize", str(tmp_path)])
