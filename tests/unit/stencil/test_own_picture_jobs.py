"""What the stencil service makes of a job whose client brought a picture."""

import pytest

from studio_chassis.runtime.process_pool import WorkLost
from studio_contracts.brief import OwnPicture, Surface
from studio_contracts.object_keys import fitted_picture_key, own_picture_key, stencil_key
from studio_support.same_process import SameProcess
from studio_support.stencil_service import StencilStudio

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="2" height="1" fill="#0075bc"/></svg>'
OWN = {"kind": "draft", "picture": OwnPicture(sha256="0" * 64), "surface": Surface(width_m=4, height_m=4)}


async def test_a_picture_of_the_client_is_the_one_direction_and_told_what_was_cut_off() -> None:
    studio = StencilStudio()
    studio.bucket[own_picture_key("a")] = SVG
    job = await studio.draw("a", **OWN)
    assert job.plan is not None
    (direction,) = job.plan.directions
    assert (direction.name, direction.reason) == (
        "own picture",
        "the picture you brought: 50% cut off at left and right",
    )
    assert (direction.codes, job.plan.layout) == (("RH20",), "full")
    assert set(studio.bucket) == {own_picture_key("a"), fitted_picture_key("a"), stencil_key("a", 0)}
    assert [slot.state for slot in job.predictions] == ["succeeded"]


async def test_a_picture_that_is_to_be_painted_over_waits_for_the_model() -> None:
    studio = StencilStudio()
    studio.bucket[own_picture_key("a")] = SVG
    job = await studio.draw("a", **{**OWN, "kind": "painted"})
    assert (job.status, job.predictions) == ("queued", ())
    assert job.plan is not None
    assert job.plan.reading is not None


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"GIF89a", "this is no PNG"), (None, "not there"), (b"\x89PNG\r\n\x1a\n", "truncated: the file ends")],
)
async def test_a_picture_that_cannot_be_used_fails_its_job_with_the_reason(data: bytes | None, why: str) -> None:
    studio = StencilStudio()
    if data is not None:
        studio.bucket[own_picture_key("a")] = data
    job = await studio.draw("a", **OWN)
    assert job.error is not None
    assert (job.status, job.error.code) == ("failed", "unusable_picture")
    assert why in job.error.detail


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (WorkLost("its process ended with signal SIGKILL"), "it takes too much to work on"),
        (MemoryError(), "it takes too much to work on"),
        (ValueError("no such box"), "it cannot be worked on: no such box"),
    ],
)
async def test_a_picture_that_ends_its_work_fails_its_job_alone(
    error: Exception, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise error

    monkeypatch.setattr(SameProcess, "run", die)
    studio = StencilStudio()
    studio.bucket[own_picture_key("a")] = SVG
    job = await studio.draw("a", **OWN)
    assert job.error is not None
    assert why in job.error.detail
