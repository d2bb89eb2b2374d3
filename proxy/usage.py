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

from proxy.json_reading import Unreadable, read
from proxy.json_scan import TopLevelScanner
from proxy.sse import EventSplitter, data_of

#: A longer event is passed on, but no longer kept together to be looked into.
EVENT_MAX_BYTES: Final = 4 * 1024 * 1024

_MENTIONS_USAGE: Final = re.compile(rb'"usage"\s*+:\s*+\{')


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

    `final` says that the last word has been spoken: Anthropic reports the prompt first and the
    completion as it grows, and some servers report with every event.
    """

    __slots__ = (
        "_cache_read", "_cache_written", "_cached", "_completion", "_input", "_prompt",
        "_reasoning", "final", "model",
    )  # fmt: skip

    def __init__(self) -> None:
        self.model: str | None = None
        self.final = False
        #: With the tokens that came from a cache, as `prompt_tokens` counts.
        self._prompt: int | None = None
        #: As `input_tokens` counts, which at Anthropic leaves the cache out.
        self._input: int | None = None
        self._cache_read: int | None = None
        self._cache_written: int | None = None
        self._cached: int | None = None
        self._completion: int | None = None
        self._reasoning: int | None = None

    @property
    def usage(self) -> Usage | None:
        """What was reported, or None where nothing was."""
        prompt = self._prompt
        if prompt is None and self._input is not None:
            prompt = self._input + (self._cache_read or 0) + (self._cache_written or 0)
        if prompt is None and self._completion is None:
            return None
        cached = self._cached if self._cache_read is None else self._cache_read
        return Usage(prompt or 0, self._completion or 0, cached or 0, self._reasoning or 0)

    def note(self, model: str | None, reported: _Reported | None, *, final: bool) -> None:
        """Take over what one report says."""
        self.model = model or self.model
        if reported is None:
            return
        prompt_details = reported.prompt_tokens_details or reported.input_tokens_details
        details = reported.completion_tokens_details or reported.output_tokens_details
        self._prompt = _valid(reported.prompt_tokens, self._prompt)
        self._input = _valid(reported.input_tokens, self._input)
        self._cache_read = _valid(reported.cache_read_input_tokens, self._cache_read)
        self._cache_written = _valid(reported.cache_creation_input_tokens, self._cache_written)
        if prompt_details is not None:
            self._cached = _valid(prompt_details.cached_tokens, self._cached)
        completion = _valid(reported.output_tokens, self._completion)
        self._completion = _valid(reported.completion_tokens, completion)
        if details is not None:
            self._reasoning = _valid(details.reasoning_tokens, self._reasoning)
        self.final = self.final or (final and self.usage is not None)


def _valid(count: int | None, otherwise: int | None) -> int | None:
    """A count that can be one: an upstream's -1 or 10**30 is no usage."""
    return count if count is not None and 0 <= count < 1 << 53 else otherwise


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
                answer = read(_decode_answer, b"".join(self._kept))
                self.tally.note(answer.model, answer.usage, final=True)
            else:
                found = self._scanner.found
                self.tally.note(
                    read(_decode_model, found.get(b"model", b"null")),
                    read(_decode_usage, found.get(b"usage", b"null")),
                    final=True,
                )
        except Unreadable:
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
        if self._says_nothing(data):
            return data
        if not self.withholds:
            self.feed(data)
            return data
        passed = [event for event in self._splitter.feed(data) if not self._read(event)]
        if self._splitter.pending > EVENT_MAX_BYTES:
            passed.append(self._splitter.rest())
        return b"".join(passed)

    def _says_nothing(self, data: bytes) -> bool:
        """Whether these are whole events with nothing to be read in them, as nearly all are.

        Three searches in C, in place of taking them apart.
        """
        return (
            self.tally.model is not None
            and not self._splitter.pending
            and data.endswith(b"\n\n")
            and b"\r" not in data
            and not _MENTIONS_USAGE.search(data)
        )

    def end(self) -> bytes:
        """The stream ended: bytes of an unfinished event that were held back.

        Some servers leave out the last blank line, and clients take the event nevertheless.
        """
        rest = self._splitter.rest()
        only_usage = self._read(rest)
        self.tally.final = self.tally.usage is not None
        return rest if self.withholds and not only_usage else b""

    def _read(self, event: bytes) -> bool:
        """Read one event; whether it holds nothing but usage."""
        if self.tally.model is not None and not _MENTIONS_USAGE.search(event):
            return False
        try:
            said = read(_decode_event, data_of(event))
        except Unreadable:
            return False
        self.tally.note(said.model, said.usage, final=not said.choices)
        if said.response is not None:
            self.tally.note(said.response.model, said.response.usage, final=True)
        if said.message is not None:
            # Anthropic's `message_start`: the completion is yet to come.
            self.tally.note(said.message.model, said.message.usage, final=False)
        return said.usage is not None and said.choices == []
