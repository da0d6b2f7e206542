"""What all our cookies have in common."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import Request

from studio_gateway.settings import GatewaySettings


def attributes(request: Request, settings: GatewaySettings, path: str) -> dict[str, Any]:
    """Where the cookie is sent, and by whom: below that path, never for another site, never to a script.

    Over plain HTTP only where the studio is reached so, as on a laptop.
    """
    schemes = request.url.scheme, urlsplit(settings.public_base_url or "").scheme
    return {"path": path, "httponly": True, "samesite": "strict", "secure": "https" in schemes}
