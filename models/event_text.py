"""An event in one line, for people."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.event_kinds import EventKind


def event_text(kind: EventKind | str, data: Mapping[str, Any]) -> str:
    """What happened. Of data that a later release wrote, as much as can be said."""
    match kind:
        case "budget.threshold":
            return f"{data.get('share')} % of {_budget(data)} is spent."
        case "budget.exceeded":
            return f"No room for a request in {_budget(data)}."
        case "key.resting":
            what = data.get("model") or data.get("endpoint") or "everything"
            return f"The key {_named(data, 'key')} rests for {what}: {data.get('reason')}."
        case "key.suspended":
            return f"The key {_named(data, 'key')} is suspended: {data.get('reason')}."
        case "token.expiring":
            days = timedelta(seconds=int(data.get("seconds_before") or 0)).days
            within = "a day" if days == 1 else f"{days} days"
            return f"The token {_named(data, 'token')} ends within {within}."
        case "token.exhausted":
            what = "a budget" if data.get("why") == "budget" else "all its requests"
            return f"The token {_named(data, 'token')} has used up {what}."
        case "database.away":
            return f"The database was found {data.get('state')} by {data.get('machine')}."
        case "database.back":
            seconds = data.get("seconds")
            return f"The database takes writes of {data.get('machine')} again, after {seconds} s."
        case _:
            return str(kind)


def _budget(data: Mapping[str, Any]) -> str:
    budget = data.get("budget")
    if not isinstance(budget, Mapping):
        return "a budget"
    scope = "token" if budget.get("scope") == "token" else "project"
    policy = f" of the policy {budget['policy']}" if budget.get("policy") else ""
    amount = f"${budget.get('amount')}" if budget.get("limit") == "usd" else _tokens(budget)
    period = "in all" if budget.get("period") == "total" else f"per {budget.get('period')}"
    whose = f"{scope} {_named(data, scope)}"
    return f"the budget of {amount} {period}{policy} of the {whose}"


def _tokens(budget: Mapping[str, Any]) -> str:
    return f"{budget.get('amount')} tokens"


def _named(data: Mapping[str, Any], what: str) -> str:
    name = data.get("key_label" if what == "key" else f"{what}_name")
    return str(name) if name else "without a name"
