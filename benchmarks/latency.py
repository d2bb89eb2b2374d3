"""What a contender adds to the upstream's own time, at the same load for all that can bear it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks import open_loop
from benchmarks.contenders import Contender
from benchmarks.plan import Plan
from benchmarks.processes import Server
from benchmarks.results import Latency
from benchmarks.target import Target

DIRECT = "direct"
_CONNECTIONS = 32
#: Of what a contender bears. Closer to it, the figure would say how long its queue has become.
_MOST_SHARE = 0.8
_EVENTS = 8


class _Subject(NamedTuple):
    name: str
    target: Target
    rate: float
    server: Server | None = None


def whole_answers(
    contenders: Sequence[Contender],
    upstream: Target,
    capacity: dict[str, float],
    plan: Plan,
    say: Callable[[str], None],
) -> list[Latency]:
    """Plain answers to their last byte.

    The rate is the plan's, or half of what a contender bears where that is not enough for it. All
    LLM Proxies get the same, so that two checkouts can be compared. The upstream is asked directly
    at each of these rates, since the machine's own time depends on it.
    """
    proxies = [capacity.get(one.name, 0.0) for one in contenders if one.is_proxy]
    subjects = []
    for one in contenders:
        own = min(proxies) if one.is_proxy else capacity.get(one.name, 0.0)
        bears = plan.latency_rate <= own * _MOST_SHARE
        rate = plan.latency_rate if bears else round(own / 2, 1)
        subjects.append(_Subject(one.name, one.target, rate, one.server))
    rates = sorted({subject.rate for subject in subjects}, reverse=True)
    direct = [_Subject(DIRECT, upstream, rate) for rate in rates]

    def window(subject: _Subject) -> list[float]:
        request = subject.target.request("changing")
        return open_loop.run(
            subject.target.port, request, subject.rate, plan.latency_window, _CONNECTIONS
        ).whole

    return _in_turns([*direct, *subjects], window, plan, say, "latency at a constant rate")


def first_bytes(
    contenders: Sequence[Contender], upstream: Target, plan: Plan, say: Callable[[str], None]
) -> list[Latency]:
    """Streamed answers to the first byte of their body."""
    subjects = [
        _Subject(one.name, one.target, plan.first_byte_rate, one.server) for one in contenders
    ]
    subjects.insert(0, _Subject(DIRECT, upstream, plan.first_byte_rate))

    def window(subject: _Subject) -> list[float]:
        request = subject.target.request("openai", fake=f"events={_EVENTS}", stream=True)
        return open_loop.run(
            subject.target.port, request, subject.rate, plan.first_byte_window, _CONNECTIONS
        ).first_byte

    return _in_turns(subjects, window, plan, say, "time to first byte")


def _in_turns(
    subjects: Sequence[_Subject],
    window: Callable[[_Subject], list[float]],
    plan: Plan,
    say: Callable[[str], None],
    what: str,
) -> list[Latency]:
    found = {
        (subject.name, subject.rate): Latency(subject.name, subject.rate, [], [])
        for subject in subjects
    }
    for number in range(plan.rounds):
        say(f"{what}, round {number + 1} of {plan.rounds}")
        for subject in subjects:
            if subject.server is not None:
                subject.server.settle()
            taken = sorted(window(subject))
            latency = found[subject.name, subject.rate]
            latency.p50_us.append(_quantile(taken, 0.50) * 1e6)
            latency.p99_us.append(_quantile(taken, 0.99) * 1e6)
    return list(found.values())


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
