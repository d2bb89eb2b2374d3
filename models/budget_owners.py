"""Budgets and policies of tokens and projects that are in use, by their ids."""

import json
from collections.abc import Collection
from typing import Any, Final, Literal, NamedTuple

from models import changes
from models.budgets import Budget, Policy, budgets_of, policies_of
from models.db.conditions import select

_ACTIVE: Final = "p.is_active AND p.deleted_at IS NULL"
_FROM: Final = {
    "project": f"project p WHERE {_ACTIVE}",
    "token": (
        f"token t JOIN project p ON p.id = t.project_id WHERE {_ACTIVE}"
        " AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > {})"
    ),
}


class Owned(NamedTuple):
    """What one of them has."""

    budgets: tuple[Budget, ...]
    policies: tuple[Policy, ...]


async def owned_by(kind: Literal["token", "project"], ids: Collection[str]) -> dict[str, Owned]:
    """Of those among these that are in use. Raises DatabaseUnavailable."""
    if not ids:
        return {}
    of = kind[0]
    values: list[Any] = [changes.now()] if kind == "token" else []
    places = ", ".join("{}" for _ in ids)
    rows = await select(
        f"SELECT {of}.id AS id, {of}.budgets AS budgets, {of}.policies AS policies"  # noqa: S608
        f" FROM {_FROM[kind]} AND {of}.id IN ({places})",
        [*values, *ids],
    )
    return {
        str(row["id"]): Owned(
            budgets_of(_read(row["budgets"])), policies_of(_read(row["policies"]))
        )
        for row in rows
    }


def _read(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored
