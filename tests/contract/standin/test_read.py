"""Reading, listing, cancelling; the file host; what is forgotten and when."""

from datetime import datetime, timedelta
from io import BytesIO

import httpx
import pytest
from PIL import Image

from .conftest import Standin, data_uri, png, serve, until


def test_a_prediction_runs_to_success_with_files_logs_and_metrics(standin: Standin) -> None:
    done = standin.finished(num_outputs=4, num_inference_steps=20, prompt_strength=0.7)
    assert done["status"] == "succeeded"
    assert [url.rsplit("/", 1)[1] for url in done["output"]] == [f"out-{n}.png" for n in range(4)]
    assert done["logs"].startswith("Using seed: 7\n")
    assert "100%|██████████| 14/14" in done["logs"], "img2img runs steps × prompt_strength"
    assert done["metrics"]["total_time"] >= done["metrics"]["predict_time"] > 0
    times = [datetime.fromisoformat(done[key]) for key in ("created_at", "started_at", "completed_at")]
    assert times == sorted(times)


def test_the_delay_passes_before_the_end(standin: Standin) -> None:
    standin.faults(prediction={"delay_seconds": 0.2})
    assert standin.finished()["metrics"]["total_time"] >= 0.2


def test_fractions_of_seconds_have_mixed_lengths(standin: Standin) -> None:
    done = standin.finished()
    assert [len(done[key].rstrip("Z").split(".")[1]) for key in ("created_at", "started_at")] == [3, 6]


def test_files_are_public_pictures_with_an_etag(standin: Standin) -> None:
    done = standin.finished(num_outputs=2)
    answers = [httpx.get(url, timeout=60, trust_env=False) for url in done["output"]]
    assert [answer.headers["content-type"] for answer in answers] == ["image/png"] * 2
    assert answers[0].headers["etag"] != answers[1].headers["etag"]
    assert Image.open(BytesIO(answers[0].content)).size == (96, 64)


def test_flux_gives_webp_unless_asked(standin: Standin) -> None:
    for given, kind in (({}, "webp"), ({"output_format": "jpg"}, "jpeg"), ({"output_format": "png"}, "png")):
        body = {"version": "black-forest-labs/flux-dev", "input": {"prompt": "waves", "megapixels": "0.25"} | given}
        done = standin.until_status(standin.http.post("/v1/predictions", json=body).json()["id"], "succeeded")
        answer = standin.http.get(done["output"][0])
        assert answer.headers["content-type"] == f"image/{kind}"
        assert Image.open(BytesIO(answer.content)).size == (512, 512)


def test_unknown_predictions_and_files_are_404(standin: Standin) -> None:
    answer = standin.http.get("/v1/predictions/unknown")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert standin.http.post("/v1/predictions/unknown/cancel").status_code == 404
    assert standin.http.get("/files/pbxt/unknown/out-0.png").status_code == 404


@pytest.mark.parametrize("path", ["predictions", "predictions/x", "webhooks/default/secret"])
def test_reading_needs_the_token(standin: Standin, path: str) -> None:
    assert standin.http.get(f"/v1/{path}", headers={"Authorization": ""}).status_code == 401


def test_cancelling_responds_immediately_and_ends_the_prediction(standin: Standin) -> None:
    standin.faults(prediction={"outcome": "stuck_starting"})
    body = standin.http.post(f"/v1/predictions/{standin.create()}/cancel").json()
    assert (body["status"], body["output"], body["logs"]) == ("canceled", None, None)
    assert body["started_at"]
    assert body["completed_at"]
    assert body["metrics"]


def test_cancelling_a_finished_prediction_changes_nothing(standin: Standin) -> None:
    done = standin.finished()
    answer = standin.http.post(f"/v1/predictions/{done['id']}/cancel")
    assert (answer.status_code, answer.json()) == (200, done)


def test_the_list_filters_by_creation_and_keeps_filters_in_its_links(standin: Standin) -> None:
    oldest = standin.finished()
    start = datetime.fromisoformat(oldest["created_at"])
    ids = [standin.create() for _ in range(3)]
    later = datetime.fromisoformat(standin.get(ids[-1])["created_at"]) + timedelta(milliseconds=1)
    page = standin.http.get("/v1/predictions", params={"created_after": start.isoformat()}).json()
    assert [p["id"] for p in page["results"]][:3] == ids[::-1]
    assert oldest["id"] in [p["id"] for p in page["results"]], "inclusive"
    page = standin.http.get("/v1/predictions", params={"created_after": later.isoformat()}).json()
    assert page == {"next": None, "previous": None, "results": []}
    page = standin.http.get("/v1/predictions", params={"created_before": start.isoformat()}).json()
    assert not {p["id"] for p in page["results"]} & {oldest["id"], *ids}, "exclusive"


def test_a_foreign_cursor_is_a_400(standin: Standin) -> None:
    assert standin.http.get("/v1/predictions", params={"cursor": "abc"}).status_code == 400


def test_links_keep_the_filters() -> None:
    for standin in serve():
        for _ in range(101):
            standin.create()
        page = standin.http.get("/v1/predictions", params={"created_after": "2020-01-01T00:00:00Z"}).json()
        assert "created_after=2020-01-01" in page["next"]
        assert len(page["results"]) == 100
        assert len(standin.http.get(page["next"]).json()["results"]) == 1


def test_the_oldest_predictions_go_with_their_files_when_there_are_too_many() -> None:
    for standin in serve(max_predictions=2):
        first = standin.finished()
        for _ in range(2):
            standin.create()
        assert standin.http.get(f"/v1/predictions/{first['id']}").status_code == 404
        assert standin.http.get(first["output"][0]).status_code == 404


def test_pictures_let_go_for_space_come_back_the_same() -> None:
    for standin in serve(max_file_bytes=1):
        url = standin.finished()["output"][0]
        assert standin.http.get(url).content == standin.http.get(url).content
        assert standin.http.get(url).content.startswith(b"\x89PNG")


def test_data_is_purged_after_an_hour_of_the_providers_clock() -> None:
    for standin in serve(time_scale=1e-5):
        done = standin.finished(num_outputs=2)
        purged = until(lambda: (body := standin.get(done["id"]))["data_removed"] and body)  # noqa: B023
        assert (purged["status"], purged["output"], purged["logs"]) == ("succeeded", None, "")
        assert purged["input"] == dict.fromkeys(done["input"]), "keys stay, values go"


def test_links_follow_the_base_url_setting() -> None:
    for standin in serve(base_url="http://localhost:8/provider/"):
        done = standin.finished()
        assert done["urls"]["get"] == f"http://localhost:8/provider/v1/predictions/{done['id']}"
        assert done["output"][0].startswith("http://localhost:8/provider/files/")


def test_the_api_answers_while_pictures_are_made(standin: Standin) -> None:
    created = standin.create(num_outputs=4, image=data_uri(png((2304, 1536))))
    assert standin.get(created)["status"] in ("starting", "processing")
    assert standin.until_status(created, "succeeded")["output"]
