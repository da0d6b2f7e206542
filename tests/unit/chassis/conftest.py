"""Fixtures of the chassis's tests."""

import pytest

from studio_support.recording_broker import RecordingBroker


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> RecordingBroker:
    """A broker that records what a consumer does, for consumers that publish again without a delay."""
    monkeypatch.setattr("studio_chassis.messaging.processing.PUBLISH_RETRY_SECONDS", 0.0)
    return RecordingBroker()
