"""The texts, numbers and dates of sheets and tables, in one language."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from studio_gateway.web.languages import DEFAULT, DOCUMENT_TEXTS, PHRASES


class Texts:
    """What stands on documents in a language of the page. Raises KeyError for another one."""

    def __init__(self, language: str = DEFAULT) -> None:
        self.language = language
        self._texts = DOCUMENT_TEXTS[language]

    def __call__(self, key: str, **values: str) -> str:
        """The text of a key, its `{name}` replaced by values."""
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], self._texts[key])

    def number(self, value: float, digits: int) -> str:
        """A number with `digits` digits after the point."""
        return f"{value:.{digits}f}".replace(".", self("number.decimal"))

    def figure(self, value: float) -> str:
        """A number with the digits that it has, six at most."""
        return f"{value:g}".replace(".", self("number.decimal"))

    def whole(self, value: float) -> str:
        """A number without digits after the point, in groups of three."""
        return f"{value:,.0f}".replace(",", self("number.group"))

    def date(self, moment: datetime) -> str:
        """The day."""
        month = self("months").split()[moment.month - 1]
        return self("date", day=str(moment.day), month=month, year=str(moment.year))

    def translated(self, text: str) -> str:
        """A text of the services in this language; one that is not known stays as it is."""
        phrases = PHRASES.get(self.language, {})
        if text in phrases:
            return phrases[text]
        for template, pattern in _patterns(self.language):
            if (found := pattern.fullmatch(text)) is not None:
                return self._filled(phrases[template], found.groups())
        return "; ".join(map(self.translated, text.split("; "))) if "; " in text else text

    def _filled(self, template: str, values: tuple[str, ...]) -> str:
        first, *others = template.split("{}")
        return first + "".join(self._value(value) + part for value, part in zip(values, others, strict=True))

    def _value(self, value: str) -> str:
        return (
            value.replace(".", self("number.decimal")) if re.fullmatch(r"\d+\.\d+", value) else self.translated(value)
        )


@cache
def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    """The templates that have something filled in, the longest first, because it is the most specific."""
    phrases: Mapping[str, str] = PHRASES.get(language, {})
    templates = sorted((text for text in phrases if "{}" in text), key=len, reverse=True)
    return [(text, re.compile("(.+?)".join(map(re.escape, text.split("{}"))), re.DOTALL)) for text in templates]
