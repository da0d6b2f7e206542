"""The address Replicate calls back: one per attempt of a slot, with a token that opens that address only."""

import base64
import hashlib
import hmac
from urllib.parse import quote, urlsplit

WEBHOOK_ROUTE = "/v1/webhooks/replicate"


def normalize_base_url(url: str) -> str:
    """An http(s) base URL with no slash at its end and no doubled ones in its path.

    A double slash leads to a redirect, which the provider does not follow: every webhook would be lost.
    Raises ValueError for anything that cannot be a base: no scheme or host, a query, a fragment, credentials.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # a port out of range raises
        raise ValueError("a base URL looks like https://host or https://host/path")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("a base URL has no query, fragment or credentials")
    return "/".join([f"{parts.scheme}://{parts.netloc}", *filter(None, parts.path.split("/"))])


def webhook_url(public_base: str, job_id: str, slot: int, attempt: int, secret: str) -> str:
    """The URL to give the provider for this attempt. Raises ValueError for an unusable base or an empty secret.

    The token is a segment of the path, because query strings are recorded by tracing. It comes before the rest: the
    last three segments identify the attempt, in this release and in those that had the token in the query.
    """
    path = _path(job_id, slot, attempt)
    return f"{normalize_base_url(public_base)}{WEBHOOK_ROUTE}/{_token(path, secret)}/{path}"


def token_is_valid(token: str | None, job_id: str, slot: int, attempt: int, secret: str) -> bool:
    """Whether the token belongs to this address; takes the same time wherever it differs.

    Raises ValueError for an empty secret: an unset secret must never match a token made without one.
    """
    expected = _token(_path(job_id, slot, attempt), secret)
    return hmac.compare_digest(expected.encode(), (token or "").encode("utf-8", "replace"))


def _path(job_id: str, slot: int, attempt: int) -> str:
    return f"{quote(job_id, safe='')}/{slot}/{attempt}"


def _token(path: str, secret: str) -> str:
    if not secret:
        raise ValueError("the webhook secret is empty")
    digest = hmac.digest(secret.encode(), path.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
