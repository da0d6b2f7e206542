"""The memory that the children of postprocess may use fits into its pod, so that none is killed in another's place."""

from pathlib import Path

import yaml

from studio_postprocess.settings import PostprocessSettings

MANIFEST = Path(__file__).parents[3] / "deploy" / "kubernetes" / "base" / "postprocess.yaml"
SERVICE_MIB = 200
"""The service itself, its fork server and the resource tracker of `multiprocessing`."""


def test_all_children_at_their_limit_fit_into_the_pod() -> None:
    documents = yaml.safe_load_all(MANIFEST.read_text())
    deployment = next(document for document in documents if document["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    limits = container["resources"]["limits"]
    assert limits["memory"].endswith("Mi")
    each = PostprocessSettings.model_fields["picture_memory_mb"].default
    assert int(limits["cpu"]) * each + SERVICE_MIB <= int(limits["memory"].removesuffix("Mi"))
