"""`/metrics`, right across workers, and what it costs the data path: one list append per request.

A worker's own requests are folded into its numbers in batches, a few times a second and before
every scrape, and its numbers into a snapshot that the other workers read.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from models.columns import Columns, is_one
from models.entry import Attempt, Entry
from models.entry_columns import by_column
from models.stock import KeyUse, Stock
from proxy.limits.most_used import BudgetLeft
from telemetry import exposition, families
from telemetry.database_watch import DATABASE_STATES, DatabaseState
from telemetry.families import Family, Labels, Numbers, Observations
from telemetry.snapshots import Snapshots, decode, encode

#: Projects that have labels of their own; refusals of the others are those of `other`.
PROJECTS_MAX: Final = 100
#: What of the keys the database knows; which rest or are suspended a worker knows without it.
_COUNTED_KEYS: Final[tuple[KeyUse, ...]] = ("active", "inactive")
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

#: The short name of a provider's model, None where it is none of a known few.
ModelName: TypeAlias = Callable[[str, str], str | None]


class Refused(msgspec.Struct, frozen=True, gc=False):
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
    #: When the request began, Unix seconds.
    at: float = 0.0
    #: As text; '' where they are not known.
    project_id: str = ""
    token_id: str = ""
    model: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    duration_us: int = 0
    #: Where a known token took no route, or no plane serves it: the path, without its query, as the
    #: client wrote it.
    path: bytes = b""


#: What refusals are counted by: those of a flood are mostly alike.
_KIND: Final = attrgetter(
    "code", "project_id", "recorded", "provider", "endpoint", "method", "status"
)


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
    keys_resting: int = 0
    keys_suspended: int = 0
    cache_bytes: int = 0


def _microseconds(family: Family) -> tuple[int, ...]:
    return tuple(round(bound * 1e6) for bound in family.bounds)


_DURATION_US: Final = _microseconds(families.DURATION)
_TTFB_US: Final = _microseconds(families.TTFB)
_OVERHEAD_US: Final = _microseconds(families.OVERHEAD)


class _Times:
    """A batch's share of the histograms of one place, in microseconds."""

    __slots__ = ("duration", "overhead", "ttfb")

    def __init__(self) -> None:
        # They are sorted into the buckets when they are told.
        self.duration: list[int] = []
        self.ttfb: list[int] = []
        self.overhead: list[int] = []


def _seen(bounds_us: Sequence[int], values: list[int]) -> Observations:
    made = Observations([0] * (len(bounds_us) + 1))
    made.see(bounds_us, values)
    return made


#: By which entries are counted: a provider, endpoint, method, status and model.
_COUNTED: Final = ("provider", "endpoint", "method", "status", "model")
#: What of those that are counted together is taken at once.
_TAKEN: Final = (
    "duration_us", "overhead_us", "ttfb_us", "attempts", "cost_nanos",
    "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
)  # fmt: skip
_Counted: TypeAlias = tuple[str, str, str, int, str]


def _alike(columns: Columns) -> Iterator[tuple[_Counted, Iterable[Sequence[Any]]]]:
    """Which entries are counted together, and what is taken of them by column."""
    counted = [columns[name] for name in _COUNTED]
    taken = [columns[name] for name in _TAKEN]
    if all(map(is_one, counted)):
        provider, endpoint, method, status, model = (column[0] for column in counted)
        yield (provider, endpoint, method, status, model), taken
        return
    alike: defaultdict[_Counted, list[tuple[Any, ...]]] = defaultdict(list)
    rows = zip(*taken, strict=True)
    for kind, row in zip(zip(*counted, strict=True), rows, strict=True):
        alike[kind].append(row)
    for kind, found in alike.items():
        yield kind, zip(*found, strict=True)


#: In the order in which they are summed.
_TOKENS: Final = ("prompt", "completion", "cached", "reasoning")


class _Batch:
    """What some requests come to, by what stands in their entries: labels are made once of it,
    and once for all requests of a moment."""

    __slots__ = ("_answers", "_failovers", "_times", "_used")

    def __init__(self) -> None:
        self._times: defaultdict[tuple[str, str, str], _Times] = defaultdict(_Times)
        self._answers: Tally[tuple[str, str, str, int]] = Tally()
        self._failovers: Tally[tuple[str, str]] = Tally()
        # By provider and model; None where no price is known.
        self._used: dict[tuple[str, str | None], list[int]] = {}

    def add(self, columns: Columns) -> None:
        """At least one."""
        for (provider, endpoint, method, status, model), taken in _alike(columns):
            duration, overhead, ttfb, attempts, costs, *tokens = taken
            seen = self._times[provider, endpoint, method]
            seen.duration += duration
            seen.overhead += overhead
            seen.ttfb += [one for one in ttfb if one is not None]
            self._answers[provider, endpoint, method, status] += len(duration)
            if any(attempts):
                self._add_failovers(provider, attempts)
            if all(costs) and all(tokens[0]):
                self._add_used((provider, model), tokens)
            else:
                self._add_each(provider, model, costs, tokens)

    def _add_failovers(self, provider: str, attempts: Iterable[tuple[Attempt, ...] | None]) -> None:
        for tried in attempts:
            for attempt in (tried or ())[:-1]:
                self._failovers[provider, attempt.error or str(attempt.status)] += 1

    def _add_each(
        self,
        provider: str,
        model: str,
        costs: Sequence[int | None],
        tokens: Iterable[Sequence[int | None]],
    ) -> None:
        """Sum the tokens of entries of which some have no price, or no use is known."""
        for nanos, *used in zip(costs, *tokens, strict=True):
            if used[0] is not None:
                # Only the names of a price list are known to be few: a client can name any model.
                named = None if nanos is None else model
                self._add_used((provider, named), [(one,) for one in used])

    def _add_used(
        self, named: tuple[str, str | None], tokens: Iterable[Sequence[int | None]]
    ) -> None:
        sums = self._used.get(named)
        if sums is None:
            sums = self._used[named] = [0] * len(_TOKENS)
        for place, counts in enumerate(tokens):
            sums[place] += sum(filter(None, counts))

    def tell(self, numbers: Numbers, model_name: ModelName) -> None:
        """Add it to a worker's numbers, whose it is from now on."""
        for (provider, endpoint, method), seen in self._times.items():
            where = provider, endpoint, _method(method)
            numbers.observe(families.DURATION, where, _seen(_DURATION_US, seen.duration))
            numbers.observe(families.OVERHEAD, where, _seen(_OVERHEAD_US, seen.overhead))
            numbers.observe(families.TTFB, where, _seen(_TTFB_US, seen.ttfb))
        for (provider, endpoint, method, status), count in self._answers.items():
            where = provider, endpoint, _method(method)
            numbers.count(families.REQUESTS, (*where, str(status)), count)
        for labels, count in self._failovers.items():
            numbers.count(families.FAILOVERS, labels, count)
        for (provider, named), sums in self._used.items():
            model = (named is not None and model_name(provider, named)) or "other"
            for kind, count in zip(_TOKENS, sums, strict=True):
                if count:
                    numbers.count(families.TOKENS, (provider, model, kind), count)


class Metrics:
    """This worker's numbers; with a `directory`, those of all workers that keep theirs there."""

    def __init__(self, model_name: ModelName, directory: Path | None = None) -> None:
        self._model_name = model_name
        self._snapshots = Snapshots(directory)
        self._sums = Numbers.none()
        #: What threads get to see.
        self._encoded = encode(self._sums)
        #: Whether that is all there is to see.
        self._is_encoded = True
        self._gauges: WorkerGauges | None = None
        self._projects: set[str] | None = None
        #: What has been added since the numbers were told of it last.
        self._batch = _Batch()

    def open(self) -> None:
        """Take the place of a worker that has ended, if there is one, and go on from its sums."""
        self._sums = self._snapshots.open()
        self._gauges, self._is_encoded, self._projects = None, False, None
        self._snapshots.write(self.encode())

    @property
    def _numbers(self) -> Numbers:
        """To be changed: what was encoded of them is from now on not all."""
        self._is_encoded = False
        return self._sums

    def add(
        self,
        entries: Sequence[Entry],
        refused: Iterable[Refused],
        columns: Columns | None = None,
    ) -> None:
        """Fold in what has happened since the last time; `columns` as `RequestLines.write` has."""
        numbers = self._numbers
        if entries:
            self._batch.add(columns or by_column(entries))
        for kind, number in Tally(map(_KIND, refused)).items():
            code, project_id, recorded, provider, endpoint, method, status = kind
            numbers.count(families.REFUSALS, (code,), number)
            project = self._project_label(project_id)
            numbers.count(families.PROJECT_REFUSALS, (project, code), number)
            if not recorded:
                where = (provider, endpoint or "none", _method(method))
                numbers.count(families.REQUESTS, (*where, str(status)), number)

    def _project_label(self, project_id: str) -> str:
        """A project's id, of so many as have come first; nobody makes more than administrators."""
        if not project_id:
            return "none"
        if self._projects is None:
            # Those that a worker before this one told of have their place.
            known = self._sums.counters[families.PROJECT_REFUSALS.name]
            self._projects = {project for project, _ in known} - {"none", "other"}
        if project_id in self._projects:
            return project_id
        if len(self._projects) >= PROJECTS_MAX:
            return "other"
        self._projects.add(project_id)
        return project_id

    def add_undecided(self, decision: Literal["refused", "passed"], count: int) -> None:
        """Count requests that came while limits could not be checked."""
        if count:
            self._numbers.count(families.UNDECIDED, (decision,), count)

    def add_overshoots(self, limits: Iterable[str]) -> None:
        """Count budgets that held less for a request than it cost, by what they limit."""
        for limit in limits:
            self._numbers.count(families.BUDGET_OVERSHOOTS, (limit,), 1)

    def add_cached(self, result: str, saved_nanos: int | None, requests: int = 1) -> None:
        """Count requests of projects that keep answers."""
        numbers = self._numbers
        numbers.count(families.CACHE_REQUESTS, (result,), requests)
        if saved_nanos:
            numbers.count(families.CACHE_SAVED, (), saved_nanos)

    def add_connections(self, refused: Mapping[str, int], dropped: Mapping[str, int]) -> None:
        """Count clients' connections that were refused or closed, by the reason."""
        for reason, count in refused.items():
            self._numbers.count(families.CONNECTIONS_REFUSED, (reason,), count)
        for reason, count in dropped.items():
            self._numbers.count(families.CONNECTIONS_DROPPED, (reason,), count)

    def add_middleware_failures(self, failures: Mapping[tuple[str, str], int]) -> None:
        """Count calls of middlewares that failed, by middleware and reason."""
        for which, count in failures.items():
            self._numbers.count(families.MIDDLEWARE_FAILURES, which, count)

    def set_gauges(self, gauges: WorkerGauges) -> None:
        """Say what is true of this worker now."""
        if gauges == self._gauges:
            return
        self._gauges = gauges
        numbers = self._numbers
        numbers.set(families.ACTIVE_REQUESTS, gauges.active_requests)
        numbers.set(families.UPSTREAM_CONNECTIONS, gauges.upstream_connections)
        numbers.set(families.JOURNAL_PENDING, gauges.journal_pending)
        numbers.set(families.CONNECTIONS, gauges.connections)
        numbers.set(families.KEPT_BODY_BYTES, gauges.kept_body_bytes)
        numbers.set(families.CACHE_BYTES, gauges.cache_bytes)
        numbers.set(families.OLDEST_ENTRY, gauges.oldest_entry_seconds)
        numbers.set(families.LIMITS_DEGRADED, gauges.limits_degraded)
        numbers.set(families.KEYS, gauges.keys_resting, ("resting",))
        numbers.set(families.KEYS, gauges.keys_suspended, ("suspended",))
        for state in DATABASE_STATES:
            numbers.set(families.DATABASE_WORKERS, state == gauges.database, (state,))

    def set_stock(self, found: Stock, budgets: Iterable[BudgetLeft]) -> None:
        """Say what there is, for all workers of the machine."""
        numbers = self._numbers
        left: dict[Labels, float] = {tuple(map(str, one[:-1])): one.share for one in budgets}
        numbers.replace(families.BUDGET_REMAINING, left)
        expiring: dict[Labels, float] = {
            (str(seconds),): float(count) for seconds, count in found.expiring.items()
        }
        numbers.replace(families.TOKENS_EXPIRING, expiring)
        numbers.set(families.TOKENS_EXHAUSTED, found.exhausted)
        for state in _COUNTED_KEYS:
            numbers.set(families.KEYS, found.keys[state], (state,))

    def forget_stock(self) -> None:
        """Say no more of it: it could not be read."""
        for family in (
            families.BUDGET_REMAINING,
            families.TOKENS_EXPIRING,
            families.TOKENS_EXHAUSTED,
        ):
            self._numbers.replace(family, {})
        keys = self._numbers.gauges[families.KEYS.name]
        for state in _COUNTED_KEYS:
            keys.pop((state,), None)

    def encode(self) -> bytes:
        """This worker's snapshot, which `exposition` tells of from now on."""
        if not self._is_encoded:
            self._batch.tell(self._sums, self._model_name)
            self._batch = _Batch()
            self._encoded, self._is_encoded = encode(self._sums), True
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
        self._gauges = None
        self._snapshots.close(self.encode())


def _method(method: str) -> str:
    return method if method in _METHODS else "other"
