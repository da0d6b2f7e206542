"""One job through the five containers, with broker, database, object store and the provider's stand-in."""

from typing import Any

import httpx
import pytest

from studio_contracts.services import SERVICES
from studio_local.processes import wait_until


def test_a_job_goes_through_the_five_containers(studio: httpx.Client, compose: Any) -> None:
    answer = studio.post("/v1/jobs", json={"prompt": "ocean energy with fish", "count": 6})
    assert answer.status_code == 202, answer.text
    address = f"/v1/jobs/{answer.json()['id']}"
    wait_until(lambda: studio.get(address).json()["status"] in ("completed", "failed"), 300)
    job = studio.get(address).json()
    assert job["status"] == "completed", job
    assert len(job["concepts"]) == 6
    for concept in job["concepts"]:
        for picture in concept["pictures"].values():
            fetched = studio.get(picture["url"], follow_redirects=True)
            assert fetched.status_code == 200
            assert fetched.content.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF"))
    seen = {line["service"] for line in job["timeline"]}
    assert {"gateway", "stencil", "predictor", "postprocess"} <= seen


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("service", SERVICES)
def test_containers_are_healthy_read_only_and_unprivileged(compose: Any, service: str) -> None:
    found = compose.containers(service)
    assert len(found) == (2 if service == "postprocess" else 1)
    for container in found:
        assert container.attrs["State"]["Health"]["Status"] == "healthy"
        host = container.attrs["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert container.exec_run(["python", "-c", "open('/opt/studio/x', 'w')"]).exit_code != 0


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("service", SERVICES)
def test_sigterm_reaches_the_service_and_ends_it_in_order(compose: Any, service: str) -> None:
    compose.run("stop", service)
    try:
        ended = compose.containers(service)
        assert [container.attrs["State"]["ExitCode"] for container in ended] == [0] * len(ended)
        assert all(b'"stopped"' in container.logs(tail=3) for container in ended)
    finally:
        compose.run("up", "--detach", "--no-build", "--no-deps", "--wait", service)
