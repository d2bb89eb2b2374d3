"""What was promised, and whether this run can tell that it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks import hostile, ratios, soak
from benchmarks.contenders import HITS
from benchmarks.refused import SERVED
from benchmarks.results import Goal, Latency, Results, typical

_EVERYTHING_ON: Final = ("proxy", "limits")


def goals(results: Results) -> list[Goal]:
    """What was promised for LLM Proxy with everything on, as far as this run has its figures."""
    return [
        *_rates(results),
        *_hits(results),
        *_refusals(results),
        *_latency(results.latency),
        *_streams(results),
        *_rows(results),
        *_attacks(results),
        *_grown(results),
        *_beside_the_other(results),
    ]


def _share(name: str, wanted: str, figures: Sequence[float]) -> Iterator[Goal]:
    """A goal for the median of ratios, where there are any."""
    if figures:
        middle = typical(list(figures))
        yield Goal(name, wanted, ratios.with_spread(figures), ratios.met(wanted, middle))


def _rates(results: Results) -> Iterator[Goal]:
    for name in _EVERYTHING_ON:
        sanic = ratios.rates_of(results, name, "sanic", "plain")
        yield from _share(f"{name}: of bare Sanic's rate", "≥ 0.33", sanic)
        nginx = ratios.rates_of(results, name, "nginx", "changing")
        yield from _share(f"{name}: of nginx's rate, headers that change", "≥ 0.20", nginx)


def _hits(results: Results) -> Iterator[Goal]:
    """A kept answer beside one that is fetched."""
    yield from _share(
        "hits: of a forwarded request's rate",
        "≥ 2.0",
        ratios.rates_of(results, HITS, "proxy", "changing"),
    )
    for one in results.latency:
        if one.contender == HITS:
            p50 = typical(one.p50_us) / 1000
            calm = ratios.steady(results.latency, one)
            yield Goal("a hit, p50", "≤ 0.25 ms", f"{p50:.2f} ms", p50 <= 0.25 if calm else None)


def _refusals(results: Results) -> Iterator[Goal]:
    for one in results.refused:
        if one.contender == "limits" and one.kind != SERVED:
            figures = ratios.of_served(results, one.contender, one.kind)
            yield from _share(f"refused, {one.kind}: CPU of a served one", "≤ 0.5", figures)


def _latency(found: Sequence[Latency]) -> Iterator[Goal]:
    for one in found:
        if one.contender != "limits":
            continue
        steady = ratios.steady(found, one)
        p50, p99 = (typical(figures) / 1000 for figures in ratios.added(found, one))
        yield Goal(
            "added latency, p50", "≤ 0.3 ms", f"{p50:.2f} ms", p50 <= 0.3 if steady else None
        )
        yield Goal("added latency, p99", "≤ 2 ms", f"{p99:.2f} ms", p99 <= 2 if steady else None)


def _streams(results: Results) -> Iterator[Goal]:
    for stream in results.streaming:
        if stream.contender == "proxy":
            cost = typical(stream.cpu_us_per_event)
            yield Goal("CPU per streamed event", "≤ 35 µs", f"{cost:.1f} µs", cost <= 35)
            relay = ratios.of_relay(results, stream.contender)
            yield from _share("CPU per streamed event, of a raw relay's", "≤ 1.5", relay)
    for memory in results.memory:
        if memory.contender == "proxy":
            size = memory.bytes_per_stream / 1000
            name = f"memory per stream, {memory.streams:,} waiting"
            yield Goal(name, "≤ 14 KB", f"{size:.1f} KB", size <= 14)


def _rows(results: Results) -> Iterator[Goal]:
    for one in results.rows[1:]:
        if one.working_set == results.rows[0].working_set:
            name = f"cost with {one.rows:,} tokens and rows over {results.rows[0].rows}"
            yield from _share(name, "≤ 1.1", ratios.over(one.cpu_us, results.rows[0].cpu_us))


def _attacks(results: Results) -> Iterator[Goal]:
    beside = [one for one in results.hostile if one.contender == "proxy" and one.item]
    if beside:
        held = sum(not hostile.verdict(results.hostile, one) for one in beside)
        name = "attacks beside which an honest client is served well"
        yield Goal(name, f"{len(beside)}", f"{held}", held == len(beside))


def _grown(results: Results) -> Iterator[Goal]:
    grown = soak.growth(results.soak)
    if grown is not None:
        name = "memory after 1,000,000 requests over 100,000"
        yield Goal(name, "≤ 1.05", f"{grown:.3f}", grown <= 1.05)


def _beside_the_other(results: Results) -> Iterator[Goal]:
    for one in ratios.compared(results):
        if one.wanted:
            shares = ratios.over(one.own, one.other)
            reached = ratios.met(one.wanted, typical(shares)) if one.steady else None
            name = f"of the other's: {one.name}"
            yield Goal(name, one.wanted, ratios.with_spread(shares), reached)
