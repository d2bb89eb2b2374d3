"""Policies, one on each line of a text area."""

from typing import Annotated

from pydantic import BeforeValidator

from models.budget_text import parse_policy, policy_text
from models.budgets import DIFFERENT_NAMES, POLICY_LIST, PolicyRule, Stored, policies_of
from models.rules import field_error


def _parsed(line: object) -> object:
    try:
        return parse_policy(line) if isinstance(line, str) else line
    except ValueError as exc:
        raise field_error(str(exc)) from None


PolicyLines = Annotated[
    list[Annotated[PolicyRule, BeforeValidator(_parsed)]], DIFFERENT_NAMES, POLICY_LIST
]


def lines_of(stored: Stored) -> str:
    """What a row holds, as the text area shows it."""
    return "\n".join(map(policy_text, policies_of(stored)))
