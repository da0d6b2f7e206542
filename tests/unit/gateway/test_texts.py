"""The page's texts in each language: complete, alike in what is filled in, and nowhere but in the catalogues."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from studio_gateway.web.languages import CATALOGUES, PHRASES, preferred
from studio_gateway.web.page import DOCUMENTS
from studio_gateway.web.templates import STATIC, TEMPLATES, imported_by

SCRIPTS = {file.name: file.read_text(encoding="utf-8") for file in sorted(STATIC.glob("*.js"))}
PAGES = {file.name: file.read_text(encoding="utf-8") for file in sorted(TEMPLATES.glob("*.html"))}
SPOKEN = {"alt", "aria-label", "content", "placeholder", "title"}
SAME_IN_ALL = {
    "m",
    "mm",
    "cm",
    "in",
    "ft",
    "6",
    "⇄",
    "·",
    "studio job create",
    "studio job list",
    "studio job show",
    "${main}",
    "${preloads}",
    "${reload}",
}
COMMENT = re.compile(r"^\s*(?://|\*|/\*\*).*$|\s//\s.*$", re.MULTILINE)
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
TEMPLATE = re.compile(r"`((?:[^`\\]|\\.)*)`")
TECHNICAL = re.compile(
    r"[A-Z][a-z]+(?:-[A-Z][a-zA-Z]+)+"  # a header
    r"|Arrow(?:Left|Right|Up|Down)|Enter|Escape|Home|End|Date|Notification|EventSource|PNG|JPEG|WebP|GET|POST|PATCH|DELETE"
    r"|[mM]?[\d.,\s\-qazhvlMQAZHVL]+"  # the outline of a shape
)
WORDS = re.compile(r"\b[A-Z][a-z]{2,}|[a-z]{2,} [a-z]{2,} [a-z]{2,}|[a-z]{2,}[:!…](?:\s|$)|[a-z]{2,} [a-z]{2,}\.")


def forms(text: object) -> dict[str, str]:
    return dict(text) if isinstance(text, dict) else {"": str(text)}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_language_has_the_same_texts_with_the_same_placeholders_and_plurals() -> None:
    english, *others = (CATALOGUES["en"], *(texts for language, texts in CATALOGUES.items() if language != "en"))
    assert others
    for other in others:
        assert other.keys() == english.keys()
        for key, text in english.items():
            ours, theirs = forms(text), forms(other[key])
            assert ours.keys() == theirs.keys(), key
            assert ours.keys() in ({""}, {"one", "other"}), key  # the categories of CLDR for English and German
            for form, wanted in ours.items():
                assert placeholders(wanted) == placeholders(theirs[form]), key
                assert theirs[form].strip() == theirs[form] != "", key


def test_what_counts_has_its_plural() -> None:
    counted = re.compile(r"\{count\} (?!of|min|h\b|more|×|von|weitere|received|erhalten)")
    for language, texts in CATALOGUES.items():
        assert [key for key, text in texts.items() if isinstance(text, str) and counted.search(text)] == [], language


def used(text: str) -> set[str]:
    """The keys that a script asks for: whole ones, and for computed ones all that fit."""
    keys = set(re.findall(r'(?:\bt|PageName)\(\s*"([\w.]+)"', text)) | set(
        re.findall(r'[?:] "([a-z_]+\.[\w.]+)"', text)
    )
    for computed in re.findall(r"\bt\(`([^`]+)`", text):
        fitting = re.compile(re.sub(r"\\\$\\\{.*?\\\}", r"[\\w.]+", re.escape(computed)))
        keys |= {key for key in CATALOGUES["en"] if fitting.fullmatch(key)}
    return keys


def test_every_text_is_used_and_every_key_has_a_text() -> None:
    asked = set().union(*(used(text) for text in SCRIPTS.values()))
    asked |= {key for text in PAGES.values() for key in re.findall(r"\$\{([a-z_.]+)\}", text)}
    asked |= {"nav.new", "jobs.title", "job.title", "form.skip", "jobs.skip", "job.skip"}
    asked -= {"language", "page", "page.title", "page.skip", "root", "preloads", "reload", "main"}
    asked |= {key for key in CATALOGUES["en"] for plain in ("concepts", "drafts") if key == plain}
    assert asked == set(CATALOGUES["en"])


class Spoken(HTMLParser):
    """Collects what a person reads or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if name in SPOKEN and value and tag != "meta"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", PAGES)
def test_no_text_of_a_template_stands_outside_the_catalogue(name: str) -> None:
    spoken = Spoken()
    spoken.feed(PAGES[name])
    parts = [part for text in spoken.texts for part in re.split(r"\$\{[a-z_.]+\}", text)]
    assert [part.strip() for part in parts if part.strip(" \n\xa0·") and part.strip() not in SAME_IN_ALL] == []


def without_expressions(text: str) -> list[str]:
    """The parts of a template between its `${…}`, which may hold braces themselves."""
    while (shorter := re.sub(r"(?<!\$)\{[^{}]*\}", "", text)) != text:
        text = shorter
    return re.split(r"\$\{[^{}]*\}", text)


def literals(script: str) -> list[str]:
    """The strings of a script that could be words: no comments, imports, classes, selectors or keys."""
    plain = COMMENT.sub("", script)
    plain = re.sub(
        r'class: (?:\w+ \? )?"[^"]*"(?: : "[^"]*")?|^import .*$|from "[^"]*"|/(?:[^/\n\\]|\\.)+/[gu]*',
        "",
        plain,
        flags=re.M,
    )
    strings = STRING.findall(plain)
    chunks = [chunk for text in TEMPLATE.findall(plain) for chunk in without_expressions(text)]
    return [text for text in strings + chunks if WORDS.search(text) and not TECHNICAL.fullmatch(text.strip())]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_text_of_a_script_stands_outside_the_catalogue(name: str) -> None:
    assert literals(SCRIPTS[name]) == []


def test_a_text_outside_would_be_found() -> None:
    for text in (
        'h("p", {}, "Saved")',
        "h('p', {}, `Score ${percent(1)}`)",
        'x = "no such job here"',
        'x = "job done."',
    ):
        assert literals(text), text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("fr,it", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("*", "en"),
        ("de;q=x,;;,", "en"),
    ],
)
def test_the_browser_s_preference_is_followed(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/any"])
async def test_a_page_comes_in_the_language_that_was_chosen_or_preferred(client: httpx.AsyncClient, path: str) -> None:
    english = await client.get(path)
    german = await client.get(path, headers={"Accept-Language": "de-DE,de;q=0.9"})
    chosen = await client.get(path, headers={"Accept-Language": "en", "Cookie": "studio_language=de"})
    unknown = await client.get(path, headers={"Cookie": "studio_language=../x"})
    assert [page.headers["content-language"] for page in (english, german, chosen, unknown)] == ["en", "de", "de", "en"]
    assert german.content == chosen.content != english.content == unknown.content
    assert '<html lang="de">' in german.text
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in german.headers["vary"].split(",")}
    assert german.headers["etag"] != english.headers["etag"]
    assert (await client.get("/static/messages.de.json")).json() == {**CATALOGUES["de"], "api": PHRASES["de"]}
    assert (await client.get("/static/messages.en.json")).json() == {**CATALOGUES["en"], "api": {}}


def test_each_page_loads_beforehand_what_its_script_imports() -> None:
    for (name, _), page in DOCUMENTS.items():
        loaded = re.findall(r'rel="modulepreload" href="(?:\.\./)?static/([\w.]+)"', page.body.decode())
        assert loaded == imported_by(f"{name}.js")
        assert {"api.js", "messages.js"} <= set(loaded)
