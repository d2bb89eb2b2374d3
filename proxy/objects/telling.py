"""The ids of objects in the documents of an answer, sans-io."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

import msgspec

from models.objects import ID_MAX, RESPONSE, TOLD_MAX, TOLD_MAX_BYTES, Kept, is_storable
from proxy.decoding.json_reading import Unreadable, decoder
from proxy.objects.rules import Tells
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.json_documents import Shape
from proxy.usage.own_dialect import OwnDialect
from proxy.usage.sought import Sought

#: Is told of each as it is found.
Tell: TypeAlias = Callable[[Kept], None]


class _Object(msgspec.Struct):
    """What is looked for in an object of an answer."""

    id: msgspec.Raw = msgspec.Raw()
    store: msgspec.Raw = msgspec.Raw()
    request_id: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    item: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    delta: msgspec.Raw = msgspec.Raw()
    container: msgspec.Raw = msgspec.Raw()
    container_id: msgspec.Raw = msgspec.Raw()
    file: msgspec.Raw = msgspec.Raw()
    output_file_id: msgspec.Raw = msgspec.Raw()
    error_file_id: msgspec.Raw = msgspec.Raw()
    status: msgspec.Raw = msgspec.Raw()
    background: msgspec.Raw = msgspec.Raw()
    created_at: msgspec.Raw = msgspec.Raw()
    output: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


_MEMBERS: Final = tuple(name.encode() for name in _Object.__struct_fields__)
#: What an event has to mention to be taken apart.
_SOUGHT: Final[dict[Tells, tuple[Sought, ...]]] = {
    "": (),
    "made": (Sought(b'"response"'), Sought(b'"container'), Sought(b'"item"')),
    "stored": (Sought(b'"id"'),),
    "told": (Sought(b'"container'),),
}
_FINISHED: Final = (b'"completed"', b'"incomplete"', b'"failed"', b'"cancelled"')
_INNER: Final = (b"id", b"container_id", b"output_file_id", b"error_file_id")
_decode: Final[Callable[[bytes], _Object]] = decoder(_Object)
_decode_list: Final[Callable[[bytes], list[msgspec.Raw]]] = decoder(list[msgspec.Raw])
_decode_text: Final[Callable[[bytes], str]] = decoder(str)


class Background(NamedTuple):
    """A response in the background: whether it has ended, and when it was made."""

    id: str
    done: bool
    created: int


class Told(OwnDialect):
    """Is told of an answer's documents, and tells of the objects in them."""

    __slots__ = (
        "_bytes", "_kind", "_known", "_named", "_stored", "_tell", "_tells", "background", "shape",
        "sought",
    )  # fmt: skip

    def __init__(self, kind: str, tells: Tells, named: str, tell: Tell) -> None:
        """`named` is the id in the request's path; '' where it has none."""
        super().__init__(UsageAccumulator())
        self._kind = kind
        self._tells = tells
        self._named = named
        self._tell = tell
        self._known: set[str] = {named} if named else set()
        self._bytes = 0
        #: Whether the upstream keeps the response that the answer is.
        self._stored = True
        #: The response in the background that the answer is, as it was told of last.
        self.background: Background | None = None
        self.sought = _SOUGHT["made" if tells == "told" and kind else tells]
        listed = b"output" if kind == "response" else b"data"
        self.shape = Shape(_MEMBERS, listed, _INNER)

    def document(self, text: bytes) -> None:
        if (read := _read(text)) is not None:
            self._take(read, made=self._tells in ("made", "stored"))
            for inner in (read.response, read.message, read.delta):
                if (found := _read(bytes(inner))) is not None:
                    self._take(found, made=self._tells == "made" and inner is read.response)
            if (item := _read(bytes(read.item))) is not None:
                self._take_part(item, self._named)

    def listed(self, text: bytes) -> None:
        if (part := _read(text)) is not None:
            self._take_part(part, self._named)

    def end(self) -> None:
        """Nothing is left to say."""

    def _take(self, read: _Object, *, made: bool) -> None:
        own = _id(read.id)
        if own and self._kind == RESPONSE and bytes(read.background) == b"true":
            done = bytes(read.status) in _FINISHED
            self.background = Background(own, done, _seconds(read.created_at))
        if bytes(read.store) == b"false":
            self._stored = False
        if made and own and self._stored:
            self._note(own, self._kind)
        if made and self._tells == "stored":
            self._note(_id(read.request_id), "deferred")
        if (container := _read(bytes(read.container))) is not None:
            self._note(_id(container.id), "container")
        if (file := _read(bytes(read.file))) is not None and made:
            self._note(_id(file.id), "file")
        self._take_part(read, "", own)
        for part in _parts(read.output):
            self._take_part(part, own)
        if self._kind in ("batch", "conversation", "response"):
            for part in _parts(read.data):
                self._take_part(part, self._named)

    def _take_part(self, part: _Object, parent: str, own: str = "") -> None:
        """What stands in an item, or in a batch whose id is `own`."""
        by = parent if self._tells == "told" else ""
        self._note(_id(part.container_id), "container", by)
        batch = own or _id(part.id)
        for file in (part.output_file_id, part.error_file_id):
            self._note(_id(file), "file", batch)
        if not own and self._stored and self._kind in ("response", "conversation"):
            # Requests may refer to it.
            self._note(_id(part.id), "item", by)

    def _note(self, found: str, kind: str, parent: str = "") -> None:
        if self._tells == "told" and self._kind and not parent:
            # Who reads has made nothing: it is whose the object is that the path names.
            parent = self._named
            if not parent:
                return
        if not found or found in self._known or len(self._known) >= TOLD_MAX:
            return
        self._bytes += len(found) + len(parent)
        if self._bytes > TOLD_MAX_BYTES:
            return
        self._known.add(found)
        if self._tells == "stored":
            # Each event of a stream has it.
            self.sought = ()
        self._tell(Kept(found, kind[:32] or "other", parent))


def _read(text: bytes) -> _Object | None:
    if text[:1] != b"{":
        return None
    try:
        return _decode(text)
    except Unreadable:
        return None


def _parts(raw: msgspec.Raw) -> Iterator[_Object]:
    text = bytes(raw)
    if text[:1] != b"[":
        return
    try:
        listed = _decode_list(text)
    except Unreadable:
        return
    for one in listed:
        if (part := _read(bytes(one))) is not None:
            yield part


def _seconds(raw: msgspec.Raw) -> int:
    """A Unix time; 0 where it is none."""
    text = bytes(raw)
    return int(text) if text.isdigit() and len(text) <= _TIME_MAX else 0


#: Digits of a time.
_TIME_MAX: Final = 12


def _id(raw: msgspec.Raw) -> str:
    """The id that a member is; '' where it is none, or one that no store takes."""
    text = bytes(raw)
    if text[:1] != b'"' or len(text) > ID_MAX + 2:
        return ""
    try:
        found = _decode_text(text)
    except Unreadable:
        return ""
    return found if is_storable(found) else ""
