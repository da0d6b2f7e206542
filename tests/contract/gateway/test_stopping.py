"""A stopping gateway does not wait for clients that only watch."""

import httpx

from studio_support.served_gateway import ServedGateway


def test_an_open_stream_of_events_does_not_keep_the_gateway_from_stopping(own_gateway: ServedGateway) -> None:
    own_gateway.accept("job-waiting")
    with (
        httpx.Client(trust_env=False, timeout=60) as client,
        client.stream("GET", f"{own_gateway.url}/v1/jobs/job-waiting/events") as response,
    ):
        lines = response.iter_lines()
        assert any(line.startswith("data: ") for line in lines)
        own_gateway.stop()
        assert [line for line in lines if line] == ["id: 0"]


def test_events_arrive_while_the_job_goes_on_and_the_stream_closes_at_its_end(own_gateway: ServedGateway) -> None:
    own_gateway.accept("job-running")
    with (
        httpx.Client(trust_env=False, timeout=60) as client,
        client.stream("GET", f"{own_gateway.url}/v1/jobs/job-running/events") as response,
    ):
        lines = response.iter_lines()
        assert "job.created" in next(line for line in lines if line.startswith("data: "))
        own_gateway.finish("job-running")
        rest = [line for line in lines if line.startswith("data: ")]
    assert "stencil.ready" in rest[0]
    assert "job.completed" in rest[-1]
