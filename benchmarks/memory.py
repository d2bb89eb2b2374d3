"""How much memory a waiting stream occupies: fresh processes, before, during and after many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvloop

from benchmarks.closed_loop import ClosedLoop
from benchmarks.contenders import Contender, Stage
from benchmarks.plan import Plan
from benchmarks.results import Memory
from benchmarks.streams import Streams

_MEASURED = frozenset(("nginx", "httpx", "proxy"))


def measure(
    stage: Stage, names: frozenset[str], plan: Plan, say: Callable[[str], None]
) -> list[Memory]:
    """One contender at a time, each started for this: what ran before leaves memory to reuse."""
    found = []
    for name in sorted(names & _MEASURED):
        say(f"memory of {plan.waiting_streams} waiting streams: {name}")
        with stage.all(frozenset((name,))) as contenders:
            for one in contenders:
                one.server.settle()
                found.append(uvloop.run(_measure(one, plan)))
    return found


async def _measure(one: Contender, plan: Plan) -> Memory:
    async with ClosedLoop(one.target.port, [one.target.request("openai")], 32) as load:
        await load.run(plan.settle)
    one.server.settle()
    before = one.server.rss_bytes()
    request = one.target.request("openai", fake="hold, events=3", stream=True)
    number = plan.waiting_streams
    async with Streams(one.target.port, request, number, over_seconds=number / 1000) as streams:
        await streams.all_began()
        await asyncio.sleep(plan.settle)
        _ = streams.seen
        during = one.server.rss_bytes()
    await asyncio.sleep(plan.settle)
    return Memory(one.name, number, before, during, one.server.rss_bytes())
