"""Rows as the API shows them: through its own schemas."""

from collections.abc import Mapping
from typing import Any, Final

from cli import output
from manage.schemas.schema import Schema

KEY_COLUMNS: Final = (
    "id", "label", "hint", "is_active", "weight", "priority", "state", "resting_until",
    "last_error", "created_at",
)  # fmt: skip


def plain(view: Schema) -> dict[str, Any]:
    """A view as JSON has it; fields that it was not given are not in it."""
    return view.model_dump(mode="json", exclude_unset=True)


_BAR: Final = 20
_BUDGET_COLUMNS: Final = ("budget", "policy", "used", "spent", "held", "remaining", "resets_at")
_POLICY_COLUMNS: Final = (
    "policy", "endpoints", "models", "requests_per_minute", "max_parallel_requests", "max_requests",
)  # fmt: skip


def without_limits(item: Mapping[str, Any]) -> dict[str, Any]:
    """A token or project without its budgets and policies, which are tables of their own."""
    return {name: it for name, it in item.items() if name not in ("budgets", "policies")}


def print_limits(item: Mapping[str, Any]) -> None:
    """The budgets of a token or project with a bar each, and its policies; nothing without any."""
    policies = item["policies"] or []
    budgets = [_budget(one, None) for one in item["budgets"] or []]
    budgets += [
        _budget(one, policy["name"]) for policy in policies for one in policy["budgets"] or []
    ]
    if budgets:
        output.table(budgets, _BUDGET_COLUMNS)
        output.result("")
    if policies:
        output.table([{**one, "policy": one["name"]} for one in policies], _POLICY_COLUMNS)
        output.result("")


def _budget(shown: Mapping[str, Any], policy: str | None) -> dict[str, Any]:
    words = [shown["limit"], f"{shown['amount']:,}", shown["period"]]
    words += [shown["timezone"]] if shown["timezone"] != "UTC" else []
    words += ["(soft)"] if shown["mode"] == "soft" else []
    used = {name: _amount(shown[name]) for name in ("spent", "held", "remaining")}
    return {**shown, **used, "budget": " ".join(words), "policy": policy, "used": _bar(shown)}


def _amount(number: float | None) -> str | None:
    """To the last digit, and never with an exponent."""
    if number is None or isinstance(number, int):
        return None if number is None else f"{number:,}"
    return f"{number:,.9f}".rstrip("0").rstrip(".")


def _bar(shown: Mapping[str, Any]) -> str | None:
    """What is spent as #, what is held as =, what is left as dots."""
    if shown["spent"] is None:
        return None
    # Something that is used is seen, and what is left is not drawn as used up.
    spent = min(_BAR, -(-int(shown["spent"] * _BAR * 1000 // shown["amount"]) // 1000))
    held = min(_BAR - spent, int(shown["held"] * _BAR // shown["amount"]))
    return f"[{'#' * spent}{'=' * held}{'.' * (_BAR - spent - held)}]"
