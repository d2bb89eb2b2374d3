"""The tables a person reads, and the goals they are read for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import hostile, soak
from benchmarks.latency import DIRECT
from benchmarks.results import Goal, Latency, Results, Shared, typical

# Below this the contender waited for work, so that its rate is the load's.
_SATURATED: Final = 0.9
# Where the direct way takes longer for one in a hundred, a difference to it says nothing.
_STEADY_P99_US: Final = 2000.0
_VERDICTS: Final = {True: "met", False: "missed", None: "too noisy to tell"}
_SANIC: Final = "sanic"
LABELS: Final = {
    "upstream": "the upstream alone",
    "nginx": "nginx proxy_pass",
    "sanic": "Sanic answering by itself",
    "httpx": "plain httpx forwarder",
    "proxy": "LLM Proxy",
    "limits": "LLM Proxy, limits on",
    DIRECT: "(the upstream, directly)",
}


def label(name: str) -> str:
    """A contender's name for people."""
    prefix, separator, own = name.rpartition(": ")
    return f"{prefix}{separator}{LABELS.get(own, own)}"


def show(results: Results, console: Console, *, markdown: bool = False) -> None:
    """Print every table there is something for."""
    tables = (
        _throughput(results),
        _latency("Added latency at half load", results.latency),
        _latency("Added time to the first byte of a stream", results.first_byte),
        _streaming(results),
        _memory(results),
        _rows(results),
        _shared(results),
        _soak(results),
        _hostile(results),
        _goals(results),
    )
    for table in tables:
        if not table.row_count:
            continue
        if markdown:
            console.print(f"\n### {table.title}\n", highlight=False)
            table.title, table.box = None, box.MARKDOWN
        console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=not number)
    return table


def _throughput(results: Results) -> Table:
    table = _table(
        "As fast as it goes (median of the rounds, in brackets the best)",
        "",
        "requests/s",
        "CPU µs per request",
        "… with OpenAI's headers",
        "of Sanic's rate",
    )
    by_profile = {(found.contender, found.profile): found for found in results.throughput}
    for name in dict.fromkeys(found.contender for found in results.throughput):
        plain, openai = by_profile[name, "plain"], by_profile[name, "openai"]
        # Where the other core could not keep this one busy, its rate is the other's.
        bound = "" if typical(plain.busy) > _SATURATED else "≥ "
        share = share_of_sanic(results, name)
        table.add_row(
            label(name),
            f"{bound}{typical(plain.requests_per_second):,.0f} "
            f"({max(plain.requests_per_second):,.0f})",
            f"{typical(plain.cpu_us):,.1f} ({min(plain.cpu_us):,.1f})",
            f"{typical(openai.cpu_us):,.1f} ({min(openai.cpu_us):,.1f})",
            "" if share is None else f"{share:.2f}",
        )
    return table


def share_of_sanic(results: Results, name: str) -> float | None:
    """A contender's rate on a whole core over bare Sanic's, round by round, then the median.

    From CPU time: the rate that the clock shows is also that of whoever else uses the machine.
    """
    plain = {found.contender: found for found in results.throughput if found.profile == "plain"}
    if _SANIC not in plain or name not in plain:
        return None
    pairs = zip(plain[_SANIC].cpu_us, plain[name].cpu_us, strict=True)
    return typical([sanic / own for sanic, own in pairs])


def _latency(title: str, found: Sequence[Latency]) -> Table:
    table = _table(f"{title} (ms; median, in brackets the best)", "", "rate/s", "p50", "p99")
    for one in found:
        if one.contender == DIRECT:
            p50, p99 = one.p50_us, one.p99_us
        else:
            p50, p99 = added(found, one)
        table.add_row(label(one.contender), f"{one.rate:,.0f}", _ms(p50), _ms(p99))
    return table


def _direct(found: Sequence[Latency], one: Latency) -> Latency:
    """The upstream without anything in between, at the same rate."""
    return next(other for other in found if (other.contender, other.rate) == (DIRECT, one.rate))


def added(found: Sequence[Latency], one: Latency) -> tuple[list[float], list[float]]:
    """What a contender adds to the direct way at the same rate, in each round."""
    direct = _direct(found, one)
    return (
        [own - bare for own, bare in zip(one.p50_us, direct.p50_us, strict=True)],
        [own - bare for own, bare in zip(one.p99_us, direct.p99_us, strict=True)],
    )


def _ms(microseconds: list[float]) -> str:
    return f"{typical(microseconds) / 1000:.2f} ({min(microseconds) / 1000:.2f})"


def _streaming(results: Results) -> Table:
    table = _table(
        "Many streams at once (median, in brackets the best)",
        "",
        "streams",
        "events/s",
        "events per packet",
        "CPU µs per event",
    )
    for one in results.streaming:
        table.add_row(
            label(one.contender),
            f"{one.streams:,}",
            f"{typical(one.events_per_second):,.0f}",
            f"{typical(one.events_per_packet):.2f}",
            f"{typical(one.cpu_us_per_event):.1f} ({min(one.cpu_us_per_event):.1f})",
        )
    return table


def _memory(results: Results) -> Table:
    table = _table("Memory of waiting streams", "", "streams", "before", "during", "KB per stream")
    for one in results.memory:
        table.add_row(
            label(one.contender),
            f"{one.streams:,}",
            f"{one.before_bytes / 1e6:.1f} MB",
            f"{one.during_bytes / 1e6:.1f} MB",
            f"{one.bytes_per_stream / 1000:.1f}",
        )
    return table


def _rows(results: Results) -> Table:
    table = _table(
        "By size of the database, limits on (median, in brackets the best)",
        "tokens and log rows",
        "tokens in use",
        "requests/s",
        "CPU µs per request",
    )
    for one in results.rows:
        table.add_row(
            f"{one.rows:,}",
            f"{one.working_set:,}",
            f"{typical(one.requests_per_second):,.0f}",
            f"{typical(one.cpu_us):.1f} ({min(one.cpu_us):.1f})",
        )
    return table


def _shared(results: Results) -> Table:
    table = _table(
        "Limits on PostgreSQL (median of the rounds, in brackets the best)",
        "",
        "wanted",
        *(label(one.contender) for one in results.shared),
    )
    if not results.shared:
        return table
    for name, wanted, figures in _SHARED_ROWS:
        cells = []
        for one in results.shared:
            values = figures(one)
            best = max if wanted.startswith("≥") else min
            digits = 0 if typical(values) >= 100 else 1 if typical(values) >= 10 else 2
            cells.append(f"{typical(values):,.{digits}f} ({best(values):,.{digits}f})")
        table.add_row(name, wanted, *cells)
    return table


def _ratios(upper: list[float], lower: list[float]) -> list[float]:
    return [one / other for one, other in zip(upper, lower, strict=True)]


_SHARED_ROWS: Final[tuple[tuple[str, str, Callable[[Shared], list[float]]], ...]] = (
    ("50 tokens of one project, one service, requests/s", "≥ 2,500", lambda one: one.one_service),
    ("the same on two services", "≥ 1.5 × one", lambda one: one.two_services),
    (
        "… of one's rate",
        "≥ 1.5",
        lambda one: _ratios(one.two_services, one.one_service),
    ),
    ("one token with quota, requests/s", "≥ 2,500", lambda one: one.one_token),
    ("PostgreSQL's CPU µs per request", "≤ 120", lambda one: one.cpu_us),
    ("… under a held snapshot", "≤ 1.5 × without", lambda one: one.held_cpu_us),
    ("… of without", "≤ 1.5", lambda one: _ratios(one.held_cpu_us, one.cpu_us)),
    ("WAL bytes per request", "≤ 600", lambda one: one.wal_bytes),
    ("p50 of a decision, ms", "", lambda one: [each / 1000 for each in one.p50_us]),
    ("p99 of a decision, ms", "≤ 12", lambda one: [each / 1000 for each in one.p99_us]),
)


def _soak(results: Results) -> Table:
    table = _table("Soak", "after", "requests", "resident memory")
    samples = results.soak
    step = max(1, len(samples) // 12)
    for sample in samples[step - 1 :: step]:
        table.add_row(
            f"{sample.seconds:,.0f} s", f"{sample.requests:,}", f"{sample.rss_bytes / 1e6:.1f} MB"
        )
    return table


def _hostile(results: Results) -> Table:
    table = _table(
        "An honest client beside attacks (ms; wanted: worst ≤ 100, p99 ≤ 4 x calm)",
        "",
        "p50",
        "p99",
        "worst",
        "verdict",
        "the attacker saw",
    )
    for one in results.hostile:
        table.add_row(
            one.attack if one.contender == "proxy" else f"{one.attack} ({label(one.contender)})",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{one.worst_ms:.1f}",
            hostile.verdict(results.hostile, one) or "held",
            ", ".join(f"{many} x {what}" for what, many in sorted(one.attacker_saw.items())),
        )
    return table


def _goals(results: Results) -> Table:
    table = _table("Goals", "", "wanted", "found", "")
    for goal in results.goals:
        table.add_row(goal.name, goal.wanted, goal.found, _VERDICTS[goal.met])
    return table


def _latency_goals(found: Sequence[Latency]) -> list[Goal]:
    goals: list[Goal] = []
    for one in found:
        if one.contender == "limits":
            steady = typical(_direct(found, one).p99_us) <= _STEADY_P99_US
            p50, p99 = (typical(figures) / 1000 for figures in added(found, one))
            goals += [
                Goal(
                    "added latency, p50",
                    "≤ 0.3 ms",
                    f"{p50:.2f} ms",
                    p50 <= 0.3 if steady else None,
                ),
                Goal("added latency, p99", "≤ 2 ms", f"{p99:.2f} ms", p99 <= 2 if steady else None),
            ]
    return goals


def goals(results: Results) -> list[Goal]:
    """What was promised for LLM Proxy with everything on, as far as this run can tell."""
    found: list[Goal] = []
    for name in ("proxy", "limits"):
        share = share_of_sanic(results, name)
        if share is not None:
            found.append(
                Goal(
                    f"{label(name)}: of bare Sanic's rate", "≥ 0.33", f"{share:.2f}", share >= 0.33
                )
            )
    found += _latency_goals(results.latency)
    for stream in results.streaming:
        if stream.contender == "proxy":
            cost = typical(stream.cpu_us_per_event)
            found.append(Goal("CPU per streamed event", "≤ 35 µs", f"{cost:.1f} µs", cost <= 35))
    for memory in results.memory:
        if memory.contender == "proxy":
            size = memory.bytes_per_stream / 1000
            found.append(Goal("memory per stream", "≤ 50 KB", f"{size:.1f} KB", size <= 50))
    beside = [one for one in results.hostile if one.contender == "proxy" and one.item]
    if beside:
        held = sum(not hostile.verdict(results.hostile, one) for one in beside)
        name = "attacks beside which an honest client is served well"
        found.append(Goal(name, f"{len(beside)}", f"{held}", held == len(beside)))
    grown = soak.growth(results.soak)
    if grown is not None:
        name = "memory after 1,000,000 requests over 100,000"
        found.append(Goal(name, "≤ 1.05", f"{grown:.3f}", grown <= 1.05))
    return found
