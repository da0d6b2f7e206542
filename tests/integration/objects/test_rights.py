"""Each service with a user of its own in a real object store: it does its part, and nothing that is another's."""

from typing import Any

import pytest

from studio_chassis.errors import ObjectNotFound, Unavailable
from studio_chassis.persistence.objects import UrlObjectStore
from studio_contracts.services import SERVICES
from studio_contracts.store_rights import ACTIONS

KEY = "jobs/0200/stencil.png"


@pytest.fixture
def store_of(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens the store as a service's user, or with all rights."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    def open_as(service: str | None) -> UrlObjectStore:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.key_id if service is None else f"studio-{service}")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.secret if service is None else bucket.secrets[service])
        return UrlObjectStore(bucket.url)

    return open_as


def test_every_service_has_its_rights() -> None:
    assert set(ACTIONS) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_writes_and_deletes_as_far_as_it_may(store_of: Any, service: str) -> None:
    await store_of(None).put(KEY, b"a stencil")
    store, may = store_of(service), ACTIONS[service]
    if "read" in may:
        assert await store.get(KEY) == b"a stencil"
    else:
        with pytest.raises(Unavailable, match="PermissionDenied"):
            await store.get(KEY)
    if "write" in may:
        await store.put(f"{KEY}.new", b"another")
    elif "delete" not in may:  # SeaweedFS lets whoever deletes write, too
        with pytest.raises(Unavailable, match="PermissionDenied"):
            await store.put(KEY, b"forged")
    if "delete" in may:
        await store.delete_under("jobs/0200")
        with pytest.raises(ObjectNotFound):
            await store_of(None).get(KEY)
    else:
        with pytest.raises(Unavailable):
            await store.delete_under("jobs/0200")
        assert await store_of(None).get(KEY) == b"a stencil"


async def test_no_service_reaches_another_bucket(bucket: Any, store_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES:
        store_of(service)
        with pytest.raises(Unavailable):
            await UrlObjectStore("s3://somebody-elses").put(KEY, b"forged")
