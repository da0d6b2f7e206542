"""The texts of the terminal in each language: complete, alike in what is filled in, each used, and chosen as asked."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import studio_cli
from studio_cli import texts
from studio_cli.app import main
from studio_cli.sharing import PARTS
from studio_contracts.errors import Stage
from studio_contracts.job import Status

SOURCES = {file: file.read_text(encoding="utf-8") for file in Path(str(studio_cli.__file__)).parent.glob("*.py")}
NOWHERE = {
    "STUDIO_PROFILE": "none",
    "STUDIO_CONFIG": "/nowhere",
    "STUDIO_GATEWAY_URL": "",
    "LC_ALL": "",
    "LC_MESSAGES": "",
}


def forms(text: object) -> dict[str, str]:
    return dict(text) if isinstance(text, dict) else {"": str(text)}


def test_every_language_has_the_same_texts_with_the_same_things_filled_in() -> None:
    english = texts.CATALOGUES["en"]
    assert texts.CATALOGUES.keys() == set(get_args(texts.Language))
    for language, found in texts.CATALOGUES.items():
        assert found.keys() == english.keys(), language
        for key, text in found.items():
            assert forms(text).keys() == forms(english[key]).keys(), key
            for form, words in forms(text).items():
                wanted = set(re.findall(r"{\w+}", forms(english[key])[form]))
                assert set(re.findall(r"{\w+}", words)) <= wanted, key


def test_every_text_is_used_and_every_key_has_a_text() -> None:
    code = "".join(SOURCES.values())
    asked = set(re.findall(r'\bt\(\s*"([\w.]+)"', code)) | set(re.findall(r'"(share\.\w+)" (?:if|else)', code))
    asked |= set(re.findall(r'else "(share\.\w+)"', code)) | {f"share.{part}" for part in PARTS}
    asked |= {f"status.{name}" for name in get_args(Status)} | {f"stage.{name}" for name in get_args(Stage)}
    asked |= {f"note.{name}" for name in ("name", "project", "favourites")}
    asked |= {f"table.{name}" for name in ("job", "status", "created", "brief")}
    assert asked == set(texts.CATALOGUES["en"])


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {"LANG": "C.UTF-8"}, "There is no profile none"),
        ([], {"LANG": "de_AT.UTF-8"}, "Es gibt kein Profil none"),
        ([], {"LANG": "de_DE.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "There is no profile none"),
        ([], {"LANG": "en_GB.UTF-8", "LC_MESSAGES": "de_DE"}, "Es gibt kein Profil none"),
        (["--language", "de"], {"LANG": "en_GB.UTF-8"}, "Es gibt kein Profil none"),
        (["--language", "en"], {"LANG": "de_DE.UTF-8"}, "There is no profile none"),
    ],
)
def test_the_language_is_that_asked_for_else_that_of_the_locale(
    arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    done = CliRunner(env={**NOWHERE, **environment}).invoke(main, [*arguments, "job", "list"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert expected in done.stderr
    assert texts.language() == "en", "the next command in this process chooses anew"


def test_a_language_that_there_is_not_is_refused() -> None:
    assert CliRunner(env=NOWHERE).invoke(main, ["--language", "fr", "job", "list"]).exit_code == 2


def test_german_has_its_plurals_and_numbers_and_unknown_names_stay() -> None:
    texts.choose("de")
    try:
        assert texts.t("files", count=1, folder="x") == "1 Datei in x"
        assert texts.t("files", count=2, folder="x") == "2 Dateien in x"
        assert (texts.number(0.5, 2), texts.figure(7.25)) == ("0,50", "7,25")
        assert (texts.named("status", "completed"), texts.named("status", "melted")) == ("fertig", "melted")
    finally:
        texts.choose("en")


def test_every_command_that_talks_to_the_api_prints_json_when_asked() -> None:
    def without(command: Any, name: str = "studio") -> Iterator[str]:
        options = {option for each in command.params for option in each.opts}
        if "--gateway" in options and "--json" not in options:
            yield name
        for part, each in getattr(command, "commands", {}).items():
            yield from without(each, f"{name} {part}")

    assert list(without(get_command(main))) == []
