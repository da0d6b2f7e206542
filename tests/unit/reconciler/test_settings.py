"""Settings that would make the reconciler work against the other services are refused at the start."""

from datetime import timedelta

import pytest

from studio_chassis.persistence.outbox_publisher import CLEAR_SECONDS
from studio_chassis.runtime.settings import read_settings
from studio_reconciler.settings import ReconcilerSettings

REQUIRED = {
    "RABBITMQ_URL": "amqp://x",
    "MONGODB_URL": "mongodb://x",
    "OBJECT_STORE_URL": "file:///x",
    "REPLICATE_API_TOKEN": "r8_x",
}


@pytest.mark.parametrize("seconds", ["1", f"{CLEAR_SECONDS:g}"])
def test_the_relay_waits_until_a_publisher_has_cleared_what_it_published(
    seconds: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (REQUIRED | {"STUDIO_RELAY_AFTER": seconds}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="2"):
        read_settings(ReconcilerSettings)
    assert f"STUDIO_RELAY_AFTER: Input should be greater than {CLEAR_SECONDS:g} seconds" in capsys.readouterr().err
    monkeypatch.setenv("STUDIO_RELAY_AFTER", f"{CLEAR_SECONDS + 0.1}")
    assert read_settings(ReconcilerSettings).relay_after > timedelta(seconds=CLEAR_SECONDS)
