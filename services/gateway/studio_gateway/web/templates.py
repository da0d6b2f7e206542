"""The HTML of the pages: one shell around each page's own part, in each language."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import NamedTuple

from studio_gateway.web.languages import CATALOGUES

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
STYLES = tuple(
    Path(__file__).parent / "styles" / f"{name}.css" for name in ("base", "form", "jobs", "job", "concept", "media")
)
"""The parts of the style sheet in their order: a later one overrides an earlier one."""
INLINE = (TEMPLATES / "reload.js").read_text(encoding="utf-8")
"""The one script that stands in the page."""
_IMPORT = re.compile(r'from "\./([\w.]+)"|^import "\./([\w.]+)"', re.MULTILINE)


class PageName(NamedTuple):
    """A page: the name of its template and script, the key of its title, and the way from it to the studio's root."""

    name: str
    title: str
    root: str


PAGES = (PageName("form", "nav.new", ""), PageName("jobs", "jobs.title", ""), PageName("job", "job.title", "../"))


class PageTemplate(Template):
    """`${key}` stands for a text of the catalogue or a value of the page; keys may hold dots."""

    idpattern = r"[a-z][a-z_.]*"


def render(page: PageName, language: str) -> str:
    """The whole page. Raises KeyError when a text of the template is in no catalogue."""
    texts = {key: html.escape(text) for key, text in CATALOGUES[language].items() if isinstance(text, str)}
    texts |= {"page.title": texts[page.title], "page.skip": texts[f"{page.name}.skip"]}
    values = texts | {"language": language, "page": page.name, "root": page.root, "reload": INLINE}
    values["main"] = PageTemplate((TEMPLATES / f"{page.name}.html").read_text(encoding="utf-8")).substitute(values)
    values["preloads"] = "\n".join(
        f'<link rel="modulepreload" href="{page.root}static/{name}">' for name in imported_by(f"{page.name}.js")
    )
    return PageTemplate((TEMPLATES / "shell.html").read_text(encoding="utf-8")).substitute(values)


def imported_by(script: str) -> list[str]:
    """The modules that a script needs, also through others, in the order in which they are found."""

    def needed(name: str) -> Iterator[str]:
        yield name
        for found in _IMPORT.finditer((STATIC / name).read_text(encoding="utf-8")):
            yield found[1] or found[2]

    modules = [script]
    for module in modules:  # grows in the loop
        modules += dict.fromkeys(name for name in needed(module) if name not in modules)
    return modules[1:]
