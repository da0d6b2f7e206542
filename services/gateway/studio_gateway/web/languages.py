"""The languages of the page: a catalogue of texts for each, and which of them a browser gets."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from fastapi import Request

Catalogue = Mapping[str, str | Mapping[str, str]]
FOLDER = Path(__file__).parent / "messages"
DEFAULT = "en"
COOKIE = "studio_language"
VARY = "Accept-Language, Cookie"
"""The header of what is in the reader's language."""
CATALOGUES: Mapping[str, Catalogue] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("[a-z][a-z].json"))
}
"""By language: a text for each key, or its plural forms by the categories of CLDR (`one`, `other`)."""
PHRASES: Mapping[str, Mapping[str, str]] = {
    language: json.loads((FOLDER / f"api.{language}.json").read_text(encoding="utf-8"))
    for language in CATALOGUES
    if language != DEFAULT
}
"""By language: what the API says in English, as templates with `{}`, and its translation."""
DOCUMENT_TEXTS: Mapping[str, Mapping[str, str]] = {
    language: json.loads((FOLDER / f"documents.{language}.json").read_text(encoding="utf-8")) for language in CATALOGUES
}
"""By language: what stands on sheets and in tables."""
_RANGE = re.compile(r"\s*([a-zA-Z]{2})(?:-[\w-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


def language_of(request: Request) -> str:
    """What the person chose on the page, else what the browser prefers of ours (RFC 9110, 12.5.4)."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in CATALOGUES else preferred(request.headers.get("Accept-Language", ""))


def preferred(accepted: str) -> str:
    """The language of the highest quality in an Accept-Language header; English where none of ours is named."""
    ranges = [found for part in accepted.split(",") if (found := _RANGE.fullmatch(part))]
    qualities = [(float(found[2] or 1), found[1].lower()) for found in ranges]
    known = [(quality, language) for quality, language in qualities if quality and language in CATALOGUES]
    return max(known, key=lambda each: each[0], default=(0, DEFAULT))[1]
