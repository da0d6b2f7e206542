"""The calls that clients get, which the reconciler makes: the `webhooks` of the API's description."""

from typing import Annotated

from fastapi import APIRouter, Header

from studio_contracts.callbacks import END_CALLBACKS, STAGE_CALLBACKS, CallbackMessage

_WHEN = {
    "job.prediction": "The stencils of a job are drawn; its pictures are painted now.",
    "job.postprocess": "All pictures of a job are painted; they are made to be laid now.",
    "job.completed": "A job has its concepts.",
    "job.failed": "A job ended without a result; `data.error` is the code of its error.",
    "job.canceled": "A job was cancelled.",
}
webhooks = APIRouter(tags=["callbacks"])


def _describe(name: str) -> None:
    async def call(
        message: CallbackMessage,
        webhook_id: Annotated[str, Header(description="The same at each attempt of a call")],
        webhook_timestamp: Annotated[str, Header(description="When this attempt was signed, in seconds since 1970")],
        webhook_signature: Annotated[
            str, Header(description="One or more of `v1,<base64>`, separated by spaces (Standard Webhooks)")
        ],
    ) -> None:
        """Answer with a 2xx within ten seconds; anything else is tried again with growing waits for a day, and a 410
        is not. Calls may come twice and out of order.
        """

    responses = {200: {"description": "Any 2xx: received"}, 410: {"description": "This receiver is gone"}}
    asked = "" if name in END_CALLBACKS else " For those who ask for it in `callback_events`."
    webhooks.add_api_route(
        name,
        call,
        methods=["POST"],
        name=f"called_{name.replace('.', '_')}",
        summary=_WHEN[name] + asked,
        responses=responses,  # type: ignore[arg-type]
    )


for _name in (*STAGE_CALLBACKS, *END_CALLBACKS):
    _describe(_name)
