"""The client of one request as the rest of the path sees it, behind the middlewares.

Its head and its body are what they made of the client's (`asking`); what is written to it they look
into before the client gets it (`answering`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from proxy import errors
from proxy.access.grant import Grant
from proxy.downstream import Downstream, Outlet, ResponseHead
from proxy.exchange import Exchange
from proxy.headers import RawHeaders
from proxy.middleware.answering import Answering
from proxy.middleware.asking import Asking
from proxy.middleware.pieces import in_parts
from proxy.middleware.view import RequestView
from proxy.middleware.worker import Shaping
from proxy.plans import Plan
from proxy.transforms import StreamTransform
from proxy.turns import Turns
from proxy.upstream.source import ResponseSource

if TYPE_CHECKING:
    from proxy.decided import Prepared
    from proxy.preparing import Preparing

#: A larger last piece is written in parts of this size.
_PART_BYTES: Final = 256 * 1024
_SERVER_TIMING: Final = b"server-timing"
_OURS: Final = b"upstream;dur="


class Shaped:
    """A `Downstream`, whose methods it documents: first `request`, and `last` before `finish`."""

    __slots__ = (
        "_answer", "_asking", "_downstream", "_exchange", "_failure", "_last", "_shaping", "_view",
        "_was_asked", "head",
    )  # fmt: skip

    def __init__(self, shaping: Shaping, downstream: Downstream, exchange: Exchange) -> None:
        self._shaping = shaping
        self._downstream = downstream
        self._exchange = exchange
        self._view = RequestView(exchange, keeps_body=shaping.keeps_body)
        self._asking = Asking(shaping, downstream, exchange)
        self._answer: Answering | None = None
        #: The last bytes, once they were looked into.
        self._last: bytes | None = None
        #: What is told at the end of the answer alone, which others wait for.
        self._failure: errors.MiddlewareFailed | None = None
        #: Whether the request hooks were called: what the proxy answers before, it says itself.
        self._was_asked = False
        self.head = downstream.head

    async def request(self, grant: Grant, plan: Plan) -> Plan:
        """Have the middlewares look at the request; the plan of what they made of it.

        Raises a refusal: theirs, or of a body that cannot be kept for them.
        """
        shaping, exchange, want = self._shaping, self._exchange, plan.wanted
        kept = shaping.keeps_body or want.whole or want.model
        if (exchange.head.content_length or 0) > shaping.bounds.of_body(kept=kept):
            raise errors.RequestTooLarge("The request body is too large.")
        await self._asking.look(self._view)
        self._was_asked = True
        made = self._asking.made(self._view)
        if made is exchange.head:
            return plan
        self.head = exchange.head = made
        return shaping.plans.of(grant, made)

    @property
    def trailers(self) -> RawHeaders:
        return self._downstream.trailers

    def take_arrived(self) -> bytes | None:
        return self._asking.take_arrived()

    async def read(self) -> bytes:
        return await self._asking.read()

    def keep_pace(self, *, wanted: bool) -> None:
        self._asking.keep_pace(wanted=wanted)

    def drop_body(self) -> None:
        self._downstream.drop_body()

    # The answer

    @property
    def started(self) -> bool:
        return self._downstream.started

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        self._downstream.inform(status, reason, headers)

    def start(self, head: ResponseHead) -> None:
        self._answer = self._last = self._failure = None
        if self._exchange.refusal_code or not self._was_asked:
            # What the proxy says itself is not looked at: it may be that a middleware failed.
            self._begin(head)
            return
        self._answer = answer = Answering(self._shaping, self._exchange, self._view)
        try:
            made = answer.begin(head)
        except errors.MiddlewareFailed as failure:
            self._fail(failure)
            return
        if made is not None:
            self._begin(made)

    def _fail(self, failure: errors.MiddlewareFailed) -> None:
        """Raise it; where others wait for the same answer, only once they have it: it is for this
        client alone that it failed."""
        exchange = self._exchange
        if exchange.leading is None or not exchange.leading.flies:
            raise failure
        self._answer, self._failure = None, failure
        exchange.refusal_code = failure.code
        if self._downstream.started:
            self._downstream.abort()

    def _begin(self, head: ResponseHead) -> None:
        took = self._asking.took + (0.0 if self._answer is None else self._answer.took)
        self._downstream.start(msgspec.structs.replace(head, lines=_timed(head.headers, took)))

    @property
    def _waits(self) -> bool:
        """Whether the head waits for the body."""
        return self._answer is not None and self._answer.head is not None

    def flush(self) -> None:
        if not self._waits and self._failure is None:
            self._downstream.flush()

    def write(self, data: bytes) -> bool:
        answer = self._answer
        if self._failure is not None:
            return True
        if answer is None or not answer.cuts:
            return self._downstream.write(data)
        try:
            passed = answer.feed(data)
        except errors.MiddlewareFailed as failure:
            self._fail(failure)
            return True
        keeps_up = self._downstream.write(passed) if passed else True
        return keeps_up and not answer.behind

    def outlet(self) -> Outlet | None:
        return None

    async def drain(self) -> None:
        answer = self._answer
        while answer is not None and answer.behind:
            await self._shaping.turns.next()
            try:
                passed = answer.catch_up()
            except errors.MiddlewareFailed as failure:
                self._fail(failure)
                return
            if passed and not self._downstream.write(passed):
                await self._downstream.drain()
        await self._downstream.drain()

    async def last(self, data: bytes) -> None:
        """Look into the last bytes of the answer, which `finish` sends then.

        Before the answer is recorded as complete: that it fails here must not go unrecorded.
        Raises MiddlewareFailed.
        """
        if self._failure is not None:
            raise self._failure
        if self._answer is not None:
            self._last = await self._answer.end(data)

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        answer, self._answer = self._answer, None
        # It refers to us.
        self._exchange.shaped = None
        if answer is not None:
            data = await answer.end(data) if self._last is None else self._last
            self._last = None
            if answer.head is not None:
                self._asking.took += answer.took
                self._begin(answer.head)
        *parts, data = in_parts(data, _PART_BYTES)
        for part in parts:
            if not self._downstream.write(part):
                await self._downstream.drain()
        if (slow := self._downstream.finish(data, trailers)) is not None:
            await slow

    def abort(self) -> None:
        # An answer may go on without its client, where others wait for it.
        self._exchange.shaped = None
        self._downstream.abort()


class Prepare(Protocol):
    """`Preparing.prepare`."""

    async def __call__(
        self, downstream: Downstream, exchange: Exchange, grant: Grant, plan: Plan, /
    ) -> Prepared: ...


class Relay(Protocol):
    """`relaying.relay`."""

    async def __call__(
        self,
        downstream: Downstream,
        source: ResponseSource,
        exchange: Exchange,
        transform: StreamTransform,
        turns: Turns,
        /,
    ) -> bytes: ...


def prepares(inner: Preparing) -> Prepare:
    """As `inner`, of what the middlewares have made of the request."""

    async def prepare(
        downstream: Downstream, exchange: Exchange, grant: Grant, plan: Plan, /
    ) -> Prepared:
        if exchange.shaped is not None:
            plan = await exchange.shaped.request(grant, plan)
        usual = inner.usual(downstream, exchange, grant, plan)
        return usual or await inner.prepare(downstream, exchange, grant, plan)

    return prepare


def relays(inner: Relay) -> Relay:
    """As `inner`; the last bytes are looked into before the answer is recorded as complete."""

    async def relay(
        downstream: Downstream,
        source: ResponseSource,
        exchange: Exchange,
        transform: StreamTransform,
        turns: Turns,
        /,
    ) -> bytes:
        try:
            last = await inner(downstream, source, exchange, transform, turns)
            if exchange.shaped is not None:
                await exchange.shaped.last(last)
        except errors.MiddlewareFailed as failed:
            # Of an answer that breaks its row says nothing else.
            exchange.refusal_code = failed.code
            raise
        return last

    return relay


def passes_none(*_answer: object) -> None:
    """In place of `Preparing.usual` and `relaying.passed_whole`: each request and each answer is
    looked into."""


def _timed(lines: RawHeaders, seconds: float) -> RawHeaders:
    """The lines with the time in middlewares beside our other times, which stand behind any of the
    upstream's own."""
    timed = list(lines)
    for place in range(len(timed) - 1, -1, -1):
        name, value = timed[place]
        if name == _SERVER_TIMING and value.startswith(_OURS):
            timed[place] = name, value + b", middleware;dur=%.1f" % (seconds * 1000)
            break
    return timed
