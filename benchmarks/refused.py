"""What a refused request costs beside a served one: it decides how large a flood is borne."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks import throughput
from benchmarks.contenders import Contender
from benchmarks.plan import Plan
from benchmarks.results import Refused

#: The row that the others are compared with.
SERVED = "served"


def measure(
    contenders: Sequence[Contender], plan: Plan, say: Callable[[str], None]
) -> list[Refused]:
    """A served request and each kind of refusal in turns, with headers that change."""
    asked = [one for one in contenders if one.refused]
    found: dict[tuple[str, str], Refused] = {}
    for number in range(plan.rounds):
        say(f"refused requests, round {number + 1} of {plan.rounds}")
        for one in asked:
            for kind, (target, refusal) in ((SERVED, (one.target, b"200")), *one.refused.items()):
                # A rate of one a minute lets one in, every minute.
                statuses = (b"200", refusal)
                sample = throughput.window(one, [target.request("changing")], plan, statuses)
                row = found.setdefault((one.name, kind), Refused(one.name, kind, [], []))
                row.cpu_us.append(sample.cpu_us)
                row.requests_per_second.append(sample.requests_per_second)
    return list(found.values())
