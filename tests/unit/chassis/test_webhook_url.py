"""The webhook address: one builder for every form of base URL, and a token for one address only."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_chassis.replicate.webhook_url import normalize_base_url, token_is_valid, webhook_url

SECRET = "s3cret"


def token_of(url: str) -> str:
    """The token in a webhook's URL: the segment before job, slot and attempt."""
    return urlsplit(url).path.split("/")[-4]


@pytest.mark.parametrize(
    ("base", "start"),
    [
        ("https://x", "https://x"),
        ("https://x/", "https://x"),
        ("https://x///", "https://x"),
        ("https://x/api", "https://x/api"),
        ("https://x/api//", "https://x/api"),
        ("https://x//api/", "https://x/api"),
        (" https://x:8443/a/b/ \n", "https://x:8443/a/b"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_slashes_and_paths_in_the_base_never_double(base: str, start: str) -> None:
    url = webhook_url(base, "job", 1, 2, SECRET)
    assert url.startswith(f"{start}/v1/webhooks/replicate/")
    assert url.endswith("/job/1/2")
    assert "//" not in url.split("://", 1)[1]


@pytest.mark.parametrize(
    "base",
    [
        "",
        "x",
        "/v1",
        "ftp://x",
        "https://",
        "https:///api",
        "https://x?a=1",
        "https://x#a",
        "https://u:p@x",
        "https://x:99999",
    ],
)
def test_what_cannot_be_a_base_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match=r"base URL|Port out of range"):
        normalize_base_url(base)


def test_the_token_is_an_unpadded_hmac_of_the_path() -> None:
    # printf 'job/1/2' | openssl dgst -sha256 -hmac s3cret -binary | basenc --base64url
    assert token_of(webhook_url("https://x", "job", 1, 2, SECRET)) == "NvwqV2E25p9v4e4FYq0J61ScfOYehOs_HVjaiAaOonE"


def test_the_token_opens_its_own_address() -> None:
    assert token_is_valid(token_of(webhook_url("https://x", "job", 1, 2, SECRET)), "job", 1, 2, SECRET)


@pytest.mark.parametrize(
    ("job_id", "slot", "attempt", "secret"),
    [
        ("other", 1, 2, SECRET),
        ("job", 2, 2, SECRET),
        ("job", 1, 3, SECRET),
        ("job", 1, 2, "other"),
        ("job", 2, 1, SECRET),
    ],
)
def test_the_token_opens_no_other_address(job_id: str, slot: int, attempt: int, secret: str) -> None:
    token = token_of(webhook_url("https://x", "job", 1, 2, SECRET))
    assert not token_is_valid(token, job_id, slot, attempt, secret)


@pytest.mark.parametrize("token", [None, "", "x", "é", "\ud800", "A" * 10_000])
def test_a_missing_or_malformed_token_is_invalid_and_raises_nothing(token: str | None) -> None:
    assert not token_is_valid(token, "job", 1, 2, SECRET)


def test_an_unset_secret_opens_nothing() -> None:
    with pytest.raises(ValueError, match="secret is empty"):
        webhook_url("https://x", "job", 1, 2, "")
    with pytest.raises(ValueError, match="secret is empty"):
        token_is_valid("", "job", 1, 2, "")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_job_id_of_any_kind_stays_one_path_segment(job_id: str) -> None:
    url = webhook_url("https://x", job_id, 1, 2, SECRET)
    assert len(urlsplit(url).path.split("/")) == 8
    assert token_is_valid(token_of(url), job_id, 1, 2, SECRET)
