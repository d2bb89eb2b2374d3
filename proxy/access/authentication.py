"""Authentication: from the credential that the client presents to its grant."""

from __future__ import annotations

from time import time
from typing import Final

from models import secrets
from models.errors import DatabaseUnavailable as DatabaseAway
from proxy import errors, failures
from proxy.access.credentials import may_hold_token, presented, refuse_in_query
from proxy.access.grant import Grant
from proxy.access.grants import Grants
from proxy.downstream import RequestHead


async def authenticate(head: RequestHead, grants: Grants) -> tuple[Grant, str]:
    """The grant behind the request, and its secret's digest. Raises a refusal where it has none.

    Whether the grant is still in force, `check_alive` says.
    """
    grant, digest = _cached(head, grants)
    if grant is None:
        try:
            grant = await grants.find(digest)
        except DatabaseAway as exc:
            raise failures.of_database("The token") from exc
        if grant is None:
            raise errors.InvalidToken(_UNKNOWN)
    return grant, digest


def _cached(head: RequestHead, grants: Grants) -> tuple[Grant | None, str]:
    if may_hold_token(head.target):
        refuse_in_query(head.target)
    secret = presented(head.lines)
    digest = secrets.digest(secret) if len(secret) == secrets.TOKEN_LENGTH else ""
    grant = grants.cached(digest)
    # What has a grant is well-formed.
    if grant is not None:
        grants.credentials.add(head.lines, grant, digest)
    else:
        if not secrets.is_well_formed(secret):
            raise errors.InvalidToken(
                "The token is malformed: it was cut, mistyped or is not ours."
            )
        if grants.lacks(digest):
            raise errors.InvalidToken(_UNKNOWN)
    return grant, digest


_UNKNOWN: Final = "No token has this secret."


def check_alive(grant: Grant) -> None:
    """Refuse a revoked or expired token, and one whose project is inactive or deleted."""
    now = time()
    if now < grant.in_force_until:
        return
    if grant.record.revoked_at is not None:
        raise errors.TokenRevoked("The token has been revoked.")
    if now >= grant.expires_at:
        raise errors.TokenExpired("The token has expired.")
    raise errors.ProjectInactive("The token's project is not active.")
