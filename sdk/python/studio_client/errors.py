"""What can go wrong."""

from typing import Any

from studio_client.types import FieldProblem, JobView


class StudioError(Exception):
    """Any error of this package."""


class Unreachable(StudioError):
    """The studio gave no answer, also not after the retries."""


class ApiError(StudioError):
    """The studio refused a request. `errors` says what is wrong with which field."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.type: str = problem.get("type", "")
        self.title: str = problem.get("title") or f"The studio answered {status}"
        self.detail: str = problem.get("detail") or ""
        self.errors: list[FieldProblem] = problem.get("errors") or []
        self.retry_after = retry_after
        fields = "; ".join(f"{error['field']}: {error['detail']}" for error in self.errors)
        super().__init__(fields or f"{self.title}. {self.detail}".strip())


class JobFailed(StudioError):
    """The job ended, and not with concepts."""

    def __init__(self, job: JobView) -> None:
        self.job = job
        error = job["error"] or {"title": f"The job is {job['status']}", "detail": ""}
        super().__init__(f"{error['title']}. {error['detail']}".strip())


class StillRunning(StudioError):
    """The timeout given is over. The job goes on."""

    def __init__(self, job: JobView, seconds: float) -> None:
        self.job = job
        self.seconds = seconds
        super().__init__(f"Job {job['id']} is still in {job['stage']} after {seconds:g} s. It goes on.")
