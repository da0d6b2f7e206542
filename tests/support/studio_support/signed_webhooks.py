"""Webhooks of the provider: addresses with their tokens, a body and its signature."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import quote

from studio_chassis.replicate.webhook_url import webhook_url

SECRET = "a secret of sixteen or more"
KEY = base64.b64encode(b"the provider's key, 32 bytes long").decode()
PREDICTION = {"id": "p0", "status": "processing", "output": None, "input": {"prompt": "ocean"}, "logs": "…"}
BODY = json.dumps(PREDICTION).encode()


def address(job_id: str, slot: int = 0, attempt: int = 1) -> str:
    """The webhook URL of an attempt."""
    return webhook_url("http://studio", job_id, slot, attempt, SECRET)


def token_of(url: str) -> str:
    """The token in a webhook URL."""
    return url.split("/")[-4]


def with_token(url: str, token: str) -> str:
    """The same URL with another token."""
    return url.replace(token_of(url), quote(token, safe=""))


def signature(body: bytes = BODY, *, key: str = KEY, at: float | None = None, message_id: str = "msg_1") -> str:
    """One signature of the body, in the form of the header."""
    timestamp = str(int(time.time() if at is None else at))
    signed = hmac.digest(base64.b64decode(key), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def headers(signatures: str | None = None, *, at: float | None = None, body: bytes = BODY) -> dict[str, str]:
    """The headers of a webhook, properly signed unless `signatures` are given."""
    timestamp = time.time() if at is None else at
    given = signature(body, at=timestamp) if signatures is None else signatures
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(timestamp)), "webhook-signature": given}
