"""How a webhook is verified: by the slot's own token always, by the provider's signature where its key is set."""

from collections.abc import Mapping
from typing import Literal

import structlog

from studio_chassis.observability import metrics
from studio_chassis.outbound import signatures
from studio_chassis.persistence.store import AttemptRef
from studio_chassis.replicate.webhook_url import token_is_valid
from studio_gateway.settings import GatewaySettings

log = structlog.get_logger()


class VerificationError(Exception):
    """The webhook does not come from the provider, or not for this slot. `check` and reason are for operators only."""

    def __init__(self, check: Literal["token", "signature"], reason: str) -> None:
        super().__init__(f"{check}: {reason}")
        self.check = check


def check_token(settings: GatewaySettings, address: AttemptRef, token: str | None) -> None:
    """Raises VerificationError unless the token opens this address, made with today's secret or the one before it."""
    secrets = (settings.replicate_webhook_secret, settings.replicate_webhook_secret_previous)
    # a list, so that each is compared: the time taken does not reveal which of them fits
    fits = [token_is_valid(token, *address, secret.get_secret_value()) for secret in secrets if secret is not None]
    if not any(fits):
        raise VerificationError("token", "wrong token")


def check_signature(settings: GatewaySettings, headers: Mapping[str, str], body: bytes) -> None:
    """Check the raw body, before a byte of it is parsed, where the provider's key is set. Raises VerificationError."""
    if settings.replicate_webhook_signing_key is None:
        return
    try:
        signatures.verify(settings.replicate_webhook_signing_key, headers, body)
    except signatures.SignatureError as error:
        refusal = VerificationError("signature", str(error))
        if settings.webhook_signatures == "enforce":
            raise refusal from error
        metrics.webhooks.labels("accepted_unverified").inc()
        log.warning("webhook would be refused", reason=str(refusal))
