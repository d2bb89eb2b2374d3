"""Tokens that have used up what they may use for good: their requests, or a budget without an end.

The database itself keeps the rows of `max_requests`, by triggers on `token`, so that they are right
whatever raises the limit or counts. Rows of budgets are made by `refresh`, wherever one may have
been spent, changed or reset; what is spent is asked of who counts it, which another room names by
`configure`. A project's budget exhausts all tokens of the project.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from tortoise import Model, fields

from models import changes
from models.budgets import Budget, budgets_of
from models.db.conditions import execute, execute_many, select
from models.db.database import dialect, run_in_transaction

Subject: TypeAlias = Literal["token", "project"]
Why: TypeAlias = Literal["requests", "budget"]
#: What is spent of each budget of a token or project, in its own unit; None where nobody can say.
SpentOf: TypeAlias = Callable[[Subject, UUID, tuple[Budget, ...]], Awaitable[Sequence[int] | None]]

_spent_of: SpentOf | None = None


class Exhausted(Model):
    """Something is used up since `at`. `told_at` is when it became an event, or was none."""

    id = fields.BigIntField(primary_key=True)
    subject_id = fields.UUIDField()
    kind: Subject = fields.CharField(max_length=16)  # type: ignore[assignment]
    why: Why = fields.CharField(max_length=16)  # type: ignore[assignment]
    at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "exhausted"
        unique_together = (("subject_id", "why"),)
        indexes = (("kind", "why", "subject_id"),)


class Untold(NamedTuple):
    """A token that was exhausted, of which nobody was told."""

    token_id: UUID
    why: Why
    at: datetime


def configure(spent_of: SpentOf | None) -> None:
    """Name who knows what is spent; None for nobody (tests)."""
    global _spent_of  # noqa: PLW0603  (wiring: set once, before the first mutation)
    _spent_of = spent_of


def lasting(budgets: Iterable[Budget]) -> tuple[Budget, ...]:
    """Those that let nothing through any more, ever, once they are spent."""
    return tuple(one for one in budgets if one.mode == "hard" and one.period == "total")


async def refresh(kind: Subject, ids: Iterable[UUID]) -> None:
    """Say anew which of these have spent a budget, as it is set now. Raises DatabaseUnavailable.

    Within the transaction around it, where there is one. Where what is spent cannot be read, what
    was said stands.
    """
    wanted = sorted(ids)
    if wanted:
        await run_in_transaction(lambda: _refresh(kind, wanted))


async def _refresh(kind: Subject, ids: Sequence[UUID]) -> None:
    for subject in ids:
        stored = await _budgets(kind, subject)
        if stored is None:
            continue
        budgets = lasting(stored)
        spent: Sequence[int] | None = ()
        if budgets:
            spent = None if _spent_of is None else await _spent_of(kind, subject, budgets)
        if spent is None:
            continue
        if any(so_far >= one.amount for one, so_far in zip(budgets, spent, strict=True)):
            present = changes.now()
            # A project is no token, which events are about.
            told = present if kind == "project" else None
            await execute(
                "INSERT INTO exhausted (subject_id, kind, why, at, told_at)"
                " VALUES ({}, {}, 'budget', {}, {}) ON CONFLICT (subject_id, why) DO NOTHING",
                [str(subject), kind, present, told],
            )
        else:
            await execute(
                "DELETE FROM exhausted WHERE subject_id = {} AND why = 'budget'", [str(subject)]
            )


async def _budgets(kind: Subject, subject: UUID) -> tuple[Budget, ...] | None:
    """Those of a row; None where it is gone, or another transaction changes a token.

    That one says itself what comes of it. Projects are not locked: each new token would have us
    pass one over.
    """
    shared = dialect() == "postgres" and kind == "token"
    lock = " FOR SHARE SKIP LOCKED" if shared else ""
    rows = await select(
        f"SELECT budgets FROM {kind} WHERE id = {{}}{lock}",  # noqa: S608
        [str(subject)],
    )
    if not rows:
        return None
    stored = rows[0]["budgets"]
    return budgets_of(json.loads(stored) if isinstance(stored, str) else stored)


async def untold(*, limit: int = 100) -> list[Untold]:
    """Tokens that were exhausted and of which nobody was told: each once, on whatever machine.

    They count as told once the transaction around it commits. None costs next to nothing.
    """
    lock = " FOR UPDATE SKIP LOCKED" if dialect() == "postgres" else ""
    rows = await select(
        "SELECT id, subject_id, why, at FROM exhausted WHERE told_at IS NULL"  # noqa: S608
        f" ORDER BY at LIMIT {int(limit)}{lock}"
    )
    if not rows:
        return []
    await execute_many(
        "UPDATE exhausted SET told_at = {} WHERE id = {}",
        [[changes.now(), row["id"]] for row in rows],
    )
    return [Untold(UUID(str(row["subject_id"])), row["why"], _moment(row["at"])) for row in rows]


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at
