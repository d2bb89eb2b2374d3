"""Authentication: from the credential that the client presents to its grant."""

from __future__ import annotations

from time import time
from typing import Final

from models import secrets
from models.errors import DatabaseUnavailable as DatabaseAway
from proxy import errors, failures
from proxy.access.grants import Grant, Grants
from proxy.downstream import RequestHead
from proxy.header_lines import HeaderLines
from proxy.header_rules import CREDENTIALS
from proxy.headers import RawHeaders

_BEARER: Final = b"bearer "


def presented(lines: HeaderLines) -> bytes:
    """The secret, from whichever of the three fields carries it.

    Raises MissingToken, or InvalidRequest where two of them differ.
    """
    first = lines.first
    if not lines.has_repeated and b"x-api-key" not in first and b"api-key" not in first:
        value = first.get(b"authorization")
        found = None if value is None else _of_authorization(value)
    else:
        found = _of_all(lines.fields)
    if not found:
        raise errors.MissingToken(
            "No token was presented. Send it as 'Authorization: Bearer llmp_…'."
        )
    return found


def _of_all(headers: RawHeaders) -> bytes | None:
    found: bytes | None = None
    for name, value in headers:
        if (lowered := name.lower()) not in CREDENTIALS:
            continue
        secret = _of_authorization(value) if lowered == b"authorization" else value
        if found is not None and found != secret:
            raise errors.InvalidRequest("Two different credentials were presented.")
        found = secret
    return found


def _of_authorization(value: bytes) -> bytes:
    if value[:7].lower() != _BEARER:
        raise errors.InvalidToken("The Authorization header is not of the form 'Bearer <token>'.")
    return value[7:].strip(b" ")


def authenticate_now(head: RequestHead, grants: Grants) -> tuple[Grant, str] | None:
    """The grant behind the request, and its secret's digest, where the grant is cached.

    None where it has to be looked up, by `authenticate`. Raises a refusal.
    """
    grant, digest = _cached(head, grants)
    return None if grant is None else (grant, digest)


async def authenticate(head: RequestHead, grants: Grants) -> tuple[Grant, str]:
    """The grant behind the request, and its secret's digest. Raises a refusal where it has none."""
    grant, digest = _cached(head, grants)
    if grant is None:
        try:
            grant = await grants.find(digest)
        except DatabaseAway as exc:
            raise failures.of_database("The token") from exc
        if grant is None:
            raise errors.InvalidToken(_UNKNOWN)
        check_alive(grant)
    return grant, digest


def _cached(head: RequestHead, grants: Grants) -> tuple[Grant | None, str]:
    secret = presented(head.lines)
    digest = secrets.digest(secret) if len(secret) == secrets.TOKEN_LENGTH else ""
    grant = grants.cached(digest)
    if grant is not None:
        # What has a grant is well-formed.
        check_alive(grant)
    elif not secrets.is_well_formed(secret):
        raise errors.InvalidToken("The token is malformed: it was cut, mistyped or is not ours.")
    elif grants.lacks(digest):
        raise errors.InvalidToken(_UNKNOWN)
    return grant, digest


_UNKNOWN: Final = "No token has this secret."


def check_alive(grant: Grant) -> None:
    """Refuse a revoked or expired token, and one whose project is inactive or deleted."""
    record = grant.record
    if record.revoked_at is not None:
        raise errors.TokenRevoked("The token has been revoked.")
    if time() >= grant.expires_at:
        raise errors.TokenExpired("The token has expired.")
    if not record.project_is_active or record.project_is_deleted:
        raise errors.ProjectInactive("The token's project is not active.")
