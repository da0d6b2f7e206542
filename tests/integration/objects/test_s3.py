"""The object store as services use it, against a real S3 server."""

import time
from datetime import timedelta
from typing import Any

import httpx
import obstore
import pytest
from obstore.store import S3Store

from studio_chassis.errors import ObjectNotFound, Unavailable
from studio_chassis.persistence.objects import UrlObjectStore
from studio_local.processes import wait_until

PICTURE = bytes(range(256)) * 4096
KEY = "jobs/0198/stencil.png"
OTHER_KEY = "jobs/0199/stencil.png"


@pytest.fixture
def settings(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What a service finds in its environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.secret)
    return monkeypatch


@pytest.fixture
def store(bucket: Any, settings: pytest.MonkeyPatch) -> UrlObjectStore:
    return UrlObjectStore(bucket.url)


@pytest.fixture
async def stored(store: UrlObjectStore) -> None:
    await store.put(KEY, PICTURE)
    await store.put(OTHER_KEY, PICTURE)


def sign(bucket: Any, method: Any, seconds: float) -> str:
    signer = S3Store(
        "studio",
        endpoint=bucket.endpoint,
        region="us-east-1",
        access_key_id=bucket.key_id,
        secret_access_key=bucket.secret,
        client_options={"allow_http": True},
    )
    return obstore.sign(signer, method, KEY, timedelta(seconds=seconds))


async def test_what_was_put_is_got_and_a_second_put_replaces_it(store: UrlObjectStore) -> None:
    await store.put(KEY, b"first")
    await store.put(KEY, PICTURE)
    assert await store.get(KEY) == PICTURE


async def test_a_missing_key_is_not_found_rather_than_unavailable(store: UrlObjectStore) -> None:
    await store.put(KEY, PICTURE)
    with pytest.raises(ObjectNotFound, match="jobs/none"):
        await store.get("jobs/none")


async def test_deleting_a_job_takes_its_objects_alone_and_may_be_repeated(store: UrlObjectStore) -> None:
    for key in ("jobs/1/a.png", "jobs/1/concepts/0-0/b.png", "jobs/10/a.png"):
        await store.put(key, PICTURE)
    await store.delete_under("jobs/1")
    await store.delete_under("jobs/1")
    for key in ("jobs/1/a.png", "jobs/1/concepts/0-0/b.png"):
        with pytest.raises(ObjectNotFound):
            await store.get(key)
    assert await store.get("jobs/10/a.png") == PICTURE


@pytest.mark.parametrize(
    ("variable", "code"), [("AWS_SECRET_ACCESS_KEY", "SignatureDoesNotMatch"), ("AWS_ACCESS_KEY_ID", "InvalidAccess")]
)
async def test_bad_credentials_are_named_as_the_cause(
    bucket: Any, settings: pytest.MonkeyPatch, variable: str, code: str
) -> None:
    settings.setenv(variable, "wrong")
    stranger = UrlObjectStore(bucket.url)
    for attempt in (lambda: stranger.put(KEY, PICTURE), lambda: stranger.get(KEY)):
        with pytest.raises(Unavailable, match="PermissionDenied") as refused:
            await attempt()
        assert code in str(refused.value.__cause__)
        assert "wrong" not in str(refused.value)
    with pytest.raises(Unavailable):
        await stranger.delete_under("jobs/0198")


async def test_a_store_that_is_not_there_is_unavailable(bucket: Any, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="object store"):
        await UrlObjectStore(bucket.url).get(KEY)


@pytest.mark.usefixtures("stored")
def test_an_unsigned_request_is_refused(bucket: Any) -> None:
    assert httpx.get(f"{bucket.endpoint}/studio/{KEY}", timeout=60, trust_env=False).status_code == 403


@pytest.mark.usefixtures("stored")
def test_a_signed_url_opens_one_object_until_it_expires(bucket: Any) -> None:
    url = sign(bucket, "GET", seconds=2)
    signed = time.monotonic()
    assert httpx.get(url, timeout=60, trust_env=False).content == PICTURE
    assert httpx.get(url.replace(KEY, OTHER_KEY), timeout=60, trust_env=False).status_code == 403
    assert wait_until(lambda: httpx.get(url, timeout=60, trust_env=False).status_code == 403, 120)
    assert time.monotonic() - signed > 1
    assert "expired" in httpx.get(url, timeout=60, trust_env=False).text


@pytest.mark.usefixtures("stored")
def test_a_url_signed_for_reading_does_not_write(bucket: Any) -> None:
    url = sign(bucket, "GET", seconds=60)
    assert httpx.put(url, content=b"forged", timeout=60, trust_env=False).status_code == 403
    assert httpx.get(url, timeout=60, trust_env=False).content == PICTURE
