"""The gateway's web application, put together from its routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import Scope

from studio_chassis.runtime.health import Health
from studio_chassis.runtime.process_pool import WorkRunner, open_process_pool
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_gateway.access.audit import AuditTrail
from studio_gateway.access.failed_checks import ENDED, FailedChecks
from studio_gateway.access.job_subscriptions import JobSubscriptions
from studio_gateway.access.key_ring import KeyRing
from studio_gateway.access.owned_jobs import JobAccess
from studio_gateway.access.rate_limiter import RateLimiter
from studio_gateway.access.typical_times import TypicalTimes
from studio_gateway.api import (
    callbacks,
    details,
    docs,
    documents,
    job_creation,
    job_list,
    jobs,
    options,
    outlines,
    own_picture,
    palette,
    pictures,
    session,
    shares,
    usage,
    webhooks,
)
from studio_gateway.api import sse as events
from studio_gateway.api.quickstart import QUICKSTART
from studio_gateway.dependencies import MAX_DOCUMENTS, MAX_DOCUMENTS_PER_CLIENT, Dependencies
from studio_gateway.documents.drawn_sheets import DrawnSheets
from studio_gateway.http import problems
from studio_gateway.http.body_limit import WEBHOOK_PATHS, BodyLimit
from studio_gateway.http.compression import CompressionMiddleware
from studio_gateway.http.concurrency_limit import ConcurrencyLimit, ReleaseMiddleware
from studio_gateway.http.head import HeadMiddleware
from studio_gateway.http.hosts import HostCheck
from studio_gateway.http.request_id import REQUEST_ID, RequestIdMiddleware
from studio_gateway.legacy import panel
from studio_gateway.outline_files.found import FILE_LIMITS
from studio_gateway.outline_files.read_file import PRELOAD
from studio_gateway.settings import GatewaySettings
from studio_gateway.web import page

_EXPOSED = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "Content-Disposition",
    "Content-Range",
    "Accept-Ranges",
    REQUEST_ID,
)
_ACCEPTED = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Range",
    "traceparent",
    REQUEST_ID,
)


@asynccontextmanager
async def build(context: ServiceContext, settings: GatewaySettings) -> AsyncIterator[ServiceDefinition]:
    """No queues: the gateway only publishes. Its loop looks for changes of the jobs that are followed.

    The child process for foreign drawings starts with the first one: few clients bring any.
    """
    async with open_process_pool(1, FILE_LIMITS, PRELOAD, is_eager=False) as readers:
        yield define(context, settings, readers)


def define(context: ServiceContext, settings: GatewaySettings, readers: WorkRunner) -> ServiceDefinition:
    """The gateway over what it works with. `readers` read the drawings of clients."""
    subscriptions = JobSubscriptions(context.store)
    app = create_app(context, settings, subscriptions, readers)
    has_one_port = settings.health_port == settings.listen_port

    def web(health: Health) -> Any:
        subscriptions.stopping = lambda: health.stopping
        mount_health(app, health, with_metrics=has_one_port)
        if settings.access == "local" or has_one_port:
            app.router.routes.extend(docs.pages(app))
        return app

    return ServiceDefinition(
        web=web,
        health=partial(docs.beside, app),
        loops=[subscriptions.run],
        trusted_proxies=settings.trusted_proxies,
        keep_alive=settings.keep_alive,
        max_connections=settings.connections,
    )


def mount_health(app: FastAPI, health: Any, *, with_metrics: bool) -> None:
    """Serve the health application beside the API; metrics only where they have no port of their own."""
    for path in ("/healthz", "/readyz", *(["/metrics"] if with_metrics else [])):
        app.router.routes.append(Route(path, health, methods=["GET"], include_in_schema=False))


def _carries_a_secret(scope: Scope) -> bool:
    """Whether the address of a request proves something: it must not become an attribute of a span."""
    return str(scope["path"]).startswith(WEBHOOK_PATHS)


def create_app(
    context: ServiceContext, settings: GatewaySettings, subscriptions: JobSubscriptions, readers: WorkRunner
) -> FastAPI:
    """The REST API over a context. `readers` read the drawings of clients."""
    app = FastAPI(
        title="TPV Studio",
        version=docs.API_VERSION,
        description=QUICKSTART,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"exclude": _carries_a_secret},
        servers=[{"url": settings.public_base_url or "./", "description": "This studio"}],
    )
    audit = AuditTrail(context.store, context.clock)
    app.state.dependencies = Dependencies(
        JobAccess(context.jobs, context.store, subscriptions, audit),
        KeyRing(context.store, context.clock),
        audit,
        context.objects,
        context.clock,
        settings,
        context.store,
        RateLimiter(context.store, context.clock, settings),
        ConcurrencyLimit(settings.streams, per_client=settings.streams_per_client),
        TypicalTimes(context.store, context.clock),
        ConcurrencyLimit(settings.connections, per_client=settings.connections_per_client),
        ConcurrencyLimit(MAX_DOCUMENTS, per_client=MAX_DOCUMENTS_PER_CLIENT),
        DrawnSheets(),
        FailedChecks(context.store, context.clock, audit),
        FailedChecks(context.store, context.clock, audit, ENDED, "ended sessions"),
        readers,
    )
    problems.install(app)
    for routes in (
        job_creation, own_picture, outlines, job_list, jobs, details, events, documents, pictures, palette, options,
        session, shares, usage, webhooks, panel, page,
    ):  # fmt: skip
        app.router.routes.extend(routes.router.routes)  # an included router would match each request twice over
    app.webhooks.routes.extend(callbacks.webhooks.routes)
    docs.describe(app)
    app.add_middleware(CompressionMiddleware)
    if origins := settings.cors_origins.split():
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=_ACCEPTED,
            expose_headers=_EXPOSED,
        )
    app.add_middleware(HeadMiddleware)
    if settings.hosts:
        app.add_middleware(HostCheck, hosts=settings.hosts)
    app.add_middleware(ReleaseMiddleware)
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(BodyLimit)
    return app
