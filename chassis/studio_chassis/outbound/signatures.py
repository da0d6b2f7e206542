"""Standard Webhooks: HMAC-SHA256 over id, timestamp and the raw body. The provider's are verified, ours are made."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=", re.ASCII)


class SignatureError(Exception):
    """The message is not signed with that secret, or more than five minutes old."""


def verify(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> None:
    """Raises SignatureError unless one of the signatures fits. Header names are in lower case."""
    # one malformed or unknown item must not hide a valid one behind it
    items = " ".join(_SIGNATURE.findall(headers.get("webhook-signature", "")))
    try:
        verifier = Webhook(secret.get_secret_value().strip())
        verifier.verify(body, {**headers, "webhook-signature": items}, json_parse=False)
    except Exception as error:  # the headers are an attacker's, and the library raises more than its own errors
        raise SignatureError(type(error).__name__) from error


def signed_headers(secrets: Sequence[SecretStr], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of a message, with a signature for each secret, so that one can follow the other without a gap."""
    signatures = [Webhook(secret.get_secret_value()).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def owner_secret(master: SecretStr, owner: str, rotation: int = 0) -> SecretStr:
    """The secret with which the calls to an owner's receivers are signed, in the form `whsec_…` of the standard.

    It follows from the master, so that none is stored and no owner can sign as another; `rotation` is how often this
    owner's was replaced.
    """
    named = f"callbacks of {owner}" + (f", {rotation}" if rotation else "")  # no owner's name has a comma
    digest = hmac.digest(master.get_secret_value().encode(), named.encode(), hashlib.sha256)
    return SecretStr("whsec_" + base64.b64encode(digest).decode())
