"""Figures over figures of the same run and the same turn: the only ones that mean anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import quantiles
from typing import Final, NamedTuple

from benchmarks.latency import DIRECT
from benchmarks.refused import SERVED
from benchmarks.results import Latency, Results, typical

#: What the name of another checkout's contender begins with.
OTHER: Final = "other: "
# Where the direct way takes longer for one in a hundred, a difference to it says nothing.
_STEADY_P99_US: Final = 2000.0


class Compared(NamedTuple):
    """One figure of ours and of the other checkout, turn by turn."""

    name: str
    own: list[float]
    other: list[float]
    wanted: str = ""
    """Of own over other: at most or at least how much."""
    steady: bool = True
    """Whether the machine was calm enough for the figure to mean anything."""


def over(upper: Sequence[float], lower: Sequence[float]) -> list[float]:
    """Turn by turn."""
    return [one / other for one, other in zip(upper, lower, strict=True)]


def with_spread(figures: Sequence[float]) -> str:
    """The median and, where there are enough turns to tell, the quartiles around it."""
    middle = f"{typical(list(figures)):.2f}"
    if len(figures) < 4:
        return middle
    low, _, high = quantiles(figures, n=4, method="inclusive")
    return f"{middle} ({low:.2f} to {high:.2f})"


def met(wanted: str, figure: float) -> bool:
    """Whether a figure is at most, or at least, what is wanted."""
    sign, _, bound = wanted.partition(" ")
    return figure <= float(bound) if sign == "≤" else figure >= float(bound)


def rates_of(results: Results, name: str, reference: str, profile: str) -> list[float]:
    """A contender's rate on a whole core over another's, turn by turn; [] where one is missing.

    From CPU time: the rate that the clock shows depends on what else the machine does.
    """
    found = {one.contender: one for one in results.throughput if one.profile == profile}
    if name not in found or reference not in found:
        return []
    return over(found[reference].cpu_us, found[name].cpu_us)


def of_served(results: Results, contender: str, kind: str) -> list[float]:
    """What a refused request costs of a served one, turn by turn."""
    found = {one.kind: one for one in results.refused if one.contender == contender}
    return over(found[kind].cpu_us, found[SERVED].cpu_us)


def of_relay(results: Results, name: str) -> list[float]:
    """What a streamed event costs of a raw relay's, turn by turn; [] where there was none."""
    found = {one.contender: one for one in results.streaming}
    if "relay" not in found:
        return []
    return over(found[name].cpu_us_per_event, found["relay"].cpu_us_per_event)


def direct(found: Sequence[Latency], one: Latency) -> Latency:
    """The upstream without anything in between, at the same rate."""
    return next(other for other in found if (other.contender, other.rate) == (DIRECT, one.rate))


def steady(found: Sequence[Latency], one: Latency) -> bool:
    """Whether the direct way at the same rate was quick enough for a difference to it to count."""
    return typical(direct(found, one).p99_us) <= _STEADY_P99_US


def added(found: Sequence[Latency], one: Latency) -> tuple[list[float], list[float]]:
    """What a contender adds to the direct way at the same rate, in each turn: p50 and p99, µs."""
    bare = direct(found, one)
    return (
        [own - other for own, other in zip(one.p50_us, bare.p50_us, strict=True)],
        [own - other for own, other in zip(one.p99_us, bare.p99_us, strict=True)],
    )


def compared(results: Results) -> Iterator[Compared]:
    """Every figure that both checkouts have."""
    yield from _throughput(results)
    yield from _latency(results)
    yield from _streams(results)
    yield from _postgres(results)


def _throughput(results: Results) -> Iterator[Compared]:
    wanted = {("proxy", "changing"): "≤ 0.33", ("limits", "changing"): "≤ 0.40"}
    figures = {(one.contender, one.profile): one for one in results.throughput}
    for (contender, profile), one in figures.items():
        other = figures.get((OTHER + contender, profile))
        if other is not None:
            name = f"CPU µs per request, {contender}, headers: {profile}"
            yield Compared(name, one.cpu_us, other.cpu_us, wanted.get((contender, profile), ""))
    kinds = {(one.contender, one.kind): one for one in results.refused}
    for (contender, kind), asked in kinds.items():
        same = kinds.get((OTHER + contender, kind))
        if same is not None and kind != SERVED:
            yield Compared(f"CPU µs per refused request, {kind}", asked.cpu_us, same.cpu_us)


def _latency(results: Results) -> Iterator[Compared]:
    figures = {(one.contender, one.rate): one for one in results.latency}
    for (contender, rate), one in figures.items():
        other = figures.get((OTHER + contender, rate))
        if other is None:
            continue
        own_p50, own_p99 = added(results.latency, one)
        other_p50, other_p99 = added(results.latency, other)
        where = f"{contender}, at {rate:,.0f} a second"
        calm = steady(results.latency, one)
        yield Compared(f"added p50 µs, {where}", own_p50, other_p50, "≤ 0.5", calm)
        yield Compared(f"added p99 µs, {where}", own_p99, other_p99, "≤ 0.3", calm)


def _streams(results: Results) -> Iterator[Compared]:
    events = {one.contender: one.cpu_us_per_event for one in results.streaming}
    sizes = {one.contender: [one.bytes_per_stream / 1000] for one in results.memory}
    for name, wanted, figures in (
        ("CPU µs per streamed event", "≤ 0.75", events),
        ("KB per waiting stream", "≤ 0.88", sizes),
    ):
        if "proxy" in figures and f"{OTHER}proxy" in figures:
            yield Compared(name, figures["proxy"], figures[f"{OTHER}proxy"], wanted)


def _postgres(results: Results) -> Iterator[Compared]:
    figures = {(one.contender, one.workers): one for one in results.workers}
    for (contender, workers), one in figures.items():
        other = figures.get((OTHER + contender, workers))
        if other is None:
            continue
        where = f"PostgreSQL, limits on, workers: {workers}"
        wanted = "≥ 1.8" if workers > 1 else ""
        yield Compared(
            f"requests/s, {where}", one.requests_per_second, other.requests_per_second, wanted
        )
        yield Compared(f"CPU µs per request, {where}", one.cpu_us, other.cpu_us)
