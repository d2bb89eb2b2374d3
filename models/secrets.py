"""Secrets we hand out: their format, their digest, and what may be shown of them.

The format lets a typo or a stray string be refused without a look-up, and lets secret scanners
recognise a leak: prefix, 40 random Base62 characters, CRC-32 of all before it as 6 Base62 digits.
Nothing here stores or looks up anything.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final
from zlib import crc32

TOKEN_PREFIX: Final = "llmp_"  # noqa: S105  (no secret, but what one begins with)
MANAGEMENT_PREFIX: Final = "llmpm_"

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS: Final = 40
_CHECKSUM_DIGITS: Final = 6
TOKEN_LENGTH: Final = len(TOKEN_PREFIX) + _RANDOM_CHARACTERS + _CHECKSUM_DIGITS
_TOKEN = re.compile(rb"llmp_[0-9A-Za-z]{46}\Z")
_DIGIT_VALUE: Final = {ord(character): value for value, character in enumerate(_ALPHABET)}


def generate(prefix: str = TOKEN_PREFIX) -> str:
    """A new secret: 238 bits of randomness behind `prefix`."""
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 of `body` as 6 Base62 digits, most significant first, zero-padded."""
    rest = crc32(body.encode("ascii"))
    digits = []
    for _ in range(_CHECKSUM_DIGITS):
        rest, digit = divmod(rest, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def is_well_formed(secret: str | bytes) -> bool:
    """Whether `secret` is a proxy token whose checksum is right. About 1 µs: runs per request."""
    if isinstance(secret, str):
        if not secret.isascii():
            return False
        secret = secret.encode("ascii")
    if _TOKEN.match(secret) is None:
        return False
    value = 0
    for character in secret[-_CHECKSUM_DIGITS:]:
        value = value * 62 + _DIGIT_VALUE[character]
    return value == crc32(secret[:-_CHECKSUM_DIGITS])


def digest(secret: str | bytes) -> str:
    """SHA-256 in lower-case hex: the only form in which a secret of ours is stored.

    A fast hash is right here: the secret is random and long, so there is nothing to guess.
    """
    if isinstance(secret, str):
        secret = secret.encode()
    return hashlib.sha256(secret).hexdigest()


def hint(secret: str) -> str:
    """What may be shown of one of our own secrets: `llmp_…` and the last 4 characters."""
    prefix, separator, _ = secret.partition("_")
    return f"{prefix}{separator}…{secret[-4:]}"


def upstream_key_hint(key: str) -> str:
    """What may be shown of an upstream's key: at most its first 3 and last 4 characters.

    Keys too short for that to leave a secret behind show nothing.
    """
    if len(key) < 16:
        return "…"
    return f"{key[:3]}…{key[-4:]}"


def constant_time_equal(left: str | bytes, right: str | bytes) -> bool:
    """Compare without telling, by the time taken, how much was right."""
    left = left.encode() if isinstance(left, str) else left
    right = right.encode() if isinstance(right, str) else right
    return hmac.compare_digest(left, right)
