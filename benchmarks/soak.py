"""Hours in minutes: LLM Proxy under steady load of every kind, and its memory over time."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

import uvloop

from benchmarks.closed_loop import ClosedLoop
from benchmarks.contenders import Contender, Stage
from benchmarks.results import SoakSample
from benchmarks.streams import Streams

EARLY: Final = 100_000
LATE: Final = 1_000_000
_CYCLE: Final = 5.0
_CONNECTIONS: Final = 32
_LEAVING: Final = 50


def measure(stage: Stage, seconds: float, say: Callable[[str], None]) -> list[SoakSample]:
    """Load for so long; a sample every few seconds."""
    with stage.all(frozenset(("limits",))) as contenders:
        return uvloop.run(_soak(contenders[0], seconds, say))


async def _soak(one: Contender, seconds: float, say: Callable[[str], None]) -> list[SoakSample]:
    target = one.target
    # Nine plain answers to one stream, and now and then clients that leave theirs unfinished.
    requests = [target.request("openai")] * 9
    requests.append(target.request("openai", fake="events=8", stream=True))
    left = target.request("openai", fake="events=1000, gap=0.05", stream=True)
    samples: list[SoakSample] = []
    began = monotonic()
    abandoned = 0
    async with ClosedLoop(target.port, requests, _CONNECTIONS) as load:
        while (passed := monotonic() - began) < seconds:
            await load.run(min(_CYCLE, max(0.2, seconds - passed)))
            async with Streams(target.port, left, _LEAVING, over_seconds=0.2) as streams:
                await streams.all_began()
            abandoned += _LEAVING
            one.server.settle()
            sample = SoakSample(
                monotonic() - began, load.finished + abandoned, one.server.rss_bytes()
            )
            samples.append(sample)
            say(
                f"soak: {sample.seconds:.0f} of {seconds:.0f} s, {sample.requests:,} requests, "
                f"{sample.rss_bytes / 1e6:.1f} MB"
            )
    return samples


def growth(samples: list[SoakSample]) -> float | None:
    """Memory after a million requests over memory after a hundred thousand, where both were."""
    early = next((sample for sample in samples if sample.requests >= EARLY), None)
    late = next((sample for sample in samples if sample.requests >= LATE), None)
    return None if early is None or late is None else late.rss_bytes / early.rss_bytes
