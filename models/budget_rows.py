"""Policies and budgets of a row, from how a door sends them to how the row holds them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import ConfigDict, TypeAdapter

from models import changes
from models.budgets import (
    BudgetRules,
    PolicyRules,
    Stored,
    budgets_of,
    policies_of,
    with_budgets,
    with_policies,
)
from models.db.conditions import select
from models.db.database import dialect

_BUDGETS: Final = TypeAdapter(BudgetRules, config=ConfigDict(defer_build=True))
_POLICIES: Final = TypeAdapter(PolicyRules, config=ConfigDict(defer_build=True))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HasLimits(Protocol):
    """A project or a token."""

    budgets: Stored
    policies: Stored


async def store(row: HasLimits, wanted: Any) -> None:
    """Put the budgets and policies among the fields that a door sent into a row's form.

    `row` says what it held before: what stays goes on counting.
    """
    if "budgets" in wanted:
        rules = _BUDGETS.validate_python(wanted["budgets"] or [])
        wanted["budgets"] = with_budgets(rules, row.budgets, await _now_us())
    if "policies" in wanted:
        named = _POLICIES.validate_python(wanted["policies"] or [])
        wanted["policies"] = with_policies(named, row.policies, await _now_us())


def shown(changed: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Changes of a row for the audit trail, which says it as the doors do."""
    return {
        name: (_RULES[name](before), _RULES[name](after)) if name in _RULES else (before, after)
        for name, (before, after) in changed.items()
    }


def _budget_rules(stored: Stored) -> list[dict[str, Any]] | None:
    return [budget.rule() for budget in budgets_of(stored)] or None


def _policy_rules(stored: Stored) -> list[dict[str, Any]] | None:
    return [policy.rule() for policy in policies_of(stored)] or None


_RULES: Final = {"budgets": _budget_rules, "policies": _policy_rules}


async def _now_us() -> int:
    """Unix time by the database's clock: that of this machine, where it is a file of it."""
    if dialect() == "sqlite":
        moment = changes.now()
    else:
        (row,) = await select("SELECT clock_timestamp() AS now")
        moment = row["now"]
    return int((moment - _EPOCH) // timedelta(microseconds=1))
