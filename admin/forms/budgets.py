"""Budgets and policies, one on each line of a text area."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

from models.budget_text import budget_text, parse_budget, parse_policy, policy_text
from models.budgets import (
    BUDGET_LIST,
    DIFFERENT_BUDGETS,
    DIFFERENT_NAMES,
    POLICY_LIST,
    BudgetRule,
    PolicyRule,
    budgets_of,
    policies_of,
)
from models.projects import Project
from models.rules import field_error
from models.tokens import Token

#: Fields that are lines here, and lists of objects in a row.
NAMES = ("budgets", "policies")


def _parsed(parse: Callable[[str], dict[str, Any]]) -> BeforeValidator:
    def read(line: object) -> object:
        try:
            return parse(line) if isinstance(line, str) else line
        except ValueError as exc:
            raise field_error(str(exc)) from None

    return BeforeValidator(read)


BudgetLines = Annotated[
    list[Annotated[BudgetRule, _parsed(parse_budget)]], DIFFERENT_BUDGETS, BUDGET_LIST
]
PolicyLines = Annotated[
    list[Annotated[PolicyRule, _parsed(parse_policy)]], DIFFERENT_NAMES, POLICY_LIST
]


def lines_of(row: Token | Project) -> dict[str, str]:
    """What a row holds, as the text areas show it."""
    return {
        "budgets": "\n".join(map(budget_text, budgets_of(row.budgets))),
        "policies": "\n".join(map(policy_text, policies_of(row.policies))),
    }
