"""Two checkouts in one run: which figures are compared, turn by turn, and what is made of them."""

from __future__ import annotations

import pytest

from benchmarks import ratios
from benchmarks.goals import goals
from benchmarks.results import Latency, Machine, Memory, Results, Streaming, Throughput, Workers

_MACHINE = Machine("a processor", 2, True, "Linux", "CPython", {}, (0.0, 0.0, 0.0))


def _results() -> Results:
    return Results(at="now", version="1", machine=_MACHINE, command=[], load_generator="ours")


def _throughput(contender: str, cpu_us: list[float]) -> Throughput:
    return Throughput(contender, "changing", cpu_us, cpu_us, cpu_us)


def test_a_ratio_is_taken_turn_by_turn_so_that_a_slow_turn_of_the_machine_does_not_matter() -> None:
    results = _results()
    results.throughput = [
        _throughput("proxy", [30.0, 90.0, 30.0, 33.0]),
        _throughput("other: proxy", [100.0, 300.0, 100.0, 100.0]),
    ]
    (found,) = ratios.compared(results)
    assert ratios.over(found.own, found.other) == pytest.approx([0.3, 0.3, 0.3, 0.33])
    (goal,) = goals(results)
    assert (goal.wanted, goal.found, goal.met) == ("≤ 0.33", "0.30 (0.30 to 0.31)", True)


def test_a_median_of_few_turns_has_no_spread() -> None:
    assert ratios.with_spread([1.0, 2.0, 3.0]) == "2.00"
    assert ratios.with_spread([1.0, 2.0, 3.0, 4.0]) == "2.50 (1.75 to 3.25)"


def test_every_figure_that_both_checkouts_have_is_compared() -> None:
    results = _results()
    for name, factor in (("proxy", 1.0), ("other: proxy", 2.0), ("limits", 1.0)):
        results.throughput.append(_throughput(name, [10.0 * factor]))
        results.latency.append(Latency(name, 3000.0, [400.0 * factor], [900.0 * factor]))
        results.streaming.append(Streaming(name, 4, [10.0 * factor], [1.0], [1.0]))
        results.memory.append(Memory(name, 4, 0, int(40_000 * factor), 0))
        results.workers.append(Workers(name, 2, [100.0 * factor], [10.0 * factor], [1.0]))
    results.latency.append(Latency("direct", 3000.0, [200.0], [300.0]))
    shares = {one.name: ratios.over(one.own, one.other)[0] for one in ratios.compared(results)}
    assert shares == {
        "CPU µs per request, proxy, headers: changing": 0.5,
        "added p50 µs, proxy, at 3,000 a second": pytest.approx(1 / 3),
        "added p99 µs, proxy, at 3,000 a second": pytest.approx(0.4),
        "CPU µs per streamed event": 0.5,
        "KB per waiting stream": 0.5,
        "requests/s, PostgreSQL, limits on, workers: 2": 0.5,
        "CPU µs per request, PostgreSQL, limits on, workers: 2": 0.5,
    }
    missed = {goal.name for goal in goals(results) if goal.met is False}
    assert "of the other's: requests/s, PostgreSQL, limits on, workers: 2" in missed


@pytest.mark.parametrize(("direct_p99", "met"), [(2000.0, True), (2001.0, None)])
def test_a_difference_to_a_direct_way_that_is_itself_slow_says_nothing(
    direct_p99: float, met: bool | None
) -> None:
    results = _results()
    results.latency = [
        Latency("direct", 3000.0, [200.0], [direct_p99]),
        Latency("proxy", 3000.0, [300.0], [direct_p99 + 100.0]),
        Latency("other: proxy", 3000.0, [800.0], [direct_p99 + 1000.0]),
    ]
    assert [goal.met for goal in goals(results)] == [met, met]


@pytest.mark.parametrize(
    ("wanted", "figure", "met"),
    [("≤ 0.5", 0.5, True), ("≤ 0.5", 0.51, False), ("≥ 1.8", 1.8, True), ("≥ 1.8", 1.7, False)],
)
def test_what_is_wanted_is_a_bound_from_above_or_below(
    wanted: str, figure: float, met: bool
) -> None:
    assert ratios.met(wanted, figure) is met


def test_a_kept_answer_is_set_beside_one_that_is_fetched_and_beside_the_clock() -> None:
    results = _results()
    results.throughput = [_throughput("proxy", [100.0, 90.0]), _throughput("hits", [50.0, 50.0])]
    results.latency = [
        Latency("direct", 3000.0, [200.0, 200.0], [300.0, 300.0]),
        Latency("hits", 3000.0, [240.0, 240.0], [400.0, 400.0]),
    ]
    found = {goal.name: (goal.found, goal.met) for goal in goals(results)}
    assert found == {
        "hits: of a forwarded request's rate": ("1.90", False),
        "a hit, p50": ("0.24 ms", True),
    }
