"""Any requests in any order with one owner's key: no 5xx, and nothing of another owner."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from studio_support.served_gateway import ServedGateway, serving

API = schemathesis.openapi.from_path(Path(__file__).parents[3] / "docs" / "api" / "openapi.json")
SECRET = "a-plan-of-ada-s-alone"
UNLIMITED = dict.fromkeys(("creates_per_minute", "changes_per_minute", "requests_per_minute"), 1_000_000)
KNOWN = ("job-of-ada", "job-of-bea")


@pytest.fixture
def keyed() -> Iterator[ServedGateway]:
    with serving(access="keys", **UNLIMITED) as gateway:
        for job_id in KNOWN:
            gateway.accept(job_id)
            gateway.finish(job_id)
            job = gateway.inner.database.jobs[job_id]
            brief = job.brief.model_copy(update={"prompt": SECRET if job_id.endswith("ada") else "a pond of bea's"})
            owned = job.model_copy(update={"owner": job_id.rpartition("-")[2], "brief": brief})
            gateway.inner.database.jobs[job_id] = owned
        yield gateway


def aimed(case: Any) -> Any:
    """Two of three ids belong to a job, of either owner."""
    job_id = str((case.path_parameters or {}).get("job_id", ""))
    if job_id and len(job_id) % 3 < 2:
        case.path_parameters["job_id"] = KNOWN[len(job_id) % 3]
        case.path_parameters.update({"concept_id": "0-0"} if "concept_id" in case.path_parameters else {})
    return case


def test_a_series_of_random_requests_gets_no_5xx_and_nothing_of_another_owner(keyed: ServedGateway) -> None:
    key = keyed.key("bea")
    seen: set[int] = set()
    database = keyed.inner.database
    jobs, access, spending = dict(database.jobs), deepcopy(vars(database.access)), deepcopy(vars(database.spending))

    class Session(API.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Each series begins with the same data, or the same requests would have other responses in the next.

            A key that an earlier series used for a job that is gone would be 409 for a while, and 202 later.
            """
            for kept in (database.jobs, database.claims, database.outboxes, database.buckets):
                kept.clear()
            database.jobs.update(jobs)
            vars(database.access).update(deepcopy(access))
            vars(database.spending).update(deepcopy(spending))

        def teardown(self) -> None:
            assert database.jobs["job-of-ada"] == jobs["job-of-ada"]
            assert {job.owner for job in database.jobs.values()} <= {"ada", "bea"}

        def before_call(self, case: Any) -> None:
            aimed(case)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"base_url": keyed.url, "headers": {"Authorization": f"Bearer {key}"}, "timeout": 10}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            seen.add(response.status_code)
            assert SECRET.encode() not in response.content
            assert "/job-of-ada" not in response.request.url or response.status_code >= 400
            case.validate_response(response, checks=[checks.not_a_server_error])

    cast(Any, Session).run(
        settings=settings(
            max_examples=25, stateful_step_count=10, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), database=None, phases=[Phase.generate],
        )
    )  # fmt: skip
    assert {200, 202, 404, 422} <= seen
