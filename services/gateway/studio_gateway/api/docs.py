"""The API's description: as JSON, and to be read in a browser without loading anything from elsewhere."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from studio_gateway.api.asyncapi import asyncapi
from studio_gateway.api.code_samples import add_code_samples
from studio_gateway.api.sse import Progress
from studio_gateway.http import openapi_headers as described
from studio_gateway.http.problems import MEDIA_TYPE

API_VERSION = "1"
_TAGS = [
    {"name": "jobs", "description": "Give a brief, follow the job, read its concepts."},
    {"name": "pictures", "description": "The files of a job, one by one or as a zip file."},
    {"name": "documents", "description": "What is taken to the site: sheets and lists of materials."},
    {"name": "session", "description": "For browsers: a key entered once becomes a cookie."},
    {"name": "palette", "description": "The colours that can be bought."},
    {"name": "webhooks", "description": "For the provider of the image model."},
    {"name": "callbacks", "description": "The calls that clients get where they gave a `callback_url`."},
    {"name": "panel", "description": "The routes of the panel that was there before this API."},
]
_ASSETS = Path(fastapi_offline.__file__).parent / "static"
_STYLE = "body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem} pre{background:#f3f3f3}"

_REDOC_STYLE = "img[src^='https:']{display:none}"
"""Redoc's mark comes from elsewhere, which the page's policy forbids."""


def describe(app: FastAPI) -> None:
    """Name the operations of the application, and give it a description that says what it really answers."""
    for route in (*app.routes, *app.webhooks.routes):
        if isinstance(route, APIRoute):
            route.operation_id = _camel_case(route.name)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]


def pages(app: FastAPI) -> list[BaseRoute]:
    """The routes that show what the application does: its description for tools, and pages for people."""

    async def read_openapi(_: Request) -> JSONResponse:
        return JSONResponse(app.openapi())

    shown = {
        "/docs": read_docs,
        "/docs/console": read_console,
        "/docs/events": read_event_docs,
        "/openapi.json": read_openapi,
        "/asyncapi.json": read_asyncapi,
    }
    routes = [Route(path, page, methods=["GET"], include_in_schema=False) for path, page in shown.items()]
    return [Mount("/docs/assets", StaticFiles(directory=_ASSETS)), *routes]


def beside(app: FastAPI, health: ASGIApp) -> Starlette:
    """The health application with those pages, for a port that the public does not reach."""
    return Starlette(routes=[*pages(app), Mount("", app=health)])


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        api = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            webhooks=app.webhooks.routes,
            tags=_TAGS,
            servers=app.servers,
            license_info={"name": "MIT", "identifier": "MIT"},
        )
        for operations in api["paths"].values():
            for operation in operations.values():
                operation["responses"] = _corrected(operation["responses"])
                operation.setdefault("security", [])
        add_code_samples(api)
        for operations in api["webhooks"].values():
            for operation in operations.values():
                del operation["responses"]["422"]  # the framework's: a receiver is not ours
                operation["security"] = []
        for unused in ("HTTPValidationError", "ValidationError"):
            api["components"]["schemas"].pop(unused, None)
        api["components"]["schemas"]["Progress"] = Progress.model_json_schema(
            mode="serialization", ref_template="#/components/schemas/{model}"
        )
        app.openapi_schema = api
    return app.openapi_schema


def _corrected(responses: dict[str, Any]) -> dict[str, Any]:
    """Declare problem+json where the framework declares JSON, and drop the validation error it adds."""
    schemas = {status: _schema(response) for status, response in responses.items()}
    return {
        status: _as_problem(response) if schemas[status].endswith("/Problem") else _with_request_id(response)
        for status, response in responses.items()
        if not schemas[status].endswith("/HTTPValidationError")
    }


def _as_problem(response: dict[str, Any]) -> dict[str, Any]:
    return _with_request_id(response) | {"content": {MEDIA_TYPE: response["content"]["application/json"]}}


def _with_request_id(response: dict[str, Any]) -> dict[str, Any]:
    return response | {"headers": response.get("headers", {}) | described.REQUEST_ID}


def _schema(answer: dict[str, Any]) -> str:
    return str(answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", ""))


async def read_docs(_: Request) -> HTMLResponse:
    """The REST API, to be read."""
    page = get_redoc_html(
        openapi_url="openapi.json",
        title="TPV Studio API",
        redoc_js_url="docs/assets/redoc.standalone.js",
        redoc_favicon_url="docs/assets/favicon.png",
        with_google_fonts=False,
    )
    return _guarded(HTMLResponse(bytes(page.body).decode().replace("</style>", f"{_REDOC_STYLE}</style>")))


async def read_console(_: Request) -> HTMLResponse:
    """The REST API, to be tried out."""
    page = get_swagger_ui_html(
        openapi_url="../openapi.json",
        title="TPV Studio API: try it",
        swagger_js_url="assets/swagger-ui-bundle.js",
        swagger_css_url="assets/swagger-ui.css",
        swagger_favicon_url="assets/favicon.png",
    )
    return _guarded(page)


async def read_asyncapi(_: Request) -> JSONResponse:
    """The events, for tools."""
    return JSONResponse(asyncapi(API_VERSION))


async def read_event_docs(_: Request) -> HTMLResponse:
    """The events, for people."""
    document = asyncapi(API_VERSION)
    rows = "".join(_event(name, document) for name in document["channels"])
    page = HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>TPV Studio events</title><style>{_STYLE}</style>'
        f"<h1>{document['info']['title']}</h1><p>{document['info']['description']}</p>"
        f'<p><a href="../asyncapi.json">AsyncAPI 3</a> · <a href="../docs">REST API</a></p>{rows}</html>'
    )
    return _guarded(page)


def _guarded(page: HTMLResponse) -> HTMLResponse:
    """The page, which may run its own scripts alone, and stand in nobody's frame."""
    scripts = re.findall(r"<script>(.*?)</script>", bytes(page.body).decode(), re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    own = " ".join(["'self'", *(f"'sha256-{each}'" for each in hashes)])
    page.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src {own}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "worker-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return page


def _event(name: str, document: dict[str, Any]) -> str:
    message = document["components"]["messages"][name]
    channel = {"$ref": f"#/channels/{name}"}
    taken = [
        operation["summary"]
        for operation in document["operations"].values()
        if operation["action"] == "receive" and operation["channel"] == channel
    ]
    listeners = " ".join(taken) or "No service takes it: it is for listeners outside."
    payload = html.escape(json.dumps(message["payload"].get("properties", {}), indent=2))
    return f"<h2><code>{message['name']}</code></h2><p>{message['summary']} {listeners}</p><pre>{payload}</pre>"
