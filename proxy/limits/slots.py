"""Slots that other workers may have freed already: asked for again before a client is refused.

A client knows that its request has ended a moment before the database does. When it asks another
worker next, that one would refuse it for its own slot of before. No more requests ask again at
once than the limit has slots: of clients that never exceed it, there are no more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from proxy.limits.store import Claim, LimitExceeded, Reservation

#: Seconds between tries, each of which takes a round trip as well. A worker reports that a slot is
#: free within some 5 ms and a round trip.
_PAUSES_S: Final = (0.01, 0.02, 0.04, 0.08)

Ask = Callable[[tuple[Claim, ...]], Awaitable[Reservation]]


class SlotsElsewhere:
    """`held` says how many slots of a key this worker's own requests have."""

    def __init__(self, held: Callable[[str], int]) -> None:
        self._held = held
        self._asking: Counter[str] = Counter()

    async def decide(self, ask: Ask, claims: tuple[Claim, ...]) -> Reservation:
        """What `ask` says, in the end."""
        try:
            return await ask(claims)
        except LimitExceeded as exc:
            key, limit = exc.claim.key, exc.claim.limit
            if not self._may_be_free(exc) or self._asking[key] >= limit:
                raise
            refused = exc
        self._asking[key] += 1
        try:
            for pause in _PAUSES_S:
                await asyncio.sleep(pause)
                try:
                    return await ask(claims)
                except LimitExceeded as exc:
                    refused = exc
                if not self._may_be_free(refused):
                    break
            raise refused
        finally:
            # It refers to this frame, and to those above.
            del refused
            self._asking[key] -= 1
            if not self._asking[key]:
                del self._asking[key]

    def _may_be_free(self, refused: LimitExceeded) -> bool:
        """Whether others have some of the slots for want of which this was refused."""
        return (
            refused.claim.dimension == "slots"
            and self._held(refused.claim.key) < refused.claim.limit
        )
