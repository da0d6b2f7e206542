"""The studio's page: a handful of static files, held in memory."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import font_manrope
from fastapi import APIRouter, Request, Response, status

from studio_gateway.http.conditional_requests import is_known
from studio_gateway.http.problems import not_found

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
router = APIRouter()


class Asset(NamedTuple):
    """One file as it is sent."""

    body: bytes
    headers: dict[str, str]


def _load(folder: Path) -> dict[str, Asset]:
    return {file.name: _asset(file) for file in folder.iterdir() if file.suffix in MEDIA_TYPES}


def _asset(file: Path) -> Asset:
    body = file.read_bytes()
    headers = {
        "Content-Type": MEDIA_TYPES[file.suffix],
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        # Names hold no version, so a browser revalidates each time; a 304 takes a millisecond.
        "Cache-Control": "no-cache",
        **SECURITY,
    }
    return Asset(body, headers)


_FONT = Path(font_manrope.__file__).parent / "files" / "Manrope-VariableFont_wght.ttf"
ASSETS = _load(Path(__file__).parent / "static") | {"font.ttf": _asset(_FONT)}


@router.get("/", include_in_schema=False)
async def read_form(request: Request) -> Response:
    """The page on which a brief is written."""
    return _send(request, "index.html")


@router.get("/jobs", include_in_schema=False)
async def read_jobs_page(request: Request) -> Response:
    """The page that lists and searches jobs."""
    return _send(request, "jobs.html")


@router.get("/jobs/{job_id}", include_in_schema=False)
async def read_job_page(request: Request) -> Response:
    """The page of one job. It loads the job itself, so that an unknown one is explained there."""
    return _send(request, "job.html")


@router.get("/static/{name}", include_in_schema=False)
async def read_asset(name: str, request: Request) -> Response:
    """A module, style sheet or picture of the page."""
    return _send(request, name)


def _send(request: Request, name: str) -> Response:
    if name not in ASSETS:
        raise not_found("such file")
    asset = ASSETS[name]
    if is_known(asset.headers["ETag"], request.headers.get("If-None-Match")):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=asset.headers)
    return Response(asset.body, headers=asset.headers)
