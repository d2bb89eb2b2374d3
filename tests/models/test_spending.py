"""What is said of a budget's use."""

from datetime import UTC, datetime

from models.spending import BudgetUse
from proxy.limits.budgets import SUM_MAX, use_of
from tests.proxy.limits.machine import allowance


def test_a_bucket_that_was_overdrawn_by_far_fills_at_the_end_of_time() -> None:
    """It has a page all the same."""
    of = allowance(1, "hour", unit="tokens")
    spent, held, at = use_of(of, (SUM_MAX, 0, 0), None, 0)
    assert BudgetUse(spent, held, at).resets_at == datetime.max.replace(tzinfo=UTC)
