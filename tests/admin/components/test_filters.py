"""How amounts are written."""

import pytest

from admin.components import filters


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (None, "–"),
        (0, "$0.00"),
        (1, "$0.000000001"),
        (40_010_000, "$0.04001"),
        (500_000_000, "$0.50"),
        (55 * 10**9, "$55.00"),
        (1_234_567_000_000_001, "$1,234,567.000000001"),
    ],
)
def test_an_exact_amount_has_every_digit(nanos: int | None, text: str) -> None:
    assert filters.usd_exact(nanos) == text


def test_a_change_of_a_rule_is_told_in_words_and_whole() -> None:
    rule = {"max_attempts": 3, "statuses": [429, 503], "first_byte_timeout": None}
    assert filters.brief(rule) == "max attempts: 3; statuses: 429, 503"
    budget = {"limit": "usd", "amount": 2, "alert_at": [50, 80]}
    policy = {"name": "dear", "models": None, "budgets": [budget]}
    told = "(name: dear; budgets: (limit: usd; amount: 2; alert at: 50, 80))"
    assert f'title="{told}"' in filters.brief([policy])
