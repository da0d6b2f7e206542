"""Who may use the API."""

import secrets
from typing import Annotated

from fastapi import Header

from studio_standin.app_state import AppStateDep
from studio_standin.problems import unauthenticated


def authenticate(app_state: AppStateDep, authorization: Annotated[str, Header()] = "") -> None:
    """Raises Problem 401 unless the request carries the token."""
    scheme, _, token = authorization.partition(" ")
    expected = app_state.settings.api_token.get_secret_value().encode()
    if scheme not in ("Bearer", "Token") or not secrets.compare_digest(token.strip().encode(), expected):
        raise unauthenticated()
