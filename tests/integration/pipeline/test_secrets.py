"""No secret of a run stands in anything that the run wrote."""

from typing import Any

from studio_support.secret_search import leaks, logs_of, planted, secrets_of


def test_no_secret_is_in_logs_documents_messages_or_objects(studio: Any) -> None:
    assert studio.run(count=2)["status"] == "completed"
    with studio.faults(prediction=[{"outcome": "failed", "failure": "nsfw"}], webhooks=[{"kind": "unsigned"}]) as mark:
        assert studio.run(mark)["status"] == "failed"
    names = set(secrets_of(studio.stack))
    assert names >= {"broker", "provider", "webhook_token", "webhook_signing_key", "webhook token 0"}
    assert leaks(studio.stack) == []


def test_the_search_finds_a_secret_that_is_there(studio: Any) -> None:
    for name in ("provider", "webhook_signing_key", "broker"):
        path = planted(logs_of(studio.stack), secrets_of(studio.stack)[name])
        try:
            assert leaks(studio.stack) == [f"{name} in logs/planted.log"]
        finally:
            path.unlink()
