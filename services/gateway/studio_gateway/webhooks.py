"""What makes a webhook believable: the slot's own token always, the provider's signature where its key is set."""

import structlog
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from studio_chassis.webhook_url import token_is_valid
from studio_gateway.settings import GatewaySettings

MAX_BODY = 4 * 2**20
"""The body repeats the input and its picture. Our stencils are below 256 kB, so this leaves room for long logs."""
log = structlog.get_logger()


class Forged(Exception):
    """The webhook does not come from the provider, or not for this slot. Raised with a reason for the log only."""


def check(
    settings: GatewaySettings, address: tuple[str, int, int], token: str | None, headers: dict[str, str], body: bytes
) -> None:
    """Check a webhook before a byte of its body is parsed. `address` is (job id, slot, attempt). Raises Forged."""
    job_id, slot, attempt = address
    secret = settings.replicate_webhook_secret.get_secret_value()
    if not token_is_valid(token, job_id, slot, attempt, secret):
        raise Forged("wrong token")
    if settings.replicate_webhook_signing_key is None:
        return
    try:
        _check_signature(settings.replicate_webhook_signing_key, headers, body)
    except Forged as error:
        if settings.webhook_signatures == "enforce":
            raise
        log.warning("webhook would be refused", job_id=job_id, reason=str(error))


def _check_signature(key: SecretStr, headers: dict[str, str], body: bytes) -> None:
    """Standard Webhooks: HMAC-SHA256 over id, timestamp and the raw body, at most five minutes old."""
    try:
        Webhook(key.get_secret_value().strip()).verify(body, headers, json_parse=False)
    except (
        Exception
    ) as error:  # the headers are an attacker's: the library raises ValueError and others besides its own
        raise Forged(f"signature: {type(error).__name__}") from error
