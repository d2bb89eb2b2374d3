"""One log line per request, written in batches beside the path.

Neither bodies nor secrets are in a line: it is made from the journal's entry. Failures are always
written; of the rest, a share. Where LOG_BODIES asks for bodies, they follow in a line of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import repeat
from operator import truediv
from random import random
from typing import Any, Final, Literal, TextIO, TypeAlias

import msgspec

from models.columns import Columns, fit_32_bits, kinds, times
from models.entry import Attempt, Entry, attempts_as_json, storable
from models.entry_columns import by_column, some
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
_COUNT_MAX: Final = 2**32 - 1


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

    def note(self, exchange: Exchange) -> None:
        """Where bodies are logged, have this one's follow its line; they need not be whole yet."""
        if self._bodies is not None:
            self._exchanges[exchange.id] = exchange

    def write(
        self,
        entries: Sequence[Entry],
        refused: Iterable[Refused],
        columns: Columns | None = None,
    ) -> None:
        """Write a batch with one call; `columns` are those of the entries, where they are known."""
        if entries and self._share < 1:
            entries, columns = self._drawn(entries, columns or by_column(entries)), None
        lines: list[_Line] = []
        if self._form == "text":
            lines += map(_as_text, entries)
        elif entries:
            lines += _as_json(entries, columns or by_column(entries))
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

    def _drawn(self, entries: Sequence[Entry], of: Columns) -> Sequence[Entry]:
        """All that failed, and a share of the others."""
        ended = enumerate(zip(of["status"], of["outcome"], strict=True))
        return some(
            entries,
            [
                place
                for place, (status, outcome) in ended
                if status >= 400 or outcome != "complete" or random() < self._share  # noqa: S311
            ],
        )

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

    def _of_refusal(self, one: Refused) -> _Line:
        at, method = datetime.now(UTC), one.method[:_METHOD_MAX]
        if self._form == "text":
            return (
                f"{stamp(at)} INFO     {method} {one.endpoint or '-'}"
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
            method,
            one.status,
            one.code,
            one.project_id or None,
            one.token_id or None,
            _printable(one.model[:_NAME_MAX]) or None,
        )


class _Recorded(msgspec.Struct, omit_defaults=True):
    """The line of a request that was let in, as JSON has it. What stands on end and is the same in
    many lines is encoded once: the first of such fields has all of them."""

    time: str
    #: And `message`.
    level: msgspec.Raw
    request_id: str
    #: And what kind of request it was.
    project_id: msgspec.Raw
    prompt_tokens: int | None
    completion_tokens: int | None
    bytes_in: int
    bytes_out: int
    ttfb_ms: float | None
    duration_ms: float
    overhead_ms: float
    #: And what else was behind the answer.
    key_id: msgspec.Raw
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


def _fields(**said: Any) -> msgspec.Raw:
    """Fields as they stand in a line behind the name of the first."""
    name = next(iter(said))
    return msgspec.Raw(_encoder.encode(said)[len(f'{{"{name}":') : -1])


_REQUEST: Final = _fields(level="INFO", message="request")
_KIND: Final = (
    "project_id", "token_id", "provider", "endpoint", "method", "model", "status", "outcome",
    "usage",
)  # fmt: skip
_BEHIND: Final = ("key_id", "attempts", "refusal_code", "cache")


def _kind(*said: Any) -> msgspec.Raw:
    kind = dict(zip(_KIND, said, strict=True))
    return _fields(**kind | {"model": _printable(kind["model"])})


def _behind(
    key_id: str, tried: tuple[Attempt, ...] | None, refusal_code: str, cache: str
) -> msgspec.Raw:
    """The upstream key that was asked last, and each try where there were several; why the proxy
    answered it itself, and `hit` where it gave a kept answer or `miss` where none was there."""
    attempts = None if tried is None else msgspec.Raw(attempts_as_json(tried).encode())
    rare = {name: word for name, word in (("refused", refusal_code), ("cache", cache)) if word}
    return _fields(key_id=key_id or None, attempts=attempts, **rare)


def _each(
    of: Columns, names: Sequence[str], made: Callable[..., msgspec.Raw]
) -> Iterable[msgspec.Raw]:
    """What is made of these fields, once for all entries that say the same there."""
    found = {kind: made(*kind) for kind in kinds(of, names)}
    if len(found) == 1:
        return repeat(*found.values())
    return map(found.__getitem__, zip(*map(of.__getitem__, names), strict=True))


def _as_json(entries: Sequence[Entry], of: Columns) -> Iterable[_Recorded]:
    """The lines of a batch, column by column: a fraction of the steps of one after another."""
    if not _are_short(of):
        of = by_column([_shortened(entry) for entry in entries])
    saved = of["saved_nanos"]
    return map(
        # By place, which takes a third of the time.
        _Recorded,
        times(of["at_us"], _second, "Z").split(","),
        repeat(_REQUEST),
        of["id"],
        _each(of, _KIND, _kind),
        of["prompt_tokens"],
        of["completion_tokens"],
        of["bytes_in"],
        of["bytes_out"],
        [None if us is None else us / 1000 for us in of["ttfb_us"]],
        map(truediv, of["duration_us"], repeat(1000)),
        map(truediv, of["overhead_us"], repeat(1000)),
        _each(of, _BEHIND, _behind),
        [None if nanos is None else nanos / 1e9 for nanos in saved]
        if saved.count(None) < len(saved)
        else saved,
    )


def _second(at: datetime) -> str:
    return at.isoformat()[:19]


def _are_short(of: Columns) -> bool:
    """Whether that holds of each entry."""
    if any(
        len(model) > _NAME_MAX or len(method) > _METHOD_MAX
        for model, method in kinds(of, ("model", "method"))
    ):
        return False
    return fit_32_bits(of["prompt_tokens"]) and fit_32_bits(of["completion_tokens"])


def _shortened(entry: Entry) -> Entry:
    """What the client names and the upstream counts is as long as they like."""
    is_short = (
        len(entry.model) <= _NAME_MAX
        and len(entry.method) <= _METHOD_MAX
        and 0 <= (entry.prompt_tokens or 0) <= _COUNT_MAX
        and 0 <= (entry.completion_tokens or 0) <= _COUNT_MAX
    )
    return entry if is_short else storable(entry)


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
