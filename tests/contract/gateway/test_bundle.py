"""The bundle over a real connection."""

import httpx
import pytest

from studio_chassis.testing.objects import SimulatedObjectStore
from studio_support.served_gateway import ServedGateway


def test_a_bundle_that_cannot_be_finished_is_cut_off_not_passed_off_as_whole(
    own_gateway: ServedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def size_before_the_loss(*_: object) -> int:
        return 200

    own_gateway.accept("job-finished")
    own_gateway.finish("job-finished")
    own_gateway.lose_files(but="installable")  # which its sheets show
    monkeypatch.setattr(SimulatedObjectStore, "size", size_before_the_loss)
    with httpx.Client(trust_env=False, timeout=60) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{own_gateway.url}/v1/jobs/job-finished/bundle.zip")


def test_a_bundle_whose_files_are_gone_already_is_404(own_gateway: ServedGateway) -> None:
    own_gateway.accept("job-finished")
    own_gateway.finish("job-finished")
    own_gateway.lose_files()
    response = httpx.get(f"{own_gateway.url}/v1/jobs/job-finished/bundle.zip", timeout=60, trust_env=False)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
