"""The tables a person reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import hostile, ratios
from benchmarks.latency import DIRECT
from benchmarks.refused import SERVED
from benchmarks.results import Latency, Results, Shared, typical

# Below this the contender waited for work, so that its rate is the load's.
_SATURATED: Final = 0.9
_VERDICTS: Final = {True: "met", False: "missed", None: "too noisy to tell"}
LABELS: Final = {
    "upstream": "the upstream alone",
    "nginx": "nginx proxy_pass",
    "sanic": "Sanic answering by itself",
    "httpx": "plain httpx forwarder",
    "relay": "raw relay of sockets",
    "proxy": "LLM Proxy",
    "limits": "LLM Proxy, limits on",
    "hits": "LLM Proxy, answers kept",
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
        _refused(results),
        _latency("Added latency at a constant rate", results.latency),
        _latency("Added time to the first byte of a stream", results.first_byte),
        _streaming(results),
        _memory(results),
        _rows(results),
        _shared(results),
        _workers(results),
        _soak(results),
        _hostile(results),
        _beside(results),
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
        "… one of which changes",
        "of Sanic's rate",
        "of nginx's, changing",
    )
    costs = {(found.contender, found.profile): found.cpu_us for found in results.throughput}
    for plain in results.throughput:
        if plain.profile != "plain":
            continue
        name = plain.contender
        # Where the other core could not keep this one busy, its rate is the other's.
        bound = "" if typical(plain.busy) > _SATURATED else "≥ "
        table.add_row(
            label(name),
            f"{bound}{typical(plain.requests_per_second):,.0f} "
            f"({max(plain.requests_per_second):,.0f})",
            *(_cost(costs.get((name, profile))) for profile in ("plain", "openai", "changing")),
            _share(ratios.rates_of(results, name, "sanic", "plain")),
            _share(ratios.rates_of(results, name, "nginx", "changing")),
        )
    return table


def _cost(figures: list[float] | None) -> str:
    return f"{typical(figures):,.1f} ({min(figures):,.1f})" if figures else ""


def _share(figures: list[float]) -> str:
    return f"{typical(figures):.2f}" if figures else ""


def _refused(results: Results) -> Table:
    table = _table(
        "Refused requests (median, in brackets the best)",
        "",
        "requests/s",
        "CPU µs per request",
        "of a served one",
    )
    for one in results.refused:
        share = ratios.of_served(results, one.contender, one.kind)
        table.add_row(
            f"{label(one.contender)}: {one.kind}",
            f"{typical(one.requests_per_second):,.0f} ({max(one.requests_per_second):,.0f})",
            _cost(one.cpu_us),
            "" if one.kind == SERVED else ratios.with_spread(share),
        )
    return table


def _latency(title: str, found: Sequence[Latency]) -> Table:
    table = _table(f"{title} (ms; median, in brackets the best)", "", "rate/s", "p50", "p99")
    for one in found:
        if one.contender == DIRECT:
            p50, p99 = one.p50_us, one.p99_us
        else:
            p50, p99 = ratios.added(found, one)
        table.add_row(label(one.contender), f"{one.rate:,.0f}", _ms(p50), _ms(p99))
    return table


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
        "of the raw relay's",
    )
    for one in results.streaming:
        table.add_row(
            label(one.contender),
            f"{one.streams:,}",
            f"{typical(one.events_per_second):,.0f}",
            f"{typical(one.events_per_packet):.2f}",
            _cost(one.cpu_us_per_event),
            ratios.with_spread(relay) if (relay := ratios.of_relay(results, one.contender)) else "",
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
        "of the first's",
    )
    for one in results.rows:
        table.add_row(
            f"{one.rows:,}",
            f"{one.working_set:,}",
            f"{typical(one.requests_per_second):,.0f}",
            _cost(one.cpu_us),
            ratios.with_spread(ratios.over(one.cpu_us, results.rows[0].cpu_us)),
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


_SHARED_ROWS: Final[tuple[tuple[str, str, Callable[[Shared], list[float]]], ...]] = (
    ("50 tokens of one project, one service, requests/s", "≥ 2,500", lambda one: one.one_service),
    ("the same on two services", "≥ 1.5 × one", lambda one: one.two_services),
    (
        "… of one's rate",
        "≥ 1.5",
        lambda one: ratios.over(one.two_services, one.one_service),
    ),
    ("one token with quota, requests/s", "≥ 2,500", lambda one: one.one_token),
    ("PostgreSQL's CPU µs per request", "≤ 120", lambda one: one.cpu_us),
    ("… under a held snapshot", "≤ 1.5 × without", lambda one: one.held_cpu_us),
    ("… of without", "≤ 1.5", lambda one: ratios.over(one.held_cpu_us, one.cpu_us)),
    ("WAL bytes per request", "≤ 600", lambda one: one.wal_bytes),
    ("p50 of a decision, ms", "", lambda one: [each / 1000 for each in one.p50_us]),
    ("p99 of a decision, ms", "≤ 12", lambda one: [each / 1000 for each in one.p99_us]),
)


def _workers(results: Results) -> Table:
    table = _table(
        "LLM Proxy on PostgreSQL, limits on (median, in brackets the best)",
        "",
        "workers",
        "requests/s",
        "CPU µs per request",
        "PostgreSQL's CPU µs",
    )
    for one in results.workers:
        table.add_row(
            label(one.contender),
            f"{one.workers}",
            f"{typical(one.requests_per_second):,.0f} ({max(one.requests_per_second):,.0f})",
            _cost(one.cpu_us),
            _cost(one.postgres_cpu_us),
        )
    return table


def _beside(results: Results) -> Table:
    table = _table(
        "Beside the other checkout (medians; of the ratio also the quartiles)",
        "",
        "turns",
        "this",
        "the other",
        "this over the other",
        "wanted",
    )
    for one in ratios.compared(results):
        table.add_row(
            one.name,
            f"{len(one.own)}",
            f"{typical(one.own):,.1f}",
            f"{typical(one.other):,.1f}",
            ratios.with_spread(ratios.over(one.own, one.other)),
            one.wanted,
        )
    return table


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
