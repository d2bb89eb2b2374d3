"""Rates as arithmetic: what is charged by them, and what makes a whole price unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pricing.rates import (
    FREE,
    NANOS_MAX,
    SCALE,
    VIDEO,
    Rates,
    Tariff,
    ordinary_nanos,
    scaled,
)
from proxy.usage.accumulator import Usage

#: Dollars by the million: a token costs as many thousands of nano-dollars.
RATES = Rates().tokens(
    {
        name: scaled(dollars, 10**6)
        for name, dollars in {
            "prompt": 2, "completion": 8, "cached": 1, "reasoning": 8,
            "cache_write": 3, "cache_write_1h": 4,
        }.items()
    }
)  # fmt: skip
USED = Usage(1_000, 100, 0, 0)
WRITES = frozenset(("cache_write",))


def price(rates: Rates, usage: Usage) -> int | None:
    return Tariff(((-1, rates),), "sheet", since=0, until=1).price(usage)


def test_every_part_is_charged_once() -> None:
    assert price(RATES, USED) == 2_800_000
    usage = USED._replace(cached=500, cache_write=300, cache_write_1h=100, reasoning=40)
    assert price(RATES, usage) == 200 * 2_000 + 500 * 1_000 + 200 * 3_000 + 100 * 4_000 + 800_000


@pytest.mark.parametrize(
    ("changes", "usage"),
    [
        ({"uncounted": True}, {}),
        ({"open": WRITES}, {"cache_write": 1}),
        ({"open": frozenset(("cached",))}, {"cached": 1}),
        ({"needs": frozenset(("web_searches",))}, {}),
        ({"video_apart": True}, {"tools": VIDEO}),
        ({}, {"tools": frozenset(("code_interpreter",))}),
        ({}, {"lost": frozenset(("cached",))}),
        ({}, {"cached": 1_001}),
        ({}, {"audio_input": 1}),
        # No bill is like that.
        ({}, {"prompt": 10**12}),
        # Which of the cached tokens are audio is not told, and they cost another price.
        ({"audio_input": 32, "audio_cached": 16}, {"audio_input": 100, "cached": 50}),
        ({"cache_write": RATES.prompt, "open": WRITES}, {"lost": WRITES}),
        ({}, {"lost": frozenset(("service_tier",))}),
    ],
)
def test_a_part_without_a_price_leaves_none(changes: dict[str, Any], usage: dict[str, Any]) -> None:
    assert price(replace(RATES, **changes), USED._replace(**usage)) is None


@pytest.mark.parametrize(
    ("changes", "usage"),
    [
        ({"open": frozenset(("cache_write", "cached"))}, {}),
        ({}, {"tools": VIDEO}),
        ({}, {"lost": frozenset(("reasoning",))}),
        ({"cache_write": RATES.prompt}, {"lost": WRITES}),
    ],
)
def test_what_changes_no_price_leaves_the_price(
    changes: dict[str, Any], usage: dict[str, Any]
) -> None:
    assert price(replace(RATES, **changes), USED._replace(**usage)) == 2_800_000


def test_what_is_free_costs_nothing_whatever_was_lost() -> None:
    assert price(FREE, USED._replace(lost=frozenset(("service_tier",)))) == 0


#: Of whole nano-dollars, and of parts of them: a half, and what is nearly one.
ordinary = st.one_of(
    st.sampled_from((0, SCALE, 150 * SCALE, 75_000 * SCALE)),
    st.sampled_from((SCALE // 2, 3 * SCALE // 2, SCALE // 2 - 1, SCALE + 1, 83_333_333_333)),
)
#: Tokens of each kind, of which the counts of a usage are sums.
used = st.sampled_from((0, 0, 1, 2, 3, 1_000, 10**6 + 1, NANOS_MAX))


@given(
    st.tuples(ordinary, ordinary, ordinary, ordinary),
    st.tuples(st.one_of(ordinary, st.none()), st.one_of(ordinary, st.none())),
    st.tuples(used, used, used, used, used, used),
    st.sampled_from((0, 0, 0, 1)),
)
def test_ordinary_rates_cost_what_all_rates_do(
    first: tuple[int, int, int, int],
    written: tuple[int | None, int | None],
    counts: tuple[int, int, int, int, int, int],
    too_many: int,
) -> None:
    prompt, completion, cached, reasoning = first
    rates = Rates(
        prompt=prompt,
        completion=completion,
        cached=cached,
        reasoning=reasoning,
        cache_write=written[0],
        cache_write_1h=written[1],
    )
    found = rates.ordinary()
    assert found is not None
    assert (found[6] == 1) == all((rate or 0) % SCALE == 0 for rate in (*first, *written))
    fresh, plain, again, thought, kept, longer = counts
    usage = Usage(
        fresh + again + kept + longer - too_many,
        plain + thought,
        again,
        thought,
        kept + longer,
        longer,
    )
    assert ordinary_nanos(usage, found) == rates.of(usage)
