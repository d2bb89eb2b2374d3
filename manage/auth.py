"""Who calls: the bearer of MANAGEMENT_TOKEN, or of a named management token from the database."""

import re
from typing import Final

import msgspec

from models import ManagementToken, secrets
from models.management_tokens import Scope

_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+) *")
_CHECKSUM_DIGITS: Final = 6


class Caller(msgspec.Struct, frozen=True):
    """A caller that was let in; the audit trail has its `name`."""

    name: str
    scope: Scope

    def may(self, method: str) -> bool:
        """Whether the scope covers `method`: `read` may only look."""
        return self.scope == "write" or method in ("GET", "HEAD")


def presented_secret(authorization: str | None) -> str | None:
    """The credential of an `Authorization: Bearer` header; None where there is none."""
    if authorization is None:
        return None
    match = _BEARER.fullmatch(authorization)
    return match[1] if match else None


async def identify(secret: str, management_token: str | None) -> Caller | None:
    """Whose `secret` is; None when it is unknown. Raises DatabaseUnavailable."""
    # Digests have one length, so that not even the token's length shows in the time taken.
    if management_token is not None and secrets.constant_time_equal(
        secrets.digest(secret), secrets.digest(management_token)
    ):
        return Caller("management", "write")
    if not _looks_like_ours(secret):
        return None
    token = await ManagementToken.presented(secret)
    if token is None:
        return None
    return Caller(f"management:{token.name}", "write" if token.scope == "write" else "read")


def _looks_like_ours(secret: str) -> bool:
    """Whether a look-up is worth it: prefix and checksum are right."""
    body, digits = secret[:-_CHECKSUM_DIGITS], secret[-_CHECKSUM_DIGITS:]
    return secret.startswith(secrets.MANAGEMENT_PREFIX) and secrets.checksum(body) == digits
