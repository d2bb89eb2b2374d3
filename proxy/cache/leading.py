"""The `Downstream` of a request that leads a flight: its client, and those that follow.

What the client gets goes into the flight too. The flight never waits for this client: one that is
slower reads on from the flight's file, and one that has left is missed by nobody. Where the flight
fails (too large, a full disk), what is left is the client's alone, by whose pace it goes again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from models.entry import Outcome
from proxy.cache.flights import Led
from proxy.cache.kept import BLOCK_BYTES, About
from proxy.cache.spool import State
from proxy.downstream import Downstream, Outlet, RequestHead, ResponseHead
from proxy.driving import Cancellable, Driven
from proxy.errors import ClientGone, NotWritten, Refusal
from proxy.headers import RawHeaders


class Leading:
    """A `Downstream`, whose methods it documents. `run` is the request, which goes on when its
    client leaves, where it is driven by a server that says so."""

    __slots__ = (
        "_backlog", "_client", "_cost", "_failure", "_feeding", "_keep", "_left_as", "_run",
        "_until", "flight", "gone", "head", "outcome", "sent", "wants_last_event",
    )  # fmt: skip

    def __init__(
        self,
        client: Downstream,
        flight: Led,
        run: Cancellable | None,
        *,
        left_as: Callable[[], Outcome],
        cost: Callable[[], int | None],
        keep: Callable[[], None],
    ) -> None:
        """`left_as` says how the request ends where its client leaves now with all that was
        relayed, `cost` what the answer has cost, and `keep` keeps one that has landed."""
        self._client = client
        self._left_as = left_as
        self._cost = cost
        self._keep = keep
        #: What broke the client's answer while it was behind.
        self._failure: Refusal | None = None
        #: How it has ended for the client, once that has left.
        self.outcome: Outcome | None = None
        #: Whether nothing but its last event says that the answer is whole.
        self.wants_last_event = False
        self.flight = flight
        self.head: RequestHead = client.head
        #: Whether the client has left.
        self.gone = False
        #: Bytes of the body that the client was sent out of those that the flight has.
        self.sent = 0
        self._until: int | None = None
        #: Reads on for a client that is slower than the flight.
        self._feeding: asyncio.Task[None] | None = None
        #: What such a client is still to get that no flight has.
        self._backlog: deque[bytes] = deque()
        self._run = run if isinstance(run, Driven) else None
        if self._run is not None:
            self._run.on_leave = self._left

    # The flight

    @property
    def flies(self) -> bool:
        """Whether others may still get what comes."""
        return not self.flight.is_over

    def answered(self, about: About, born: float) -> None:
        """The head has come."""
        if not self.flight.answered(about, born):
            self._alone()

    def give_up(self, state: State = State.FAILED) -> None:
        """Nothing of it is to be shared: each follower asks for itself."""
        self.flight.fail(state)
        self._alone()

    def land(self, last: bytes) -> None:
        """All of it has come, and may be kept; `last` is what the client has not been sent."""
        self._until = self.flight.size
        if self.flight.append(last) and self.flight.land(self._cost()):
            self._keep()
        else:
            self._alone()

    async def caught_up(self) -> None:
        """Wait until the client has all but what came last. Raises ClientGone, or what broke the
        client's answer."""
        if self._feeding is not None:
            await self.drain()
        if self._failure is not None:
            raise self._failure
        if self.gone:
            raise NotWritten

    def end(self, state: State) -> None:
        """The request has ended: so has the flight, as `state` where it has not landed."""
        self.give_up(state)
        self.flight.let_go()

    def _alone(self) -> None:
        """From now on it is an ordinary answer, which ends when its client leaves."""
        if self._run is not None:
            self._run.on_leave = None

    def _left(self) -> None:
        if self.outcome is None:
            self.outcome = self._left_as() if self._feeding is None else "client_left"
        self.abort()
        self.gone = True

    # The request

    @property
    def trailers(self) -> RawHeaders:
        return self._client.trailers

    def take_arrived(self) -> bytes | None:
        return self._client.take_arrived()

    async def read(self) -> bytes:
        return await self._client.read()

    def keep_pace(self, *, wanted: bool) -> None:
        self._client.keep_pace(wanted=wanted)

    def drop_body(self) -> None:
        self._client.drop_body()

    # The response

    @property
    def started(self) -> bool:
        return self._client.started

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        if not self.gone:
            self._client.inform(status, reason, headers)

    def start(self, head: ResponseHead) -> None:
        if not self.gone:
            self._client.start(head)

    def flush(self) -> None:
        if not self.gone and self._feeding is None:
            try:
                self._client.flush()
            except ClientGone:
                self._lost()

    def write(self, data: bytes) -> bool:
        flies = self.flight.append(data)
        if not flies:
            self._alone()
        if self.gone:
            return self._went(flies=flies)
        if self._feeding is not None:
            if not flies:
                self._backlog.append(data)
            return flies
        try:
            keeps_up = self._client.write(data)
        except ClientGone:
            self._lost()
            return self._went(flies=flies)
        if not flies:
            return keeps_up
        self.sent += len(data)
        if not keeps_up:
            self._feeding = asyncio.get_running_loop().create_task(self._feed(), name="slow client")
        return True

    def comment(self, data: bytes) -> bool:
        """Send the client something that is no part of the answer, where it has all of that."""
        if self.gone or self._feeding is not None:
            return True
        return self._client.write(data)

    def _went(self, *, flies: bool) -> bool:
        if not flies:
            raise NotWritten
        return True

    def _lost(self) -> None:
        """A write has found that the client has left, which so has not got all of it."""
        self.outcome = self.outcome or "client_left"
        self._left()

    async def _feed(self) -> None:
        """Read on for the client until it has what there is."""
        has_all = False
        try:
            while not has_all:
                await self._client.drain()
                has_all = not self._fed()
        except (ClientGone, OSError):
            pass
        except Refusal as failure:
            self._failure = failure
        finally:
            self._feeding = None
            if not has_all:
                # Without all of the answer before it, nothing more can be sent.
                self._lost()

    def _fed(self) -> bool:
        """Send the client what comes next; whether there was something. Raises OSError."""
        until = self.flight.size if self._until is None else self._until
        data = self.flight.read(self.sent, min(BLOCK_BYTES, until - self.sent))
        self.sent += len(data)
        if not data:
            if self.sent < until:
                raise OSError("the flight's file is shorter than it was")
            if not self._backlog:
                return False
            data = self._backlog.popleft()
        self._client.write(data)
        return True

    def outlet(self) -> Outlet | None:
        return None

    async def drain(self) -> None:
        feeding = self._feeding
        if feeding is not None:
            await asyncio.wait((feeding,))
        elif not self.gone:
            await self._client.drain()

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        await self.caught_up()
        if (slow := self._client.finish(data, trailers)) is not None:
            await slow

    def abort(self) -> None:
        feeding, self._feeding = self._feeding, None
        if feeding is not None:
            feeding.cancel()
        if not self.gone:
            self._client.abort()
