"""Authentication: from the credential that the client presents to its grant."""

from __future__ import annotations

from time import time
from typing import Final

from models import secrets
from models.errors import DatabaseUnavailable as DatabaseAway
from proxy import errors, failures
from proxy.access.grants import Grant, Grants
from proxy.header_rules import CREDENTIALS
from proxy.headers import RawHeaders

_BEARER: Final = b"bearer "
_BY_LENGTH: Final = {len(name) for name in CREDENTIALS}


def presented(headers: RawHeaders) -> bytes:
    """The secret, from whichever of the three fields carries it.

    Raises MissingToken, or InvalidRequest where two of them differ.
    """
    found: bytes | None = None
    for name, value in headers:
        if len(name) not in _BY_LENGTH or (lowered := name.lower()) not in CREDENTIALS:
            continue
        secret = _of_authorization(value) if lowered == b"authorization" else value
        if found is not None and found != secret:
            raise errors.InvalidRequest("Two different credentials were presented.")
        found = secret
    if not found:
        raise errors.MissingToken(
            "No token was presented. Send it as 'Authorization: Bearer llmp_…'."
        )
    return found


def _of_authorization(value: bytes) -> bytes:
    if value[:7].lower() != _BEARER:
        raise errors.InvalidToken("The Authorization header is not of the form 'Bearer <token>'.")
    return value[7:].strip(b" ")


async def authenticate(headers: RawHeaders, grants: Grants) -> tuple[Grant, str]:
    """The grant behind the request, and its secret's digest. Raises a refusal where it has none."""
    secret = presented(headers)
    if not secrets.is_well_formed(secret):
        raise errors.InvalidToken("The token is malformed: it was cut, mistyped or is not ours.")
    digest = secrets.digest(secret)
    try:
        grant = await grants.find(digest)
    except DatabaseAway as exc:
        raise failures.of_database("The token") from exc
    if grant is None:
        raise errors.InvalidToken("No token has this secret.")
    check_alive(grant)
    return grant, digest


def check_alive(grant: Grant) -> None:
    """Refuse a revoked or expired token, and one whose project is inactive or deleted."""
    record = grant.record
    if record.revoked_at is not None:
        raise errors.TokenRevoked("The token has been revoked.")
    if time() >= grant.expires_at:
        raise errors.TokenExpired("The token has expired.")
    if not record.project_is_active or record.project_is_deleted:
        raise errors.ProjectInactive("The token's project is not active.")
