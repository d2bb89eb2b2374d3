"""Ends the requests that are under way for a token that was revoked, or whose project was."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import Final
from uuid import UUID

from models.errors import DatabaseUnavailable as DatabaseAway
from proxy.access.grants import Grants
from proxy.exchange import Exchange

#: Seconds between two tries to confirm a revocation while the database does not answer.
_RETRY_S: Final = 0.5


async def end_revoked(
    active: Collection[Exchange], grants: Grants, subjects: set[UUID] | None
) -> None:
    """End those that are `active` of revoked tokens and deactivated projects among `subjects`.

    None: any token or project may be.
    """
    while True:
        if await _end_those_revoked(active, grants, subjects):
            return
        # Database unreachable: retry until the revocation is confirmed.
        await asyncio.sleep(_RETRY_S)


async def _end_those_revoked(
    active: Collection[Exchange], grants: Grants, subjects: set[UUID] | None
) -> bool:
    """Whether the database answered about each token; exchanges of the others go on.

    Asked about the token, since a secret may be gone for another reason: it was rotated.
    """
    running: defaultdict[UUID, list[Exchange]] = defaultdict(list)
    for exchange in active:
        if (grant := exchange.grant) is not None:
            token, project = grant.record.token_id, grant.record.project_id
            if subjects is None or token in subjects or project in subjects:
                running[token].append(exchange)
    answered = True
    for token, exchanges in running.items():
        try:
            is_cut_off = await grants.is_cut_off(token)
        except DatabaseAway:
            answered = False
            continue
        if is_cut_off:
            for exchange in exchanges:
                exchange.end("revoked")
    return answered
