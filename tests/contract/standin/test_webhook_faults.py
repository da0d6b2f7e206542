"""Faults of webhooks: lost, repeated, late, reordered, unsigned and wrongly signed."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from .conftest import SIGNING_KEY, Hook, Receiver, Standin, until


def verify(hook: Hook) -> None:
    Webhook(SIGNING_KEY).verify(hook.raw, hook.headers)


def test_a_lost_webhook_is_recorded_and_not_sent(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "lost", "event": "completed"})
    created = standin.create(webhook=receiver.url + "/lost", events=["start", "completed"])
    entry = until(lambda: len((entry := standin.entry(created))["webhooks"]) == 2 and entry)
    assert [(hook["event"], hook["error"]) for hook in entry["webhooks"]] == [("start", None), ("completed", "lost")]
    assert receiver.next("/lost").body["status"] == "processing"
    assert receiver.inbox("/lost").empty()


@pytest.mark.parametrize(("kind", "ids"), [("duplicate", 1), ("repeat", 2)])
def test_a_webhook_sent_twice(standin: Standin, receiver: Receiver, kind: str, ids: int) -> None:
    standin.faults(webhooks={"kind": kind})
    standin.create(webhook=f"{receiver.url}/{kind}")
    hooks = [receiver.next(f"/{kind}") for _ in range(2)]
    assert len({hook.headers["webhook-id"] for hook in hooks}) == ids
    assert hooks[0].raw == hooks[1].raw
    verify(hooks[1])


def test_a_late_webhook(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "late", "seconds": 0.3, "event": "start"})
    standin.create(webhook=receiver.url + "/late", events=["start", "completed"])
    assert [receiver.next("/late").body["status"] for _ in range(2)] == ["succeeded", "processing"]


def test_reordered_webhooks(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "reordered"})
    standin.create(webhook=receiver.url + "/reordered", events=["start", "output", "completed"])
    statuses = [receiver.next("/reordered").body["status"] for _ in range(3)]
    assert statuses == ["succeeded", "processing", "processing"]


def test_an_unsigned_webhook(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "unsigned"})
    standin.create(webhook=receiver.url + "/unsigned")
    assert not [name for name in receiver.next("/unsigned").headers if name.startswith("webhook-")]


def test_a_wrong_signature(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "wrong_signature"})
    standin.create(webhook=receiver.url + "/wrong")
    with pytest.raises(WebhookVerificationError, match="No matching"):
        verify(receiver.next("/wrong"))


def test_a_malformed_signature(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "malformed_signature"})
    standin.create(webhook=receiver.url + "/malformed")
    with pytest.raises(ValueError, match="unpack"):
        verify(receiver.next("/malformed"))


def test_a_stale_timestamp_properly_signed(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "stale"})
    standin.create(webhook=receiver.url + "/stale")
    hook = receiver.next("/stale")
    with pytest.raises(WebhookVerificationError, match="too old"):
        verify(hook)
    signed_at = datetime.fromtimestamp(int(hook.headers["webhook-timestamp"]), UTC)
    expected = Webhook(SIGNING_KEY).sign(hook.headers["webhook-id"], signed_at, hook.raw.decode())
    assert hook.headers["webhook-signature"] == expected


def test_two_signatures_of_which_the_second_is_valid(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks={"kind": "two_signatures"})
    standin.create(webhook=receiver.url + "/two")
    hook = receiver.next("/two")
    first, second = hook.headers["webhook-signature"].split(" ")
    verify(hook._replace(headers=hook.headers | {"webhook-signature": second}))
    with pytest.raises(WebhookVerificationError):
        verify(hook._replace(headers=hook.headers | {"webhook-signature": first}))
    verify(hook)


def test_several_webhook_faults_together(standin: Standin, receiver: Receiver) -> None:
    standin.faults(webhooks=[{"kind": "duplicate"}, {"kind": "unsigned"}])
    standin.create(webhook=receiver.url + "/both")
    assert all("webhook-id" not in receiver.next("/both").headers for _ in range(2))
