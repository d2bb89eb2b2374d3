"""`python -m tests.fuzz --seconds N --seed S`: every target in turn, until the time is over."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.messages import messages
from tests.fuzz.targets import TARGETS
from tests.fuzz.turns import Counter

_ROUND: int = 200


def main(argv: list[str] | None = None) -> int:
    """The exit code: 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only", choices=TARGETS, nargs="*", default=list(TARGETS))
    parser.add_argument("--found", type=Path, metavar="DIR", help="where messages that fail go")
    options = parser.parse_args(argv)
    _say(f"seed {options.seed}")
    found: dict[str, str] = {}
    longest = dict.fromkeys(options.only, 0)
    end, number, ran = time.monotonic() + options.seconds, options.seed, 0
    while time.monotonic() < end:
        for name in options.only:
            if name in found or time.monotonic() > end:
                continue
            counter = Counter(TARGETS[name].most)
            ran += _ROUND
            if (failure := _one_round(name, number, counter, options.found)) is not None:
                found[name] = failure
                _say(f"{name}, seed {number}: {failure}")
            longest[name] = max(longest[name], counter.longest)
        number += 1
        if len(found) == len(options.only):
            break
    for name in options.only:
        _say(f"{name}: longest turn {longest[name]} steps, {found.get(name, 'nothing found')}")
    _say(f"{ran} messages, seeds {options.seed} to {number - 1}")
    return 1 if found else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _one_round(name: str, number: int, counter: Counter, directory: Path | None) -> str | None:
    """What failed, shrunk, with the message that did."""
    last: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(messages(name))
    def run(pieces: Any) -> None:
        last[:] = pieces
        TARGETS[name].run(pieces, counter)

    try:
        run()
    except Exception as failure:  # noqa: BLE001  # Whatever it is, it is what is looked for.
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / f"{name}-{number}").write_bytes(b"".join(last))
        return f"{type(failure).__name__}: {failure} in {[one[:80] for one in last]!r}"
    return None


if __name__ == "__main__":
    sys.exit(main())
