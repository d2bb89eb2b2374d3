"""A rule for failover, as every door takes it."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.failover import DEFAULT_STATUSES, Failover, FailoverRule


def test_the_statuses_are_those_behind_which_nothing_was_done() -> None:
    rule = FailoverRule.model_validate({"max_attempts": 2})
    assert rule.statuses == [401, 402, 403, 429, 500, 502, 503, 529]
    assert rule.first_byte_timeout is None
    assert Failover.of(None) is None
    assert Failover.of(rule.model_dump()) == Failover(2, frozenset(DEFAULT_STATUSES), None)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"max_attempts": 1},
        {"max_attempts": 6},
        {"max_attempts": "2"},
        {"max_attempts": 2, "statuses": []},
        {"max_attempts": 2, "statuses": [400]},
        {"max_attempts": 2, "statuses": [200]},
        {"max_attempts": 2, "first_byte_timeout": 0},
        {"max_attempts": 2, "first_byte_timeout": 601},
        {"max_attempts": 2, "retries": 3},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FailoverRule.model_validate(wrong)


def test_what_may_be_billed_twice_can_be_named() -> None:
    rule = FailoverRule(max_attempts=5, statuses=[408, 409, 504], first_byte_timeout=2.5)
    assert Failover.of(rule.model_dump()) == Failover(5, frozenset((408, 409, 504)), 2.5)
