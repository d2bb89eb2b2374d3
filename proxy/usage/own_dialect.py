"""What a dialect is whose answers are not read by OpenAI's and Anthropic's names, sans-io.

A dialect is told of JSON documents, wherever they came from: a plain answer, an array, lines, the
data of events, the payload of frames. It notes in an accumulator what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec

from proxy.decoding.json_reading import Unreadable, decode_any, decoder
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.error_code import code_of_error
from proxy.usage.json_documents import Shape
from proxy.usage.odd_usage import count_of
from proxy.usage.reported import OddlyReported, Reported
from proxy.usage.sought import Sought

#: Parts of a list of counts; there are five modalities.
_PARTS_MAX: Final = 64
#: Longer text is no number, and no short list of them.
_SMALL_BYTES: Final = 16 * 1024
Members = dict[str, msgspec.Raw]
decode_members: Final[Callable[[bytes], Members]] = decoder(Members)
decode_texts: Final[Callable[[bytes], list[msgspec.Raw]]] = decoder(list[msgspec.Raw])


class OwnDialect:
    """The dialect of one answer, told of its documents in turn."""

    #: What is kept of a document that is too large to be decoded.
    shape: Shape
    #: What an event of a stream has to mention to be worth taking apart.
    sought: tuple[Sought, ...] = ()

    __slots__ = ("goes_on", "read")

    def __init__(self, read: UsageAccumulator) -> None:
        self.read = read
        #: Whether a document said that another one follows.
        self.goes_on = False

    def document(self, text: bytes) -> None:
        """A whole document. Never raises: what is no JSON object says nothing."""
        raise NotImplementedError

    def listed(self, text: bytes) -> None:
        """An object in the list of a document that is too large."""

    def end(self) -> None:
        """All documents have been told, and the answer is whole."""
        self.read.end()

    def fail(self, error: bytes) -> None:
        """The answer holds an error."""
        self.read.failed = True
        self.read.code = self.read.code or code_of_error(error)


class Counts:
    """The numbers of a usage object in another dialect. One that cannot be read is in `lost`, by
    its name in `accumulator.Usage`, and no other is."""

    __slots__ = ("_members", "lost")

    def __init__(self, text: bytes) -> None:
        """Raises Unreadable for what is no object."""
        self._members = decode_members(text)
        self.lost: set[str] = set()

    def count(self, name: str, means: str) -> int | None:
        """A number; None where it is absent or null, or lost."""
        raw = self.raw(name)
        if raw is None:
            return None
        try:
            return count_of(raw)
        except Unreadable:
            self.lost.add(means)
            return None

    def word(self, name: str) -> str | None:
        """A short text."""
        raw = self.raw(name)
        value = None if raw is None else small(raw)
        if isinstance(value, str) and len(value) <= _WORD_MAX:
            return value
        if raw is not None:
            self.lost.add("service_tier")
        return None

    def parts(self, name: str, label: str, number: str, means: dict[str, str]) -> dict[str, int]:
        """Sums of a list of counts (`[{label: …, number: …}]`) for the labels in `means`; what they
        mean is lost where the list cannot be read."""
        raw = self.raw(name)
        if raw is None:
            return {}
        sums: dict[str, int] = {}
        try:
            listed = decode_texts(raw) if len(raw) <= _SMALL_BYTES else []
            if not 0 < len(listed) <= _PARTS_MAX:
                raise Unreadable("no list of counts")
            for part in listed:
                members = decode_members(part)
                value = small(bytes(members.get(label, b"null")))
                if isinstance(value, str) and value in means:
                    found = count_of(bytes(members.get(number, b"0")))
                    sums[value] = sums.get(value, 0) + found
        except Unreadable:
            if raw != b"[]":
                self.lost.update(means.values())
            return {}
        return sums

    def raw(self, name: str) -> bytes | None:
        """The text of a member; None where it is absent or null."""
        raw = bytes(self._members.get(name, b"null"))
        return None if raw == b"null" else raw


_WORD_MAX: Final = 32


def report(lost: Collection[str], **fields: Any) -> Reported:
    """A report in OpenAI's names, of which the fields of `accumulator.Usage` in `lost` were there
    and could not be read."""
    return OddlyReported(**fields, lost=frozenset(lost)) if lost else Reported(**fields)


def small(raw: bytes) -> Any:
    """The value of a short JSON text; None where it is none."""
    if len(raw) > _SMALL_BYTES:
        return None
    try:
        return decode_any(raw)
    except Unreadable:
        return None


def text_in(members: Members, *names: str) -> str | None:
    """The first of the members that is a text which is not empty."""
    for name in names:
        value = small(bytes(members.get(name, b"null")))
        if isinstance(value, str) and value:
            return value
    return None


def present(members: Members, name: str) -> bytes | None:
    """The text of a member; None where it is absent or null."""
    raw = bytes(members.get(name, b"null"))
    return None if raw == b"null" else raw
