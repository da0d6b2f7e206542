"""The application: the provider's API, its file host, and the control routes."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI, Request, Response

from studio_standin import api, control, filehost, upload_routes
from studio_standin.app_state import AppState
from studio_standin.faults import FaultInjector
from studio_standin.files import Files
from studio_standin.lifecycle import Lifecycle
from studio_standin.predictions import Store
from studio_standin.problems import Problem
from studio_standin.settings import Settings
from studio_standin.uploads import Uploads
from studio_standin.webhooks import Sender

CLIENT_TIMEOUT_SECONDS = 5.0
"""For a receiver of webhooks, and for the host of an init image."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings, clock: Callable[[], datetime] = _utc_now) -> FastAPI:
    """The whole stand-in; its HTTP client and threads end with the application's lifespan."""
    fault_injector = FaultInjector()
    store = Store(settings.max_predictions)
    pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="pictures")
    client = httpx.AsyncClient(timeout=CLIENT_TIMEOUT_SECONDS, trust_env=False)
    files = Files(settings.max_file_bytes, pool)
    sender = Sender(client, settings.webhook_signing_key.get_secret_value(), settings.time_scale, clock)
    uploads = Uploads(settings.max_file_bytes)
    lifecycle = Lifecycle(settings, store, files, uploads, sender, fault_injector, client, clock)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await lifecycle.close()
        await client.aclose()
        pool.shutdown(cancel_futures=True)

    app = FastAPI(title="Stand-in for the Replicate HTTP API", lifespan=lifespan)
    app.state.app_state = AppState(settings, fault_injector, store, files, uploads, lifecycle, clock)
    app.add_exception_handler(Problem, _answer)
    for router in (api.routes, upload_routes.routes, filehost.routes, control.routes):
        app.include_router(router)
    return app


async def _answer(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response
