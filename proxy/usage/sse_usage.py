"""Token usage in server-sent events, read while they pass, sans-io.

`SseUsageReader.relay` is the one place that may withhold something, namely the usage event that we
asked for ourselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.error_code import code_of_answer, code_of_error
from proxy.usage.json_usage import (
    ABSENT,
    Answer,
    apply,
    decode_answer,
    text_of,
    tier_of,
    usage_in_choices,
)
from proxy.usage.large_event import LargeEvent
from proxy.usage.odd_usage import read_usage
from proxy.usage.reported import Reported
from proxy.usage.sought import ANYTHING, MENTIONS_FINISH, wanted
from proxy.usage.sse import EventBuffer, Stretch, data_of

#: A longer event is scanned in turns rather than kept together and decoded.
EVENT_MAX_BYTES: Final = 256 * 1024
#: So many events are taken apart in one turn of the event loop, a quarter of a millisecond's work.
EVENTS_PER_TURN: Final = 64

_NAMED_ERROR: Final = re.compile(rb"(?:^|[\r\n])event:[ ]?error(?:[\r\n]|$)")
#: An event's name stands before its data, which may be megabytes.
_NAME_WITHIN: Final = 1024
_NOWHERE: Final = 1 << 62
_NULL: Final = (b":null", b": null")
#: Choices that are longer have something in them.
_EMPTY_CHOICES_MAX: Final = 1024
#: In place of a stretch that has been looked into.
_NOTHING: Final = Stretch(b"")


class _Event(msgspec.Struct):
    """Each value is decoded on its own: the `message` of an error is a text, Anthropic's is not."""

    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    service_tier: msgspec.Raw = msgspec.Raw()
    #: Groq's, with a usage in it.
    x_groq: msgspec.Raw = msgspec.Raw()


class _Choice(msgspec.Struct):
    index: msgspec.Raw = msgspec.Raw()
    finish_reason: msgspec.Raw = msgspec.Raw()
    text: msgspec.Raw = msgspec.Raw()
    delta: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    logprobs: msgspec.Raw = msgspec.Raw()


_NO_CHOICES: Final = re.compile(rb"\[\s*+\]")
_NOTHING_SAID: Final = re.compile(rb'(?:null|""|\{\s*+\})?')
_FAILURES: Final = (b'"error"', b'"response.failed"')
#: Types of events that end an answer.
_ENDS: Final = (
    b"message_stop", b"response.completed", b"response.incomplete", b"response.failed",
    b"transcript.text.done", b"speech.audio.done", b"image_generation.completed",
    b"image_edit.completed",
)  # fmt: skip
_ENDING_TYPES: Final = frozenset(b'"%b"' % kind for kind in _ENDS)
#: The last event of a stream, which need not have been looked into.
_ENDING: Final = re.compile(
    rb'(?:^|[\r\n])data:[ ]?\[DONE\]|"type"\s*+:\s*+"(?:'
    + b"|".join(map(re.escape, _ENDS))
    + rb')"'
)

_decode_event: Final[Callable[[bytes], _Event]] = decoder(_Event)
_decode_choices: Final[Callable[[bytes], list[_Choice]]] = decoder(list[_Choice])


class SseUsageReader:
    """Reads usage from an event stream while it passes.

    With `withhold`, the event that carries nothing but the usage we asked for is kept from the
    client; every other byte is handed on as it came.

    Only events that mention what is looked for are taken apart, and at most `EVENTS_PER_TURN` of
    them at once. While `behind` says that there are more, `catch_up` is to be called in later
    turns of the event loop, before anything else is relayed.

    With `watch`, it is also noted whether a chat said why it ended: see `cut_short`.
    """

    __slots__ = (
        "_buffer",
        "_done",
        "_large",
        "_last",
        "_most_pending",
        "_next",
        "_passed",
        "_passing",
        "_stretch",
        "_terminal_in",
        "_unfinished",
        "_wanted",
        "_watch",
        "accumulated",
        "behind",
        "withholds",
    )  # fmt: skip

    def __init__(
        self,
        accumulated: UsageAccumulator | None = None,
        *,
        withhold: bool = False,
        watch: bool = False,
    ) -> None:
        self.accumulated = UsageAccumulator() if accumulated is None else accumulated
        self.withholds = withhold
        self.behind = False
        self._watch = watch
        self._buffer = EventBuffer()
        self._unfinished = self._buffer.unfinished
        self._wanted = wanted(self.accumulated, watch)
        self._stretch = _NOTHING
        #: So much of an unfinished event is kept.
        self._most_pending = EVENT_MAX_BYTES
        #: The whole events that came last, and those that one was among which ends the answer.
        self._last = b""
        self._terminal_in: bytes | None = None
        #: Up to where the stretch has been looked into, and up to where it has been passed on.
        self._done = self._passed = 0
        #: Where in the stretch each of what is wanted comes next.
        self._next: dict[bytes, int] = {}
        #: The large event that is being scanned, and where it lies in the stretch.
        self._large: tuple[LargeEvent, int, int] | None = None
        #: The large event whose beginning has passed and whose end is yet to come.
        self._passing: LargeEvent | None = None

    @property
    def terminal_seen(self) -> bool:
        """Whether the event came that ends an answer of its kind."""
        return self.accumulated.terminal or _ENDING.search(self._last) is not None

    @property
    def terminal_last(self) -> bool:
        """Whether that event was in what was handed on last."""
        if self.accumulated.terminal:
            return self._terminal_in is self._last
        return self.terminal_seen

    @property
    def cut_short(self) -> bool:
        """Whether a chat has not said why it ended, nor anything else that ends a stream."""
        read = self.accumulated
        return self._watch and not (read.finished or read.failed or self.terminal_seen)

    @property
    def is_between(self) -> bool:
        """Whether no event has begun whose end is yet to come, and all have been looked into."""
        return not (self._unfinished or self.behind) and self._passing is None

    def passes(self, events: bytes) -> bool:
        """Whether whole events, framed as chunks or not, say nothing that is wanted: they are all
        that came last then."""
        # Searched from behind, since that takes half the time for words as these in JSON.
        for word, form in self._wanted:
            place = events.rfind(word)
            if place == -1:
                continue
            if form is None:
                return False
            end = place + len(word)
            if events.startswith(_NULL, end) and events.rfind(word, 0, end - 1) == -1:
                # The one mention, and it says nothing: so it is in most events of a chat.
                continue
            if form.search(events, events.find(word)) is not None:
                return False
        self._last = events
        return True

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes and return those that go to the client now."""
        # The usual way, in as few steps as there can be: whole events that say nothing wanted.
        if data[-2:] == b"\n\n" and not self._unfinished and self.passes(data):
            return data
        passed = stretch = self._buffer.feed(data)
        if stretch:
            self._last = stretch
            passed = self._look_into(stretch)
        if self._buffer.pending > self._most_pending:
            passed += self._let_go()
        return passed if self.withholds else data

    def catch_up(self) -> bytes:
        """Look into more of what has come; returns bytes that were held back for it."""
        if self._passing is not None:
            self._passing.catch_up()
            self.behind = self._passing.behind
            return b""
        passed = self._look_on() + self._let_go()
        return passed if self.withholds else b""

    def _let_go(self) -> bytes:
        """Of an unfinished event that is too long to be kept, once all before it has passed."""
        if self.behind or self._buffer.pending <= self._most_pending:
            return b""
        if self._passing is None:
            self._passing = self._large_event()
            # It goes on at the beginning of whatever comes next.
            self._most_pending, self._wanted = 0, ANYTHING
        let_go = self._buffer.let_go()
        self._passing.feed(let_go)
        self.behind = self._passing.behind
        return let_go

    def end(self, *, whole: bool = True) -> bytes:
        """The stream ended: bytes of an unfinished event that were held back.

        Some servers leave out the last blank line, and clients take the event nevertheless. Where
        the stream is not `whole`, its end makes nothing final that was not before.
        """
        held = b""
        while self.behind:
            held += self.catch_up()
        rest = self._buffer.rest()
        self._last += rest[-EVENT_MAX_BYTES:]
        if self._passing is None:
            only_usage = self._read(rest)
        else:
            self._passing.feed(rest)
            only_usage = self._take_large(self._passing) and False
        if whole:
            self.accumulated.end()
        return held + rest if self.withholds and not only_usage else held

    def _look_into(self, stretch: bytes) -> bytes:
        """Look into whole events; those of them that go to the client now."""
        for sought in self._wanted:
            if sought.find(stretch, 0) != -1:
                break
        else:
            return stretch
        self._stretch = Stretch(stretch)
        self._done = self._passed = 0
        self._next = {}
        if self._passing is not None:
            _, end = self._stretch.around(0, 0)
            self._passing.feed(stretch[:end])
            self._large, self._passing = (self._passing, 0, end), None
            self._most_pending = EVENT_MAX_BYTES
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
                if end - begin > EVENT_MAX_BYTES:
                    large = self._large_event()
                    large.feed(data[begin:end])
                    self._large = (large, begin, end)
                    break
                only_usage = self._read(data[begin:end])
            else:
                large, begin, end = self._large
                large.catch_up()
                if large.behind:
                    break
                self._take_large(large)
                only_usage, self._large = False, None
            if only_usage and self.withholds:
                passed.append(data[self._passed : begin])
                self._passed = end
            self._done = end
        passed.append(data[self._passed : self._done])
        self._passed = self._done
        self.behind = self._done < len(data)
        if not self.behind:
            # A stream may wait for hours for its next event.
            self._stretch, self._next = _NOTHING, {}
        return b"".join(passed)

    def _next_place(self, data: bytes) -> int:
        """The next place that mentions something wanted."""
        first = _NOWHERE
        for sought in self._wanted:
            place = self._next.get(sought.word, -1)
            if place < self._done:
                place = sought.find(data, self._done)
                self._next[sought.word] = place = _NOWHERE if place == -1 else place
            first = min(first, place)
        return first

    def _large_event(self) -> LargeEvent:
        return LargeEvent()

    def _read(self, event: bytes) -> bool:
        """Read one event; whether it holds nothing but usage."""
        data, read = data_of(event), self.accumulated
        failed = read.failed
        if _NAMED_ERROR.search(event, 0, _NAME_WITHIN):
            read.failed = True
        try:
            only_usage = self._take(_decode_event(data))
        except Unreadable:
            only_usage = False
        if read.failed and not failed:
            read.code = read.code or code_of_answer(data)
        return only_usage

    def _take_large(self, event: LargeEvent) -> bool:
        members = event.members()
        return self._take(_Event(**{key: msgspec.Raw(value) for key, value in members.items()}))

    def _take(self, said: _Event) -> bool:
        """Take over what an event says; whether that is nothing but usage."""
        read = self.accumulated
        kind, choices = bytes(said.type), bytes(said.choices)
        if bytes(said.error) not in ABSENT or kind in _FAILURES:
            read.failed = True
        usage, only_usage = self._of_event(said, choices)
        if (response := _answer(said.response, read)) is not None:
            apply(read, response, final=True)
            read.document, read.reported_as = bytes(said.response), None
            if bytes(response.error) not in ABSENT and kind in _FAILURES:
                read.code = code_of_error(bytes(response.error))
        if (message := _answer(said.message, read)) is not None:
            # Anthropic's `message_start`: the completion is yet to come.
            apply(read, message, final=False)
            read.awaits_completion = True
        if kind in _ENDING_TYPES:
            self._ends()
            if kind == b'"message_stop"':
                read.awaits_completion = False
                read.end()
        self._wanted = wanted(read, self._watch)
        return usage is not None and only_usage

    def _of_event(self, said: _Event, choices: bytes) -> tuple[Reported | None, bool]:
        """The usage that an event states itself, and whether it says nothing else."""
        read = self.accumulated
        raw = bytes(said.usage)
        usage = None if raw in ABSENT else read_usage(raw)
        if usage is None:
            usage = usage_in_choices(said.choices) or _of_groq(said.x_groq, read)
        else:
            read.reported_as = raw
        read.service_tier = tier_of(said.service_tier, read) or read.service_tier
        no_choices = choices in ABSENT or _NO_CHOICES.fullmatch(choices) is not None
        only_usage = choices not in ABSENT and (no_choices or _say_nothing(choices))
        finishes = not no_choices and MENTIONS_FINISH.search(choices) is not None
        read.finished = read.finished or finishes
        if usage is not None and not no_choices and not only_usage and _is_zero(usage):
            # LiteLLM's, in every chunk of a stream that was not asked for its usage.
            usage = None
        final = no_choices or only_usage or finishes
        read.update(text_of(said.model), usage, final=final)
        if usage is not None and choices not in ABSENT and final:
            self._ends()
        return usage, only_usage

    def _ends(self) -> None:
        if not self.accumulated.terminal:
            self.accumulated.terminal, self._terminal_in = True, self._last


def _answer(raw: msgspec.Raw, read: UsageAccumulator) -> Answer | None:
    """The answer in an event; None where it is absent, or a text."""
    try:
        return decode_answer(raw, read) if memoryview(raw).nbytes else None
    except Unreadable:
        return None


def _of_groq(raw: msgspec.Raw, read: UsageAccumulator) -> Reported | None:
    inside = _answer(raw, read)
    return None if inside is None else inside.usage


def _is_zero(usage: Reported) -> bool:
    return usage.prompt_tokens == 0 and not usage.completion_tokens and type(usage) is Reported


def _say_nothing(choices: bytes) -> bool:
    """Whether choices are there and hold nothing: no reason, no text, no delta.

    LiteLLM answers the question for usage with one of these.
    """
    if len(choices) > _EMPTY_CHOICES_MAX:
        return False
    try:
        listed = _decode_choices(choices)
    except Unreadable:
        return False
    return all(
        memoryview(one.index).nbytes or memoryview(one.delta).nbytes for one in listed
    ) and all(
        _NOTHING_SAID.fullmatch(bytes(part)) is not None
        for one in listed
        for part in (one.finish_reason, one.text, one.delta, one.message, one.logprobs)
    )
