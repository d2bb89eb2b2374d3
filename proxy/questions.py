"""Taking back the question for usage where an upstream refuses it.

Some servers answer 400 or 422 for `stream_options`, which we put into a request that would have
worked without. It is sent again as it came, once, before anything has reached the client.

What is then left unasked has no usage, so that a client must not be able to bring it about for
others: a body may be made so that ours alone is refused with it. See `RefusedQuestions`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

from proxy.driving import in_a_task
from proxy.headers import RawHeaders
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource, Take, Through

#: Statuses with which servers refuse a member that they do not know.
REFUSALS: Final = (400, 422)
#: A larger body is not kept to be sent again.
BODY_MAX_BYTES: Final = 1024 * 1024
#: A longer answer is none that explains a refusal.
ANSWER_MAX_BYTES: Final = 64 * 1024
#: Seconds for which it is waited for before the client gets what has come of it.
ANSWER_WITHIN_S: Final = 5.0
#: Seconds for which a refusal is remembered, and of how many keys, endpoints and models.
REMEMBERED_S: Final = 3600.0
_REMEMBERED_MAX: Final = 4096
_NAME: Final = b"stream_options"


class Question(NamedTuple):
    """That we asked for usage: whether the answer to it stays back, and the body without it.

    `body` is None where it cannot be sent again: the client has options of its own, or it is large,
    or the project refuses what cannot be metered.
    """

    withholds: bool
    body: tuple[bytes, ...] | None


def question(body: tuple[bytes, ...], *, withholds: bool, may_repeat: bool) -> Question:
    """The question in a request whose body came as `body`."""
    small = may_repeat and sum(map(len, body)) <= BODY_MAX_BYTES
    return Question(withholds, body if small and _NAME not in b"".join(body) else None)


class Asked(NamedTuple):
    """What a refusal is remembered of: an account's other endpoints and models may answer."""

    key_id: UUID
    endpoint: str
    model: str


class RefusedQuestions:
    """What refuses the question, for an hour each.

    A refusal holds for the token that met it, and for every token once another has met it too.
    """

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        #: Until when, and the one token that it holds for; None: for all.
        self._until: dict[Asked, tuple[float, UUID | None]] = {}

    def hold(self, asked: Asked, token_id: UUID) -> bool:
        """Whether the token need not ask."""
        # Empty, as nearly everywhere: no time is asked for.
        if not self._until or (known := self._until.get(asked)) is None:
            return False
        until, only = known
        return until > self._clock() and only in (None, token_id)

    def add(self, asked: Asked, token_id: UUID) -> None:
        """A request without the question was answered where one with it was refused."""
        now = self._clock()
        until, only = self._until.pop(asked, (0.0, token_id))
        if len(self._until) >= _REMEMBERED_MAX:
            del self._until[next(iter(self._until))]
        alone = until <= now or only == token_id
        self._until[asked] = (now + REMEMBERED_S, token_id if alone else None)


class Peeked:
    """A response of which the beginning has been read, and is handed out first.

    An upstream that dawdles with an error must not keep it from the client.
    """

    __slots__ = ("_begun", "_size", "_source")

    def __init__(self, source: ResponseSource) -> None:
        self._source = source
        self._begun: deque[bytes] = deque()
        self._size = 0

    async def names_the_question(self) -> bool:
        """Whether it is short and names what we put into the request. Read once."""
        return _NAME in await self.beginning()

    async def beginning(self) -> bytes:
        """All of it where it is short and soon there, and b"" where it is not. Read once."""
        if (rest := self._source.take_rest()) is not None:
            # As nearly all: it came with its head.
            self._take(rest)
        else:
            await in_a_task()
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    while not self._source.ended and self._is_short:
                        await self._source.pump(self._take)
        return b"".join(self._begun) if self._source.ended and self._is_short else b""

    def _take(self, data: bytes) -> bool:
        if data:
            self._begun.append(data)
            self._size += len(data)
        return self._is_short

    @property
    def _is_short(self) -> bool:
        return self._size <= ANSWER_MAX_BYTES

    # As a source

    async def head(self) -> UpstreamHead:
        """The next response head."""
        return await self._source.head()

    @property
    def is_waiting(self) -> bool:
        """Whether neither body bytes nor their end are here yet."""
        return not self._begun and self._source.is_waiting

    @property
    def ended(self) -> bool:
        """Whether the whole response has arrived and been taken."""
        return not self._begun and self._source.ended

    @property
    def has_arrived(self) -> bool:
        """Whether the whole response is here, taken or not."""
        return self._source.ended

    @property
    def trailers(self) -> RawHeaders:
        """The fields behind the body."""
        return self._source.trailers

    def take_rest(self) -> bytes | None:
        """What is left is pumped, that which was read before first."""
        return None

    async def pump(self, take: Take, through: Through | None = None) -> None:
        """Hand body bytes to `take`, those that were read before first."""
        while self._begun:
            if not take(self._begun.popleft()):
                return
        if not self._source.ended:
            await self._source.pump(take, through)

    def release(self) -> None:
        """Take nothing more."""
        self._source.release()
