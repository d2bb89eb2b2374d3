"""Budgets and policies as a person types them on one line, at a shell's prompt or into a form.

    usd 25 day zone=Europe/Berlin mode=soft
    images: requests_per_minute 10; models gpt-image*; endpoints POST /v1/images/*

What is parsed here is checked by `models.budgets`, as if the API had been sent it. A policy that
cannot be written so, as an entry of it holds a comma or a semicolon, is a line of JSON.
"""

import json
import re
from typing import Any, Final

from models.budgets import Policy

_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_NUMBERS: Final = ("requests_per_minute", "max_parallel_requests", "max_requests")
_LISTS: Final = ("models", "endpoints")
_POLICY: Final = "images: requests_per_minute 10; models gpt-image*; endpoints POST /v1/images/*"


def parse_policy(text: str) -> dict[str, Any]:
    """A policy as the API takes it. Raises ValueError, in words for whoever typed it."""
    if text.startswith("{"):
        return _json(text)
    name, colon, rest = text.partition(":")
    if not colon:
        raise ValueError(f"This is not as in: {_POLICY}")
    rule: dict[str, Any] = {"name": name.strip()}
    for clause in filter(None, map(str.strip, rest.split(";"))):
        field, _, value = clause.partition(" ")
        if field not in (*_NUMBERS, *_LISTS) or field in rule:
            raise ValueError(f"{field[:40]!r} is none of {', '.join((*_NUMBERS, *_LISTS))}, once.")
        rule[field] = _number(field, value) if field in _NUMBERS else _entries(value)
    return rule


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("This begins as JSON and is none.") from None
    # What begins with a brace and is JSON is an object.
    return dict(found)


def _number(field: str, value: str) -> int:
    if _NUMBER.fullmatch(value.strip()) is None:
        raise ValueError(f"What follows {field} is no whole number.")
    return int(value)


def _entries(value: str) -> list[str]:
    return [entry.strip() for entry in value.split(",")]


def policy_text(policy: Policy) -> str:
    """The line that `parse_policy` would make this policy of."""
    rule = {name: value for name, value in policy.rule().items() if value is not None}
    if any(set(",;") & set(entry) for name in _LISTS for entry in rule.get(name, ())):
        return json.dumps(rule)
    clauses = [f"{name} {rule[name]}" for name in _NUMBERS if name in rule]
    clauses += [f"{name} {', '.join(rule[name])}" for name in _LISTS if name in rule]
    return f"{policy.name}: {'; '.join(clauses)}"
