"""The gateway's web application, put together from its routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount

from studio_chassis.health import Health
from studio_chassis.service import Chassis, Work
from studio_gateway import problems, routes
from studio_gateway.settings import GatewaySettings


@asynccontextmanager
async def build(chassis: Chassis, settings: GatewaySettings) -> AsyncIterator[Work]:
    """No queues: the gateway only publishes."""

    def web(health: Health) -> Any:
        app = create_app(chassis, settings)
        app.router.routes.append(Mount("/", app=health))  # /healthz, /readyz, /metrics
        return app

    yield Work(web=web, port=settings.port)


def create_app(chassis: Chassis, settings: GatewaySettings) -> FastAPI:
    """The REST API over a chassis."""
    app = FastAPI(
        title="TPV Studio", version="1", description="Concepts for rubber playgrounds, in colours that exist."
    )
    app.state.gateway = routes.Gateway(chassis.jobs, chassis.objects, settings)
    problems.install(app)
    app.include_router(routes.router)
    return app
