"""Everything the routes work on, built once per application."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from studio_standin.faults import FaultInjector
from studio_standin.files import Files
from studio_standin.lifecycle import Lifecycle
from studio_standin.predictions import Store
from studio_standin.settings import Settings
from studio_standin.uploads import Uploads


@dataclass(frozen=True)
class AppState:
    settings: Settings
    fault_injector: FaultInjector
    store: Store
    files: Files
    uploads: Uploads
    lifecycle: Lifecycle
    clock: Callable[[], datetime]
    refused: Counter[int] = field(default_factory=Counter)

    def base_url(self, request: Request) -> str:
        """Prefix of links, without a slash at its end."""
        return (self.settings.base_url or str(request.base_url)).rstrip("/")


def _app_state(request: Request) -> AppState:
    return cast(AppState, request.app.state.app_state)


AppStateDep = Annotated[AppState, Depends(_app_state)]
