"""An answer on its way through the middlewares to the client, cut into pieces.

No more pieces are looked into in one turn of the loop than `TURN_S` allows: then `behind`, and the
client counts as slow, so that the upstream is held back.
"""

from __future__ import annotations

from time import perf_counter
from typing import Final

import msgspec

from proxy import errors
from proxy.body.budget import KeptBytes
from proxy.downstream import ResponseHead
from proxy.exchange import Exchange
from proxy.headers import is_plain, media_type, without
from proxy.middleware.pieces import Pieces, Whole, joined, pieces_of
from proxy.middleware.view import Phase, RequestView
from proxy.middleware.worker import Shaping
from proxy.model_lists import VOIDED
from proxy.upstream.errors import ProtocolViolation

#: Seconds for pieces of one answer in one turn of the loop.
TURN_S: Final = 0.005
#: A larger event or line is not looked into, and so not passed on. Whole answers in JSON have
#: REQUEST_MAX_BYTES.
PIECE_MAX_BYTES: Final = 16 * 1024 * 1024
_PARTIAL_CONTENT: Final = 206
_WITHOUT_BODY: Final = (204, 304)


class Answering:
    """One answer. `took` is how many seconds its hooks have taken."""

    __slots__ = ("_exchange", "_kept", "_pieces", "_shaping", "_view", "behind", "head", "took")

    def __init__(self, shaping: Shaping, exchange: Exchange, view: RequestView) -> None:
        self._shaping = shaping
        self._exchange = exchange
        self._view = view
        self._kept = KeptBytes(shaping.budget)
        self._pieces: Pieces | None = None
        #: Whether there are whole pieces that are not looked into yet.
        self.behind = False
        #: The head of an answer that is looked into as a whole, until that was done.
        self.head: ResponseHead | None = None
        self.took = 0.0

    @property
    def cuts(self) -> bool:
        """Whether the body is looked into."""
        return self._pieces is not None

    def begin(self, head: ResponseHead) -> ResponseHead | None:
        """The head for the client; None while it depends on the body.

        Raises a refusal, and ProtocolViolation for an answer that cannot be looked into: a part of
        one, or compressed, although it was asked for plain.
        """
        # As the upstream says: no hook decides for another what is looked into.
        pieces = pieces_of(media_type(head.headers)) if self._shaping.events else None
        head = self._looked_at(head)
        if pieces is None or head.status in _WITHOUT_BODY:
            return head
        if self._exchange.method == "HEAD":
            return _of_any_length(head)
        if not is_plain(head.headers):
            raise ProtocolViolation("The upstream compressed an answer that was asked for plain.")
        if head.status == _PARTIAL_CONTENT:
            raise ProtocolViolation(
                "The upstream sent a part of an answer that has to be looked into as a whole."
            )
        self._pieces = pieces
        # It ends with the request, however that ends.
        self._exchange.again = self._kept
        if isinstance(pieces, Whole):
            self.head = head
            return None
        return _of_any_length(head)

    def _looked_at(self, head: ResponseHead) -> ResponseHead:
        view, calls, began = self._view, self._shaping.calls, perf_counter()
        view.answered(head.status, head.headers)
        for one, hook in self._shaping.heads:
            returned = calls.now(one, "response_head", hook, self._exchange.id, view)
            if returned is not None:
                said = f"returned {type(returned).__name__}, where it returns nothing"
                raise calls.failed(one, "response_head", self._exchange.id, "misused", said)
        view.phase = Phase.EVENTS
        self.took += perf_counter() - began
        return msgspec.structs.replace(head, lines=view.lines) if view.is_changed else head

    def feed(self, data: bytes) -> bytes:
        """The next bytes of the answer; what goes to the client now. Raises a refusal."""
        if self._pieces is None:
            return data
        self._pieces.feed(data)
        # While it is behind, `catch_up` is at work.
        return b"" if self.behind else self.catch_up()

    def catch_up(self) -> bytes:
        """Look into as many pieces as a turn allows; what goes to the client of them."""
        pieces = self._pieces
        if pieces is None:
            return b""
        passed: list[bytes] = []
        began = perf_counter()
        self.behind = False
        while (piece := pieces.next()) is not None:
            passed.append(self._passed(pieces, piece))
            if perf_counter() - began > TURN_S:
                self.behind = True
                break
        self.took += perf_counter() - began
        self._count(pieces)
        return passed[0] if len(passed) == 1 else b"".join(passed)

    def _count(self, pieces: Pieces) -> None:
        """Keep the books of what is kept. Raises a refusal where that is too much."""
        more = pieces.pending - self._kept.size
        if more > 0:
            try:
                self._kept.take(more)
            except errors.Overloaded:
                # A 503 would say that nothing was used of a budget.
                raise self._unlooked("has no room: BUFFERED_BODIES_MAX_BYTES are kept") from None
        else:
            self._kept.give_back(-more)
        is_whole = isinstance(pieces, Whole)
        most = self._shaping.bounds.request_max_bytes if is_whole else PIECE_MAX_BYTES
        if self._kept.size > most and not self.behind:
            raise self._unlooked(f"cannot look into more than {most} bytes of an answer at once")

    def _unlooked(self, said: str) -> errors.MiddlewareFailed:
        one, _ = self._shaping.events[0]
        return self._shaping.calls.failed(one, "event", self._exchange.id, "unlooked", said)

    def _passed(self, pieces: Pieces, piece: bytes) -> bytes:
        """A piece behind all that look into it. Raises MiddlewareFailed."""
        if not pieces.says_something(piece):
            return piece
        view, calls = self._view, self._shaping.calls
        for one, hook in self._shaping.events:
            returned = calls.now(one, "event", hook, self._exchange.id, view, piece)
            if returned is None:
                continue
            if not isinstance(returned, bytes):
                said = f"returned {type(returned).__name__}, where it returns bytes or None"
                raise calls.failed(one, "event", self._exchange.id, "misused", said)
            piece = returned
            if not piece:
                break
        return piece

    async def end(self, data: bytes) -> bytes:
        """The last bytes of the answer; what goes to the client of them, and of what was kept."""
        pieces = self._pieces
        if pieces is None:
            return data
        out = [self.feed(data)]
        while self.behind:
            await self._shaping.turns.next()
            out.append(self.catch_up())
        if rest := pieces.rest():
            piece = await joined(tuple(rest))
            began = perf_counter()
            passed = self._passed(pieces, piece)
            self.took += perf_counter() - began
            if self.head is not None and passed != piece:
                self.head = _of_length(self.head, len(passed))
            out.append(passed)
        return out[0] if len(out) == 1 else b"".join(out)


def _of_any_length(head: ResponseHead) -> ResponseHead:
    lines = without(head.headers, *VOIDED)
    return msgspec.structs.replace(head, lines=lines, content_length=None)


def _of_length(head: ResponseHead, length: int) -> ResponseHead:
    """The head of another body than the upstream's."""
    lines = without(head.headers, *VOIDED)
    if head.content_length is None:
        return msgspec.structs.replace(head, lines=lines)
    lines.append((b"Content-Length", b"%d" % length))
    return msgspec.structs.replace(head, lines=lines, content_length=length)
