"""Budgets and policies as a person types them on one line, at a shell's prompt or into a form.

    usd 25 day zone=Europe/Berlin mode=soft
    images: requests_per_minute 10; budget usd 5 day; endpoints POST /v1/images/*

What is parsed here is checked by `models.budgets`, as if the API had been sent it. A policy that
cannot be written so, as an entry of it holds a comma or a semicolon, is a line of JSON.
"""

import json
import re
from typing import Any, Final

from models.budgets import USUAL_ALERTS, Budget, Policy, shown_amount
from models.windows import BUCKET_SECONDS

_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_DECIMAL: Final = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")
_NUMBERS: Final = ("requests_per_minute", "max_parallel_requests", "max_requests")
_LISTS: Final = ("models", "endpoints")
_BUDGET: Final = "usd 25 day zone=Europe/Berlin mode=soft hold=typical alert_at=50,80"
#: What may stand behind a budget's period, and the field that it is.
_OPTIONS: Final = {"zone": "timezone", "mode": "mode", "hold": "hold", "alert_at": "alert_at"}
_POLICY: Final = "images: requests_per_minute 10; models gpt-image*; endpoints POST /v1/images/*"


def parse_budget(text: str) -> dict[str, Any]:
    """A budget as the API takes it. Raises ValueError, in words for whoever typed it."""
    limit, amount, period, *options = (*text.split(), "", "", "")[: max(3, len(text.split()))]
    rule: dict[str, Any] = {"limit": limit, "amount": _amount(amount), "period": period}
    for option in options:
        name, _, value = option.partition("=")
        if name not in _OPTIONS or _OPTIONS[name] in rule:
            raise ValueError(f"{name[:40]!r} is none of {', '.join(_OPTIONS)}, once.")
        rule[_OPTIONS[name]] = _percents(value) if name == "alert_at" else value
    return rule


def _amount(text: str) -> int | float:
    if _NUMBER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    raise ValueError(f"This is not as in: {_BUDGET}")


def _percents(text: str) -> list[int]:
    if text == "none":
        return []
    return [_number("alert_at", percent) for percent in text.split(",")]


def budget_text(budget: Budget) -> str:
    """The line that `parse_budget` would make this budget of, without what goes without saying."""
    usual = Budget(
        budget.limit, budget.amount, budget.period, "UTC", "hard", "bound",
        () if budget.period in BUCKET_SECONDS else USUAL_ALERTS, budget.since_us,
    )  # fmt: skip
    words = [budget.limit, _written(shown_amount(budget.limit, budget.amount)), budget.period]
    for name, field in _OPTIONS.items():
        value = getattr(budget, field)
        if value != getattr(usual, field):
            written = ",".join(map(str, value)) or "none" if field == "alert_at" else value
            words.append(f"{name}={written}")
    return " ".join(words)


def _written(amount: int | float) -> str:
    # As a person writes it: never with an exponent.
    return str(amount) if isinstance(amount, int) else f"{amount:.6f}".rstrip("0")


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
        if field == "budget":
            rule.setdefault("budgets", []).append(parse_budget(value))
            continue
        if field not in (*_NUMBERS, *_LISTS) or field in rule:
            raise ValueError(
                f"{field[:40]!r} is none of {', '.join((*_NUMBERS, *_LISTS))}, once, and budget."
            )
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
    clauses += [f"budget {budget_text(budget)}" for budget in policy.budgets]
    clauses += [f"{name} {', '.join(rule[name])}" for name in _LISTS if name in rule]
    return f"{policy.name}: {'; '.join(clauses)}"
