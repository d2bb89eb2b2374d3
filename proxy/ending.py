"""The end of an answer of which all is here: its last bytes go out once it is recorded, by the call
that tells so. No coroutine is kept waiting for that where a request drives itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, TypeAlias

import msgspec

from models.again import Recorded
from models.entry import Outcome
from proxy import errors
from proxy.downstream import Downstream
from proxy.driving import Driven, Waiter
from proxy.exchange import Exchange
from proxy.headers import RawHeaders
from proxy.limits.store import Reservation
from proxy.recording import Ledger

End: TypeAlias = Callable[[Exchange, Reservation | None, Outcome], None]
#: What need not be waited for.
OVER: Final[Waiter[None]] = Waiter(resume=None)


class Ending(msgspec.Struct, eq=False, gc=False):
    """What is left to be done of a request: to send the `last` bytes of its answer, then `end`.

    `run` is what drives it, whose coroutine has ended, and is told behind all that. Who cancels it
    meanwhile finds it over: it is recorded as complete, and a client that has gone is noticed when
    it is written to.
    """

    run: Driven | None
    downstream: Downstream
    exchange: Exchange
    reservation: Reservation | None
    end: End
    last: bytes
    trailers: RawHeaders | None = None

    def __repr__(self) -> str:
        # The default would print the answer.
        return f"Ending({self.exchange!r})"

    def after(self, ledger: Ledger, entry: Recorded) -> Coroutine[None, None, None] | None:
        """Begin, with whatever else is recorded in this turn of the loop. Where nothing drives it,
        the answer's end is to be awaited, and `end` is the caller's."""
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
        run, slow, failed = self.run, None, None
        assert run is not None  # noqa: S101  (only then it is called)
        try:
            slow = self.downstream.finish(self.last, self.trailers)
        except Exception as error:  # noqa: BLE001  (it is raised where its request is driven)
            failed = error
        if slow is not None or failed is not None:
            run.drive(self._unusually(slow, failed))
            return
        try:
            self.end(self.exchange, self.reservation, "complete")
        finally:
            run.ended(None)

    async def _unusually(self, slow: Awaitable[None] | None, failed: Exception | None) -> None:
        try:
            if failed is not None:
                raise failed
            if slow is not None:
                await slow
        except errors.ClientGone:
            self.downstream.abort()
        except asyncio.CancelledError:
            self.downstream.abort()
            raise
        except Exception as unforeseen:
            raise errors.RequestBroken(self.exchange.id) from unforeseen
        finally:
            self.end(self.exchange, self.reservation, "complete")
