"""The five services on a real broker and database, with the provider's stand-in at its worst."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from studio_contracts.palette import BY_CODE, MAX_CHOSEN, PALETTE, Colour


def rgb_of(colours: Sequence[Colour]) -> set[tuple[int, int, int]]:
    return {colour.rgb for colour in colours}


def assert_complete(studio: Any, job: dict[str, Any], count: int) -> None:
    """Every promised picture can be fetched, is of the palette, and the ranks are in order."""
    assert job["status"] == "completed", job["error"]
    assert [concept["rank"] for concept in job["concepts"]] == list(range(1, count + 1))
    scores = [concept["score"] for concept in job["concepts"]]
    assert scores == sorted(scores, reverse=True)
    for concept in job["concepts"]:
        assert abs(sum(colour["share"] for colour in concept["palette_used"]) - 1) < 1e-6
        laid = {BY_CODE[colour["code"]].rgb for colour in concept["palette_used"]}
        assert all(colour["hex"] == BY_CODE[colour["code"]].hex for colour in concept["palette_used"])
        for kind, picture in concept["pictures"].items():
            answer = studio.client.get(picture["url"])
            assert answer.status_code == 200, kind
            image = Image.open(io.BytesIO(answer.content))
            assert image.size == (picture["width"], picture["height"])
            if kind in ("quantized", "installable"):  # in the concept's own palette, which is fitted to its picture
                palette = image.getpalette() or []
                own = {tuple(palette[at : at + 3]) for at in range(0, len(palette), 3)}
                assert laid <= own <= rgb_of(PALETTE)
                assert len(own) <= MAX_CHOSEN
                used = {colour for _, colour in image.convert("RGB").getcolors(MAX_CHOSEN) or []}
                assert used == laid if kind == "installable" else used and used <= own


@pytest.mark.parametrize(("count", "calls"), [(1, [1]), (4, [2, 1, 1]), (6, [2, 2, 2]), (12, [4, 4, 4])])
def test_each_count_completes_with_the_calls_it_needs(studio: Any, count: int, calls: list[int]) -> None:
    job = studio.run(count=count)
    assert_complete(studio, job, count)
    assert sorted((entry["num_outputs"] for entry in studio.paid_for(job)), reverse=True) == calls
    assert len({entry["seed"] for entry in studio.paid_for(job)}) == len(calls)
    assert {each["event"] for entry in studio.paid_for(job) for each in entry["webhooks"]} == {"completed"}


def test_six_pictures_are_two_of_each_of_three_directions(studio: Any) -> None:
    job = studio.run(count=6)
    directions = job["plan"]["directions"]
    assert len({direction["name"] for direction in directions}) == 3
    assert len({direction["stencil"]["sha256"] for direction in directions}) == 3
    for direction in directions:
        concepts = [concept for concept in job["concepts"] if concept["direction"] == direction["number"]]
        assert [concept["rank_in_direction"] for concept in concepts] == [1, 2]
        assert studio.client.get(direction["stencil"]["url"]).status_code == 200


def test_a_draft_costs_nothing_and_its_directions_are_painted_as_they_were_shown(studio: Any) -> None:
    draft = studio.run(kind="draft", surface={"width_m": 10, "height_m": 3})
    assert_complete(studio, draft, 3)
    assert studio.paid_for(draft) == []
    assert draft["plan"]["layout"] == "full"
    for concept in draft["concepts"]:
        assert set(concept["vectors"]) == {"svg", "dxf"}
        assert concept["materials"]["area_m2"] == 30
    answer = studio.client.post("/v1/jobs", json={"from": {"job": draft["id"], "directions": [2, 0]}, "count": 2})
    painted = studio.wait(answer.json()["id"])
    assert_complete(studio, painted, 2)
    shown = {direction["number"]: direction["stencil"]["sha256"] for direction in draft["plan"]["directions"]}
    assert [direction["stencil"]["sha256"] for direction in painted["plan"]["directions"]] == [shown[2], shown[0]]


def test_six_concurrent_jobs_complete_and_each_is_paid_once(studio: Any) -> None:
    with ThreadPoolExecutor(6) as clients:
        jobs = list(clients.map(lambda _: studio.run(count=3), range(6)))
    for job in jobs:
        assert_complete(studio, job, 3)
        assert len(studio.paid_for(job)) == 3


def test_the_same_seed_gives_the_same_stencil(studio: Any) -> None:
    first, second = (studio.run(count=1, seed=7)["plan"]["directions"][0]["stencil"]["sha256"] for _ in range(2))
    assert first == second


def test_a_client_s_palette_is_used_and_no_other_colour(studio: Any) -> None:
    wide = {"width_m": 10, "height_m": 3}  # a smaller one has no place for a drawing in all three
    job = studio.run(count=1, palette=["RH20", "RH31", "RH41"], surface=wide)
    assert {colour["code"] for colour in job["plan"]["directions"][0]["palette"]} == {"RH20", "RH31", "RH41"}
    assert_complete(studio, job, 1)


def test_a_webhook_before_the_create_call_returned_is_not_lost(studio: Any) -> None:
    with studio.faults(create=[{"webhook_first": True}]) as mark:
        job = studio.run(mark, count=2)
    assert_complete(studio, job, 2)
    assert len(studio.paid_for(job)) == 2


@pytest.mark.parametrize("kind", ["duplicate", "repeat", "reordered", "late", "two_signatures"])
def test_untidy_webhooks_end_in_the_same_job(studio: Any, kind: str) -> None:
    with studio.faults(webhooks=[{"kind": kind, "seconds": 0.3}]) as mark:
        job = studio.run(mark, count=2)
    assert_complete(studio, job, 2)
    assert len(studio.paid_for(job)) == 2


@pytest.mark.parametrize("kind", ["lost", "unsigned", "wrong_signature", "malformed_signature", "stale"])
def test_every_webhook_lost_or_refused_and_the_job_completes_all_the_same(studio: Any, kind: str) -> None:
    with studio.faults(webhooks=[{"kind": kind}]) as mark:
        job = studio.run(mark, count=2)
    assert_complete(studio, job, 2)
    assert len(studio.paid_for(job)) == 2


def test_an_answer_lost_after_creation_is_found_again_and_not_paid_twice(studio: Any) -> None:
    with studio.faults(create=[{"drop": True, "times": 1}], webhooks=[{"kind": "lost"}]) as mark:
        job = studio.run(mark, count=1)
    assert_complete(studio, job, 1)
    assert len(studio.paid_for(job)) == 1


def test_throttling_is_obeyed_without_burning_attempts(studio: Any) -> None:
    with studio.faults(create=[{"status": 429, "retry_after": 1, "times": 2}]) as mark:
        job = studio.run(mark, count=1)
    assert_complete(studio, job, 1)
    assert job["predictions"][0]["attempt"] == 1


def test_an_infrastructure_failure_is_tried_again_and_a_model_failure_is_not(studio: Any) -> None:
    with studio.faults(prediction=[{"outcome": "failed", "failure": "director", "times": 1}]) as mark:
        job = studio.run(mark, count=1)
    assert_complete(studio, job, 1)
    assert job["predictions"][0]["attempt"] == 2
    with studio.faults(prediction=[{"outcome": "failed", "failure": "nsfw"}]) as mark:
        job = studio.run(mark, count=1)
    assert job["status"] == "failed"
    assert "NSFW" in job["error"]["detail"]
    assert len(studio.paid_for(job)) == 1


@pytest.mark.parametrize(
    ("fault", "pictures"),
    [
        ({"nsfw_dropped": 1}, 3),
        ({"output": "string"}, 3),
        ({"output": "null"}, 0),
        ({"output": "empty_list"}, 0),
        ({"outcome": "canceled"}, 0),
        ({"shapes": ["sparse", "long_fractions", "unknown_keys"]}, 6),
    ],
)
def test_every_documented_kind_of_body_is_understood(studio: Any, fault: dict[str, Any], pictures: int) -> None:
    with studio.faults(prediction=[fault]) as mark:
        job = studio.run(mark, count=6)
    if pictures:
        assert_complete(studio, job, pictures)
    else:
        assert job["status"] == "failed"
    assert bool(job["warnings"]) == (pictures < 6)


def test_some_pictures_bad_completes_with_the_others_and_a_warning_each(studio: Any) -> None:
    faults = [{"kind": "missing", "index": 0}]
    with studio.faults(files=faults) as mark:
        job = studio.run(mark, count=6)
    assert_complete(studio, job, 3)
    assert len(job["warnings"]) == 3


@pytest.mark.parametrize("kind", ["missing", "truncated", "not_an_image", "redirect"])
def test_all_pictures_bad_fails_with_the_reason(studio: Any, kind: str) -> None:
    with studio.faults(files=[{"kind": kind}]) as mark:
        job = studio.run(mark, count=2)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "no_pictures"
    assert job["error"]["detail"]
    assert len(job["warnings"]) == 2


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"palette": ["RH20", "RH99"]}, "palette", ["RH99", *(colour.code for colour in PALETTE)]),
        ({"surface": {"width_m": 0, "height_m": 3}}, "surface.width_m", ["0.5 to 100 m"]),
        ({"count": 13}, "count", ["12"]),
        ({"style": "baroque"}, "style", ["professional", "playful", "geometric"]),
    ],
)
def test_bad_input_names_the_field_and_stores_nothing(
    studio: Any, wrong: dict[str, Any], field: str, words: list[str]
) -> None:
    before = studio.stored_jobs()
    answer = studio.client.post("/v1/jobs", json={"prompt": "a pond", **wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert all(word in answer.text for word in words)
    assert studio.stored_jobs() == before


def test_canceling_ends_the_job_and_the_prediction(studio: Any) -> None:
    with studio.faults(prediction=[{"outcome": "stuck_processing"}]) as mark:
        job_id = studio.post(mark, count=1)
        studio.wait_for(job_id, lambda job: job["status"] == "running")
        studio.client.post(f"/v1/jobs/{job_id}/cancel")
        job = studio.wait(job_id)
        assert job["status"] == "canceled"
        studio.until(lambda: [entry["status"] for entry in studio.paid_for(job)] == ["canceled"])


def test_a_poison_message_is_dead_lettered_with_its_reason_and_the_others_are_handled(studio: Any) -> None:
    studio.publish_raw("studio.job.created.v1", b"{not json", {"ce-specversion": "1.0"})
    job = studio.run(count=1)
    assert_complete(studio, job, 1)
    letter = studio.dead_letter("stencil.job-created.dead")
    assert "not JSON" in letter["studio-last-error"]


def test_a_job_is_accepted_while_the_broker_is_down_and_runs_when_it_is_back(studio: Any) -> None:
    studio.stack.stop("broker")
    try:
        job_id = studio.post(count=1)
        assert studio.job(job_id)["status"] == "pending"
    finally:
        studio.stack.start("broker")
    assert_complete(studio, studio.wait(job_id), 1)


def test_every_service_is_alive_and_ready(studio: Any) -> None:
    for address in studio.health_addresses():
        for path in ("/healthz", "/readyz"):
            studio.until(lambda: studio.get(f"{address}{path}").status_code == 200)  # noqa: B023
        assert "studio_messages_total" in studio.get(f"{address}/metrics").text
