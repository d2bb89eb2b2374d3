"""Policies on a line: what is typed, and what is shown to be typed again."""

from typing import Any

import pytest

from models.budget_text import parse_policy, policy_text
from models.budgets import PolicyRule


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
    ("text", "says"),
    [
        ("slow", "not as in"),
        ("slow: requests 5", "'requests' is none of"),
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
