"""The API's description: as JSON, and to be read in a browser without loading anything from elsewhere."""

import html
import json
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from studio_gateway.api.asyncapi import asyncapi
from studio_gateway.http.problems import MEDIA_TYPE

API_VERSION = "1"
_ASSETS = Path(fastapi_offline.__file__).parent / "static"
_STYLE = "body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem} pre{background:#f3f3f3}"
router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Serve /docs, /docs/events, /openapi.json and /asyncapi.json."""
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.mount("/docs/assets", StaticFiles(directory=_ASSETS))
    app.include_router(router)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        api = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for operations in api["paths"].values():
            for operation in operations.values():
                operation["responses"] = _corrected(operation["responses"])
        for unused in ("HTTPValidationError", "ValidationError"):
            api["components"]["schemas"].pop(unused, None)
        app.openapi_schema = api
    return app.openapi_schema


def _corrected(answers: dict[str, Any]) -> dict[str, Any]:
    """Say problem+json where the framework can only say JSON, and nothing of the error it would answer with."""
    schemas = {status: _schema(answer) for status, answer in answers.items()}
    return {
        status: answer | {"content": {MEDIA_TYPE: answer["content"]["application/json"]}}
        if schemas[status].endswith("/Problem")
        else answer
        for status, answer in answers.items()
        if not schemas[status].endswith("/HTTPValidationError")
    }


def _schema(answer: dict[str, Any]) -> str:
    return str(answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", ""))


@router.get("/docs")
async def read_docs() -> HTMLResponse:
    """The REST API."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="TPV Studio API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
    )


@router.get("/asyncapi.json")
async def read_asyncapi() -> dict[str, Any]:
    """The events, for tools."""
    return asyncapi(API_VERSION)


@router.get("/docs/events")
async def read_event_docs() -> HTMLResponse:
    """The events, for people."""
    document = asyncapi(API_VERSION)
    rows = "".join(_event(name, document) for name in document["channels"])
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>TPV Studio events</title><style>{_STYLE}</style>'
        f"<h1>{document['info']['title']}</h1><p>{document['info']['description']}</p>"
        f'<p><a href="/asyncapi.json">AsyncAPI 3</a> · <a href="/docs">REST API</a></p>{rows}</html>'
    )


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
