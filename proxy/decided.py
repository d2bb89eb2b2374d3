"""What was decided of a usual request, kept for those that are alike: they differ in nothing that
decides anything (`downstream.Likeness`).

The general way decides, and leaves it with the grant, with which it goes: whatever changes of a
token, its project or its keys makes another grant. What may change while a grant stays is looked at
for each request all the same: the time, shares, limits, and the body.
"""

from __future__ import annotations

from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import ref

import msgspec

from models.labels import Labels
from proxy.access.grant import Grant
from proxy.downstream import Likeness, RequestHead
from proxy.forward import Outgoing, around_lines
from proxy.plans import Plan
from proxy.questions import Question
from proxy.upstream.target import Origin, Target

if TYPE_CHECKING:
    from proxy.body.budget import BodyBudget
    from proxy.exchange import Exchange
    from proxy.upstream.connection import UpstreamConnection
    from proxy.upstream.pool import Pool


class Decided(msgspec.Struct, frozen=True):
    """Where requests go that are alike, and as what: `begin` and `end` are what stands in their
    upstream's head before the client's lines and behind them. `crossing` is their pattern's.
    `number` is its own, and no other's after it: by it the entries of its requests are found."""

    plan: Plan
    labels: Labels | None
    target: Target
    origin: Origin
    begin: bytes
    crossing: bytes
    end: bytes
    number: int
    #: Whether anything may limit them.
    is_limited: bool

    def __repr__(self) -> str:
        # The default would print the upstream's key.
        return f"Decided({self.plan.route.pattern})"

    def message(self, head: RequestHead, body: bytes) -> bytes:
        """All that is sent of such a request."""
        values = head.values
        # A head whose lines were read one by one has none.
        crossing = self.crossing % values if values else head.lines.crossing
        return b"".join((self.begin, crossing, self.end, body))


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A request with a small body, all of it, of which everything was decided."""

    head: RequestHead
    body: bytes
    decided: Decided

    def __repr__(self) -> str:
        # The default would print the body.
        return f"Ready({self.head!r})"


#: A request, and what we ask of its upstream on the client's behalf.
Prepared: TypeAlias = tuple[Outgoing | Ready, Question | None]


def keep(request: Outgoing | Ready, exchange: Exchange, bodies: BodyBudget) -> None:
    """Count the body of a request that is ready, and has to wait."""
    if exchange.kept is None and isinstance(request, Ready):
        exchange.kept = bodies.keep(len(request.body))


def send_at_once(
    request: Outgoing | Ready, pool: Pool, exchange: Exchange
) -> UpstreamConnection | None:
    """Send a request that is ready on a kept connection: what will answer it, of which the caller
    waits for the first head. What was sent whole and has a body is not to be repeated.

    None where it is not ready, or no connection is kept: then `forward.send` it.
    """
    if not isinstance(request, Ready):
        return None
    decided, sent = request.decided, perf_counter()
    message = decided.message(request.head, request.body)
    connection = pool.take(decided.origin, exchange.method, message)
    if connection is None:
        return None
    exchange.target, exchange.sent = decided.target, sent
    if exchange.kept is not None:
        exchange.kept.end()
        exchange.kept = None
    return connection


#: Of one grant: a client sends heads of few kinds.
OF_A_GRANT_MAX: Final = 16
#: Of all grants of a worker, some 700 bytes each: where more tokens are in use than that, each of
#: their requests is decided anew.
DECIDED_MAX: Final = 8_192
#: Heads of which they are, of at most 16 KiB each: those of usual clients are a few for all tokens.
LIKENESSES_MAX: Final = 1_024
_numbers: Final = count()


class Decisions:
    """Those of one worker, `most` of them at once. They are their grants'."""

    __slots__ = ("_grants", "_likenesses", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        #: The grant of each that was kept, for as long as that lives.
        self._grants: list[ref[Grant]] = []
        #: Those that they hold; also where a grant has gone meanwhile.
        self._likenesses: set[Likeness] = set()

    def keep(
        self, head: RequestHead, grant: Grant, plan: Plan, labels: Labels | None, target: Target
    ) -> Decided | None:
        """Keep what was decided of a usual request of a grant that `goes_alike`; None where nothing
        is to be kept."""
        if head.likeness is None or not self._most:
            return None
        if len(self._grants) >= self._most or len(self._likenesses) >= LIKENESSES_MAX:
            self._forget()
        if len(grant.decided) >= OF_A_GRANT_MAX:
            grant.decided.clear()
        address, crossing = target.address, head.likeness.pattern.crossing
        begin, end = around_lines(head, target, address.path_for(head.target))
        decided = grant.decided[head.likeness] = Decided(
            plan, labels, target, address.origin, begin, crossing, end, next(_numbers),
            bool(grant.is_limited or plan.policies),
        )  # fmt: skip
        self._grants.append(ref(grant))
        self._likenesses.add(head.likeness)
        return decided

    def _forget(self) -> None:
        for kept in self._grants:
            if (owner := kept()) is not None:
                owner.decided.clear()
        self._grants.clear()
        self._likenesses.clear()
