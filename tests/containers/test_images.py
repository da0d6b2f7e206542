"""What is in the images, and what is not."""

import json
from functools import cache
from typing import Any

import docker
import pytest

from studio_contracts.services import SERVICES

MB = 1_000_000
LIMITS_MB = {"gateway": 240, "stencil": 350, "predictor": 120, "postprocess": 350, "reconciler": 120}
"""The gateway's child reads outlines from DXF and SVG files, with ezdxf, shapely and what they need."""
IMAGES = (*SERVICES, "standin")
ABSENT = {
    "gateway": "cv2 scipy skimage resvg_py",  # Pillow comes with what draws its sheets, numpy with what reads outlines
    "stencil": "fastapi cv2 httpx",
    "predictor": "fastapi numpy cv2 PIL",
    "postprocess": "fastapi starlette",
    "reconciler": "fastapi numpy cv2 PIL",
    "standin": "studio_contracts studio_chassis aio_pika motor",
}
"""Modules that an image has no use for."""
SOMEWHERE = sorted({name for names in ABSENT.values() for name in names.split()} | {"pip", "pytest"})
BASE = "python:3.11-slim-bookworm"

pytestmark = pytest.mark.usefixtures("compose")


def configuration(engine: docker.DockerClient, name: str) -> dict[str, Any]:
    return dict(engine.images.get(f"studio-{name}:test").attrs["Config"])


@cache
def seen_inside(engine: docker.DockerClient, name: str) -> dict[str, Any]:
    """What Python sees in a container as it is run in earnest: read-only and without privileges."""
    names = [*SOMEWHERE, *(f"studio_{one}" for one in IMAGES)]
    code = f"""
import importlib.util, json, os
modules = [name for name in {names} if importlib.util.find_spec(name)]
print(json.dumps({{"user": [os.getuid(), os.getgid()], "modules": modules}}))
"""
    output = engine.containers.run(
        f"studio-{name}:test",
        ["python", "-c", code],
        remove=True,
        read_only=True,
        network_mode="none",
        cap_drop=["ALL"],
    )
    return dict(json.loads(output))


@pytest.mark.parametrize(("name", "limit"), LIMITS_MB.items())
def test_an_image_adds_little_to_its_base(engine: docker.DockerClient, name: str, limit: int) -> None:
    added = engine.images.get(f"studio-{name}:test").attrs["Size"] - engine.images.get(BASE).attrs["Size"]
    assert 20 * MB < added < limit * MB


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_starts_python_directly_as_an_unprivileged_user(engine: docker.DockerClient, name: str) -> None:
    found = configuration(engine, name)
    assert found["User"] == "10001:10001"
    assert not found["Entrypoint"]
    assert found["Cmd"][0] == "python"
    assert f"studio_{name}" in " ".join(found["Cmd"])
    assert "/healthz" in found["Healthcheck"]["Test"][-1] or name == "standin"
    assert seen_inside(engine, name)["user"] == [10001, 10001]


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_says_what_it_is(engine: docker.DockerClient, name: str) -> None:
    labels = configuration(engine, name)["Labels"]
    assert labels["org.opencontainers.image.title"] == f"studio-{name}"
    assert labels["org.opencontainers.image.version"] == "test"
    assert labels["org.opencontainers.image.revision"] == "abc"


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_holds_its_own_service_and_no_more(engine: docker.DockerClient, name: str) -> None:
    found = set(seen_inside(engine, name)["modules"])
    assert found & {f"studio_{one}" for one in IMAGES} == {f"studio_{name}"}
    assert found.isdisjoint({*ABSENT[name].split(), "pip", "pytest"})


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_without_settings_names_them_and_ends(engine: docker.DockerClient, name: str) -> None:
    with pytest.raises(docker.errors.ContainerError) as ended:
        engine.containers.run(f"studio-{name}:test", remove=True, read_only=True, network_mode="none")
    assert ended.value.exit_status == 2
    message = str(ended.value)
    assert all(setting in message for setting in ("RABBITMQ_URL", "MONGODB_URL", "OBJECT_STORE_URL"))
