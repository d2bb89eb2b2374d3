"""Every metric of `/metrics` as one row, and one worker's numbers of them.

A new metric is a row here, a line of `Metrics` that counts it, and a row in docs/operations.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec

from models.refusal_words import REASONS

#: The values of a family's labels, in the order of their names.
Labels: TypeAlias = tuple[str, ...]

_WHERE: Final = ("provider", "endpoint", "method")
_SECONDS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_OVERHEAD: Final = (0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. A counter's name is shown with `_total` after it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: Labels = ()
    #: Upper bounds of a histogram's buckets, in seconds; the last bucket has none.
    bounds: tuple[float, ...] = ()
    #: What is counted in a finer unit, as integers, is shown divided by this.
    divisor: int = 1
    #: How the workers' gauges become one.
    across: Literal["sum", "max"] = "sum"
    #: Of a counter, labels that are shown as 0 before they were counted: `rate` sees no growth
    #: where a series only begins.
    known: tuple[Labels, ...] = ()


REQUESTS: Final = Family(
    "llm_proxy_requests", "counter", "Requests by outcome.", (*_WHERE, "status")
)
REFUSALS: Final = Family(
    "llm_proxy_refusals",
    "counter",
    "Requests that the proxy refused.",
    ("code",),
    known=tuple((code,) for code in REASONS),
)
PROJECT_REFUSALS: Final = Family(
    "llm_proxy_project_refusals",
    "counter",
    "Requests that the proxy refused, by the project of their token.",
    ("project", "code"),
)
UNDECIDED: Final = Family(
    "llm_proxy_undecided_limits",
    "counter",
    "Requests while limits could not be checked: limited ones are refused, others pass.",
    ("decision",),
    known=(("refused",), ("passed",)),
)
CONNECTIONS_REFUSED: Final = Family(
    "llm_proxy_connections_refused",
    "counter",
    "Connections of clients for which there was no room.",
    ("reason",),
    known=(("max_connections",), ("max_connections_per_address",)),
)
CONNECTIONS_DROPPED: Final = Family(
    "llm_proxy_connections_dropped",
    "counter",
    "Connections of clients that were closed because they harmed others.",
    ("reason",),
    known=(("idle",), ("unread",)),
)
MIDDLEWARE_FAILURES: Final = Family(
    "llm_proxy_middleware_failures",
    "counter",
    "Calls of middlewares that failed.",
    ("middleware", "reason"),
)
TOKENS: Final = Family(
    "llm_proxy_tokens",
    "counter",
    "Tokens that upstreams reported.",
    ("provider", "model", "type"),
)
FAILOVERS: Final = Family(
    "llm_proxy_failovers",
    "counter",
    "Attempts after which another key of the project was tried.",
    ("provider", "reason"),
)
BUDGET_OVERSHOOTS: Final = Family(
    "llm_proxy_budget_overshoots",
    "counter",
    "Requests that cost more than a budget held for them, for each such budget.",
    ("limit",),
    known=(("usd",), ("tokens",)),
)
CACHE_REQUESTS: Final = Family(
    "llm_proxy_cache_requests",
    "counter",
    "Requests of projects that keep answers, by what the cache did.",
    ("result",),
    known=(("hit",), ("collapsed",), ("miss",), ("bypass",)),
)
CACHE_SAVED: Final = Family(
    "llm_proxy_cache_saved_usd",
    "counter",
    "What answers had cost that were given again, in dollars.",
    divisor=10**9,
    known=((),),
)
DURATION: Final = Family(
    "llm_proxy_request_duration_seconds",
    "histogram",
    "From the first byte of the request to the last of the answer.",
    _WHERE,
    _SECONDS,
)
TTFB: Final = Family(
    "llm_proxy_time_to_first_byte_seconds",
    "histogram",
    "From the first byte of the request to the first of the upstream's answer.",
    _WHERE,
    _SECONDS,
)
OVERHEAD: Final = Family(
    "llm_proxy_overhead_seconds",
    "histogram",
    "The part of the duration that was the proxy's.",
    _WHERE,
    _OVERHEAD,
)
ACTIVE_REQUESTS: Final = Family("llm_proxy_active_requests", "gauge", "Requests that are running.")
UPSTREAM_CONNECTIONS: Final = Family(
    "llm_proxy_upstream_connections", "gauge", "Open connections to upstreams."
)
JOURNAL_PENDING: Final = Family(
    "llm_proxy_journal_pending", "gauge", "Entries that are not in the database yet."
)
CONNECTIONS: Final = Family("llm_proxy_connections", "gauge", "Open connections of clients.")
KEPT_BODY_BYTES: Final = Family(
    "llm_proxy_kept_body_bytes", "gauge", "Bytes of request bodies that are in memory."
)
CACHE_BYTES: Final = Family(
    "llm_proxy_cache_bytes", "gauge", "Bytes of kept answers on this machine's disk.", across="max"
)
OLDEST_ENTRY: Final = Family(
    "llm_proxy_journal_oldest_entry_seconds",
    "gauge",
    "Age of the oldest entry that is not in the database yet.",
    across="max",
)
DATABASE_WORKERS: Final = Family(
    "llm_proxy_database_workers",
    "gauge",
    "Workers by what they find the database to be.",
    ("state",),
)
KEYS: Final = Family(
    "llm_proxy_keys",
    "gauge",
    "Upstream keys by what they are good for.",
    ("state",),
    across="max",
)
BUDGET_REMAINING: Final = Family(
    "llm_proxy_budget_remaining_ratio",
    "gauge",
    "What is left of the budgets with the least left, as a share of their amounts.",
    ("scope", "id", "policy", "limit", "period"),
    across="max",
)
TOKENS_EXPIRING: Final = Family(
    "llm_proxy_tokens_expiring",
    "gauge",
    "Tokens that end within so many seconds and were to live for longer.",
    ("seconds",),
    across="max",
)
TOKENS_EXHAUSTED: Final = Family(
    "llm_proxy_tokens_exhausted",
    "gauge",
    "Tokens that have used up their requests or a budget for good.",
    across="max",
)
LIMITS_DEGRADED: Final = Family(
    "llm_proxy_limits_degraded_workers", "gauge", "Workers that cannot decide limits."
)

FAMILIES: Final = (
    REQUESTS,
    REFUSALS,
    PROJECT_REFUSALS,
    UNDECIDED,
    CONNECTIONS_REFUSED,
    CONNECTIONS_DROPPED,
    MIDDLEWARE_FAILURES,
    TOKENS,
    FAILOVERS,
    BUDGET_OVERSHOOTS,
    CACHE_REQUESTS,
    CACHE_SAVED,
    DURATION,
    TTFB,
    OVERHEAD,
    ACTIVE_REQUESTS,
    UPSTREAM_CONNECTIONS,
    JOURNAL_PENDING,
    CONNECTIONS,
    KEPT_BODY_BYTES,
    CACHE_BYTES,
    OLDEST_ENTRY,
    DATABASE_WORKERS,
    KEYS,
    BUDGET_REMAINING,
    TOKENS_EXPIRING,
    TOKENS_EXHAUSTED,
    LIMITS_DEGRADED,
)


#: Of what a snapshot can hold. An upstream may report any number of tokens.
_MOST: Final = 2**63 - 1


class Observations(msgspec.Struct, array_like=True):
    """What one histogram has seen under one set of labels."""

    #: For each bucket, and not of those below it.
    counts: list[int]
    #: The sum, in microseconds.
    total_us: int = 0

    def see(self, bounds_us: Sequence[int], values: list[int]) -> None:
        """Add values, in microseconds, which are sorted: fewer steps than to look for each."""
        values.sort()
        below = 0
        for place, bound in enumerate(bounds_us):
            reached = bisect_right(values, bound)
            self.counts[place] += reached - below
            below = reached
        self.counts[-1] += len(values) - below
        self.total_us += sum(values)

    def add(self, more: Observations) -> None:
        """Take in what another worker, or a batch, has seen."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, more.counts, strict=True)]
        self.total_us += more.total_us


class Numbers(msgspec.Struct):
    """One worker's, or the sum of several, by a family's name and labels."""

    counters: dict[str, dict[Labels, int]]
    histograms: dict[str, dict[Labels, Observations]]
    gauges: dict[str, dict[Labels, float]]

    @classmethod
    def none(cls) -> Numbers:
        """Nothing has been counted."""
        of = _names_of
        return cls(
            {name: {} for name in of("counter")},
            {name: {} for name in of("histogram")},
            {name: {} for name in of("gauge")},
        )

    def count(self, family: Family, labels: Labels, more: int) -> None:
        """Add to a counter."""
        counts = self.counters[family.name]
        counts[labels] = min(_MOST, counts.get(labels, 0) + more)

    def observe(self, family: Family, labels: Labels, more: Observations) -> None:
        """Add to a histogram; `more` is this one's from now on."""
        seen = self.histograms[family.name]
        known = seen.get(labels)
        if known is None:
            seen[labels] = more
        else:
            known.add(more)

    def set(self, family: Family, value: float, labels: Labels = ()) -> None:
        """Say what is true now."""
        self.gauges[family.name][labels] = float(value)

    def replace(self, family: Family, values: dict[Labels, float]) -> None:
        """Say all that is true now of a family."""
        self.gauges[family.name] = values

    def add(self, others: Numbers) -> Iterator[None]:
        """Take in another worker's, which are not to be used any more; a step for each number."""
        for family in FAMILIES:
            if family.kind == "counter":
                for labels, count in others.counters[family.name].items():
                    self.count(family, labels, count)
                    yield
            elif family.kind == "histogram":
                for labels, seen in others.histograms[family.name].items():
                    self.observe(family, labels, seen)
                    yield
            else:
                gauges = self.gauges[family.name]
                for labels, value in others.gauges[family.name].items():
                    had = gauges.get(labels, 0.0)
                    gauges[labels] = max(had, value) if family.across == "max" else had + value
                    yield


def _names_of(kind: str) -> Sequence[str]:
    return [family.name for family in FAMILIES if family.kind == kind]
