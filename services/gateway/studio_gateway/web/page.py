"""The studio's page: a handful of static files and three pages in each language, held in memory."""

import base64
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import font_manrope
from fastapi import APIRouter, Request, Response, status

from studio_gateway.http.conditional_requests import is_known
from studio_gateway.http.problems import not_found
from studio_gateway.web.languages import CATALOGUES, PHRASES, VARY, language_of
from studio_gateway.web.templates import INLINE, PAGES, STATIC, STYLES, render

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
_HASH = base64.b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()
SECURITY = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self' 'sha256-{_HASH}'; style-src 'self'; img-src 'self' blob:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
router = APIRouter()


class Asset(NamedTuple):
    """One file as it is sent."""

    body: bytes
    headers: dict[str, str]


def _asset(name: str, body: bytes, **headers: str) -> Asset:
    common = {
        "Content-Type": MEDIA_TYPES[Path(name).suffix],
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        # Names hold no version, so a browser revalidates each time; a 304 takes a millisecond.
        "Cache-Control": "no-cache",
    }
    return Asset(body, common | SECURITY | headers)


_FONT = Path(font_manrope.__file__).parent / "files" / "Manrope-VariableFont_wght.ttf"
_FILES = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.suffix in MEDIA_TYPES}
_TEXTS = {
    f"messages.{language}.json": json.dumps(
        {**texts, "api": PHRASES.get(language, {})}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    for language, texts in CATALOGUES.items()
}
# One request for the browser, and one cascade, though each part of the page has a file of its own.
_MADE = {"style.css": b"".join(file.read_bytes() for file in STYLES), "font.ttf": _FONT.read_bytes()}
ASSETS = {name: _asset(name, body) for name, body in (_FILES | _TEXTS | _MADE).items()}
DOCUMENTS = {
    (page.name, language): _asset(
        "page.html",
        render(page, language).encode(),
        **{"Content-Language": language, "Vary": VARY},
    )
    for page in PAGES
    for language in CATALOGUES
}


@router.get("/", include_in_schema=False)
async def read_form(request: Request) -> Response:
    """The page on which a brief is written."""
    return _send(request, DOCUMENTS["form", language_of(request)])


@router.get("/jobs", include_in_schema=False)
async def read_jobs_page(request: Request) -> Response:
    """The page that lists and searches jobs."""
    return _send(request, DOCUMENTS["jobs", language_of(request)])


@router.get("/jobs/{job_id}", include_in_schema=False)
async def read_job_page(request: Request) -> Response:
    """The page of one job. It loads the job itself, so that an unknown one is explained there."""
    return _send(request, DOCUMENTS["job", language_of(request)])


@router.get("/static/{name}", include_in_schema=False)
async def read_asset(name: str, request: Request) -> Response:
    """A module, style sheet, picture or catalogue of the page."""
    if name not in ASSETS:
        raise not_found("such file")
    return _send(request, ASSETS[name])


def _send(request: Request, asset: Asset) -> Response:
    if is_known(asset.headers["ETag"], request.headers.get("If-None-Match")):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=asset.headers)
    return Response(asset.body, headers=asset.headers)
