"""Budgets and policies on a line: what is typed, and what is shown to be typed again."""

from typing import Any

import pytest

from models.budget_text import budget_text, parse_budget, parse_policy, policy_text
from models.budgets import BudgetRule, PolicyRule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("slow: requests_per_minute 5", {"name": "slow", "requests_per_minute": 5}),
        (
            "images of us: max_requests 100; models gpt-image*, dall-e-3;"
            " endpoints POST /v1/images/*, /v1/images/edits; max_parallel_requests 2",
            {
                "name": "images of us",
                "max_requests": 100,
                "max_parallel_requests": 2,
                "models": ["gpt-image*", "dall-e-3"],
                "endpoints": ["POST /v1/images/*", "/v1/images/edits"],
            },
        ),
        (
            "dear: budget usd 0.5 day; budget tokens 9 hour; models o3",
            {
                "name": "dear",
                "models": ["o3"],
                "budgets": [
                    {"limit": "usd", "amount": 0.5, "period": "day"},
                    {"limit": "tokens", "amount": 9, "period": "hour"},
                ],
            },
        ),
        (
            '{"name": "odd", "max_requests": 1, "models": ["a,b"]}',
            {"name": "odd", "max_requests": 1, "models": ["a,b"]},
        ),
    ],
)
def test_a_line_is_a_policy_and_a_policy_is_a_line(text: str, rule: dict[str, Any]) -> None:
    assert parse_policy(text) == rule
    policy = PolicyRule.model_validate(rule).stored(None, 0)
    assert parse_policy(policy_text(policy)) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("usd 25 day", {"limit": "usd", "amount": 25, "period": "day"}),
        ("usd 0.000001 total", {"limit": "usd", "amount": 0.000001, "period": "total"}),
        ("tokens 90000 minute", {"limit": "tokens", "amount": 90_000, "period": "minute"}),
        (
            "usd 2.5 month zone=Europe/Berlin mode=soft hold=typical alert_at=50,90",
            {
                "limit": "usd",
                "amount": 2.5,
                "period": "month",
                "timezone": "Europe/Berlin",
                "mode": "soft",
                "hold": "typical",
                "alert_at": [50, 90],
            },
        ),
        (
            "usd 1 week alert_at=none",
            {"limit": "usd", "amount": 1, "period": "week", "alert_at": []},
        ),
    ],
)
def test_a_line_is_a_budget_and_a_budget_is_a_line(text: str, rule: dict[str, Any]) -> None:
    assert parse_budget(text) == rule
    assert budget_text(BudgetRule.model_validate(rule).stored(0)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not as in"),
        ("usd", "not as in"),
        ("usd many day", "not as in"),
        ("usd 1e3 day", "not as in"),
        ("usd -1 day", "not as in"),
        ("usd 1 day soft", "'soft' is none of zone, mode, hold, alert_at"),
        ("usd 1 day mode=soft mode=hard", "once"),
        ("usd 1 day alert_at=all", "no whole number"),
    ],
)
def test_what_is_no_budget_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_budget(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slow", "not as in"),
        ("slow: requests 5", "'requests' is none of"),
        ("slow: budget usd", "not as in"),
        ("slow: max_requests many", "no whole number"),
        ("slow: max_requests 1; max_requests 2", "once"),
        ("slow: max_requests " + "9" * 5000, "no whole number"),
        ("{", "is none"),
        ('{"a": ' * 5000, "is none"),
    ],
)
def test_what_is_no_policy_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_policy(text)
