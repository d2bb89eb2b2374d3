"""Token usage in server-sent events, read while they pass, sans-io.

`SseUsageReader.relay` is the one place that may withhold something, namely the usage event that we
asked for ourselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Final, TypeAlias, TypeVar

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.large_event import members_of
from proxy.usage.reported import decode_answer, decode_model, decode_usage
from proxy.usage.sse import EventBuffer, Stretch, data_of

#: A longer event is passed on, but no longer kept together to be looked into.
EVENT_MAX_BYTES: Final = 4 * 1024 * 1024
#: A longer one is scanned in turns rather than decoded.
AT_ONCE_BYTES: Final = 256 * 1024
#: The same for one that lacks its blank line, when the stream is over and there are no more turns.
_REST_BYTES: Final = 1024 * 1024

#: So many events are taken apart in one turn of the event loop, a quarter of a millisecond's work.
EVENTS_PER_TURN: Final = 64

# Also where the data goes on in another line.
_MENTIONS_USAGE: Final = re.compile(rb'"usage"\s*+:\s*+(?:data:\s*+)?\{')
_MENTIONS_MODEL: Final = re.compile(rb'"model"\s*+:\s*+(?:data:\s*+)?"')
_NAMED_ERROR: Final = re.compile(rb"(?:^|[\r\n])event:[ ]?error(?:[\r\n]|$)")
#: An event's name stands before its data, which may be megabytes.
_NAME_WITHIN: Final = 1024
_Decoded = TypeVar("_Decoded")
_NOWHERE: Final = 1 << 62


class _Event(msgspec.Struct):
    """Each value is decoded on its own: the `message` of an error is a text, Anthropic's is not."""

    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_ABSENT: Final = (b"", b"null")
_NO_CHOICES: Final = re.compile(rb"\[\s*+\]")
_FAILURES: Final = (b'"error"', b'"response.failed"')


_decode_event: Final[Callable[[bytes], _Event]] = decoder(_Event)


class SseUsageReader:
    """Reads usage from an event stream while it passes.

    With `withhold`, the event that carries nothing but the usage we asked for is kept from the
    client; every other byte is handed on as it came.

    Only events that mention what is looked for are taken apart, and at most `EVENTS_PER_TURN` of
    them at once. While `behind` says that there are more, `catch_up` is to be called in later
    turns of the event loop, before anything else is relayed.
    """

    __slots__ = (
        "_buffer",
        "_done",
        "_large",
        "_next",
        "_passed",
        "_stretch",
        "_wanted",
        "accumulated",
        "behind",
        "withholds",
    )  # fmt: skip

    def __init__(self, *, withhold: bool = False) -> None:
        self.accumulated = UsageAccumulator()
        self.withholds = withhold
        self.behind = False
        self._buffer = EventBuffer()
        self._wanted = _wanted(self.accumulated)
        self._stretch = Stretch(b"")
        #: Up to where the stretch has been looked into, and up to where it has been passed on.
        self._done = self._passed = 0
        #: Where in the stretch each of what is wanted comes next.
        self._next: dict[_Find, int] = {}
        #: The large event that is being scanned, and where it lies in the stretch.
        self._large: tuple[_Scan, int, int] | None = None

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes and return those that go to the client now."""
        stretch = self._buffer.feed(data)
        passed = self._look_into(stretch) if stretch else b""
        if self._buffer.pending > EVENT_MAX_BYTES:
            passed += self._let_go()
        return passed if self.withholds else data

    def catch_up(self) -> bytes:
        """Look into more of what has come; returns bytes that were held back for it."""
        passed = self._look_on() + self._let_go()
        return passed if self.withholds else b""

    def _let_go(self) -> bytes:
        """An unfinished event that is too long to be kept, once all before it has passed."""
        too_long = not self.behind and self._buffer.pending > EVENT_MAX_BYTES
        return self._buffer.rest() if too_long else b""

    def end(self) -> bytes:
        """The stream ended: bytes of an unfinished event that were held back.

        Some servers leave out the last blank line, and clients take the event nevertheless.
        """
        held = b""
        while self.behind:
            held += self.catch_up()
        rest = self._buffer.rest()
        only_usage = len(rest) <= _REST_BYTES and self._read(rest)
        self.accumulated.end()
        return held + rest if self.withholds and not only_usage else held

    def _look_into(self, stretch: bytes) -> bytes:
        """Look into whole events; those of them that go to the client now."""
        for find in self._wanted:
            if find(stretch, 0) != -1:
                break
        else:
            # As with nearly all: a few searches in C, and nothing taken apart.
            return stretch
        self._stretch = Stretch(stretch)
        self._done = self._passed = 0
        self._next = {}
        return self._look_on()

    def _look_on(self) -> bytes:
        data, passed = self._stretch.data, []
        for _ in range(1 if self._large is not None else EVENTS_PER_TURN):
            if self._large is None:
                place = self._next_place(data)
                if place == _NOWHERE:
                    self._done = len(data)
                    break
                begin, end = self._stretch.around(place, self._done)
                if end - begin > AT_ONCE_BYTES:
                    self._large = (_scan(data[begin:end]), begin, end)
                    break
                only_usage = self._read(data[begin:end])
            else:
                scan, begin, end = self._large
                try:
                    next(scan)
                    break
                except StopIteration as finished:
                    only_usage = self._take(finished.value)
                    self._large = None
            if only_usage and self.withholds:
                passed.append(data[self._passed : begin])
                self._passed = end
            self._done = end
        passed.append(data[self._passed : self._done])
        self._passed = self._done
        self.behind = self._done < len(data)
        return b"".join(passed)

    def _next_place(self, data: bytes) -> int:
        """The next place that mentions something wanted."""
        first = _NOWHERE
        for find in self._wanted:
            place = self._next.get(find, -1)
            if place < self._done:
                place = find(data, self._done)
                self._next[find] = place = _NOWHERE if place == -1 else place
            first = min(first, place)
        return first

    def _read(self, event: bytes) -> bool:
        """Read one event; whether it holds nothing but usage."""
        if _NAMED_ERROR.search(event, 0, _NAME_WITHIN):
            self.accumulated.failed = True
        try:
            return self._take(_decode_event(data_of(event)))
        except Unreadable:
            return False

    def _take(self, said: _Event) -> bool:
        """Take over what an event says; whether that is nothing but usage."""
        read = self.accumulated
        kind, choices = bytes(said.type), bytes(said.choices)
        if bytes(said.error) not in _ABSENT or kind in _FAILURES:
            read.failed = True
        no_choices = _NO_CHOICES.fullmatch(choices) is not None
        usage = _value(decode_usage, said.usage)
        read.update(_value(decode_model, said.model), usage, final=no_choices or choices in _ABSENT)
        if (response := _value(decode_answer, said.response)) is not None:
            read.update(response.model, response.usage, final=True)
        if (message := _value(decode_answer, said.message)) is not None:
            # Anthropic's `message_start`: the completion is yet to come.
            read.update(message.model, message.usage, final=False)
            read.awaits_completion = True
        if kind == b'"message_stop"':
            read.awaits_completion = False
            read.end()
        self._wanted = _wanted(read)
        return usage is not None and no_choices


def _value(decode: Callable[[bytes], _Decoded], raw: msgspec.Raw) -> _Decoded | None:
    """A member's value; None where it is absent or of another form than ours."""
    try:
        return decode(raw) if memoryview(raw).nbytes else None
    except Unreadable:
        return None


def _scan(event: bytes) -> _Scan:
    members = yield from members_of(data_of(event))
    return _Event(**{key: msgspec.Raw(value) for key, value in members.items()})


_Scan: TypeAlias = Generator[None, None, _Event]
_Find: TypeAlias = Callable[[bytes, int], int]


def _usage_in(data: bytes, start: int) -> int:
    # A plain search first, which takes a tenth of the time where there is nothing.
    start = data.find(b'"usage"', start)
    found = None if start == -1 else _MENTIONS_USAGE.search(data, start)
    return -1 if found is None else found.start()


def _model_in(data: bytes, start: int) -> int:
    start = data.find(b'"model"', start)
    found = None if start == -1 else _MENTIONS_MODEL.search(data, start)
    return -1 if found is None else found.start()


def _error_in(data: bytes, start: int) -> int:
    return data.find(b"error", start)


def _stop_in(data: bytes, start: int) -> int:
    return data.find(b"message_stop", start)


def _wanted(read: UsageAccumulator) -> tuple[_Find, ...]:
    """What makes an event worth taking apart, by what is known already."""
    wanted = [_usage_in]
    if not read.failed:
        wanted.append(_error_in)
    if read.model is None:
        wanted.append(_model_in)
    if read.awaits_completion and not read.final:
        wanted.append(_stop_in)
    return tuple(wanted)
