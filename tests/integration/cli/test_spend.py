"""Money from the terminal: stopped, resumed, limited, and a usage that agrees with the provider's ledger."""

from typing import Any

import httpx
from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts.models import MODELS
from studio_support.running_studio import SMALL

BRIEF = {"prompt": "a pond", "count": 4, "surface": SMALL}


def studio_command(studio: Any, *arguments: str) -> str:
    done = CliRunner(env={**studio.stack.environment, "COLUMNS": "200"}).invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def usage(studio: Any) -> dict[str, Any]:
    found: dict[str, Any] = studio.get("/v1/usage").json()
    return found


def test_spending_is_stopped_resumed_and_limited_while_the_studio_runs(studio: Any) -> None:
    assert "spending is on" in studio_command(studio, "spend", "show")
    try:
        assert "stopped: a key leaked" in studio_command(studio, "spend", "stop", "a key leaked")
        refused = studio.client.post("/v1/jobs", json=BRIEF)
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:tpv-studio:problem:spending-stopped")
        draft = studio.client.post("/v1/jobs", json={"prompt": "a pond", "kind": "draft"})
        assert studio.wait(draft.json()["id"])["status"] == "completed"
        assert "spending is on" in studio_command(studio, "spend", "resume")
        assert "of 7 cents" in studio_command(studio, "spend", "limit", "7")
        refused = studio.client.post("/v1/jobs", json=BRIEF)
        assert (refused.status_code, refused.json()["budget"]["limit_cents"]) == (402, 7)
    finally:
        studio_command(studio, "spend", "limit")
        studio_command(studio, "spend", "resume")
    audited = studio_command(studio, "audit", "--limit", "20")
    assert {"spending.stopped", "spending.resumed", "budget.changed"} <= set(audited.split())
    assert studio.wait(studio.client.post("/v1/jobs", json=BRIEF).json()["id"])["status"] == "completed"


def test_the_predictor_is_paused_and_resumed_while_jobs_are_accepted(studio: Any) -> None:
    try:
        assert "paused: a wrong model" in studio_command(studio, "predictor", "pause", "a wrong model")
        job_id = studio.post("a pond", count=1)
        studio.until(lambda: "paused by an operator: a wrong model" in ready(studio))
        assert "The predictor is paused: a wrong model" in studio_command(studio, "top", "--once")
        examined = CliRunner(env=studio.stack.environment).invoke(main, ["doctor"])
        assert "an operator paused the predictor: a wrong model" in " ".join(examined.output.split())
        assert studio.job(job_id)["status"] not in ("completed", "failed")
    finally:
        assert "resumed" in studio_command(studio, "predictor", "resume")
    assert studio.wait(job_id)["status"] == "completed"
    audited = studio_command(studio, "audit", "--limit", "20")
    assert {"predictor.paused", "predictor.resumed"} <= set(audited.split())


def ready(studio: Any) -> str:
    """Why the predictor waits, as it says."""
    port = studio.stack.ports["predictor"]
    return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30, trust_env=False).text


def test_the_usage_agrees_with_the_provider_s_ledger_to_the_cent(studio: Any) -> None:
    jobs = [studio.client.post("/v1/jobs", json=BRIEF | {"count": count}).json()["id"] for count in (1, 3)]
    assert {studio.wait(job_id)["status"] for job_id in jobs} == {"completed"}
    studio.until(lambda: not any(day["held_cents"] for day in usage(studio)["days"]))
    total = next(day for day in usage(studio)["days"] if day["key_id"] is None)
    assert total["pictures"] == studio.delivered_pictures()
    assert total["spent_cents"] == studio.delivered_pictures() * MODELS["sdxl"].cents_per_picture
    table = studio_command(studio, "usage")
    assert f"{total['spent_cents'] / 100:.2f}" in table
