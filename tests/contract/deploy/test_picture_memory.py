"""The memory that children may use for pictures fits into their pod, so that none is killed in another's place."""

from pathlib import Path

import pytest
import yaml

from studio_gateway.outline_files.found import FILE_LIMITS
from studio_postprocess.settings import PostprocessSettings
from studio_stencil.app import OWN_PICTURE

BASE = Path(__file__).parents[3] / "deploy" / "kubernetes" / "base"
SERVICE_MIB = 200
"""The service itself, its fork server and the resource tracker of `multiprocessing`."""
CHILD_MIB = {
    "postprocess": PostprocessSettings.model_fields["picture_memory_mb"].default,
    "gateway": FILE_LIMITS.memory_bytes // 2**20,
    "stencil": OWN_PICTURE.memory_bytes // 2**20,
}


@pytest.mark.parametrize("name", CHILD_MIB)
def test_all_children_at_their_limit_fit_into_the_pod(name: str) -> None:
    documents = yaml.safe_load_all((BASE / f"{name}.yaml").read_text())
    deployment = next(document for document in documents if document["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    limits = container["resources"]["limits"]
    assert limits["memory"].endswith("Mi")
    assert int(limits["cpu"]) * CHILD_MIB[name] + SERVICE_MIB <= int(limits["memory"].removesuffix("Mi"))
