"""Kind: something else answers in the provider's place. The doctor names the setting that leads there."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from studio_cli import doctor


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (httpx.Response(301, headers={"location": "https://api.replicate.com/v1"}), "a redirect to https://api"),
        (httpx.Response(407), "the provider answered 407"),
        (httpx.Response(403, text="<html>"), "REPLICATE_API_TOKEN is refused"),
        (httpx.Response(418, text="<html>"), "without the provider's own JSON"),
        (httpx.Response(404, text="<html>"), "REPLICATE_API_BASE or a proxy"),
    ],
)
async def test_the_doctor_names_what_leads_past_the_provider(
    response: httpx.Response, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response))
    monkeypatch.setattr(httpx, "AsyncClient", lambda: client)
    settings: Any = SimpleNamespace(
        replicate_api_base="http://api.replicate.com", replicate_api_token=SecretStr("r8_x")
    )
    with pytest.raises(doctor.Fault, match=says):
        await doctor._provider(settings)


async def test_a_check_that_gets_no_answer_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    async def silent(_: Any) -> str:
        raise TimeoutError

    settings: Any = SimpleNamespace()
    assert not await doctor._all(settings, {"broker": silent})
    assert "no answer within" in capsys.readouterr().out
