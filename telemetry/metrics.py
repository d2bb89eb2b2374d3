"""`/metrics`, right across workers, and what it costs the data path: one list append per request.

A worker's own requests are folded into its numbers in batches, a few times a second and before
every scrape, and its numbers into a snapshot that the other workers read.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from models.entry import Entry
from telemetry import exposition, families
from telemetry.database_watch import DATABASE_STATES, DatabaseState
from telemetry.families import Family, Numbers, Observations
from telemetry.snapshots import Snapshots, decode, encode

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

#: The short name of a provider's model, None where it is none of a known few.
ModelName: TypeAlias = Callable[[str, str], str | None]


class Refused(NamedTuple):
    """A request that the proxy answered itself; `endpoint` is '' where none was matched."""

    id: str
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


class _Histogram:
    """A batch's share of one histogram."""

    __slots__ = ("_bounds", "_seen")

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self._bounds = bounds
        self._seen = Observations([0] * (len(bounds) + 1))

    def add(self, microseconds: int) -> None:
        seen = self._seen
        seen.counts[bisect_left(self._bounds, microseconds)] += 1
        seen.total_us += microseconds

    def take(self) -> Observations:
        """What it has seen, which is the caller's now."""
        return self._seen


def _microseconds(family: Family) -> tuple[int, ...]:
    return tuple(round(bound * 1e6) for bound in family.bounds)


_DURATION_US: Final = _microseconds(families.DURATION)
_TTFB_US: Final = _microseconds(families.TTFB)
_OVERHEAD_US: Final = _microseconds(families.OVERHEAD)


class _Times:
    __slots__ = ("duration", "overhead", "ttfb")

    def __init__(self) -> None:
        self.duration = _Histogram(_DURATION_US)
        self.ttfb = _Histogram(_TTFB_US)
        self.overhead = _Histogram(_OVERHEAD_US)


class Metrics:
    """This worker's numbers; with a `directory`, those of all workers that keep theirs there."""

    def __init__(self, model_name: ModelName, directory: Path | None = None) -> None:
        self._model_name = model_name
        self._snapshots = Snapshots(directory)
        self._numbers = Numbers.none()
        #: What threads get to see.
        self._encoded = encode(self._numbers)

    def open(self) -> None:
        """Take the place of a worker that has ended, if there is one, and go on from its sums."""
        self._numbers = self._snapshots.open()
        self._snapshots.write(self.encode())

    def add(self, entries: Iterable[Entry], refused: Iterable[Refused]) -> None:
        """Fold in what has happened since the last time."""
        numbers = self._numbers
        requests: Tally[tuple[str, ...]] = Tally()
        tokens: Tally[tuple[str, ...]] = Tally()
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
            numbers.observe(families.DURATION, where, seen.duration.take())
            numbers.observe(families.OVERHEAD, where, seen.overhead.take())
            numbers.observe(families.TTFB, where, seen.ttfb.take())
        for refusal in refused:
            numbers.count(families.REFUSALS, (refusal.code,), 1)
            if not refusal.recorded:
                where = (refusal.provider, refusal.endpoint or "none", _method(refusal.method))
                requests[*where, str(refusal.status)] += 1
        for labels, count in requests.items():
            numbers.count(families.REQUESTS, labels, count)
        for labels, count in tokens.items():
            numbers.count(families.TOKENS, labels, count)

    def _count_tokens(self, entry: Entry, tokens: Tally[tuple[str, ...]]) -> None:
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
            self._numbers.count(families.UNDECIDED, (decision,), count)

    def add_connections(self, refused: Mapping[str, int], dropped: Mapping[str, int]) -> None:
        """Count clients' connections that were refused or closed, by the reason."""
        for reason, count in refused.items():
            self._numbers.count(families.CONNECTIONS_REFUSED, (reason,), count)
        for reason, count in dropped.items():
            self._numbers.count(families.CONNECTIONS_DROPPED, (reason,), count)

    def set_gauges(self, gauges: WorkerGauges) -> None:
        """Say what is true of this worker now."""
        numbers = self._numbers
        numbers.set(families.ACTIVE_REQUESTS, gauges.active_requests)
        numbers.set(families.UPSTREAM_CONNECTIONS, gauges.upstream_connections)
        numbers.set(families.JOURNAL_PENDING, gauges.journal_pending)
        numbers.set(families.CONNECTIONS, gauges.connections)
        numbers.set(families.KEPT_BODY_BYTES, gauges.kept_body_bytes)
        numbers.set(families.OLDEST_ENTRY, gauges.oldest_entry_seconds)
        numbers.set(families.LIMITS_DEGRADED, gauges.limits_degraded)
        for state in DATABASE_STATES:
            numbers.set(families.DATABASE_WORKERS, state == gauges.database, (state,))

    def encode(self) -> bytes:
        """This worker's snapshot, which `exposition` tells of from now on."""
        self._encoded = encode(self._numbers)
        return self._encoded

    def is_written(self, encoded: bytes) -> bool:
        """Whether the other workers see this snapshot already."""
        return self._snapshots.has(encoded)

    def write(self, encoded: bytes) -> None:
        """Let the other workers see a snapshot. Blocks: to be called in a thread."""
        self._snapshots.write(encoded)

    def exposition(self, pause: float = 0.0) -> bytes:
        """The text format, of all workers together; with a `pause`, in seconds, between steps.

        Of this worker, what it last encoded. May run in a thread.
        """
        found: list[bytes] = []
        for piece in exposition.pieces(self._workers()):
            found.append(piece)
            time.sleep(pause)
        return b"".join(found)

    def _workers(self) -> Iterator[Numbers]:
        yield decode(self._encoded)
        yield from self._snapshots.others()

    def leave(self) -> None:
        """This worker ends: its gauges no longer count, its sums still do. Blocks."""
        self._numbers.gauges = Numbers.none().gauges
        self._snapshots.close(self.encode())


def _method(method: str) -> str:
    return method if method in _METHODS else "other"
