"""The cost that an upstream states: in which field and unit, and when it counts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from proxy.pricing import price_file, sheet, stated
from proxy.pricing.prices import Call, Prices
from proxy.pricing.stated import Stated
from proxy.providers.provider import CostUnit
from proxy.usage.accumulator import Usage

NOTHING: Final = Stated(said=False)
ODD: Final = Stated(said=True)


def amount(nanos: int) -> Stated:
    return Stated(said=True, nanos=nanos)


@pytest.mark.parametrize(
    ("usage", "field", "unit", "expected"),
    [
        # OpenRouter, Perplexity, xAI.
        (b'{"cost": 0.00014, "is_byok": false}', "usage.cost", "usd", amount(140_000)),
        (b'{"cost": {"total_cost": 0.006}}', "usage.cost.total_cost", "usd", amount(6_000_000)),
        (b'{"cost_in_usd_ticks": 158500}', "usage.cost_in_usd_ticks", "usd_ticks", amount(15_850)),
        (b'{"cost": 1.5}', "usage.cost", "usd_cents", amount(15_000_000)),
        (b'{"cost": 0}', "usage.cost", "usd", amount(0)),
        (b'{"cost": 1e-5}', "usage.cost", "usd", amount(10_000)),
        # Rounded once, from what was written.
        (b'{"cost": 0.1234567894999999}', "usage.cost", "usd", amount(123_456_789)),
        # The fee of whoever stands between, not the cost of the answer.
        (b'{"cost": 0.001, "is_byok": true}', "usage.cost", "usd", NOTHING),
        (b'{"cost": null}', "usage.cost", "usd", NOTHING),
        (b'{"cost": 5}', "usage.cost.total_cost", "usd", NOTHING),
        (b"{}", "usage.cost", "usd", NOTHING),
        (b"", "usage.cost", "usd", NOTHING),
        (b"[1]", "usage.cost", "usd", NOTHING),
        (b'{"cost": ', "usage.cost", "usd", NOTHING),
        (b'{"cost": "\xff"}', "usage.cost", "usd", NOTHING),
        # So deep that any release of Python, whose bounds differ, gives up.
        (b'{"cost": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "usage.cost", "usd", NOTHING),
        # Something is said, and is no amount.
        (b'{"cost": "0.5"}', "usage.cost", "usd", ODD),
        (b'{"cost": -1}', "usage.cost", "usd", ODD),
        (b'{"cost": true}', "usage.cost", "usd", ODD),
        (b'{"cost": [1]}', "usage.cost", "usd", ODD),
        (b'{"cost": 1e300}', "usage.cost", "usd", ODD),
        (b'{"cost": 1e999999}', "usage.cost", "usd", ODD),
        (b'{"cost": 1000001}', "usage.cost", "usd", ODD),
    ],
)
def test_what_an_answer_states(usage: bytes, field: str, unit: CostUnit, expected: Stated) -> None:
    assert stated.read(usage, field, unit) == expected


USED: Final = Usage(1_000, 100, 0, 0)
BY: Final = Call("openai", "gpt-4o", cost_field="usage.cost")


@pytest.mark.parametrize(
    ("call", "raw", "expected"),
    [
        (BY, b'{"cost": 0.5}', (500_000_000, "upstream")),
        # Also of a model that the sheet does not know.
        (BY._replace(model="nobody"), b'{"cost": 0.5}', (500_000_000, "upstream")),
        (BY, b'{"cost": 0.5, "is_byok": true}', (3_500_000, sheet.SOURCE)),
        (BY, b"{}", (3_500_000, sheet.SOURCE)),
        (BY, None, (3_500_000, sheet.SOURCE)),
        (BY, b'{"cost": "much"}', (None, "")),
        # A provider that names no field is not believed.
        (Call("openai", "gpt-4o"), b'{"cost": 0.5}', (3_500_000, sheet.SOURCE)),
    ],
)
def test_an_upstream_s_own_cost_counts_before_the_sheet(
    call: Call, raw: bytes | None, expected: tuple[int | None, str]
) -> None:
    assert Prices().price(call, USED, 1.79e9, raw) == expected


def test_the_operator_s_price_counts_before_it(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[prices."openai/gpt-4o"]\ninput = 1\n[prices."openai/o3"]\nmax_output = 1\n')
    prices = Prices(price_file.read(path))
    raw = b'{"cost": 0.5}'
    # An entry replaces whatever else there is, with what it does not price as well.
    assert prices.price(BY, USED, 1.79e9, raw) == (None, "")
    assert prices.price(BY, USED._replace(completion=0), 1.79e9, raw) == (1_000_000, "prices_file")
    assert prices.price(BY._replace(model="o3"), USED, 1.79e9, raw)[1] == "upstream"
