"""How much memory a waiting stream occupies: fresh processes, before, during and after many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import uvloop

from benchmarks.closed_loop import ClosedLoop
from benchmarks.contenders import Contender, Stage
from benchmarks.machine import most_streams
from benchmarks.plan import Plan
from benchmarks.results import Memory
from benchmarks.streams import Streams

_MEASURED: Final = frozenset(("nginx", "httpx", "proxy"))
#: All streams have one token, which by default may not have so many.
_WHOLE_SHARE: Final = {"FAIR_SHARE_TOKEN": "1", "FAIR_SHARE_PROJECT": "1"}


def measure(
    stage: Stage, names: frozenset[str], plan: Plan, say: Callable[[str], None]
) -> list[Memory]:
    """One contender at a time, each started for this: what ran before leaves memory to reuse."""
    found = []
    stage = replace(stage, settings=_WHOLE_SHARE)
    number = min(plan.waiting_streams, most_streams())
    for name in sorted(names & _MEASURED):
        say(f"memory of {number} waiting streams: {name}")
        with stage.all(frozenset((name,))) as contenders:
            for one in contenders:
                one.server.settle()
                found.append(uvloop.run(_measure(one, number, plan)))
    return found


async def _measure(one: Contender, number: int, plan: Plan) -> Memory:
    async with ClosedLoop(one.target.port, [one.target.request("openai")], 32) as load:
        await load.run(plan.settle)
    one.server.settle()
    # Of these processes alone: a standby worker, which holds no stream, may be started meanwhile.
    measured = one.server.rss_of_each()

    def rss_bytes() -> int:
        found = one.server.rss_of_each()
        return sum(found.get(pid, 0) for pid in measured)

    before = sum(measured.values())
    request = one.target.request("openai", fake="hold, events=3", stream=True)
    async with Streams(one.target.port, request, number, over_seconds=number / 1000) as streams:
        await streams.all_began()
        await asyncio.sleep(plan.settle)
        _ = streams.seen
        during = rss_bytes()
    await asyncio.sleep(plan.settle)
    return Memory(one.name, number, before, during, rss_bytes())
