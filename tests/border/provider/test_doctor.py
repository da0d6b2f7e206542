"""Kind: something else answers in the provider's place. The doctor names the setting that leads there."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from studio_cli import checks
from studio_cli.diagnosis import Fault


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (httpx.Response(301, headers={"location": "https://api.replicate.com/v1"}), "a redirect to https://api"),
        (httpx.Response(407), "407"),
        (httpx.Response(403, text="<html>"), "REPLICATE_API_TOKEN is refused"),
        (httpx.Response(418, text="<html>"), "REPLICATE_API_BASE or a proxy"),
        (httpx.Response(404, text="<html>"), "REPLICATE_API_BASE or a proxy"),
    ],
)
async def test_the_doctor_names_what_leads_past_the_provider(
    response: httpx.Response, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response))
    monkeypatch.setattr(httpx, "AsyncClient", lambda **_: client)
    settings: Any = SimpleNamespace(
        replicate_api_base="http://api.replicate.com", replicate_api_token=SecretStr("r8_x"), model="sdxl"
    )
    with pytest.raises(Fault, match=says):
        await checks.check_provider(settings, settings)
