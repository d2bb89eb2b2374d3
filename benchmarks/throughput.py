"""Requests per second, and CPU time per request, of contenders that take turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

import uvloop

from benchmarks import wrk
from benchmarks.closed_loop import ClosedLoop, Count
from benchmarks.contenders import Contender
from benchmarks.plan import Plan
from benchmarks.results import Throughput
from benchmarks.target import PROFILES, SERVED, changes


class Sample(NamedTuple):
    """One window of one contender."""

    requests_per_second: float
    cpu_us: float
    busy: float


def measure(
    contenders: Sequence[Contender], plan: Plan, say: Callable[[str], None]
) -> list[Throughput]:
    """Every contender once per round, so that a slow minute of the machine hits all alike."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    for number in range(plan.rounds):
        for profile in PROFILES:
            say(f"throughput, round {number + 1} of {plan.rounds}, headers: {profile}")
            for one in contenders:
                sample = window(one, [one.target.request(profile)], plan)
                samples.setdefault((one.name, profile), []).append(sample)
    return [
        Throughput(
            contender,
            profile,
            [sample.requests_per_second for sample in taken],
            [sample.cpu_us for sample in taken],
            [sample.busy for sample in taken],
        )
        for (contender, profile), taken in samples.items()
    ]


def window(
    one: Contender,
    requests: Sequence[bytes],
    plan: Plan,
    statuses: tuple[bytes, ...] = SERVED,
) -> Sample:
    """Load one contender for a while; every answer has one of these statuses."""
    # `wrk` repeats one request, and takes a refusal for a failure.
    simple = len(requests) == 1 and not changes(requests[0]) and statuses == SERVED
    if simple and wrk.installed():
        return _by_wrk(one, requests[0], plan)
    return uvloop.run(_by_ourselves(one, requests, plan, statuses))


async def _by_ourselves(
    one: Contender, requests: Sequence[bytes], plan: Plan, statuses: tuple[bytes, ...]
) -> Sample:
    async with ClosedLoop(one.target.port, requests, plan.connections, statuses) as load:
        await load.run(plan.warm_up)
        before = one.server.settle()
        began = one.server.cpu_seconds()
        count = await load.run(plan.window)
        under_load = one.server.cpu_seconds() - began
        return _sample(count, one.server.settle() - before, under_load)


def _by_wrk(one: Contender, request: bytes, plan: Plan) -> Sample:
    # Its connections cannot be kept from one call to the next, so the warm-up is part of it.
    before, began = one.server.settle(), perf_counter()
    requests = wrk.run(one.target.port, request, plan.connections, plan.warm_up + plan.window)
    count = Count(requests, perf_counter() - began)
    under_load = one.server.cpu_seconds() - before
    return _sample(count, one.server.settle() - before, under_load)


def _sample(count: Count, cpu_seconds: float, under_load: float) -> Sample:
    """`under_load` is the part of the CPU time that fell into the window itself."""
    return Sample(
        count.requests / count.seconds,
        cpu_seconds / max(1, count.requests) * 1e6,
        under_load / count.seconds,
    )
