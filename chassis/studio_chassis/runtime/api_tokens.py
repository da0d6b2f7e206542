"""Secret texts that open something: how they are made, recognised and kept.

A token has 256 random bits, so a plain SHA-256 of it is enough to keep: there is nothing to guess, and the lookup by
hash takes the same time whatever the token is. The prefix and the checksum let a secret scanner recognise a leaked
token without asking the studio.
"""

import hashlib
import secrets
import string
import zlib

KEY_PREFIX = "tpvs_"
_ALPHABET = string.digits + string.ascii_letters
_RANDOM_CHARS = 43  # 62 ** 43 > 2 ** 256
_CHECK_CHARS = 6


def new_token(prefix: str = KEY_PREFIX) -> str:
    """A new random token: the prefix, 43 characters of randomness, and 6 of checksum."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return f"{prefix}{body}{_checksum(prefix + body)}"


def is_well_formed(token: str, prefix: str = KEY_PREFIX) -> bool:
    """Whether it can be a token of ours: anything else needs no lookup."""
    text, check = token[:-_CHECK_CHARS], token[-_CHECK_CHARS:]
    return (
        token.isascii()
        and token.startswith(prefix)
        and len(text) == len(prefix) + _RANDOM_CHARS
        and check == _checksum(text)
    )


def token_hash(token: str) -> str:
    """What is stored instead of the token: SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(text: str) -> str:
    """CRC-32 in base 62."""
    rest, digits = zlib.crc32(text.encode()), ""
    while len(digits) < _CHECK_CHARS:
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
