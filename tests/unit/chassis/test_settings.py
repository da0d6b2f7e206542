"""A service refuses to start on settings that cannot work, names all of them together and prints no secret."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from studio_chassis.runtime.settings import _EXAMPLE, ServiceSettings, read_settings
from studio_chassis.runtime.shared_settings import ProviderSettings, PublicAddressSettings
from studio_gateway.settings import GatewaySettings
from studio_postprocess.settings import PostprocessSettings
from studio_predictor.settings import PredictorSettings
from studio_reconciler.settings import ReconcilerSettings
from studio_stencil.settings import StencilSettings

GOOD = {
    "RABBITMQ_URL": "amqp://studio:rabbit-pass@localhost/",
    "MONGODB_URL": "mongodb://studio:mongo-pass@localhost/",
    "OBJECT_STORE_URL": "file:///tmp/objects",
    "REPLICATE_API_TOKEN": "r8_token",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the tests set counts, whatever the machine has."""
    for field in ProviderSettings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def _refusal(settings_type: type[ServiceSettings], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The first words of what is printed before the exit, but for the advice at the end."""
    with pytest.raises(SystemExit) as refusal:
        read_settings(settings_type)
    assert refusal.value.code == 2
    *lines, advice = capsys.readouterr().err.splitlines()
    assert "environment" in advice
    return [line.partition(":")[0] for line in lines]


def test_all_missing_variables_are_named_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)
    assert sorted(_refusal(ProviderSettings, capsys)) == sorted(GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RABBITMQ_URL", ""),
        ("MONGODB_URL", ""),
        ("OBJECT_STORE_URL", ""),
        ("REPLICATE_API_TOKEN", ""),
        ("STUDIO_HEALTH_PORT", "70000"),
        ("STUDIO_HEALTH_PORT", "http"),
        ("STUDIO_DRAIN_SECONDS", "0"),
        ("STUDIO_LOG_LEVEL", "loud"),
        ("STUDIO_LOG_FORMAT", "xml"),
    ],
)
def test_a_variable_that_cannot_work_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert _refusal(ProviderSettings, capsys) == [name]


def test_good_settings_are_read_and_show_no_secret() -> None:
    settings = read_settings(ProviderSettings)
    assert settings.rabbitmq_url.get_secret_value() == GOOD["RABBITMQ_URL"]
    assert settings.http_host == "127.0.0.1"
    for printed in (repr(settings), str(settings), settings.model_dump_json()):
        assert not any(secret in printed for secret in ("rabbit-pass", "mongo-pass", "r8_token"))


def test_a_refusal_shows_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STUDIO_HEALTH_PORT", "hunter2")
    with pytest.raises(SystemExit):
        read_settings(ProviderSettings)
    printed = capsys.readouterr().err
    assert not any(secret in printed for secret in ("rabbit-pass", "mongo-pass", "r8_token", "hunter2"))


def test_settings_do_not_change_once_read() -> None:
    settings: BaseSettings = read_settings(ServiceSettings)
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "database", "another")  # noqa: B010 - mypy knows that it is frozen


@pytest.mark.parametrize(
    "settings_type", [GatewaySettings, PredictorSettings, ReconcilerSettings], ids=lambda one: one.__name__
)
def test_the_public_address_is_read_alike_everywhere(
    settings_type: type[PublicAddressSettings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REPLICATE_WEBHOOK_SECRET", "sixteen characters")
    monkeypatch.setenv("REPLICATE_WEBHOOK_SIGNING_KEY", "whsec_c3R1ZGlvc3R1ZGlvc3R1ZGlvc3R1ZGlv")
    for given, read in (("", None), ("https://studio.example//a/", "https://studio.example/a")):
        monkeypatch.setenv("PUBLIC_BASE_URL", given)
        assert read_settings(settings_type).public_base_url == read
    monkeypatch.setenv("PUBLIC_BASE_URL", "studio.example")
    assert _refusal(settings_type, capsys) == ["PUBLIC_BASE_URL"]


def test_a_gateway_that_webhooks_reach_needs_the_key_they_are_signed_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REPLICATE_WEBHOOK_SECRET", "sixteen characters")
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://studio.example")
    for key in (None, ""):
        if key is not None:
            monkeypatch.setenv("REPLICATE_WEBHOOK_SIGNING_KEY", key)
        with pytest.raises(SystemExit):
            read_settings(GatewaySettings)
        assert "REPLICATE_WEBHOOK_SIGNING_KEY is missing, and PUBLIC_BASE_URL is set" in capsys.readouterr().err
    monkeypatch.setenv("REPLICATE_WEBHOOK_SIGNING_KEY", "whsec_")
    assert _refusal(GatewaySettings, capsys) == ["REPLICATE_WEBHOOK_SIGNING_KEY"]
    monkeypatch.delenv("PUBLIC_BASE_URL")
    monkeypatch.delenv("REPLICATE_WEBHOOK_SIGNING_KEY")
    assert read_settings(GatewaySettings).replicate_webhook_signing_key is None


@pytest.mark.parametrize(
    "settings_type", [GatewaySettings, PredictorSettings, ReconcilerSettings, PostprocessSettings, StencilSettings]
)
def test_every_setting_is_described(settings_type: type[ServiceSettings]) -> None:
    assert [name for name, field in settings_type.model_fields.items() if not field.description] == []


EXAMPLES = {
    "RABBITMQ_URL": "amqp://studio:exampleonlybroker@rabbitmq/",
    "REPLICATE_API_TOKEN": "exampleonlyprovider",
    "REPLICATE_WEBHOOK_SECRET": "exampleonlywebhooktokens",
    "REPLICATE_WEBHOOK_SIGNING_KEY": "whsec_ZXhhbXBsZW9ubHlleGFtcGxlb25seWV4YW1wbGU=",
    "AWS_SECRET_ACCESS_KEY": "exampleonlyobjects",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_secret_of_the_examples_is_refused_by_name_and_accepted_for_a_trial(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_type = PredictorSettings if name == "REPLICATE_API_TOKEN" else GatewaySettings
    monkeypatch.setenv("REPLICATE_WEBHOOK_SECRET", "a secret of our own")
    monkeypatch.setenv(name, EXAMPLES[name])
    with pytest.raises(SystemExit):
        read_settings(settings_type)
    printed = capsys.readouterr().err
    assert f"{name}: from an example" in printed
    assert "openssl rand" in printed
    assert EXAMPLES[name] not in printed
    monkeypatch.setenv("STUDIO_EXAMPLE_VALUES", "accept")
    read_settings(settings_type)


def test_the_examples_hold_no_other_secrets_than_those_that_are_refused() -> None:
    lines = (Path(__file__).parents[3] / "deploy" / ".env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    secrets = [value for name, value in values.items() if re.search("PASSWORD|_KEY$|_SECRET$|TOKEN", name)]
    assert secrets
    assert [value for value in secrets if _EXAMPLE.search(value) is None] == []
