"""Everything the routes work on, built once per application."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from studio_standin.faults import Switchboard
from studio_standin.files import Files
from studio_standin.lifecycle import Lifecycle
from studio_standin.predictions import Store
from studio_standin.settings import Settings


@dataclass(frozen=True)
class World:
    settings: Settings
    switchboard: Switchboard
    store: Store
    files: Files
    lifecycle: Lifecycle
    clock: Callable[[], datetime]
    refused: Counter[int] = field(default_factory=Counter)

    def base_url(self, request: Request) -> str:
        """Prefix of links, without a slash at its end."""
        return (self.settings.base_url or str(request.base_url)).rstrip("/")


def _world(request: Request) -> World:
    return cast(World, request.app.state.world)


Here = Annotated[World, Depends(_world)]
