"""What the API says in English has its translation, found in the code that says it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import studio_contracts
import studio_domain
import studio_gateway
import studio_postprocess
import studio_stencil
from studio_contracts.installer import RULE_TEXTS
from studio_contracts.reading import PatternWord, SizeWord, Tone
from studio_gateway.api import options
from studio_gateway.http.field_texts import TEXTS
from studio_gateway.web.languages import CATALOGUES, PHRASES
from studio_stencil.drawing import directions
from studio_stencil.planning.reading import read_brief
from studio_stencil.planning.themes import SETTINGS

GATEWAY, CONTRACTS, DOMAIN, POSTPROCESS, STENCIL = (
    Path(str(package.__file__)).parent
    for package in (studio_gateway, studio_contracts, studio_domain, studio_postprocess, studio_stencil)
)
SPOKEN_BY = {
    "ProblemError": (2, 3),
    "not_found": (0,),
    "unauthenticated": (0,),
    "PydanticCustomError": (1,),
    "JobError": (1, 2),
    "JobWarning": (1,),
    "PictureWarning": (1,),
    "WorkFailed": (1, 2),
    "_reasoned": (0,),
    "_missing": (2,),
    "Direction": (2,),
    "PaletteChoice": (1,),
    "OwnPictureError": (0,),
    "OutlineFileError": (0,),
    "_error": (0,),
}
"""What is called with a text for people, and at which places it takes them."""
NAMES = ("title", "detail", "text", "reason", "others")
SOURCES = [
    *(GATEWAY / "access").glob("*.py"),
    *(file for file in (GATEWAY / "api").glob("*.py") if file.stem not in ("webhooks", "cookies")),
    GATEWAY / "http/problems.py",
    GATEWAY / "http/hosts.py",
    *(GATEWAY / "outline_files").glob("*.py"),
    CONTRACTS / "brief.py",
    CONTRACTS / "edits.py",
    CONTRACTS / "outline.py",
    CONTRACTS / "own_picture.py",
    CONTRACTS / "text.py",
    DOMAIN / "lifecycle/ending.py",
    DOMAIN / "lifecycle/slots.py",
    DOMAIN / "lifecycle/stages.py",
    POSTPROCESS / "concept.py",
    POSTPROCESS / "io/usable.py",
    STENCIL / "drawing/compose.py",
    STENCIL / "drawing/directions.py",
    STENCIL / "own_picture/fitting.py",
    STENCIL / "own_picture/plan.py",
    STENCIL / "planning/palette_choice.py",
]
TO_PROGRAMS = {
    "The Content-Type is {}: send the body as JSON, with the header ",
    "{} are missing: {}",
    "The body is not JSON: {}.",
    "{} at character {}",
    "invalid",
}
LOGGED = re.compile(r"was: \{\}|(?:\{\}, )?pictures: \{\}(?:, calls: \{\})?|rescue \{\}|\{\}: \{\}|\{\}(?: \{\})*")
"""Details of a timeline, and texts that hold nothing but other texts."""


def template(node: ast.AST | None) -> Iterator[str]:
    """The text of an expression, `{}` in the place of what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*template(node.body), *template(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in template(value))


def texts_in(file: Path) -> Iterator[str]:
    """The texts for people of a module."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            places = [node.args[place] for place in SPOKEN_BY.get(name, ()) if place < len(node.args)]
            keywords = [each.value for each in node.keywords if name in SPOKEN_BY and each.arg in NAMES]
            yield from (text for value in (*places, *keywords) for text in template(value))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in NAMES:
            yield from template(node.value)
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and file.stem == "directions":
            yield from template(node.value.elts[-1])


def by_place(text: str) -> str:
    return re.sub(r"\{\w+\}", "{}", text)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_text_of_the_api_is_translated(file: Path) -> None:
    texts = {by_place(text) for text in texts_in(file)} - TO_PROGRAMS
    untranslated = {text for text in texts if not LOGGED.fullmatch(text)} - PHRASES["de"].keys()
    assert untranslated == set()


def test_the_sources_are_looked_through() -> None:
    texts = [text for file in SOURCES for text in texts_in(file)]
    assert len(texts) > 80


def test_every_word_of_the_options_and_of_a_reading_is_translated() -> None:
    shown = options.options_for("sdxl", [])
    choices = [*shown.styles, *shown.strategies]
    words = {choice.title for choice in choices} | {choice.text for choice in choices}
    words |= {state.title for state in shown.states} | set(directions.NAMES.values()) | set(SETTINGS)
    words |= {word.replace("_", " ") for kind in (SizeWord, Tone, PatternWord) for word in get_args(kind)}
    assert words - PHRASES["de"].keys() == set()
    numbers = re.compile(r"\d+(?:\.\d+)?")
    assert {numbers.sub("{}", text) for text in RULE_TEXTS.values()} - PHRASES["de"].keys() == set()
    assert {re.sub(r"\d{4}-\S+(?=\.)", "{}", by_place(text)) for text in TEXTS.values()} - PHRASES["de"].keys() == set()


@pytest.mark.parametrize("language", CATALOGUES)
def test_an_example_of_the_form_is_understood_in_its_language(language: str) -> None:
    examples = {key: text for key, text in CATALOGUES[language].items() if key.startswith("form.example.")}
    read = {key.rpartition(".")[2]: read_brief(str(text)) for key, text in examples.items()}
    assert {key: reading.not_understood for key, reading in read.items()} == dict.fromkeys(read, ())
    assert {key: reading.setting for key, reading in read.items()} == {
        "ocean": ("ocean",), "forest": ("forest",), "rockets": ("night",), "court": (),
    }  # fmt: skip
    assert {reading.language for reading in read.values()} == {language}


def test_a_translation_fills_in_as_much_as_its_text() -> None:
    for english, german in PHRASES["de"].items():
        assert english.count("{}") == german.count("{}"), english
        assert german.strip() == german != "", english
