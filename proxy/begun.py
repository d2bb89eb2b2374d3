"""A request as far as it has come, of which most need no coroutine.

The usual one is sent by plain calls, and so its answer comes, is recorded and goes. `Begun` is what
stands in between: to the upstream's connection, what waits for the head; to what drives the
request, what that waits for; to the journal, what completes the answer. Where anything else
happens, a coroutine goes on from where it is (`handler`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import msgspec

from models.again import Recorded
from models.entry import Outcome
from proxy.access.grant import Grant
from proxy.decided import Prepared
from proxy.downstream import Downstream
from proxy.driving import Driven, Waiter
from proxy.exchange import Exchange
from proxy.headers import RawHeaders
from proxy.limits.store import Reservation
from proxy.plans import Plan
from proxy.questions import Question
from proxy.recording import Ledger
from proxy.settable import settable
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource

if TYPE_CHECKING:
    from proxy.upstream.connection import UpstreamConnection

#: What need not be waited for.
OVER: Final[Waiter[None]] = Waiter(resume=None)


class Plane(Protocol):
    """What goes on with requests that have begun."""

    def answered(self, begun: Begun, head: UpstreamHead) -> None:
        """The head of its answer has come."""
        ...

    def handle(self, begun: Begun) -> Coroutine[None, None, None]:
        """All that is left of it."""
        ...

    def end(self, begun: Begun, outcome: Outcome) -> None:
        """It has ended."""
        ...


@settable
class Begun(msgspec.Struct, eq=False):
    """What is known of it. `run` drives it, where that is not a task. What is not None of the
    others has been done, or has `failed` meanwhile."""

    plane: Plane
    downstream: Downstream
    exchange: Exchange
    run: Driven | None
    let_in: tuple[Grant, Plan] | None = None
    prepared: Prepared | None = None
    reservation: Reservation | None = None
    #: What it was sent to, until that is let go.
    source: ResponseSource | None = None
    #: What we asked on the client's behalf, and the head of the answer, where that has come.
    asked: Question | None = None
    head: UpstreamHead | None = None
    #: What is still to be sent, once it is recorded.
    last: bytes = b""
    trailers: RawHeaders | None = None
    #: Done once a slow client has enough of that.
    slow: Awaitable[None] | None = None
    failed: Exception | None = None

    #: As of a `Waiter`: one that is told of is not waited for any more.
    done: ClassVar[bool] = False

    def __repr__(self) -> str:
        # The default would print the request.
        return f"Begun({self.exchange!r})"

    def sent(self, source: UpstreamConnection, reservation: Reservation) -> bool:
        """It was sent, and what it took of its limits is known. Whether what drives it goes on by
        itself, once `source` has a head: no coroutine has to wait for that."""
        self.source, self.reservation, self.prepared = source, reservation, None
        run = self.run
        if run is None or run.cancelled or not source.will_tell(self):
            return False
        run.waits_for, run.goes_on = self, True
        return True

    def go_on(self) -> None:
        """Have what drives it go on in a coroutine."""
        if self.run is not None:
            self.run.drive(self.plane.handle(self))

    def check(self) -> None:
        """Raise what has failed. Nothing more is taken of its answer then."""
        if self.failed is not None:
            failed, self.failed = self.failed, None
            if self.source is not None:
                self.source.release()
            try:
                raise failed
            finally:
                # It refers to this frame, and to all above it: to the request and its body.
                del failed

    # As its upstream's connection knows it

    def wake(self, head: UpstreamHead) -> None:
        """The head of its answer has come."""
        if self.run is not None:
            self.run.waits_for = None
        self.plane.answered(self, head)

    def fail(self, error: BaseException) -> None:
        """None will come: so `source` says whenever it is asked."""
        self.go_on()

    # As that knows it which drives it

    def cancel(self) -> None:
        """Raise CancelledError where `handle` waits for the head, in a later turn of the loop."""
        if self.run is not None:
            self.run.cancelled = True
        self.go_on()

    # The end of an answer of which all is here

    def complete(
        self, ledger: Ledger, entry: Recorded, last: bytes, trailers: RawHeaders | None = None
    ) -> Coroutine[None, None, None] | None:
        """Record it, with whatever else is recorded in this turn of the loop, then send the `last`
        bytes of its answer and end it.

        What drives it goes on by itself until then. Who cancels it meanwhile finds it over: it is
        recorded as complete, and a client that has gone is noticed when it is written to. Where
        nothing drives it, what comes after it is recorded is to be awaited, and the end is the
        caller's.
        """
        self.last, self.trailers = last, trailers
        run = self.run
        if run is None:
            return self._awaited(ledger, entry)
        ledger.append_then(entry, self._recorded)
        run.goes_on = True
        return None

    async def _awaited(self, ledger: Ledger, entry: Recorded) -> None:
        written: Waiter[None] = Waiter()
        ledger.append_then(entry, written.wake)
        await written
        if (slow := self.downstream.finish(self.last, self.trailers)) is not None:
            await slow

    def _recorded(self) -> None:
        try:
            self.slow = slow = self.downstream.finish(self.last, self.trailers)
            is_over = slow is None
        except Exception as error:  # noqa: BLE001  (`handle` raises it)
            self.failed, is_over = error, False
        run = self.run
        if run is None or not is_over:
            self.go_on()
            return
        try:
            self.plane.end(self, "complete")
        finally:
            run.ended(None)
