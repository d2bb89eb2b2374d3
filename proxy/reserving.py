"""What a request takes of its limits and budgets, and how that is settled at its end."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from proxy.access.grant import Grant
from proxy.access.policies import claims_with
from proxy.body.budget import BodyBudget
from proxy.decided import Ready, keep
from proxy.exchange import Exchange
from proxy.forward import Outgoing
from proxy.holds import Holds, are_soft
from proxy.limits.store import AS_TAKEN, NOT_SENT, LimitStore, LimitsUnavailable, Reservation

#: Of a request that nothing limits.
UNLIMITED: Final = Reservation((), None, None)


class Reserving:
    """Of all requests of one worker that are limited."""

    __slots__ = ("_bodies", "_holds", "_limits")

    def __init__(self, limits: LimitStore, holds: Holds, bodies: BodyBudget) -> None:
        self._limits = limits
        self._holds = holds
        self._bodies = bodies

    def reserve(
        self, exchange: Exchange, grant: Grant, request: Outgoing | Ready
    ) -> Awaitable[Reservation]:
        """Take what the request claims of all its limits, or nothing."""
        keep(request, exchange, self._bodies)
        if grant.budgets or exchange.policies:
            return self._with_budgets(exchange, grant)
        return self._limits.decide(grant.claims)

    async def _with_budgets(self, exchange: Exchange, grant: Grant) -> Reservation:
        claims = claims_with(grant.claims, exchange.policies)
        # Kept answers cost nothing.
        holds = (
            ()
            if exchange.found is not None
            else exchange.holds or self._holds.claim(exchange, grant)
        )
        try:
            if not holds:
                return await self._limits.decide(claims) if claims else UNLIMITED
            return await self._limits.decide(claims, holds, exchange.id)
        except LimitsUnavailable:
            if not claims and are_soft(holds):
                # They refuse nothing, and are charged of the entry alone.
                return UNLIMITED
            raise

    def settle(self, exchange: Exchange, reservation: Reservation) -> None:
        """The request has ended, and was recorded."""
        was_answered = exchange.sent is not None or exchange.found is not None
        # Else what was taken at admission stands and there is nothing to say.
        if not was_answered or reservation.lease is not None or reservation.budgets:
            actual = AS_TAKEN if was_answered else NOT_SENT
            self._limits.settle(reservation, actual, exchange.charge)
