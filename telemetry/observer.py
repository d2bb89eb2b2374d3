"""What the data path tells of its requests, kept for a moment and worked off in batches.

The path appends to a list; a few times a second, or once enough is there, the batch goes into the
metrics and, one line per request, into the log.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter, time
from typing import Final, Protocol

from models.again import Recorded, Told
from models.entry import Entry
from models.entry_columns import by_column
from proxy import beat
from proxy.errors import BudgetExceeded, LimitsUndecided, Refusal
from proxy.exchange import Exchange
from telemetry.exceeded_budgets import ExceededBudgets
from telemetry.metrics import Metrics, Refused, WorkerGauges
from telemetry.otel import Traced, Traces, context_of
from telemetry.refusal_books import PATH_MAX, RefusalBooks
from telemetry.request_log_lines import RequestLines
from telemetry.scrapes import Scrapes

#: Seconds for which what is told is gathered before it is worked off.
_EVERY: Final = 0.2
#: And between two looks at what is true of the moment, where nothing is told.
_GAUGES_EVERY: Final = 0.4
#: Requests that are worked off without waiting for the time: they hold the loop, and so what
#: is being served, for half a millisecond. All of a fifth of a second can be 4 ms.
BATCH: Final = 64
#: How long the thread that makes `/metrics` leaves the interpreter to the loop after each step,
#: in seconds: without a pause the loop would have to wait 5 ms for it, each time.
_PAUSE: Final = 0.0005
#: Seconds to send the last spans.
_LAST_SPANS: Final = 1.0


class ConnectionCounts(Protocol):
    """Counts clients' connections."""

    def take_counts(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """How many were refused and closed since it was asked last, by the reason."""


class FailureCounts(Protocol):
    """Counts calls of middlewares that fail."""

    def take_failures(self) -> Mapping[tuple[str, str], int]:
        """How many there were since it was asked last, by middleware and reason."""


class Observer:
    """One worker's. `gauges` tells what is true at the moment it is asked, `is_away` whether the
    database, which decides limits, does not answer."""

    def __init__(
        self,
        metrics: Metrics,
        lines: RequestLines,
        gauges: Callable[[], WorkerGauges],
        is_away: Callable[[], bool] = lambda: False,
        traces: Traces | None = None,
        *,
        connections: ConnectionCounts | None = None,
        books: RefusalBooks | None = None,
        exceeded: ExceededBudgets | None = None,
        middlewares: FailureCounts | None = None,
    ) -> None:
        self._middlewares = middlewares
        self._exceeded = exceeded
        self._connections = connections
        self._books = books
        self._traces = traces
        self._traced: list[Traced] = []
        self._metrics = metrics
        self._lines = lines
        self._gauges = gauges
        self._is_away = is_away
        #: Unix time in microseconds, as in the entries.
        self._away_since: int | None = None
        self._entries: list[Recorded] = []
        #: Requests of projects that keep answers, and what they saved, by what came of it.
        self._cached: Counter[str] = Counter()
        self._saved_nanos: Counter[str] = Counter()
        self._refused: list[Refused] = []
        #: Set once something was told.
        self._some = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._flushed = 0
        self._scrapes = Scrapes(self._flush_all, self._ended, partial(metrics.exposition, _PAUSE))

    def open(self) -> None:
        """Begin to work off batches."""
        self._metrics.open()
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._work(), name="observer")

    async def close(self) -> None:
        """Work off the last batch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._scrapes.close()
        self._flush_all()
        while self._lines.write_bodies():
            pass
        await asyncio.to_thread(self._metrics.leave)
        if self._traces is not None:
            await self._close_traces(self._traces)

    async def _close_traces(self, traces: Traces) -> None:
        """A collector that is away must not hold up the end of a worker."""
        closing = threading.Thread(target=traces.close, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, _LAST_SPANS)

    def recorded(self, entry: Recorded, exchange: Exchange) -> None:
        """A request that was let in has ended."""
        if not self._entries:
            self._some.set()
        self._entries.append(entry)
        if len(self._entries) == BATCH and self._loop is not None:
            # Not at once: this request is not answered yet.
            self._loop.call_soon(self.flush)
        if exchange.overshot:
            self._metrics.add_overshoots(exchange.overshot)
        if exchange.cache:
            self._cached[exchange.cache] += 1
            if exchange.saved_nanos:
                self._saved_nanos[exchange.cache] += exchange.saved_nanos
        if self._lines.logs_bodies:
            self._lines.note(exchange)
        if self._traces is not None:
            self._traced.append(
                Traced(
                    entry if isinstance(entry, Entry) else entry.entry,
                    context_of(exchange.head.headers),
                )
            )

    def refused(self, exchange: Exchange, refusal: Refusal, provider: str) -> None:
        """The proxy answered by itself."""
        self._lines.note(exchange)
        if (
            self._exceeded is not None
            and isinstance(refusal, BudgetExceeded)
            and refusal.spent is not None
        ):
            self._exceeded.note(refusal.spent)
        endpoint = exchange.route.pattern if exchange.route is not None else ""
        grant, path = exchange.grant, b""
        if not endpoint and grant is not None and exchange.head.target.startswith(b"/"):
            path = exchange.head.target.partition(b"?")[0][:PATH_MAX]
        self._note(
            Refused(
                id=exchange.id,
                # Its kind's: what a middleware tells a client is its own, and may be anything.
                code=type(refusal).code,
                provider=provider,
                endpoint=endpoint,
                method=exchange.method,
                status=refusal.status,
                recorded=exchange.recorded,
                undecided=isinstance(refusal, LimitsUndecided),
                at=exchange.at,
                project_id="" if grant is None else grant.project_text,
                token_id="" if grant is None else grant.token_text,
                model=exchange.model or refusal.model,
                bytes_in=exchange.bytes_in,
                bytes_out=exchange.bytes_out,
                duration_us=int((perf_counter() - exchange.began) * 1e6),
                path=path,
            )
        )

    def unserved(
        self, request_id: str, code: str, status: int, method: str = "other", path: bytes = b""
    ) -> None:
        """No plane got the message: it could not be read as a request, or none serves its path."""
        self._note(
            Refused(
                request_id,
                code,
                "none",
                "",
                method,
                status,
                recorded=False,
                at=time(),
                path=path[:PATH_MAX],
            )
        )

    def _note(self, one: Refused) -> None:
        if not self._refused:
            self._some.set()
        self._refused.append(one)
        if len(self._refused) == BATCH and self._loop is not None:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Work off what there is."""
        if not self._entries and not self._refused:
            self._count_undecided((), [])
            return
        entries, self._entries = Told(self._entries), []
        refused, self._refused = self._refused, []
        self._flushed += len(entries) + len(refused)
        columns = by_column(entries) if entries else None
        self._metrics.add(entries, refused, columns)
        for result, requests in self._cached.items():
            self._metrics.add_cached(result, self._saved_nanos[result], requests)
        self._cached.clear()
        self._saved_nanos.clear()
        self._count_undecided(() if columns is None else columns["at_us"], refused)
        self._lines.write(entries, refused, columns)
        if self._books is not None:
            self._books.add(refused)
        if self._traces is not None:
            traced, self._traced = self._traced, []
            self._traces.write(traced)

    def _encoded(self) -> bytes:
        """The metrics, with what is true now, which is asked for as often as it is told."""
        self._metrics.set_gauges(self._gauges())
        if self._connections is not None:
            self._metrics.add_connections(*self._connections.take_counts())
        if self._middlewares is not None:
            self._metrics.add_middleware_failures(self._middlewares.take_failures())
        return self._metrics.encode()

    def _count_undecided(self, began_us: Sequence[int], refused: list[Refused]) -> None:
        self._metrics.add_undecided("refused", sum(one.undecided for one in refused))
        if not self._is_away():
            self._away_since = None
            return
        if self._away_since is None:
            self._away_since = int(time() * 1e6)
        # Limited requests are refused meanwhile, so who was let in since is not limited.
        since = self._away_since
        self._metrics.add_undecided("passed", sum(at_us >= since for at_us in began_us))

    def exposition(self) -> bytes:
        """`/metrics`, with everything up to now, made at once."""
        self._flush_all()
        return self._metrics.exposition()

    async def scrape(self) -> bytes:
        """The text of `/metrics`; concurrent scrapes share one."""
        return await self._scrapes.current()

    def _ended(self) -> int:
        return self._flushed + len(self._entries) + len(self._refused)

    def _flush_all(self) -> int:
        self.flush()
        self._encoded()
        return self._flushed

    async def _work(self) -> None:
        while True:
            if await beat.until(self._some, _GAUGES_EVERY):
                await asyncio.sleep(_EVERY)
                self._some.clear()
            self.flush()
            encoded = self._encoded()
            if not self._metrics.is_written(encoded):
                # In a thread: a busy disk would hold the loop.
                await asyncio.to_thread(self._metrics.write, encoded)
            # One request's may take a millisecond or two; a batch of them would hold the loop.
            while self._lines.write_bodies():  # noqa: ASYNC110  (work, not waiting)
                await asyncio.sleep(0)
