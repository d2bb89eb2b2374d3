"""Policies and budgets of a row, from how a door sends them to how the row holds them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import TypeAdapter

from models import changes
from models.budgets import PolicyRules, Stored, policies_of, with_policies
from models.db.conditions import select
from models.db.database import dialect

_POLICIES: Final = TypeAdapter(PolicyRules)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HasLimits(Protocol):
    """A project or a token."""

    policies: Stored


async def stored_policies(row: HasLimits, sent: list[dict[str, Any]] | None) -> Stored:
    """What a row is to hold where a door sent this; `row` says what it held before."""
    rules = _POLICIES.validate_python(sent or [])
    return with_policies(rules, row.policies, await _now_us())


def shown(changed: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Changes of a row for the audit trail, which says it as the doors do."""
    return {
        name: (_rules(before), _rules(after)) if name == "policies" else (before, after)
        for name, (before, after) in changed.items()
    }


def _rules(stored: Stored) -> list[dict[str, Any]] | None:
    return [policy.rule() for policy in policies_of(stored)] or None


async def _now_us() -> int:
    """Unix time by the database's clock: that of this machine, where it is a file of it."""
    if dialect() == "sqlite":
        moment = changes.now()
    else:
        (row,) = await select("SELECT clock_timestamp() AS now")
        moment = row["now"]
    return int((moment - _EPOCH) // timedelta(microseconds=1))
