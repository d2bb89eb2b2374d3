"""Token usage, read from what an upstream says and never estimated, sans-io.

One reader per form an answer can take: `PlainReader` for a JSON body, `StreamReader` for
server-sent events. A reader is fed the decoded bytes of the answer; `StreamReader.relay` is the
one place that may withhold something, namely the usage event that we asked for ourselves.
Dialects: OpenAI chat, completions, embeddings and responses; Anthropic messages.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from proxy.json_scan import TopLevelScanner
from proxy.sse import EventSplitter, data_of

#: A longer event is passed on, but no longer kept together to be looked into.
EVENT_MAX_BYTES: Final = 4 * 1024 * 1024

_MENTIONS_USAGE: Final = re.compile(rb'"usage"\s*:\s*\{')


class Usage(NamedTuple):
    """Tokens of one answer. `prompt` includes cached ones, `completion` includes reasoning."""

    prompt: int
    completion: int
    cached: int
    reasoning: int


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Reported(msgspec.Struct):
    """The fields of every dialect; which of them are there tells the dialect."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Answer(msgspec.Struct):
    model: str | None = None
    usage: _Reported | None = None


class _Event(msgspec.Struct):
    model: str | None = None
    usage: _Reported | None = None
    choices: list[msgspec.Raw] | None = None
    response: _Answer | None = None
    message: _Answer | None = None


_decode_usage: Final = msgspec.json.Decoder(_Reported | None).decode
_decode_model: Final = msgspec.json.Decoder(str | None).decode
_decode_answer: Final = msgspec.json.Decoder(_Answer).decode
_decode_event: Final = msgspec.json.Decoder(_Event).decode


class Tally:
    """What has been reported so far. Later reports replace earlier ones, field by field.

    Anthropic reports the prompt first and the completion as it grows.
    """

    __slots__ = ("cached", "completion", "model", "prompt", "reasoning")

    def __init__(self) -> None:
        self.model: str | None = None
        self.prompt: int | None = None
        self.completion: int | None = None
        self.cached: int | None = None
        self.reasoning: int | None = None

    @property
    def usage(self) -> Usage | None:
        """What was reported, or None where nothing was."""
        if self.prompt is None and self.completion is None:
            return None
        return Usage(self.prompt or 0, self.completion or 0, self.cached or 0, self.reasoning or 0)

    def note(self, model: str | None, reported: _Reported | None) -> None:
        """Take over what one report says."""
        self.model = model or self.model
        if reported is None:
            return
        self._note_prompt(reported)
        completion = _first(reported.completion_tokens, reported.output_tokens)
        if completion is not None:
            self.completion = completion
        details = reported.completion_tokens_details or reported.output_tokens_details
        if details is not None and _valid(details.reasoning_tokens) is not None:
            self.reasoning = details.reasoning_tokens

    def _note_prompt(self, reported: _Reported) -> None:
        details = reported.prompt_tokens_details or reported.input_tokens_details
        if details is not None and _valid(details.cached_tokens) is not None:
            self.cached = details.cached_tokens
        prompt = _first(reported.prompt_tokens, reported.input_tokens)
        read = _valid(reported.cache_read_input_tokens)
        if read is not None:
            self.cached = read
        if prompt is not None:
            # Anthropic's input_tokens leaves out what was read from or written to its cache.
            self.prompt = prompt + (read or 0) + (_valid(reported.cache_creation_input_tokens) or 0)


def _valid(count: int | None) -> int | None:
    """A count that can be one: an upstream's -1 or 10**30 is no usage."""
    return count if count is not None and 0 <= count < 1 << 53 else None


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if _valid(count) is not None), None)


class PlainReader:
    """Reads usage from one JSON document, kept whole while it is small and scanned when large."""

    #: A document up to this size is decoded at once, which is faster than scanning it.
    KEEP_BYTES: Final = 256 * 1024

    __slots__ = ("_kept", "_scanner", "_size", "tally")

    def __init__(self) -> None:
        self.tally = Tally()
        self._kept: list[bytes] = []
        self._size = 0
        self._scanner: TopLevelScanner | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the answer."""
        if self._scanner is not None:
            self._scanner.feed(data)
            return
        self._kept.append(data)
        self._size += len(data)
        if self._size > self.KEEP_BYTES:
            self._scanner = TopLevelScanner((b"usage", b"model"))
            for piece in self._kept:
                self._scanner.feed(piece)
            self._kept.clear()

    def end(self) -> None:
        """The answer is complete: read it."""
        try:
            if self._scanner is None:
                answer = _decode_answer(b"".join(self._kept))
                self.tally.note(answer.model, answer.usage)
            else:
                found = self._scanner.found
                self.tally.note(
                    _decode_model(found.get(b"model", b"null")),
                    _decode_usage(found.get(b"usage", b"null")),
                )
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Not an answer that reports usage in a form we know. It passes; usage is unknown.
            return


class StreamReader:
    """Reads usage from an event stream while it passes.

    With `withhold`, the event that carries nothing but the usage we asked for is kept from the
    client; every other byte is handed on as it came.
    """

    __slots__ = ("_splitter", "tally", "withholds")

    def __init__(self, *, withhold: bool = False) -> None:
        self.tally = Tally()
        self._splitter = EventSplitter()
        self.withholds = withhold

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        for event in self._splitter.feed(data):
            self._read(event)
        if self._splitter.pending > EVENT_MAX_BYTES:
            self._splitter.rest()

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes and return those that go to the client now."""
        if not self.withholds:
            self.feed(data)
            return data
        passed = [event for event in self._splitter.feed(data) if not self._read(event)]
        if self._splitter.pending > EVENT_MAX_BYTES:
            passed.append(self._splitter.rest())
        return b"".join(passed)

    def end(self) -> bytes:
        """The stream ended: bytes of an unfinished event that were held back."""
        rest = self._splitter.rest()
        return rest if self.withholds else b""

    def _read(self, event: bytes) -> bool:
        """Read one event; whether it holds nothing but usage."""
        if self.tally.model is not None and not _MENTIONS_USAGE.search(event):
            return False
        try:
            read = _decode_event(data_of(event))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        self.tally.note(read.model, read.usage)
        for nested in (read.response, read.message):
            if nested is not None:
                self.tally.note(nested.model, nested.usage)
        return read.usage is not None and read.choices == []
