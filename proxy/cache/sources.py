"""What answers in place of an upstream: an answer that is kept, and one that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from proxy.cache.flights import Flight
from proxy.cache.kept import BLOCK_BYTES, About, Kept, events_of
from proxy.cache.kept_head import revived
from proxy.cache.spool import State
from proxy.headers import RawHeaders
from proxy.upstream.errors import ConnectionLost
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import Take

#: Pieces that are handed on in one turn of the loop.
_PIECES_IN_A_TURN: Final = 64


class _Pieces:
    """Cuts what comes into pieces that are handed on: of an event stream each event is one."""

    __slots__ = ("_begun", "_is_events", "_ready")

    def __init__(self, about: About) -> None:
        self._is_events = about.is_events
        #: The last one first.
        self._ready: list[bytes] = []
        #: An event whose end is still to come.
        self._begun = b""

    def add(self, data: bytes, *, is_last: bool) -> None:
        """More of the body, where all that was ready has been taken."""
        if not self._is_events:
            self._ready = [data] if data else []
            return
        self._ready, rest = events_of(self._begun + data)
        self._begun = b""
        if rest and not is_last and len(rest) < BLOCK_BYTES:
            self._begun = rest
        elif rest:
            self._ready.append(rest)
        self._ready.reverse()

    def take(self) -> bytes:
        """The next piece that is ready."""
        return self._ready.pop()

    @property
    def are_ready(self) -> bool:
        """Whether there is one."""
        return bool(self._ready)

    @property
    def left(self) -> bool:
        """Whether not all has been taken."""
        return bool(self._ready or self._begun)


class Replay:
    """An answer that is kept, from memory: as fast as it is taken."""

    __slots__ = ("_blocks", "_next", "_on_release", "_pieces", "about")

    trailers: RawHeaders = []  # noqa: RUF012

    def __init__(self, kept: Kept, on_release: Callable[[], None] | None = None) -> None:
        self._on_release = on_release
        self.about = kept.about
        self._blocks: Sequence[bytes] = kept.blocks
        self._next = 0
        self._pieces: _Pieces | None = None

    async def head(self) -> UpstreamHead:
        """Its only head."""
        return head_of(self.about)

    @property
    def ended(self) -> bool:
        """Whether all of it has been taken."""
        if self._next != len(self._blocks):
            return False
        return self._pieces is None or not self._pieces.left

    @property
    def is_waiting(self) -> bool:
        """Never: it is here."""
        return False

    def take_rest(self) -> bytes | None:
        """Of a document, where it is one block."""
        if self.about.is_events or self._next or len(self._blocks) != 1:
            return None
        self._next = 1
        return self._blocks[0]

    async def pump(self, take: Take, _through: object = None) -> None:
        """Hand on pieces until `take` has enough of them."""
        if self._pieces is None:
            self._pieces = _Pieces(self.about)
        pieces, handed = self._pieces, 0
        while not self.ended:
            if not pieces.are_ready:
                block = self._blocks[self._next]
                self._next += 1
                pieces.add(block, is_last=self._next == len(self._blocks))
                continue
            if not take(pieces.take()):
                return
            handed += 1
            if handed % _PIECES_IN_A_TURN == 0:
                await asyncio.sleep(0)

    def release(self) -> None:
        """It is of no more use here."""
        on_release = self._on_release
        if on_release is not None:
            self._on_release = None
            on_release()


class Following:
    """The answer of a flight, from its file, as far as it has come. `let_go` the flight by
    `release`."""

    trailers: RawHeaders = []  # noqa: RUF012

    def __init__(self, flight: Flight, about: About) -> None:
        self._flight = flight
        self.about = about
        self._at = 0
        self._pieces = _Pieces(about)
        self._released = False

    @property
    def cost_nanos(self) -> int | None:
        """What the answer has cost, which is known once it has landed; None where it is not."""
        return self._flight.cost_nanos

    async def head(self) -> UpstreamHead:
        """Its only head."""
        return head_of(self.about)

    @property
    def _has_all(self) -> bool:
        return self._flight.state is State.LANDED and self._at == self._flight.size

    @property
    def ended(self) -> bool:
        """Whether it has landed, and all of it has been taken."""
        return self._has_all and not self._pieces.left

    @property
    def is_waiting(self) -> bool:
        """Whether nothing has come that could be handed on."""
        return not self._pieces.are_ready and self._at == self._flight.size and not self._has_all

    def take_rest(self) -> bytes | None:
        """Never known to be short."""
        return None

    async def pump(self, take: Take, _through: object = None) -> None:
        """Hand on what there is, and what comes, until `take` has enough of it."""
        flight, pieces, handed = self._flight, self._pieces, 0
        while not self.ended:
            if pieces.are_ready:
                if not take(pieces.take()):
                    return
                handed += 1
                if handed % _PIECES_IN_A_TURN == 0:
                    await asyncio.sleep(0)
            elif self._at < flight.size or self._has_all:
                self._read()
            elif flight.state > State.LANDED:
                raise ConnectionLost("The answer that this request shared broke off.")
            else:
                await flight.news()

    def _read(self) -> None:
        try:
            data = self._flight.read(self._at)
        except OSError as exc:
            raise ConnectionLost("The answer that this request shared cannot be read.") from exc
        if not data and self._at < self._flight.size:
            raise ConnectionLost("The answer that this request shared is shorter than it was.")
        self._at += len(data)
        self._pieces.add(data, is_last=self._has_all)

    def release(self) -> None:
        """Read no more."""
        if not self._released:
            self._released = True
            self._flight.let_go()


def head_of(about: About) -> UpstreamHead:
    """The head of an answer that is kept, as an upstream's."""
    return _revived(about.reason, about.block, about.length)


#: The same few are given again and again.
_revived: Final = lru_cache(512)(revived)
