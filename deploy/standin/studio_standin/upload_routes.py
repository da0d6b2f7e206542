"""The Files API. The official clients upload every file handle that they are given as an input."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile

from studio_standin.app_state import AppStateDep
from studio_standin.authentication import authenticate
from studio_standin.predictions import new_id
from studio_standin.problems import not_found, problem
from studio_standin.uploads import MAX_UPLOAD_BYTES, Upload

routes = APIRouter(prefix="/v1/files", dependencies=[Depends(authenticate)])


@routes.post("", status_code=201)
async def create_file(
    app_state: AppStateDep,
    request: Request,
    content: UploadFile,
    filename: Annotated[str | None, Form()] = None,
    type: Annotated[str | None, Form()] = None,  # noqa: A002 - the field's name in the API
    metadata: Annotated[str, Form()] = "{}",
) -> dict[str, Any]:
    data = await content.read(MAX_UPLOAD_BYTES + 1)
    if len(data) > MAX_UPLOAD_BYTES:
        raise problem(413, "Payload too large", f"A file has at most {MAX_UPLOAD_BYTES} bytes.")
    upload = Upload(
        id=new_id(),
        name=filename or content.filename or "file",
        content_type=type or content.content_type or "application/octet-stream",
        content=data,
        metadata=_metadata(metadata),
        created_at=app_state.clock(),
    )
    app_state.uploads.add(upload)
    return upload.view(app_state.base_url(request))


@routes.get("")
async def list_files(app_state: AppStateDep, request: Request) -> dict[str, Any]:
    base_url = app_state.base_url(request)
    results = [upload.view(base_url) for upload in app_state.uploads.newest_first()]
    return {"next": None, "previous": None, "results": results}


@routes.get("/{file_id}")
async def get_file(app_state: AppStateDep, request: Request, file_id: str) -> dict[str, Any]:
    return _existing(app_state, file_id).view(app_state.base_url(request))


@routes.get("/{file_id}/download")
async def download_file(app_state: AppStateDep, file_id: str) -> Response:
    upload = _existing(app_state, file_id)
    return Response(upload.content, media_type=upload.content_type)


@routes.delete("/{file_id}", status_code=204)
async def delete_file(app_state: AppStateDep, file_id: str) -> None:
    if not app_state.uploads.remove(file_id):
        raise not_found()


def _existing(app_state: AppStateDep, file_id: str) -> Upload:
    upload = app_state.uploads.get(file_id)
    if upload is None:
        raise not_found()
    return upload


def _metadata(text: str) -> dict[str, Any]:
    try:
        metadata = json.loads(text)
    except ValueError as error:
        raise problem(400, "Bad request", "The metadata is not JSON.") from error
    if not isinstance(metadata, dict):
        raise problem(400, "Bad request", "The metadata is not a JSON object.")
    return metadata
