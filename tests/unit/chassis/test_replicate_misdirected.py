"""Answers that are not the provider's: a redirect, a proxy, a wrong path."""

import pytest

from studio_chassis.replicate.errors import (
    Misdirected,
    NotTheProvider,
    ProviderServerError,
)
from studio_support.mocked_provider import answering, failure

FOREIGN = [b"", b"<html>", b"[]", b'"no"', b'{"error": "blocked"}', b'{"detail": [{"loc": ["body"], "msg": "x"}]}']


@pytest.mark.parametrize("status", [400, 406, 411, 413, 418, 422, 431, 451, 494, 499])
@pytest.mark.parametrize("content", FOREIGN)
async def test_a_refusal_without_the_providers_json_concerns_all_requests(status: int, content: bytes) -> None:
    error = await failure(answering(status, content=content))
    assert type(error) is NotTheProvider
    assert isinstance(error, ProviderServerError)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_named_as_a_fault_of_the_settings(status: int) -> None:
    headers = {"location": "https://user:password@api.replicate.com/v1/predictions?token=secret"}
    error = await failure(answering(status, headers=headers))
    assert type(error) is Misdirected
    assert "a redirect to https://api.replicate.com/v1/predictions. " in str(error)
    assert "REPLICATE_API_BASE" in str(error)
    assert "password" not in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "location", [None, "", "http://[", "//", "https://" + "h" * 10_000, "/v1/predictions/", "//h:port/", "http:x"]
)
async def test_any_location_of_a_redirect_can_be_named(location: str | None) -> None:
    headers = {} if location is None else {"location": location}
    error = await failure(answering(308, headers=headers))
    assert type(error) is Misdirected
    assert len(str(error)) < 1_000


@pytest.mark.parametrize("status", [404, 405, 407, 410, 421])
@pytest.mark.parametrize("content", [*FOREIGN, b'{"detail": "Not Found"}'])
async def test_a_path_or_proxy_that_is_not_the_api_is_a_fault_of_the_settings(status: int, content: bytes) -> None:
    error = await failure(answering(status, content=content))
    assert type(error) is Misdirected
    assert "REPLICATE_API_BASE or a proxy setting" in str(error)
