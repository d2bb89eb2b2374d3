"""What a client is told of a budget that has no room for its request, and of what is left."""

from __future__ import annotations

from typing import Any

import pytest

from proxy import errors
from proxy.budget_refusals import lines
from proxy.failures import of_limits
from proxy.headers import field_list
from proxy.limits.budgets import Allowance, BudgetClaim, BudgetExceeded, Unit, Why, budget_key

RESETS_US = 1_796_083_200_000_000
DOLLAR = 10**9


def allowance(
    subject: str = "t:1", unit: Unit = "usd", period: str = "day", policy: str = "",
    amount: int = 25 * DOLLAR,
) -> Allowance:  # fmt: skip
    key = budget_key(subject, unit, period, "UTC", policy)
    return Allowance(key, unit, amount, True, period, "UTC", 0, policy=policy)


def exceeded(why: Why, hold: int, spent: int, held: int = 0, **more: Any) -> errors.Refusal:
    keys = ("subject", "unit", "period", "policy", "amount")
    of = {key: more.pop(key) for key in keys if key in more}
    claim = BudgetClaim(allowance(**of), hold)
    return of_limits(BudgetExceeded(claim, why, (spent, held), **more))


def test_a_spent_budget_says_what_the_request_may_cost_and_is_not_asked_again() -> None:
    refused = exceeded("exceeded", 12_345_000, 24_990_000_000, resets_at_us=RESETS_US)
    assert (refused.status, refused.code, refused.type) == (
        402, "budget_exceeded", "insufficient_quota",
    )  # fmt: skip
    assert (refused.retry, refused.retry_after) == (False, None)
    assert refused.message == (
        "The request may cost up to $0.012345, and the token's budget for the day has less left"
        " ($0.01 of $25.00). It begins anew at 2026-12-01T00:00:00Z."
        " Ask for a shorter answer, or have the budget raised."
    )
    assert refused.details == {
        "budget": {
            "scope": "token",
            "policy": None,
            "limit": "usd",
            "period": "day",
            "amount": 25.0,
            "spent": 24.99,
            "needed": 0.012345,
            "resets_at": "2026-12-01T00:00:00Z",
        }
    }


def test_amounts_of_a_project_are_not_told() -> None:
    refused = exceeded("exceeded", 7, 3, subject="p:1", unit="tokens", period="total", amount=9)
    budget: Any = refused.details["budget"]
    assert budget == {
        "scope": "project", "policy": None, "limit": "tokens", "period": "total", "needed": 7,
        "resets_at": None,
    }  # fmt: skip
    assert "7 tokens" in refused.message
    assert "9" not in refused.message


def test_a_policy_is_named() -> None:
    refused = exceeded("exceeded", 7, 3, policy="images")
    assert refused.details["policy"] == "images"
    budget: Any = refused.details["budget"]
    assert budget["policy"] == "images"
    assert "policy 'images' with its budget for the day" in refused.message


def test_what_others_hold_is_worth_a_wait() -> None:
    refused = exceeded("held", DOLLAR, 0, held=24 * DOLLAR + 1, retry_after=5.0)
    assert (refused.status, refused.code) == (429, "budget_held")
    assert (refused.retry, refused.retry_after) == (True, 5.0)


@pytest.mark.parametrize(
    ("unit", "period", "code"),
    [
        ("tokens", "minute", "tokens_per_minute_exceeded"),
        ("tokens", "hour", "budget_rate_exceeded"),
        ("usd", "minute", "budget_rate_exceeded"),
        ("usd", "hour", "budget_rate_exceeded"),
    ],
)
def test_a_bucket_says_when_it_is_full_enough(unit: Unit, period: str, code: str) -> None:
    refused = exceeded("rate", 10, 95, unit=unit, period=period, amount=100, retry_after=3.25)
    assert (refused.status, refused.code, refused.type) == (429, code, "rate_limit_error")
    assert (refused.retry, refused.retry_after) == (True, 3.25)


def test_more_than_a_bucket_ever_has_is_not_asked_for_again() -> None:
    refused = exceeded("rate", 101, 0, unit="tokens", period="minute", amount=100)
    assert (refused.code, refused.retry) == ("tokens_per_minute_exceeded", False)
    assert refused.retry_after is None
    assert "more than the token's budget of tokens for the minute ever has" in refused.message


def test_answers_say_what_is_left_of_the_tokens_own_budgets() -> None:
    claims = (
        BudgetClaim(allowance(), 1),
        BudgetClaim(allowance("p:1"), 1),
        BudgetClaim(allowance(policy="images"), 1),
        BudgetClaim(allowance(unit="tokens", period="minute", amount=100_000), 1),
        BudgetClaim(allowance(period="total"), 1),
    )
    left = (1_250_000_000, 5, 6, 90_000, -7)
    own = b"x-llm-proxy-budget-remaining: day;usd=1.25, minute;tokens=90000, total;usd=0.00\r\n"
    per_minute = (
        b"x-ratelimit-limit-tokens: 100000\r\n"
        b"x-ratelimit-remaining-tokens: 90000\r\n"
        b"x-ratelimit-reset-tokens: 6.0s\r\n"
    )
    theirs = b"Date: today\r\nX-Ratelimit-Limit-Tokens: 7\r\n"
    assert lines(claims, left, b"") == own + per_minute
    assert lines(claims, left, b"x-said: x-ratelimit-limit-tokens: 7\r\n") == own + per_minute
    assert lines(claims, left, theirs) == lines(claims, left, theirs[13:]) == own
    assert lines(claims[1:3], left[1:3], b"") == b""
    assert lines(claims[:1], left[:1], b"") == b"x-llm-proxy-budget-remaining: day;usd=1.25\r\n"


def test_a_refused_minute_has_the_fields_of_its_tokens() -> None:
    refused = exceeded(
        "rate", 10, 60, 35, unit="tokens", period="minute", amount=100, retry_after=3.0
    )
    assert dict(field_list(refused.lines)) == {
        b"x-ratelimit-limit-tokens": b"100",
        b"x-ratelimit-remaining-tokens": b"5",
        b"x-ratelimit-reset-tokens": b"57.0s",
    }
