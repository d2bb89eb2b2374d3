"""Token usage, read from what an upstream says and never estimated, sans-io.

One reader per form an answer can take: `PlainReader` for a JSON body, `event_usage.StreamReader`
for server-sent events. A reader is given the decoded bytes of the answer, and reads of them what
one turn of the event loop has time for; while it is `behind`, it wants to `catch_up` in later ones.
Dialects: OpenAI chat, completions, embeddings and responses; Anthropic messages.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from proxy.body.json_reading import Unreadable, read
from proxy.body.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT, weight


class Usage(NamedTuple):
    """Tokens of one answer. `prompt` includes cached ones, `completion` includes reasoning."""

    prompt: int
    completion: int
    cached: int
    reasoning: int


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Reported(msgspec.Struct):
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


class Answer(msgspec.Struct):
    model: str | None = None
    usage: Reported | None = None


decode_usage: Final = msgspec.json.Decoder(Reported | None).decode
decode_model: Final = msgspec.json.Decoder(str | None).decode
decode_answer: Final = msgspec.json.Decoder(Answer).decode


class Tally:
    """What has been reported so far. Later reports replace earlier ones, field by field.

    `final` says that the last word has been spoken: Anthropic reports the prompt first and the
    completion as it grows, and some servers report with every event. `awaits_completion` says that
    only the prompt has been reported yet, `failed` that the upstream gave up in its answer.
    """

    __slots__ = (
        "_cache_read", "_cache_written", "_cached", "_completion", "_input", "_prompt",
        "_reasoning", "awaits_completion", "failed", "final", "model",
    )  # fmt: skip

    def __init__(self) -> None:
        self.model: str | None = None
        self.final = self.failed = self.awaits_completion = False
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

    @property
    def exact(self) -> bool:
        """Whether `usage` is what the whole answer used."""
        return self.final and not self.failed

    def end(self) -> None:
        """The answer ended as it should: what was reported is all, unless more was announced."""
        if not self.awaits_completion:
            self.final = self.usage is not None

    def note(self, model: str | None, reported: Reported | None, *, final: bool) -> None:
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
        if final and self.usage is not None:
            self.final = True
            self.awaits_completion = False


def _valid(count: int | None, otherwise: int | None) -> int | None:
    """A count that can be one: an upstream's -1 or 10**30 is no usage."""
    return count if count is not None and 0 <= count < 1 << 53 else otherwise


class PlainReader:
    """Reads usage from one JSON document, kept whole while it is small and scanned when large."""

    #: A document up to this size is decoded at once, which is faster than scanning it.
    KEEP_BYTES: Final = 256 * 1024

    __slots__ = ("_kept", "_scanner", "_size", "_unread", "behind", "tally")

    def __init__(self) -> None:
        self.tally = Tally()
        self._kept: list[bytes] = []
        self._size = 0
        self._scanner: TopLevelScanner | None = None
        self._unread = b""
        self.behind = False

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer, all of which go to the client now."""
        if self._scanner is None:
            self._kept.append(data)
            self._size += len(data)
            if self._size <= self.KEEP_BYTES:
                return data
            self._scanner = TopLevelScanner((b"usage", b"model"))
            self._unread = b"".join(self._kept)
            self._kept.clear()
        else:
            self._unread += data
        self.catch_up()
        return data

    def catch_up(self) -> bytes:
        """Scan more of what has come; nothing was held back for it."""
        unread, done, heavy = self._unread, 0, 0
        while self._scanner is not None and done < len(unread) and heavy < TURN_WEIGHT:
            part = unread[done : done + PART_BYTES]
            heavy += weight(part)
            self._scanner.feed(part)
            done += len(part)
        self._unread = unread[done:]
        self.behind = done < len(unread)
        return b""

    def end(self) -> bytes:
        """The answer is complete: read it. Nothing was held back."""
        while self.behind:
            self.catch_up()
        try:
            if self._scanner is None:
                answer = read(decode_answer, b"".join(self._kept))
                self.tally.note(answer.model, answer.usage, final=True)
            else:
                found = self._scanner.found
                self.tally.note(
                    read(decode_model, found.get(b"model", b"null")),
                    read(decode_usage, found.get(b"usage", b"null")),
                    final=True,
                )
        except Unreadable:
            # Not an answer that reports usage in a form we know. It passes; usage is unknown.
            pass
        return b""
