"""One log line per request, written in batches beside the path.

Neither bodies nor secrets are in a line: it is made from the journal's entry. Failures are always
written; of the rest, a share. Where LOG_BODIES asks for bodies, they follow in a line of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from random import random
from typing import Any, Final, Literal, TextIO

import msgspec

from models.entry import Entry, storable
from proxy.exchange import Exchange
from telemetry.body_log_lines import BodyLines
from telemetry.logs import stamp
from telemetry.metrics import Refused

#: Requests whose bodies wait to be written, some 30 KB each at most.
WAITING_MAX: Final = 1000


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
        self._exchanges: dict[str, Exchange] = {}
        # More requests than there is time for: the oldest of those that wait go without.
        self._waiting: deque[Exchange] = deque(maxlen=WAITING_MAX)

    def note(self, exchange: Exchange) -> None:
        """Where bodies are logged, have this one's follow its line; they need not be whole yet."""
        if self._bodies is not None:
            self._exchanges[exchange.id] = exchange

    def write(self, entries: Iterable[Entry], refused: Iterable[Refused]) -> None:
        """Write a batch with one call."""
        lines: list[str] = []
        for entry in entries:
            if entry.status >= 400 or entry.outcome != "complete" or random() < self._share:  # noqa: S311
                lines.append(self._of_entry(entry))
                self._queue_bodies(entry.id)
        for one in refused:
            if not one.recorded:
                lines.append(self._of_refusal(one))
                self._queue_bodies(one.id)
        self._exchanges.clear()
        if lines:
            self._put("".join(lines))

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

    def _of_entry(self, entry: Entry) -> str:
        # A model's name is the client's, and as long as it likes.
        entry = storable(entry)
        at = datetime.fromtimestamp(entry.at_us / 1e6, UTC)
        if self._form == "text":
            tokens = (
                f" {entry.prompt_tokens}+{entry.completion_tokens} tokens"
                if entry.prompt_tokens is not None
                else ""
            )
            return (
                f"{stamp(at)} INFO     {entry.method} {entry.endpoint}"
                f" {entry.status} {entry.outcome} {_printable(entry.model) or '-'}{tokens}"
                f" {entry.duration_us / 1000:.1f} ms {entry.id}\n"
            )
        return _json(
            at,
            entry.id,
            project_id=entry.project_id,
            token_id=entry.token_id,
            provider=entry.provider,
            endpoint=entry.endpoint,
            method=entry.method,
            model=_printable(entry.model),
            status=entry.status,
            outcome=entry.outcome,
            usage=entry.usage,
            prompt_tokens=entry.prompt_tokens,
            completion_tokens=entry.completion_tokens,
            bytes_in=entry.bytes_in,
            bytes_out=entry.bytes_out,
            ttfb_ms=None if entry.ttfb_us is None else entry.ttfb_us / 1000,
            duration_ms=entry.duration_us / 1000,
            overhead_ms=entry.overhead_us / 1000,
        )

    def _of_refusal(self, one: Refused) -> str:
        at = datetime.now(UTC)
        if self._form == "text":
            return (
                f"{stamp(at)} INFO     {one.method} {one.endpoint or '-'}"
                f" {one.status} refused: {one.code} {one.id}\n"
            )
        return _json(
            at,
            one.id,
            provider=one.provider,
            endpoint=one.endpoint or None,
            method=one.method,
            status=one.status,
            refused=one.code,
        )


def _printable(text: str) -> str:
    """`text` without what would begin a line or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _json(at: datetime, request_id: object, **facts: Any) -> str:
    line = {"time": at, "level": "INFO", "message": "request", "request_id": request_id, **facts}
    return msgspec.json.encode(line).decode() + "\n"
