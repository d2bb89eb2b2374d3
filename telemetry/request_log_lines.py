"""One log line per request, written in batches beside the path.

Neither bodies nor secrets are in a line: it is made from the journal's entry. Failures are always
written; of the rest, a share. Where LOG_BODIES asks for bodies, they follow in a line of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import repeat
from operator import truediv
from random import random
from typing import Final, Literal, TextIO, TypeAlias

import msgspec

from models.columns import Columns
from models.entry import Attempt, Entry, attempts_as_json, storable
from models.entry_columns import by_column
from proxy.exchange import Exchange
from telemetry.body_log_lines import BodyLines
from telemetry.logs import stamp
from telemetry.metrics import Refused

#: Requests whose bodies wait to be written, some 30 KB each at most.
WAITING_MAX: Final = 1000
#: Of a model's name, which is as long as a client likes.
_NAME_MAX: Final = 200
#: Of what needs no closer look.
_METHOD_MAX: Final = 16
_COUNT_MAX: Final = 10**9


class RequestLines:
    """Writes to `stream`, as JSON or text; `share` of 1.0 is every request, 0.0 failures only."""

    def __init__(
        self,
        stream: TextIO,
        form: Literal["text", "json"],
        share: float,
        bodies: BodyLines | None = None,
    ) -> None:
        self._stream = stream
        self._form = form
        self._share = share
        self._bodies = bodies
        self.logs_bodies = bodies is not None
        self._exchanges: dict[str, Exchange] = {}
        # More requests than there is time for: the oldest of those that wait go without.
        self._waiting: deque[Exchange] = deque(maxlen=WAITING_MAX)
        # The last second of a line of JSON, and how it is written.
        self._second, self._stamp = 0, "1970-01-01T00:00:00"

    def note(self, exchange: Exchange) -> None:
        """Where bodies are logged, have this one's follow its line; they need not be whole yet."""
        if self._bodies is not None:
            self._exchanges[exchange.id] = exchange

    def write(self, entries: Sequence[Entry], refused: Iterable[Refused]) -> None:
        """Write a batch with one call."""
        if self._share < 1:
            entries = [entry for entry in entries if self._is_written(entry)]
        lines: list[_Line] = []
        if entries:
            lines += map(_as_text, entries) if self._form == "text" else self._as_json(entries)
        if self._exchanges:
            for entry in entries:
                self._queue_bodies(entry.id)
        for one in refused:
            if not one.recorded:
                lines.append(self._of_refusal(one))
                self._queue_bodies(one.id)
        self._exchanges.clear()
        if not lines:
            return
        if self._form == "json":
            self._put(_encoder.encode_lines(lines).decode())
        else:
            self._put("".join(map(str, lines)))

    def _is_written(self, entry: Entry) -> bool:
        failed = entry.status >= 400 or entry.outcome != "complete"
        return failed or random() < self._share  # noqa: S311

    def write_bodies(self) -> bool:
        """Write one request's bodies, if any wait; whether more do."""
        if self._bodies is not None and self._waiting:
            exchange = self._waiting.popleft()
            if exchange.copies is not None:
                self._put(self._bodies.of(exchange, exchange.copies))
        return bool(self._waiting)

    def _queue_bodies(self, request_id: str) -> None:
        exchange = self._exchanges.get(request_id)
        if exchange is not None:
            self._waiting.append(exchange)

    def _put(self, lines: str) -> None:
        # A full disk or a reader that has gone: there is nowhere to say so, and requests go on.
        with suppress(OSError):
            self._stream.write(lines)
            self._stream.flush()

    def _as_json(self, entries: Sequence[Entry]) -> Iterable[_Recorded]:
        """The lines of a batch, column by column: a fraction of the steps of one after another."""
        of = by_column(entries)
        if not _are_short(of):
            of = by_column([_shortened(entry) for entry in entries])
        models = of["model"]
        return map(
            # By place, which takes a third of the time.
            _Recorded,
            self._times(of["at_us"]),
            repeat("INFO"),
            repeat("request"),
            of["id"],
            of["project_id"],
            of["token_id"],
            of["provider"],
            of["endpoint"],
            of["method"],
            models if "".join(models).isprintable() else map(_printable, models),
            of["status"],
            of["outcome"],
            of["usage"],
            of["prompt_tokens"],
            of["completion_tokens"],
            of["bytes_in"],
            of["bytes_out"],
            [None if us is None else us / 1000 for us in of["ttfb_us"]],
            map(truediv, of["duration_us"], repeat(1000)),
            map(truediv, of["overhead_us"], repeat(1000)),
            _said(of["key_id"]),
            map(_attempts, of["attempts"]) if any(of["attempts"]) else of["attempts"],
            _said(of["refusal_code"]),
            _said(of["cache"]),
            [None if nanos is None else nanos / 1e9 for nanos in of["saved_nanos"]],
        )

    def _times(self, at_us: Sequence[int]) -> list[str]:
        """When requests began, as JSON has it."""
        times = []
        for second, rest in map(divmod, at_us, repeat(1_000_000)):
            if second != self._second:
                self._second = second
                self._stamp = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
            # A `datetime`, and what the encoder makes of it, takes three times the time.
            times.append(f"{self._stamp}.{str(rest + 1_000_000)[1:]}Z")
        return times

    def _of_refusal(self, one: Refused) -> _Line:
        at = datetime.now(UTC)
        if self._form == "text":
            return (
                f"{stamp(at)} INFO     {one.method} {one.endpoint or '-'}"
                f" {one.status} refused: {one.code} {_printable(one.model[:_NAME_MAX]) or '-'}"
                f" {one.id} token {one.token_id or '-'} project {one.project_id or '-'}\n"
            )
        return _Refused(
            at,
            "INFO",
            "request",
            one.id,
            one.provider,
            one.endpoint or None,
            one.method,
            one.status,
            one.code,
            one.project_id or None,
            one.token_id or None,
            _printable(one.model[:_NAME_MAX]) or None,
        )


class _Recorded(msgspec.Struct, omit_defaults=True):
    """The line of a request that was let in, as JSON has it."""

    time: str
    level: str
    message: str
    request_id: str
    project_id: str
    token_id: str
    provider: str
    endpoint: str
    method: str
    model: str
    status: int
    outcome: str
    usage: str
    prompt_tokens: int | None
    completion_tokens: int | None
    bytes_in: int
    bytes_out: int
    ttfb_ms: float | None
    duration_ms: float
    overhead_ms: float
    #: The upstream key that was asked last, and each try where there were several.
    key_id: str | None
    attempts: msgspec.Raw | None
    #: Why the proxy answered it itself; left out where it did not.
    refused: str | None = None
    #: `hit`: a kept answer, and what it had cost; `miss`: none was there. Left out elsewhere.
    cache: str | None = None
    saved_usd: float | None = None


class _Refused(msgspec.Struct):
    """The line of a request that the proxy answered itself, as JSON has it."""

    time: datetime
    level: str
    message: str
    request_id: str
    provider: str
    endpoint: str | None
    method: str
    status: int
    refused: str
    #: Null where they were not known yet.
    project_id: str | None
    token_id: str | None
    model: str | None


#: Text as it is written, or what is encoded.
_Line: TypeAlias = str | _Recorded | _Refused
_encoder: Final = msgspec.json.Encoder()


def _are_short(of: Columns) -> bool:
    """Whether that holds of each entry."""
    return (
        max(map(len, of["model"])) <= _NAME_MAX
        and max(map(len, of["method"])) <= _METHOD_MAX
        and all(
            min(filter(None, counts), default=0) >= 0
            and max(filter(None, counts), default=0) <= _COUNT_MAX
            for counts in (of["prompt_tokens"], of["completion_tokens"])
        )
    )


def _shortened(entry: Entry) -> Entry:
    """What the client names and the upstream counts is as long as they like."""
    is_short = (
        len(entry.model) <= _NAME_MAX
        and len(entry.method) <= _METHOD_MAX
        and 0 <= (entry.prompt_tokens or 0) <= _COUNT_MAX
        and 0 <= (entry.completion_tokens or 0) <= _COUNT_MAX
    )
    return entry if is_short else storable(entry)


def _said(words: Sequence[str]) -> Iterable[str | None]:
    """These, without empty ones."""
    if all(words):
        return words
    return [word or None for word in words] if any(words) else repeat(None)


def _attempts(tried: tuple[Attempt, ...] | None) -> msgspec.Raw | None:
    return None if tried is None else msgspec.Raw(attempts_as_json(tried).encode())


def _as_text(entry: Entry) -> str:
    entry = _shortened(entry)
    at = datetime.fromtimestamp(entry.at_us / 1e6, UTC)
    tokens = (
        f" {entry.prompt_tokens}+{entry.completion_tokens} tokens"
        if entry.prompt_tokens is not None
        else ""
    )
    return (
        f"{stamp(at)} INFO     {entry.method} {entry.endpoint}"
        f" {entry.status} {entry.outcome} {_printable(entry.model) or '-'}{tokens}"
        f" {entry.duration_us / 1000:.1f} ms {entry.id}"
        f"{_tried(entry)}{_refused(entry)}{_kept(entry)}\n"
    )


def _tried(entry: Entry) -> str:
    if entry.attempts is None:
        return ""
    tries = ", ".join(f"{one.key_id}: {one.error or one.status}" for one in entry.attempts)
    return f" ({len(entry.attempts)} attempts: {_printable(tries)})"


def _refused(entry: Entry) -> str:
    return f" refused: {_printable(entry.refusal_code)}" if entry.refusal_code else ""


def _kept(entry: Entry) -> str:
    return " from the cache" if entry.cache == "hit" else ""


def _printable(text: str) -> str:
    """`text` without what would begin a line or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
