"""How clients are called: signed, guarded, one attempt at a time, and never at another client's cost."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from studio_chassis.messaging.dispositions import Retry
from studio_chassis.outbound.signatures import owner_secret
from studio_contracts import topology
from studio_domain.lifecycle import callbacks
from studio_reconciler.callbacks import CALLS_PER_HOST
from studio_support.called_clients import MASTERS, NOW, PUBLIC, Clients, FixedDatetime


async def test_a_client_is_called_with_what_happened_and_the_signatures_of_both_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients = Clients()
    await clients.handle(clients.ended(owner="acme", metadata={"order": "66", "name": "ä\n"}))
    (request,) = clients.requests
    job, call = clients.job(), clients.call()
    assert (request.method, request.headers["host"], request.url.raw_path) == ("POST", "client.example", b"/hook?x=1")
    assert (request.url.host, request.extensions["sni_hostname"]) == (PUBLIC, "client.example")
    assert json.loads(request.content) == {
        "type": "job.completed",
        "timestamp": "2026-11-22T10:01:00Z",
        "data": {
            "id": "j",
            "version": job.version - 1,
            "url": "https://studio.example/tpv/v1/jobs/j",
            "metadata": {"order": "66", "name": "ä\n"},
            "error": None,
        },
    }
    assert (call.state, call.attempts) == ("delivered", 1)
    assert request.headers["webhook-id"] == f"msg_j_{call.version}"
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", FixedDatetime)
    for master in MASTERS:
        verifier = Webhook(owner_secret(master, "acme").get_secret_value())
        assert verifier.verify(request.content, dict(request.headers)) == json.loads(request.content)
    stranger = Webhook(owner_secret(MASTERS[0], "somebody else").get_secret_value())
    with pytest.raises(WebhookVerificationError):
        stranger.verify(request.content, dict(request.headers))


async def test_a_call_that_was_answered_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    clients = Clients()
    event = clients.ended()
    await clients.handle(event)
    await clients.handle(event)
    assert len(clients.requests) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(500), "answered 500"),
        (httpx.Response(404), "answered 404"),
        (httpx.Response(302, headers={"location": "https://client.example/other"}), "answered 302"),
        (httpx.ConnectError("refused by 10.0.0.1"), "no answer: ConnectError"),
        (httpx.ReadTimeout("slow"), "no answer: ReadTimeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_failed_attempt_is_recorded_and_waits_in_the_broker(answer: Any, reason: str) -> None:
    clients = Clients()
    clients.answer = lambda _: answer
    event = clients.ended()
    with pytest.raises(Retry) as raised:
        await clients.handle(event)
    assert (raised.value.after, raised.value.counted) == (callbacks.WAITS[0], False)
    assert (clients.call().state, clients.call().reason, clients.call().attempts) == ("open", reason, 1)
    assert len(clients.requests) == 1

    clients.now += timedelta(seconds=2)
    with pytest.raises(Retry, match="not due") as raised:
        await clients.handle(event)
    assert raised.value.after == callbacks.WAITS[0] - timedelta(seconds=2)
    assert len(clients.requests) == 1

    clients.now += timedelta(seconds=3)
    clients.answer = lambda _: httpx.Response(200)
    await clients.handle(event)
    first, second = clients.requests
    assert clients.call().state == "delivered"
    assert (first.headers["webhook-id"], first.content) == (second.headers["webhook-id"], second.content)


async def test_a_receiver_that_is_gone_is_not_called_again() -> None:
    clients = Clients()
    clients.answer = lambda _: httpx.Response(410)
    event = clients.ended()
    await clients.handle(event)
    await clients.handle(event)
    assert (clients.call().state, clients.call().reason, len(clients.requests)) == ("failed", "answered 410", 1)


async def test_a_call_is_given_up_after_a_day() -> None:
    clients = Clients()
    clients.answer = lambda _: httpx.Response(503)
    event, began = clients.ended(), NOW
    while clients.call().state == "open":
        (result,) = await asyncio.gather(clients.handle(event), return_exceptions=True)
        wait = result.after if isinstance(result, Retry) else None
        clients.now += min(wait or timedelta(0), topology.RETRY_DELAYS[-1])
    assert len(clients.requests) == len(callbacks.WAITS) + 1
    assert timedelta(hours=23) < clients.now - began <= timedelta(hours=25)


@pytest.mark.parametrize(
    "found", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "64:ff9b::10.0.0.7", "100.64.0.1"]
)
async def test_a_name_that_leads_into_a_private_network_is_not_called(
    found: str, addresses: dict[str, list[str]]
) -> None:
    addresses["client.example"] = [PUBLIC, found]
    clients = Clients()
    with pytest.raises(Retry, match="private"):
        await clients.handle(clients.ended())
    assert (clients.requests, clients.call().reason) == ([], "the host has a private address")


async def test_a_receiver_beside_the_studio_is_called_where_that_is_set(addresses: dict[str, list[str]]) -> None:
    addresses["localhost"] = ["127.0.0.1"]
    clients = Clients(reach="local", base="")
    await clients.handle(clients.ended(url="http://localhost:9000/x"))
    (request,) = clients.requests
    assert (str(request.url), json.loads(request.content)["data"]["url"]) == ("http://127.0.0.1:9000/x", "/v1/jobs/j")


async def test_no_client_is_called_once_calls_are_switched_off() -> None:
    clients = Clients(reach="off")
    with pytest.raises(Retry, match="calls no clients"):
        await clients.handle(clients.ended())
    assert clients.requests == []


async def test_a_slow_receiver_does_not_hold_the_calls_of_others() -> None:
    clients, silent = Clients(), asyncio.Event()

    async def hang() -> httpx.Response:
        await silent.wait()
        return httpx.Response(200)

    clients.answer = lambda request: hang() if request.headers["host"] == "slow.example" else httpx.Response(200)
    slow = [clients.ended(f"s{number}", "https://slow.example/") for number in range(CALLS_PER_HOST + 3)]
    calls = [asyncio.ensure_future(clients.handle(event)) for event in slow]
    async with asyncio.timeout(60):
        while len(clients.requests) < CALLS_PER_HOST or sum(call.done() for call in calls) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
    turned_away = [call.exception() for call in calls if call.done()]
    assert [type(error) for error in turned_away] == [Retry] * 3
    assert all(isinstance(error, Retry) and not error.counted for error in turned_away)

    await clients.handle(clients.ended("other"))
    assert clients.call("other").state == "delivered"
    silent.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert clients.call("s0").state == "delivered"
    assert clients.call(f"s{CALLS_PER_HOST}").attempts == 0, "no attempt is spent on a busy host"
    assert not clients.sender._under_way


async def test_a_receiver_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_reconciler.callbacks.SECONDS", 0.01)
    clients = Clients()

    async def hang() -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    clients.answer = lambda _: hang()
    with pytest.raises(Retry, match=r"no answer within 0\.01 s"):
        await clients.handle(clients.ended())


async def test_the_body_of_an_answer_is_not_read() -> None:
    clients = Clients()

    async def endless() -> Any:
        raise AssertionError("read")
        yield b""

    clients.answer = lambda _: httpx.Response(200, content=endless())
    await clients.handle(clients.ended())
    assert clients.call().state == "delivered"


async def test_a_call_in_the_dead_letter_queue_is_given_up_and_fails_no_job() -> None:
    clients = Clients()
    event = clients.ended()
    await clients.jobs.dead_lettered(event, topology.RECONCILER_CALLBACK_REQUESTED)
    assert clients.job().status == "completed"
    assert (clients.call().state, clients.call().reason) == (
        "failed",
        "set aside in reconciler.callback-requested.dead",
    )
