"""Kind: a setting that no service can work with is named at the start, by each service that reads it."""

from typing import Any

import pytest

from studio_chassis.runtime.settings import read_settings
from studio_gateway.settings import GatewaySettings
from studio_predictor.settings import PredictorSettings
from studio_reconciler.settings import ReconcilerSettings

SETTINGS = {
    "RABBITMQ_URL": "amqp://127.0.0.1:1",
    "MONGODB_URL": "mongodb://127.0.0.1:1",
    "OBJECT_STORE_URL": "file:///tmp/none",
    "REPLICATE_API_TOKEN": "r8_x",
    "REPLICATE_WEBHOOK_SECRET": "a secret of sixteen or more",
}
BUYERS = (PredictorSettings, ReconcilerSettings)
CASES: list[tuple[type[Any], str, str]] = [
    *((kind, "PUBLIC_BASE_URL", value) for kind in (*BUYERS, GatewaySettings) for value in ("studio", "https://h?x")),
    *(
        (kind, "REPLICATE_API_BASE", value)
        for kind in BUYERS
        for value in ("", "api.replicate.com", "ftp://h", "http://[")
    ),
    *((kind, "REPLICATE_API_TOKEN", value) for kind in BUYERS for value in ("", " ", "r8_\u00e9", "r8_a\tb")),
]


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_an_unusable_setting_is_named_and_its_value_is_not_shown(
    kind: type[Any], name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, good in SETTINGS.items():
        monkeypatch.setenv(variable, good)
    assert read_settings(kind)
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exit_:
        read_settings(kind)
    assert exit_.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith(f"{name}: ")
    assert len(value) < 4 or value not in message
