"""What one event costs while many streams run, each slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import uvloop

from benchmarks.contenders import Contender
from benchmarks.plan import Plan
from benchmarks.results import Streaming
from benchmarks.streams import Streams


def measure(
    contenders: Sequence[Contender], plan: Plan, say: Callable[[str], None]
) -> list[Streaming]:
    """CPU time per event, in rounds. Opening and leaving the streams is not part of it."""
    found = {one.name: Streaming(one.name, plan.streams, [], [], []) for one in contenders}
    for number in range(plan.stream_rounds):
        say(f"{plan.streams} streams, round {number + 1} of {plan.stream_rounds}")
        for one in contenders:
            uvloop.run(_round(one, plan, found[one.name]))
    return list(found.values())


async def _round(one: Contender, plan: Plan, found: Streaming) -> None:
    opening = max(plan.stream_gap, plan.streams / 1000)
    events = int((opening + plan.stream_window + 30) / plan.stream_gap)
    request = one.target.request(
        "openai", fake=f"events={events}, gap={plan.stream_gap}", stream=True
    )
    async with Streams(one.target.port, request, plan.streams, over_seconds=opening) as streams:
        await streams.all_began()
        await asyncio.sleep(0.5)
        before, cpu = streams.seen, one.server.cpu_seconds()
        await asyncio.sleep(plan.stream_window)
        after, spent = streams.seen, one.server.cpu_seconds() - cpu
    passed = max(1, after.events - before.events)
    found.cpu_us_per_event.append(spent / passed * 1e6)
    found.events_per_second.append(passed / plan.stream_window)
    found.events_per_packet.append(passed / max(1, after.packets - before.packets))
