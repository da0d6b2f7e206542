"""One word for one thing in page, API, command line, files and documents: sides of a surface, states of a job."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from studio_cli.app import main
from studio_cli.texts import CATALOGUES as TERMINAL
from studio_contracts.job import Status
from studio_gateway.api.options import options_for
from studio_gateway.web.languages import CATALOGUES as PAGE
from studio_gateway.web.languages import PHRASES

ROOT = Path(__file__).parents[2]
OTHER_WORDS = re.compile(r"\b(?:length|depth|Länge|Tiefe)\b|\d ?m (?:long|deep|lang|tief)\b", re.IGNORECASE)
"""What a side of a surface is not called. It has a width and a height, as on a drawing (decision 0034)."""
OF_OTHER_THINGS = re.compile(
    r"depth of (?:the )?rubber|length on the ground|length that it stands beside|length of its queue"
    r"|declared length|refused by length|tells no length|length and form of ids",
    re.IGNORECASE,
)
MESSAGES = ("services/gateway/studio_gateway/web/messages", "cli/studio_cli/messages")
"""Texts of the page, of sheets and workbooks, and of the terminal."""
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def strings(value: object) -> Iterator[str]:
    """The texts of a catalogue with its plurals."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for each in value.values() for text in strings(each))


def described(value: Any) -> Iterator[str]:
    """What an OpenAPI or AsyncAPI document says to people; names of fields and JSON Schema's own words are not that."""
    if isinstance(value, dict):
        yield from (value[key] for key in ("description", "summary") if isinstance(value.get(key), str))
        yield from (text for each in value.values() for text in described(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in described(each))


def helped(command: Any) -> Iterator[str]:
    """Every help text of a command and of the commands below it."""
    yield from filter(None, (command.help, command.epilog, command.short_help))
    yield from (text for each in command.params if (text := getattr(each, "help", None)))
    yield from (text for each in getattr(command, "commands", {}).values() for text in helped(each))


def documents() -> Iterator[Path]:
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "sdk").glob("*/README.md"))
    yield from (file for file in (ROOT / "docs").rglob("*.md") if not file.name.startswith("0034"))


def spoken() -> dict[str, list[str]]:
    """Texts for people, by where they stand."""
    api = [json.loads((ROOT / "docs/api" / name).read_text("utf-8")) for name in ("openapi.json", "asyncapi.json")]
    catalogues = [file for place in MESSAGES for file in (ROOT / place).glob("*.json")]
    return {
        **{
            f"{file.parent.parent.name}/{file.name}": list(strings(json.loads(file.read_text("utf-8"))))
            for file in catalogues
        },
        "phrases": list(PHRASES["de"]),
        "help": list(helped(typer.main.get_command(main))),
        "api": [text for each in api for text in described(each)],
        **{str(file.relative_to(ROOT)): [CODE.sub("", file.read_text("utf-8"))] for file in documents()},
    }


SPOKEN = spoken()


@pytest.mark.parametrize("place", SPOKEN)
def test_a_side_of_a_surface_is_called_width_or_height(place: str) -> None:
    assert SPOKEN[place], "nothing was looked at"
    texts = [OF_OTHER_THINGS.sub("", text) for text in SPOKEN[place]]
    assert [
        text[max(0, found.start() - 60) : found.end() + 60] for text in texts for found in OTHER_WORDS.finditer(text)
    ] == []


@pytest.mark.parametrize(
    ("text", "is_a_side"),
    [
        ("Length 10 m", True),
        ("Länge und Tiefe", True),
        ("3 m deep", True),
        ("by depth of rubber", False),
        ("longer side", False),
    ],
)
def test_the_words_are_found(text: str, is_a_side: bool) -> None:
    assert bool(OTHER_WORDS.search(OF_OTHER_THINGS.sub("", text))) is is_a_side


def test_a_state_has_one_word_in_page_terminal_and_api() -> None:
    titles: dict[str, str] = {state.name: state.title for state in options_for("sdxl", []).states}
    assert {name: title.lower() for name, title in titles.items()} == {name: name for name in get_args(Status)}
    for language, texts in TERMINAL.items():
        known = PHRASES.get(language, {})
        shown = {name: known.get(title, title) for name, title in titles.items()}
        assert {name: texts[f"status.{name}"] for name in titles} == {k: word.lower() for k, word in shown.items()}, (
            language
        )
        ends = {name: PAGE[language][f"event.job.{name}"] for name in ("completed", "failed", "canceled")}
        assert ends == {name: shown[name] for name in ends}, language
