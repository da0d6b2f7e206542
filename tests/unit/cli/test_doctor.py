"""What a doctor's checks come to: side by side, in bounded time, and never without a text."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast

import httpx
import pytest

from studio_chassis.runtime.settings import ServiceSettings
from studio_cli import doctor, live_checks
from studio_cli.checks import remedy_for, store_remedy
from studio_cli.diagnosis import Fault, Finding, examine
from studio_cli.live_checks import Answer, outcomes
from studio_contracts.errors import JobError
from studio_support.job_shapes import SHAPES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_HTTP = cast(httpx.AsyncClient, None)


async def _hangs() -> str:
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await asyncio.sleep(3600)  # as a library that waits for the answer to a close
    return ""


async def _silent() -> str:
    raise ConnectionError


async def _faulty() -> str:
    raise Fault("it is full", "empty it")


async def _well() -> str:
    return "proven"


async def test_one_check_that_hangs_hides_no_other_and_every_finding_says_something() -> None:
    checks = {"hangs": _hangs, "silent": _silent, "faulty": _faulty, "well": _well}
    findings = {finding.name: finding for finding in await examine(checks, seconds=0.2)}
    assert list(findings) == list(checks)
    assert [finding.ok for finding in findings.values()] == [False, False, False, True]
    assert (findings["hangs"].text, findings["silent"].text) == ("no answer within 0.2 s", "ConnectionError")
    assert findings["faulty"][:4] == Finding("faulty", False, "it is full", "empty it", 0)[:4]
    assert all(finding.text and (finding.ok or finding.remedy) for finding in findings.values())


def test_a_finding_is_a_line_that_keeps_brackets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    cause = "[SSL: CERTIFICATE_VERIFY_FAILED] [/] [red]['a', 'b'] " + "and the rest of the cause " * 8 + "\\"
    doctor._print([Finding("broker", False, cause, "see [amqps]", 0.0), Finding("jobs", True, "[none]", "", 0.0)])
    assert capsys.readouterr().out.splitlines() == [f"fault broker: {cause}", "      see [amqps]", "ok    jobs: [none]"]


def test_full_read_only_forbidden_and_untrusted_stores_have_four_remedies() -> None:
    causes = (
        "GenericError: Unable to copy data to file: No space left on device (os error 28)",
        "OSError: Read-only file system (os error 30)",
        "PermissionDeniedError: 403 Forbidden",
        "GenericError: invalid peer certificate: UnknownIssuer",
        "GenericError: error sending request",
    )
    assert len({store_remedy(cause) for cause in causes}) == len(causes)


def test_a_wrong_password_a_bad_certificate_missing_rights_and_a_wrong_host_have_remedies_of_their_own() -> None:
    causes = (
        "ProbableAuthenticationError: ACCESS_REFUSED - Login was refused",
        "AMQPConnectionError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",
        "ChannelPreconditionFailed: NOT_ALLOWED - vhost not found",
        "AMQPConnectionError: [Errno -2] Name or service not known",
        "AMQPConnectionError: [Errno 111] Connect call failed",
    )
    assert len({remedy_for(cause, "RABBITMQ_URL", "RabbitMQ") for cause in causes}) == len(causes)


def test_outcomes_of_the_last_quarter_of_an_hour_are_counted_by_cause() -> None:
    job = SHAPES["succeeded"]
    error = JobError(code="timed_out", title="", detail="", stage="prediction")
    recent = NOW - timedelta(minutes=5)
    jobs = [
        job.model_copy(update={"status": "completed", "finished_at": recent}),
        job.model_copy(update={"status": "failed", "error": error, "finished_at": recent}),
        job.model_copy(update={"status": "completed", "finished_at": NOW - timedelta(minutes=20)}),
        job,
    ]
    assert outcomes(jobs, NOW) == {"completed": 1, "timed_out": 1}


async def test_pauses_and_causes_of_services_are_listed_and_one_that_is_down_hides_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused = {"service": "predictor", "queues": {"predictor.stencil-ready": True, "predictor.job-ended": "no credit"}}
    answers = {
        "http://one": Answer("http://one", 200, paused, 0.0),
        "http://two": Answer("http://two", 503, {"service": "stencil", "reasons": {"broker": "broker: away"}}, 0.0),
        "http://four": Answer("http://four", 404, {}, 0.0),  # the broker's metrics
    }

    async def ask(url: str, _: object) -> Answer:
        if url not in answers:
            raise ConnectionError("refused")
        return answers[url]

    monkeypatch.setattr(live_checks, "ask", ask)
    with pytest.raises(Fault) as raised:
        await live_checks.check_services(["http://one", "http://two", "http://three", "http://four"], NO_HTTP)
    text = str(raised.value)
    for part in ("predictor.job-ended: no credit", "stencil: broker: away", "http://three does not answer (Connection"):
        assert part in text
    assert "four" not in text


async def test_a_clock_that_is_ahead_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(url: str, _: object) -> Answer:
        return Answer(url, 200, {"service": url}, {"gateway": 0.4, "stencil": 600.0}[url])

    async def database(_: object) -> float:
        return -0.1

    monkeypatch.setattr(live_checks, "ask", ask)
    monkeypatch.setattr(live_checks, "_database_ahead", database)
    settings = cast(ServiceSettings, None)
    assert "database, gateway" in await live_checks.check_clocks(settings, ["gateway"], NO_HTTP)
    with pytest.raises(Fault, match=r"stencil \+600 s$"):
        await live_checks.check_clocks(settings, ["gateway", "stencil"], NO_HTTP)
