"""`/metrics`, right across workers, and what it costs the data path: one list append per request.

prometheus_client's multiprocess mode keeps each worker's numbers in mapped files that any worker
can add up. A worker's own requests are folded into them in batches, a few times a second and
before every scrape.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from models.entry import Entry
from telemetry import exposition
from telemetry.database_watch import DATABASE_STATES, DatabaseState

if TYPE_CHECKING:
    from prometheus_client import Histogram

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SECONDS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_OVERHEAD: Final = (0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0)
#: Of a worker's levels, as prometheus_client names them; the process id is in the name.
_LEVELS: Final = "gauge_live*_*.db"

#: The short name of a provider's model, None where it is none of a known few.
ModelName: TypeAlias = Callable[[str, str], str | None]

_shared: Path | None = None
_SECONDS_US: Final = tuple(round(bound * 1e6) for bound in _SECONDS)
_OVERHEAD_US: Final = tuple(round(bound * 1e6) for bound in _OVERHEAD)


class Refused(NamedTuple):
    """A request that the proxy answered itself; `endpoint` is '' where none was matched."""

    id: UUID
    code: str
    provider: str
    endpoint: str
    method: str
    status: int
    #: Whether it was let in first, so that an entry speaks of it too.
    recorded: bool
    #: Whether it was refused because its limits could not be checked.
    undecided: bool = False


class WorkerGauges(NamedTuple):
    """What is true of a worker at this moment."""

    active_requests: int
    upstream_connections: int
    journal_pending: int
    oldest_entry_seconds: float = 0.0
    database: DatabaseState = "ok"
    limits_degraded: bool = False
    connections: int = 0
    kept_body_bytes: int = 0


def share(directory: Path) -> None:
    """Have all processes that call this keep their numbers in `directory`.

    Before prometheus_client is imported for the first time: it decides then.
    """
    global _shared  # noqa: PLW0603  (as in the library, it holds for the process)
    _shared = directory
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    _forget_levels_of_the_dead(directory)


def _forget_levels_of_the_dead(directory: Path) -> None:
    """A worker that was killed could not do it; whoever takes its place does."""
    for file in directory.glob(_LEVELS):
        if not _runs(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    if pid == os.getpid():
        # That file was another's, with the same number.
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def forget(directory: Path) -> None:
    """Start from nothing; called before the first worker starts."""
    for file in directory.glob("*.db"):
        file.unlink(missing_ok=True)


class _Histogram:
    """A batch's share of one histogram: prometheus_client takes one observation at a time, each
    at the price of three mapped writes under a lock."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0

    def add(self, microseconds: int) -> None:
        self._counts[bisect_left(self._bounds, microseconds)] += 1
        self._sum += microseconds

    def fold_into(self, histogram: Histogram) -> None:
        # There is no public way to add many at once.
        histogram._sum.inc(self._sum / 1e6)
        for bucket, count in zip(histogram._buckets, self._counts, strict=True):
            if count:
                bucket.inc(count)


class _Times:
    __slots__ = ("duration", "overhead", "ttfb")

    def __init__(self) -> None:
        self.duration = _Histogram(_SECONDS_US)
        self.ttfb = _Histogram(_SECONDS_US)
        self.overhead = _Histogram(_OVERHEAD_US)


class Metrics:
    """This worker's share of the numbers."""

    def __init__(self, model_name: ModelName) -> None:
        self._model_name = model_name
        # Here, because of `share`.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415

        self._registry = registry = CollectorRegistry()
        where = ("provider", "endpoint", "method")
        self._requests = Counter(
            "llm_proxy_requests", "Requests by outcome.", (*where, "status"), registry=registry
        )
        self._refusals = Counter(
            "llm_proxy_refusals", "Requests that the proxy refused.", ("code",), registry=registry
        )
        self._undecided = Counter(
            "llm_proxy_undecided_limits",
            "Requests while limits could not be checked: limited ones are refused, others pass.",
            ("decision",),
            registry=registry,
        )
        self._connections_refused = Counter(
            "llm_proxy_connections_refused",
            "Connections of clients for which there was no room.",
            ("reason",),
            registry=registry,
        )
        self._connections_dropped = Counter(
            "llm_proxy_connections_dropped",
            "Connections of clients that were closed because they harmed others.",
            ("reason",),
            registry=registry,
        )
        self._tokens = Counter(
            "llm_proxy_tokens",
            "Tokens that upstreams reported.",
            ("provider", "model", "type"),
            registry=registry,
        )
        self._duration = Histogram(
            "llm_proxy_request_duration_seconds",
            "From the first byte of the request to the last of the answer.",
            where,
            buckets=_SECONDS,
            registry=registry,
        )
        self._ttfb = Histogram(
            "llm_proxy_time_to_first_byte_seconds",
            "From the first byte of the request to the first of the upstream's answer.",
            where,
            buckets=_SECONDS,
            registry=registry,
        )
        self._overhead = Histogram(
            "llm_proxy_overhead_seconds",
            "The part of the duration that was the proxy's.",
            where,
            buckets=_OVERHEAD,
            registry=registry,
        )
        self._gauges = tuple(
            Gauge(name, text, multiprocess_mode="livesum", registry=registry)
            for name, text in (
                ("llm_proxy_active_requests", "Requests that are running."),
                ("llm_proxy_upstream_connections", "Open connections to upstreams."),
                ("llm_proxy_journal_pending", "Entries that are not in the database yet."),
                ("llm_proxy_connections", "Open connections of clients."),
                ("llm_proxy_kept_body_bytes", "Bytes of request bodies that are in memory."),
            )
        )
        self._oldest = Gauge(
            "llm_proxy_journal_oldest_entry_seconds",
            "Age of the oldest entry that is not in the database yet.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._database = Gauge(
            "llm_proxy_database_workers",
            "Workers by what they find the database to be.",
            ("state",),
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._limits_degraded = Gauge(
            "llm_proxy_limits_degraded_workers",
            "Workers that cannot decide limits.",
            multiprocess_mode="livesum",
            registry=registry,
        )

    def add(self, entries: Iterable[Entry], refused: Iterable[Refused]) -> None:
        """Fold in what has happened since the last time."""
        requests: Tally[tuple[str, str, str, str]] = Tally()
        tokens: Tally[tuple[str, str, str]] = Tally()
        times: dict[tuple[str, str, str], _Times] = {}
        for entry in entries:
            where = (entry.provider, entry.endpoint, _method(entry.method))
            requests[*where, str(entry.status)] += 1
            seen = times.get(where)
            if seen is None:
                seen = times[where] = _Times()
            seen.duration.add(entry.duration_us)
            seen.overhead.add(entry.overhead_us)
            if entry.ttfb_us is not None:
                seen.ttfb.add(entry.ttfb_us)
            self._count_tokens(entry, tokens)
        for where, seen in times.items():
            seen.duration.fold_into(self._duration.labels(*where))
            seen.overhead.fold_into(self._overhead.labels(*where))
            seen.ttfb.fold_into(self._ttfb.labels(*where))
        for refusal in refused:
            self._refusals.labels(refusal.code).inc()
            if not refusal.recorded:
                where = (refusal.provider, refusal.endpoint or "none", _method(refusal.method))
                requests[*where, str(refusal.status)] += 1
        for labels, count in requests.items():
            self._requests.labels(*labels).inc(count)
        for kind, count in tokens.items():
            self._tokens.labels(*kind).inc(count)

    def _count_tokens(self, entry: Entry, tokens: Tally[tuple[str, str, str]]) -> None:
        if entry.prompt_tokens is None:
            return
        # Only the names of a price list are known to be few: a client can name any model.
        model = "other"
        if entry.cost_nanos is not None:
            model = self._model_name(entry.provider, entry.model) or "other"
        for kind, count in (
            ("prompt", entry.prompt_tokens),
            ("completion", entry.completion_tokens),
            ("cached", entry.cached_tokens),
            ("reasoning", entry.reasoning_tokens),
        ):
            if count:
                tokens[entry.provider, model, kind] += count

    def add_undecided(self, decision: Literal["refused", "passed"], count: int) -> None:
        """Count requests that came while limits could not be checked."""
        if count:
            self._undecided.labels(decision).inc(count)

    def add_connections(self, refused: Mapping[str, int], dropped: Mapping[str, int]) -> None:
        """Count clients' connections that were refused or closed, by the reason."""
        for reason, count in refused.items():
            self._connections_refused.labels(reason).inc(count)
        for reason, count in dropped.items():
            self._connections_dropped.labels(reason).inc(count)

    def set_gauges(self, gauges: WorkerGauges) -> None:
        """Say what is true of this worker now."""
        counts = (
            gauges.active_requests,
            gauges.upstream_connections,
            gauges.journal_pending,
            gauges.connections,
            gauges.kept_body_bytes,
        )
        for gauge, level in zip(self._gauges, counts, strict=True):
            gauge.set(level)
        self._oldest.set(gauges.oldest_entry_seconds)
        self._limits_degraded.set(gauges.limits_degraded)
        for state in DATABASE_STATES:
            self._database.labels(state).set(state == gauges.database)

    def exposition(self, pause: float = 0.0) -> bytes:
        """The text format, of all workers together; with a `pause`, in seconds, between steps."""
        from prometheus_client import generate_latest  # noqa: PLC0415

        if _shared is None:
            return generate_latest(self._registry)
        making = exposition.steps(sorted(_shared.glob("*.db")))
        while True:
            try:
                next(making)
            except StopIteration as end:
                text: bytes = end.value
                return text
            time.sleep(pause)

    def leave(self) -> None:
        """This worker ends: its levels no longer count, its sums still do."""
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

        if _shared is not None:
            mark_process_dead(os.getpid(), str(_shared))  # type: ignore[no-untyped-call]


def _method(method: str) -> str:
    return method if method in _METHODS else "other"
