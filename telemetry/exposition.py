"""The text of `/metrics`: the numbers of all workers added up, and written by prometheus_client.

In pieces, so that other threads can have the interpreter in between: 200 KB of it are
some 30 ms of work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from operator import itemgetter
from typing import Final, TypeAlias, TypeVar

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from telemetry.families import FAMILIES, Family, Labels, Numbers

#: Samples that are worked off in one step: less than a millisecond.
STEP: Final = 100

_T = TypeVar("_T")
_Metric: TypeAlias = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def pieces(workers: Iterable[Numbers]) -> Iterator[bytes]:
    """The text in order, in pieces of `STEP` samples at most; empty ones while numbers are added
    up. `workers` are not to be used any more."""
    total = Numbers.none()
    for numbers in workers:
        for step, _ in enumerate(total.add(numbers)):
            if not step % STEP:
                yield b""
    for family in FAMILIES:
        for labels in family.known:
            total.counters[family.name].setdefault(labels, 0)
        yield from _written(family, total)


def _written(family: Family, total: Numbers) -> Iterator[bytes]:
    head = True
    for metric in _metrics(family, total):
        text = generate_latest(_Once(metric))
        # The lines HELP and TYPE stand before the first piece alone.
        yield text if head else text.split(b"\n", 2)[2]
        head = False


def _metrics(family: Family, total: Numbers) -> Iterator[_Metric]:
    """A family that has samples, cut into metrics of the same name."""
    if family.kind == "histogram":
        bounds = [*map(str, family.bounds), "+Inf"]
        # A sample for each bucket, a count and a sum.
        each = STEP // (len(bounds) + 2)
        for some in _cut(total.histograms[family.name], each):
            histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
            for labels, seen in some:
                buckets = list(zip(bounds, accumulate(seen.counts), strict=True))
                histogram.add_metric(labels, buckets, seen.total_us / 1e6)
            yield histogram
    elif family.kind == "counter":
        for counts in _cut(total.counters[family.name], STEP):
            counter = CounterMetricFamily(family.name, family.help, labels=family.labels)
            for labels, count in counts:
                counter.add_metric(labels, count / family.divisor)
            yield counter
    else:
        for values in _cut(total.gauges[family.name], STEP):
            gauge = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            for labels, value in values:
                gauge.add_metric(labels, value)
            yield gauge


def _cut(numbers: dict[Labels, _T], size: int) -> Iterator[list[tuple[Labels, _T]]]:
    left = iter(sorted(numbers.items(), key=itemgetter(0)))
    while some := list(islice(left, size)):
        yield some


class _Once(Collector):
    """One metric, for prometheus_client to write."""

    def __init__(self, metric: _Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[_Metric]:
        """That one."""
        yield self._metric
