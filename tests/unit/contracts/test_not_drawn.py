"""The client learns what the brief names and no direction draws."""

from studio_domain.domain_events import StencilDrawn
from studio_support.job_shapes import PLAN, accepted, job_after


def test_things_that_no_direction_draws_are_a_warning_of_the_job() -> None:
    plan = PLAN.model_copy(update={"not_drawn": ("castle", "acacia tree")})
    job = job_after(accepted(2), [StencilDrawn(plan, 0.1)])
    assert [(warning.code, warning.text) for warning in job.warnings] == [
        ("not_drawn", "No direction draws: castle, acacia tree.")
    ]
    assert job_after(job, [StencilDrawn(plan, 0.1)]).warnings == job.warnings


def test_where_all_is_drawn_there_is_no_warning() -> None:
    assert job_after(accepted(2), [StencilDrawn(PLAN, 0.1)]).warnings == ()
