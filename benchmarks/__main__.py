"""`python -m benchmarks`: run, print the tables, write the JSON."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec
from rich.console import Console

from benchmarks import (
    hostile,
    latency,
    memory,
    postgres,
    postgres_workers,
    refused,
    report,
    rows,
    soak,
    streaming,
    throughput,
    wrk,
)
from benchmarks.attacks import ATTACKS
from benchmarks.contenders import HITS, NAMES, ROOT, Contender, Stage, fake_upstream, missing
from benchmarks.goals import goals
from benchmarks.machine import Cores, allow_descriptors, describe, on_core
from benchmarks.plan import QUICK, THOROUGH, Plan
from benchmarks.results import Results, encode, typical
from config import VERSION

PARTS: Final = ("throughput", "refused", "latency", "first-byte", "streaming", "memory")
#: Only where they are asked for.
_POSTGRES: Final = "postgres"
_HOSTILE: Final = "hostile"
_WIDTH: Final = 160
#: As a shell says that SIGTERM has ended something.
_STOPPED: Final = 143
#: Limits are decided once per stream and cost an event nothing; a kept stream comes at once.
_AS_THE_PROXY: Final = ("limits", HITS)
_RESULTS: Final = ROOT / "benchmarks" / "results"


def main(argv: list[str] | None = None) -> int:
    """Run what was asked for; the exit code."""
    options = options_of(argv)
    if options.show:
        results = msgspec.json.decode(options.show.read_bytes(), type=Results)
        report.show(results, Console(width=_WIDTH), markdown=True)
        return 0
    # However this ends, what was started is stopped: by the context managers on the way out.
    told: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        sys.exit(_STOPPED)

    signal.signal(signal.SIGTERM, stop)
    plan = QUICK if options.quick else THOROUGH
    if options.rounds:
        plan = replace(plan, rounds=options.rounds, stream_rounds=options.rounds)
    # A file or a pipe has no width of its own; eighty columns would break every cell.
    width = None if sys.stdout.isatty() else _WIDTH
    try:
        return run(options, plan, Console(width=width))
    except RuntimeError:
        # An event loop that was just being started when we were told to stop says that it runs.
        if told:
            return _STOPPED
        raise


def options_of(argv: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute instead of four")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each takes its turn")
    parser.add_argument("--only", default=",".join(NAMES), metavar="A,B", help="these contenders")
    parser.add_argument(
        "--part",
        default=",".join(PARTS),
        metavar="A,B",
        help=f"these tables; also: {_POSTGRES}, {_HOSTILE}",
    )
    parser.add_argument(
        "--attack", default=",".join(ATTACKS), metavar="A,B", help=f"these, in the part {_HOSTILE}"
    )
    parser.add_argument("--against", type=Path, metavar="DIR", help="another checkout beside ours")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="only this, for so long")
    parser.add_argument("--rows", type=int, metavar="N", help="only this, with so many rows")
    parser.add_argument(
        "--show", type=Path, metavar="FILE", help="only print an earlier run, as Markdown"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="instead of benchmarks/results/")
    options = parser.parse_args(argv)
    options.only = _chosen(parser, options.only, NAMES)
    options.part = _chosen(parser, options.part, (*PARTS, _POSTGRES, _HOSTILE))
    options.attack = _chosen(parser, options.attack, tuple(ATTACKS))
    return options


def _chosen(parser: argparse.ArgumentParser, given: str, known: tuple[str, ...]) -> frozenset[str]:
    chosen = frozenset(given.split(","))
    if chosen - set(known):
        parser.error(f"unknown: {', '.join(chosen - set(known))}; known: {', '.join(known)}")
    return chosen


def run(options: argparse.Namespace, plan: Plan, console: Console) -> int:
    """One run by a plan, from the first process started to the JSON written."""
    cores = Cores.of_this_machine()
    allow_descriptors()
    results = Results(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=VERSION,
        machine=describe(cores),
        command=sys.argv[1:],
        load_generator="wrk" if wrk.installed() else "benchmarks.closed_loop",
    )
    absent = missing(options.only)
    if absent:
        console.print(f"Not installed here, so without: {', '.join(absent)}.", style="dim")
    # Nothing here makes cycles in bulk, and a collection would show as latency of a contender.
    gc.disable()
    with on_core(cores.load), fake_upstream(cores.load) as (upstream, _):
        stage = Stage(cores, upstream, options.against)
        _measure(results, stage, options, plan, console)
    gc.enable()
    results.goals = goals(results)
    report.show(results, console)
    _write(results, options.json, console)
    return 0


def _measure(
    results: Results, stage: Stage, options: argparse.Namespace, plan: Plan, console: Console
) -> None:
    def say(doing: str) -> None:
        console.print(doing, style="dim", highlight=False)

    if options.soak:
        results.soak = soak.measure(stage, options.soak, say)
    if options.rows:
        results.rows = rows.measure(stage, options.rows, plan, say)
    if options.soak or options.rows:
        return
    if _POSTGRES in options.part:
        results.shared = postgres.measure(stage, plan, say)
        results.workers = postgres_workers.measure(stage, plan, say)
    if _HOSTILE in options.part:
        chosen = [name for name in ATTACKS if name in options.attack]
        results.hostile = hostile.measure(stage, chosen, plan, say)
    if options.part - {"memory", _POSTGRES, _HOSTILE}:
        with stage.all(options.only) as contenders:
            _in_turns(results, (stage, contenders), options, plan, say)
    if "memory" in options.part:
        results.memory = memory.measure(stage, options.only, plan, say)


def _in_turns(
    results: Results,
    running: tuple[Stage, list[Contender]],
    options: argparse.Namespace,
    plan: Plan,
    say: Callable[[str], None],
) -> None:
    """The parts in which all contenders run side by side and take turns."""
    stage, contenders = running
    streamed = [one for one in contenders if one.forwards and not one.name.endswith(_AS_THE_PROXY)]
    contenders = [one for one in contenders if not one.only_streams]
    forwarders = [one for one in contenders if one.forwards]
    # The load at which latency is measured follows from what each can bear.
    if options.part & {"throughput", "latency"}:
        results.throughput = throughput.measure(contenders, plan, say)
    if "refused" in options.part:
        results.refused = refused.measure(contenders, plan, say)
    if "latency" in options.part:
        capacity = {
            found.contender: typical(found.requests_per_second)
            for found in results.throughput
            if found.profile == "changing"
        }
        results.latency = latency.whole_answers(forwarders, stage.upstream, capacity, plan, say)
    if "first-byte" in options.part:
        results.first_byte = latency.first_bytes(forwarders, stage.upstream, plan, say)
    if "streaming" in options.part:
        results.streaming = streaming.measure(streamed, plan, say)


def _write(results: Results, path: Path | None, console: Console) -> None:
    if path is None:
        path = _RESULTS / f"{results.at.replace(':', '').removesuffix('+0000')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(results))
    console.print(f"Written to {path}", style="dim", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
