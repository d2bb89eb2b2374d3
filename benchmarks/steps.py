"""`python -m benchmarks.steps`: the steps that a request takes past sockets, by function.

    .venv/bin/python -m benchmarks.steps                     # calls and bytecodes of Python
    .venv/bin/python -m benchmarks.steps --kind limits
    .venv/bin/python -m benchmarks.steps --instructions      # by callgrind, about a minute

No clock has a part in it, so a change of one percent shows on a machine that is busy, too. It is
said of the loop's thread, of requests that come again and again, 32 in each turn of the loop
(`in_memory`). With `--instructions` valgrind counts a short run and a longer one, and the
difference is told, of the loop's thread and of all others, so that what time alone costs is not in
it; the kernel is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, get_args

import uvloop

from benchmarks.contenders import ROOT, environment
from benchmarks.in_memory import Kind, in_a_turn, serving

_TURNS: Final = 20
#: Of the two runs of valgrind.
_SHORT: Final = 10
_LONG: Final = 70
_SUMMARY: Final = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)
_THREAD: Final = re.compile(r"^thread: (\d+)", re.MULTILINE)


class Steps(NamedTuple):
    """How often a function was called and how many bytecodes it ran, of all requests."""

    calls: Counter[str]
    bytecodes: Counter[str]
    requests: int


async def counted(directory: Path, kind: Kind, turns: int) -> Steps:
    """Of our own functions and of others', as `file function`."""
    found = Steps(Counter(), Counter(), turns * in_a_turn(kind))

    def trace(frame: FrameType, what: str, _argument: Any) -> Any:
        code = frame.f_code
        name = f"{code.co_filename.removeprefix(f'{ROOT}/')} {code.co_qualname}"
        if what == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            found.calls[name] += 1
        elif what == "opcode":
            found.bytecodes[name] += 1
        return trace

    async with serving(directory, kind) as worker:
        sys.settrace(trace)
        try:
            for _ in range(turns):
                await worker.turn()
        finally:
            sys.settrace(None)
    for counter in (found.calls, found.bytecodes):
        for name in [name for name in counter if name.startswith("benchmarks/")]:
            del counter[name]
    return found


async def _run(directory: Path, kind: Kind, turns: int) -> None:
    """What valgrind counts, once the worker is warm."""
    async with serving(directory, kind) as worker:
        begin = await asyncio.create_subprocess_exec(
            "callgrind_control", "--instr=on", str(os.getpid()), stdout=subprocess.DEVNULL
        )
        await begin.wait()
        await worker.turns(turns)
        # What it takes to end is no request's.
        os._exit(0)


class Instructions(NamedTuple):
    """Of one run, or of one request."""

    loop: float
    others: float


def instructions(kind: Kind) -> Instructions:
    """Of a request. Raises FileNotFoundError where valgrind is not installed."""
    with tempfile.TemporaryDirectory(prefix="bench-steps-") as name:
        running = [_valgrind(Path(name), kind, turns) for turns in (_SHORT, _LONG)]
        for process in running:
            process.wait()
        short, longer = (_summed(Path(name), turns) for turns in (_SHORT, _LONG))
    requests = (_LONG - _SHORT) * in_a_turn(kind)
    return Instructions(
        (longer.loop - short.loop) / requests, (longer.others - short.others) / requests
    )


def _valgrind(directory: Path, kind: Kind, turns: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            "valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes",
            f"--callgrind-out-file={directory}/{turns}",
            sys.executable, "-m", "benchmarks.steps", "--kind", kind, f"--run={turns}",
        ],
        env=environment(ROOT) | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _summed(directory: Path, turns: int) -> Instructions:
    loop = others = 0
    for path in directory.glob(f"{turns}-*"):
        text = path.read_text(encoding="utf-8", errors="replace")
        thread, summary = _THREAD.search(text), _SUMMARY.search(text)
        if summary is None:
            continue
        if thread is not None and thread[1] == "1":
            loop += int(summary[1])
        else:
            others += int(summary[1])
    return Instructions(loop, others)


def table(found: Steps) -> str:
    """Markdown, what runs the most bytecodes first."""
    bytecodes, calls = found.bytecodes.total(), found.calls.total()
    lines = [
        "| of a request | calls | bytecodes |",
        "|---|---:|---:|",
        f"| all | {calls / found.requests:.1f} | {bytecodes / found.requests:,.0f} |",
    ]
    for name, number in found.bytecodes.most_common():
        if number >= found.requests:
            each = found.calls[name] / found.requests
            lines.append(f"| {name} | {each:.2f} | {number / found.requests:,.0f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__)
    parser.add_argument("--kind", choices=get_args(Kind), default="usual", help="what is asked")
    parser.add_argument("--instructions", action="store_true", help="by valgrind's callgrind")
    parser.add_argument("--turns", type=int, default=_TURNS, metavar="N", help="of 32 requests")
    parser.add_argument("--run", type=int, metavar="N", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.instructions:
        found = instructions(options.kind)
        sys.stdout.write(f"the loop's thread: {found.loop:,.0f}, others: {found.others:,.0f}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-steps-") as name:
        if options.run:
            uvloop.run(_run(Path(name), options.kind, options.run))
        steps = uvloop.run(counted(Path(name), options.kind, options.turns))
    sys.stdout.write(table(steps) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
