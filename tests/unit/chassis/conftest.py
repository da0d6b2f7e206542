"""Fixtures of the chassis's tests."""

import pytest

from studio_chassis.persistence.job_service import JobService
from studio_support.one_job import NOW, Store, Wire
from studio_support.recording_broker import RecordingBroker


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> RecordingBroker:
    """A broker that records what a consumer does, for consumers that publish again without a delay."""
    monkeypatch.setattr("studio_chassis.messaging.processing.PUBLISH_RETRY_SECONDS", 0.0)
    return RecordingBroker()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def jobs(store: Store, wire: Wire) -> JobService:
    return JobService(store, wire.publish, lambda: NOW, "test")
