"""The file host: public, without a token, like the provider's."""

import asyncio
import hashlib

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from studio_standin.app_state import AppStateDep
from studio_standin.faults import FileFault
from studio_standin.problems import DroppedConnection

_MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "jpg": "image/jpeg"}
_WEB_PAGE = "<html><body>This is not the picture you are looking for.</body></html>"
_REFUSALS = {"missing": 404, "forbidden": 403, "error": 500}

routes = APIRouter()


@routes.get("/files/{path:path}")
async def get_file(app_state: AppStateDep, path: str) -> Response:
    recipe = app_state.files.recipe(path)
    if recipe is None:
        return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
    rules, key = app_state.fault_injector.faults.files, f"{recipe.seed} {recipe.number}"
    fault = app_state.fault_injector.first(rules, recipe.prompt, key, lambda rule: rule.index in (None, recipe.number))
    content = await app_state.files.content(path)
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Cache-Control": "public,max-age=3600",
        "Access-Control-Allow-Origin": "*",
        "Content-Type": _MEDIA_TYPES[recipe.format],
    }
    return Response(content, headers=headers) if fault is None else await _faulty(fault, content, headers)


async def _faulty(fault: FileFault, content: bytes, headers: dict[str, str]) -> Response:
    match fault.kind:
        case "not_an_image":
            return Response(_WEB_PAGE, headers=headers)
        case "wrong_type":
            return Response(content, headers=headers | {"Content-Type": "text/html"})
        case "redirect":
            return RedirectResponse(fault.location, 302)
        case "truncated":
            return DroppedConnection(
                content[: len(content) // 2], headers=headers | {"Content-Length": str(len(content))}
            )
        case "slow":
            await asyncio.sleep(fault.seconds)
            return Response(content, headers=headers)
        case kind:
            return HTMLResponse(_WEB_PAGE, _REFUSALS[kind])
