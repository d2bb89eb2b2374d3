"""A request before the middlewares, and what they make of it: its head and its body."""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter
from typing import Final

from proxy import errors
from proxy.body.budget import KeptBytes
from proxy.body.kept_body import KeptBody
from proxy.body.model_rule import coding_of
from proxy.decoding.content_coding import BODY_MAX_BYTES, CannotDecode, Decoder
from proxy.downstream import Downstream, RequestHead
from proxy.exchange import Exchange
from proxy.header_lines import HeaderLines
from proxy.headers import with_value, without
from proxy.middleware.pieces import in_parts, joined
from proxy.middleware.view import RequestView
from proxy.middleware.worker import Shaping

#: A body up to this size is handed over at once.
_AT_ONCE_BYTES: Final = 32 * 1024
#: What is handed over at a time, and how often before others have their turn.
_PART_BYTES: Final = 64 * 1024
_PARTS_IN_A_TURN: Final = 16
#: What is said of the body that came, and not of another one.
_OF_THE_BODY: Final = (
    b"content-digest",
    b"content-encoding",
    b"content-md5",
    b"digest",
    b"repr-digest",
    b"trailer",
)


class Asking:
    """One request. `took` is how many seconds its hooks have taken."""

    __slots__ = ("_body", "_downstream", "_exchange", "_handed", "_kept", "_shaping", "took")

    def __init__(self, shaping: Shaping, downstream: Downstream, exchange: Exchange) -> None:
        self._shaping = shaping
        self._downstream = downstream
        self._exchange = exchange
        self._kept = KeptBytes(shaping.budget)
        #: What is left to be handed over in place of the client's body, and how many parts of it
        #: were; None: the client's, as it comes.
        self._body: deque[bytes] | None = None
        self._handed = 0
        self.took = 0.0

    async def look(self, view: RequestView) -> None:
        """Have the middlewares look at it. Raises their refusals, and those of its body."""
        shaping, exchange = self._shaping, self._exchange
        head = exchange.head
        if shaping.keeps_body:
            view.show(await self._keep_body(head) if head.has_body else b"")
        began = perf_counter()
        try:
            for one in shaping.asked:
                await shaping.calls.ask(one, view, exchange.id)
        finally:
            self.took = perf_counter() - began
            exchange.body_wait += self.took
            # One that never ends would keep it for ever.
            view.show(None)

    async def _keep_body(self, head: RequestHead) -> bytes:
        """Read all of the body; what it is without its coding. Raises a refusal."""
        exchange, downstream = self._exchange, self._downstream
        coding = coding_of(head.headers)
        if coding is None:
            raise errors.InvalidRequest("The request body has a content coding that is not known.")
        # It ends with the request, however that ends.
        exchange.again = self._kept
        body = KeptBody()
        arrived = downstream.take_arrived()
        if arrived is not None:
            self._take(body, arrived)
        else:
            began = perf_counter()
            downstream.keep_pace(wanted=True)
            while piece := await downstream.read():
                self._take(body, piece)
            downstream.keep_pace(wanted=False)
            exchange.body_wait += perf_counter() - began
        pieces = body.pieces
        self._body = deque(pieces)
        if coding:
            pieces = (await self._decoded(coding, pieces)).pieces
        if len(pieces) > 1:
            # It is there twice while the hooks run.
            self._kept.take(sum(map(len, pieces)))
        return await joined(pieces)

    def _take(self, body: KeptBody, piece: bytes) -> None:
        self._exchange.bytes_in += len(piece)
        if self._exchange.bytes_in > self._shaping.bounds.request_max_bytes:
            raise errors.RequestTooLarge("The request body is too large.")
        self._kept.take(len(piece))
        body.append(piece)

    async def _decoded(self, coding: bytes, pieces: tuple[bytes, ...]) -> KeptBody:
        decoder, body = Decoder(coding), KeptBody()
        most = min(BODY_MAX_BYTES, self._shaping.bounds.request_max_bytes)
        try:
            for piece in pieces:
                decoded = decoder.feed(piece)
                while True:
                    self._kept.take(len(decoded))
                    body.append(decoded)
                    if body.size > most:
                        raise errors.RequestTooLarge("The request body decodes to too much.")
                    if not decoder.behind:
                        break
                    await self._shaping.turns.next()
                    decoded = decoder.feed(b"")
        except CannotDecode as exc:
            raise errors.InvalidRequest(
                "The content coding of the request body is broken."
            ) from exc
        return body

    def made(self, view: RequestView) -> RequestHead:
        """The head as the middlewares have made it; from now on the body is theirs as well."""
        head = self._exchange.head
        lines, length = view.lines, head.content_length
        # It is counted anew, as what is sent.
        self._exchange.bytes_in = 0
        if view.made_body is not None:
            self._body, length = deque(in_parts(view.made_body, _PART_BYTES)), len(view.made_body)
            view.made_body = None
            lines = without(lines, *_OF_THE_BODY)
            lines = with_value(lines, b"content-length", b"%d" % length)
        elif not view.is_changed and not self._shaping.events:
            self._count()
            return head
        self._count()
        if self._shaping.events:
            lines = [*without(lines, b"accept-encoding"), (b"Accept-Encoding", b"identity")]
        made = HeaderLines.of(lines)
        # It was judged as the client sent it, and decides who may read the answer.
        made.first.pop(b"origin", None)
        if (origin := head.lines.value(b"origin")) is not None:
            made.first[b"origin"] = origin
        return head.with_lines(made, length)

    def _count(self) -> None:
        """What is kept from now on is what goes on."""
        self._kept.end()
        self._kept.take(sum(map(len, self._body or ())))

    def take_arrived(self) -> bytes | None:
        """As `Downstream`."""
        body = self._body
        if body is None:
            return self._downstream.take_arrived()
        if (
            self._handed
            or self._exchange.head.content_length is None
            or sum(map(len, body)) > _AT_ONCE_BYTES
        ):
            return None
        self._body = deque()
        self._kept.end()
        return b"".join(body)

    async def read(self) -> bytes:
        """As `Downstream`."""
        body = self._body
        if body is None:
            return await self._downstream.read()
        if not body:
            return b""
        # What is no longer counted must not stay for as long as the answer streams.
        piece = body.popleft()
        self._handed += 1
        self._kept.give_back(len(piece))
        if self._handed % _PARTS_IN_A_TURN == 0:
            # An upstream that keeps up takes all of it in one turn of the loop.
            await asyncio.sleep(0)
        return piece

    def keep_pace(self, *, wanted: bool) -> None:
        """As `Downstream`."""
        if self._body is None:
            self._downstream.keep_pace(wanted=wanted)
