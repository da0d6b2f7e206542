"""The bundle over a real connection."""

import httpx
import pytest

from studio_support.served_gateway import ServedGateway


def test_a_bundle_that_cannot_be_finished_is_cut_off_not_passed_off_as_whole(own_gateway: ServedGateway) -> None:
    own_gateway.accept("job-finished")
    own_gateway.finish("job-finished")
    own_gateway.lose_files()
    with httpx.Client(trust_env=False, timeout=10) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{own_gateway.url}/v1/jobs/job-finished/bundle.zip")
