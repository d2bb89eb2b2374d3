"""Comments in an event stream that is silent (CLIENT_KEEPALIVE_COMMENT).

Something between a client and us may take a stream for dead that is silent while a model thinks.
Server-sent events have comments for that (https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes).
It is the one thing that is ever added to a stream, hence off until it is asked for. Google's Python
SDK takes a comment for a broken answer: clients of its API never get one.

Behind an event with an `id`, OpenAI's Python SDK (3.57.0) and Groq's (1.7.0) take every blank line
for the end of another event, which has no data, and break
(https://github.com/openai/openai-python/issues/2722). There a comment has no blank line behind it:
the next event begins with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from proxy.cache.leading import Leading
from proxy.downstream import Downstream
from proxy.errors import ClientGone
from proxy.exchange import Exchange
from proxy.headers import type_of
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource

COMMENT: Final = b": keep-alive\n\n"
COMMENT_BEHIND_IDS: Final = b": keep-alive\n"
_EVENT_ENDS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
#: How many of the last bytes are kept.
_TAIL: Final = 4
_IDS: Final = (b"\nid:", b"\rid:")


Add: TypeAlias = Callable[[Exchange, UpstreamHead, AnswerTransform], AnswerTransform]
"""Has comments added to one answer, where they may be."""


class Comments(NamedTuple):
    """Seconds of silence after which a stream gets a comment."""

    every: float

    def of(self, source: ResponseSource, downstream: Downstream) -> Add:
        """Has them added to the answer of `source`."""

        def add(
            exchange: Exchange, head: UpstreamHead, transform: AnswerTransform
        ) -> AnswerTransform:
            if not may_be_commented(exchange, head, transform):
                return transform
            # Of those that share an answer, each gets comments of its own.
            write = downstream.comment if isinstance(downstream, Leading) else downstream.write
            return Commented(transform, exchange, source, write, self.every)

        return add


def may_be_commented(exchange: Exchange, head: UpstreamHead, transform: AnswerTransform) -> bool:
    """Whether bytes may be added to the answer: an event stream, of no announced length and plain,
    to a client that reads comments."""
    provider = None if exchange.grant is None else exchange.grant.provider
    if provider is None or provider.error_shape == "google" or exchange.method == "HEAD":
        return False
    lines = head.read()
    return (
        head.status == 200
        and type_of(lines.first.get(b"content-type")) == b"text/event-stream"
        and lines.content_coding in (b"", b"identity")
        and (head.content_length is None or transform.withholds)
    )


class Commented:
    """A stream behind its transform, and a comment whenever nothing came for so many seconds."""

    def __init__(
        self,
        inner: AnswerTransform,
        exchange: Exchange,
        source: ResponseSource,
        write: Callable[[bytes], bool],
        every: float,
    ) -> None:
        self._inner = inner
        self._exchange = exchange
        self._source = source
        self._write = write
        self._every = every
        self._loop = asyncio.get_running_loop()
        self._passed_at = self._loop.time()
        #: The last bytes that the client was sent: a comment may only stand between two events.
        self._tail = b""
        self._comment = COMMENT
        self.behind = inner.behind
        self._timer = self._loop.call_later(every, self._look)

    @property
    def voids(self) -> tuple[bytes, ...]:
        """Fields that do not hold where bytes are withheld."""
        return self._inner.voids

    @property
    def withholds(self) -> bool:
        """Whether bytes may be kept from the client."""
        return self._inner.withholds

    def relay(self, data: bytes) -> bytes:
        """The next bytes of the answer, as they go to the client."""
        return self._passed(self._inner.relay(data))

    def catch_up(self) -> bytes:
        """One more turn's work."""
        return self._passed(self._inner.catch_up())

    def end(self) -> bytes:
        """The answer ended cleanly: nothing more is added."""
        self._timer.cancel()
        return self._inner.end()

    def _passed(self, data: bytes) -> bytes:
        self.behind = self._inner.behind
        if data:
            if self._comment is COMMENT and _has_an_id(self._tail, data):
                self._comment = COMMENT_BEHIND_IDS
            self._tail = (self._tail + data)[-_TAIL:]
            self._passed_at = self._loop.time()
        return data

    def _look(self) -> None:
        exchange = self._exchange
        # What has been read to its end may not have been sent to its end.
        if exchange.recorded or exchange.whole_for_client or self._source.ended:
            return
        left = self._passed_at + self._every - self._loop.time()
        if left <= 0:
            if not self.behind and (not self._tail or self._tail.endswith(_EVENT_ENDS)):
                try:
                    self._write(self._comment)
                except ClientGone:
                    return
                exchange.bytes_out += len(self._comment)
            self._passed_at, left = self._loop.time(), self._every
        self._timer = self._loop.call_later(left, self._look)


def _has_an_id(tail: bytes, data: bytes) -> bool:
    """Whether a line of `data` is the field `id`; `tail` is the end of what came before."""
    if any(mark in data for mark in _IDS):
        return True
    # A line that is cut, and the first of all, before which there is nothing.
    seam = (tail if len(tail) == _TAIL else b"\n" + tail) + data[:_TAIL]
    return any(mark in seam for mark in _IDS)
