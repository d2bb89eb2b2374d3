"""Lists of objects without those that are not the token's or its project's.

Page by page, as they pass, and with all else of them: an element is kept back until it is known
whose it is, by one look for some hundreds. What an upstream says of the list, such as whether there
is more of it, stays what it says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeAlias

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder
from proxy.headers import RawHeaders
from proxy.model_lists import VOIDED, ModelList, check_plain
from proxy.transforms import AnswerTransform
from proxy.turns import Turns
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource, Take

#: Which of some ids are the token's, or its project's. Raises a refusal where that cannot be known.
Own: TypeAlias = Callable[[Collection[str]], Awaitable[Collection[str]]]

#: Bytes of an answer that are looked into before it is asked whose the elements in them are.
_BATCH_BYTES: Final = 64 * 1024


class _Listed(msgspec.Struct):
    id: str | None = None


_decode: Final[Callable[[bytes], _Listed]] = decoder(_Listed)


class _Element(bytes):
    """An element of a list, whose owner is to be known."""

    __slots__ = ()


class _Other(_Element):
    """One of a list that is not called `data`, whose elements need not have an id."""

    __slots__ = ()


#: Stands where a list begins.
_BEGIN: Final = _Element()


class Elements(ModelList):
    """Takes a list apart: `taken` holds what stands around its elements, and those."""

    __slots__ = ("_kind", "taken")

    def __init__(self) -> None:
        super().__init__(())
        self.taken: list[bytes] = []
        self._kind: type[_Element] = _Element

    def catch_up(self) -> bytes:
        """One more turn's work; nothing is passed on yet."""
        self._advance()
        self.taken += self._out
        self._out.clear()
        return b""

    def _opens_list(self) -> bool:
        # Whatever it is called: some providers have no `data`.
        self._kind = _Element if self._key.removesuffix(b'"') == b"data" else _Other
        return not self._elements_at

    def _begin_list(self) -> None:
        super()._begin_list()
        self._out.append(_BEGIN)

    def _end_element(self) -> None:
        element = bytes(self._element)
        if not (element.strip() or self._too_long):
            # Of an empty list: white space, which stays.
            return
        if not self._too_long:
            self._out.append(self._kind(element))
        self._element.clear()
        self._too_long = False


def ids_in(taken: Collection[bytes]) -> set[str]:
    """The ids of the elements."""
    return {found for part in taken if (found := _id_of(part)) is not None}


def _id_of(part: bytes) -> str | None:
    if not isinstance(part, _Element) or not part:
        return None
    try:
        return _decode(part).id
    except Unreadable:
        return None


def _may_pass(part: bytes, own: Collection[str]) -> bool:
    found = _id_of(part)
    return isinstance(part, _Other) if found is None else found in own


class OwnList:
    """Of one request for a list."""

    def __init__(self, own: Own, turns: Turns) -> None:
        self._own = own
        self._turns = turns
        self._filters = False

    def transform(self, inner: AnswerTransform, head: UpstreamHead) -> AnswerTransform:
        """The transform of an answer that has begun, which announces no length. Raises
        ProtocolViolation where it cannot be looked into."""
        if not 200 <= head.status < 300:
            return inner
        check_plain(head)
        self._filters = True
        return _Unmeasured(inner)

    def source(self, source: ResponseSource) -> ResponseSource:
        """That answer without what is not the client's."""
        return _Filtered(source, self._own, self._turns) if self._filters else source


class _Unmeasured:
    """Another transform, of an answer from which something may have been left out."""

    withholds = True
    voids = VOIDED

    __slots__ = ("_inner", "behind")

    def __init__(self, inner: AnswerTransform) -> None:
        self._inner = inner
        self.behind = False

    def relay(self, data: bytes) -> bytes:
        passed = self._inner.relay(data)
        self.behind = self._inner.behind
        return passed

    def catch_up(self) -> bytes:
        passed = self._inner.catch_up()
        self.behind = self._inner.behind
        return passed

    def end(self) -> bytes:
        return self._inner.end()


class _Filtered:
    """A response source, of which elements are left out."""

    __slots__ = ("_elements", "_filling", "_own", "_passed_one", "_ready", "_source", "_turns")

    def __init__(self, source: ResponseSource, own: Own, turns: Turns) -> None:
        self._source = source
        self._own = own
        self._turns = turns
        self._elements = Elements()
        self._passed_one = False
        self._ready: deque[bytes] = deque()
        #: Whether bytes were taken of which it is not known yet what passes.
        self._filling = False

    async def head(self) -> UpstreamHead:
        return await self._source.head()

    @property
    def is_waiting(self) -> bool:
        return not self._ready and self._source.is_waiting

    @property
    def ended(self) -> bool:
        return self._source.ended and not (self._ready or self._filling)

    @property
    def trailers(self) -> RawHeaders:
        return self._source.trailers

    def take_rest(self) -> bytes | None:
        return None

    def release(self) -> None:
        self._source.release()

    async def pump(self, take: Take, _through: object = None) -> None:
        while not self.ended:
            while self._ready:
                if not take(self._ready.popleft()):
                    return
            if not self._source.ended:
                await self._fill()

    async def _fill(self) -> None:
        """Take the next bytes, find out whose they are, and have ready what passes."""
        pieces: list[bytes] = []
        size = 0

        def collect(data: bytes) -> bool:
            nonlocal size
            pieces.append(data)
            size += len(data)
            # What has come is not kept waiting for what has not.
            return size < _BATCH_BYTES and not self._source.is_waiting

        await self._source.pump(collect)
        self._filling = True
        elements = self._elements
        for piece in pieces:
            elements.relay(piece)
            while elements.behind:
                await self._turns.next()
                elements.catch_up()
        taken, elements.taken = elements.taken, []
        passed = b"".join(self._passing(taken, await self._own(ids_in(taken))))
        if passed:
            self._ready.append(passed)
        self._filling = False

    def _passing(self, taken: list[bytes], own: Collection[str]) -> list[bytes]:
        """What passes, with a comma before all elements but the first of a list."""
        passed: list[bytes] = []
        for part in taken:
            if not isinstance(part, _Element):
                passed.append(part)
            elif part is _BEGIN:
                self._passed_one = False
            elif _may_pass(part, own):
                if self._passed_one:
                    passed.append(b",")
                passed.append(part)
                self._passed_one = True
        return passed
