"""`python -m benchmarks.shares FILE`: where a worker's time goes, from a profile by py-spy.

    make bench ARGS="--quick --rounds 40 --only limits --part throughput" &
    py-spy record --format raw --gil --rate 1000 --duration 20 --output profile.txt --pid WORKER
    .venv/bin/python -m benchmarks.shares profile.txt

WORKER is the process that `pgrep -f worker_main` names and that uses the processor; its standby is
idle. Each sample counts for the innermost function of ours, so that what C does for it is its own.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

#: The first that a function's file begins with says what its time is spent on.
ROOMS: Final = (
    ("server/http/framing.py", "the request's head"),
    ("proxy/header", "header lines, both ways"),
    ("proxy/hops.py", "header lines, both ways"),
    ("proxy/response", "header lines, both ways"),
    ("server/http/", "the client's connection, read and written"),
    ("proxy/access/", "token, grant, route"),
    ("proxy/body", "the body: model and stream"),
    ("proxy/decoding/", "JSON and content codings"),
    ("proxy/limits/", "limits"),
    ("proxy/upstream/", "the upstream's connection and answer"),
    ("proxy/usage/", "usage"),
    ("proxy/pricing/", "price"),
    ("proxy/journal/", "journal"),
    ("proxy/", "the handler and its exchange"),
    ("models/", "database: entries, counters, generation"),
    ("telemetry/", "metrics and log lines"),
)
OTHERS: Final = "the event loop"
#: Threads that wait, which py-spy does not always see.
_WAITING: Final = re.compile(
    r"(?:_connection_worker_thread|_worker|wait|_wait_for_tstate_lock) \([^;]*\)$"
)
_FILE: Final = re.compile(r" \(([^()]*?):?\d*\)$")


def shares(stacks: Iterable[str]) -> Counter[str]:
    """How many samples each part has, of lines of `function (file:line);… samples`."""
    found: Counter[str] = Counter()
    for line in stacks:
        stack, _, samples = line.rstrip("\n").rpartition(" ")
        if stack and not _WAITING.search(stack):
            found[_part(stack.split(";"))] += int(samples)
    return found


def _part(frames: list[str]) -> str:
    for frame in reversed(frames):
        file = _FILE.search(frame)
        if file is not None and "site-packages" not in file[1]:
            for beginning, part in ROOMS:
                if re.search(rf"(?:^|/){re.escape(beginning)}", file[1]):
                    return part
    return OTHERS


def main(path: Path) -> None:
    """Print the shares as Markdown, the largest first."""
    with path.open(encoding="utf-8") as file:
        found = shares(file)
    whole = max(1, found.total())
    print("| where a worker's time goes | |\n|---|---:|")
    for part, samples in found.most_common():
        print(f"| {part} | {samples / whole:.0%} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
