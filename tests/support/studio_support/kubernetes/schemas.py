"""Manifests against the schemas of their kinds, offline: Kubernetes' own, and ours for the custom resources."""

from functools import cache
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
from kubernetes_validate import utils

from studio_support.kubernetes import crds

VERSION = "1.34"
utils.schema_contents = cache(utils.schema_contents)  # it would read megabytes again for each manifest


def validate(manifest: dict[str, Any]) -> None:
    """Raises a ValidationError of kubernetes_validate, or of jsonschema for a custom resource."""
    if (manifest["apiVersion"], manifest["kind"]) in crds.SPECS:
        crds.validate(manifest)
    else:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
