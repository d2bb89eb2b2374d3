"""Shares of budgets that were reached: each once, for whoever tells people of it.

A row is written in the step in which the charge is counted that reached the share, or after it and
until it is there; its key lets it in once, whatever is tried again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from tortoise import Model, fields

from models import changes, events
from models.db.conditions import select
from models.db.database import run_in_transaction
from models.ids import new_id
from models.told_budgets import budget_of

#: Both releases run side by side for less than this.
_LEFT_LATELY: Final = timedelta(hours=1)


class BudgetAlert(Model):
    """A share of one budget in one window. Rows wait here for the delivery of events."""

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField(db_index=True)
    budget = fields.CharField(max_length=255)
    window_start_us = fields.BigIntField()
    share = fields.SmallIntField()
    amount = fields.BigIntField()
    spent = fields.BigIntField()

    column_comments: ClassVar = {
        "budget": "The budget's key, which says whose it is, and of what.",
        "window_start_us": "Unix time; 0 of a budget that has no windows.",
        "share": "Percent of the amount.",
        "amount": "As they were then: nano-dollars or tokens.",
    }

    class Meta:
        table = "budget_alert"
        unique_together = (("budget", "window_start_us", "share"),)


class Reached(NamedTuple):
    """A share of a budget that was reached."""

    budget: str
    window_start_us: int
    share: int
    amount: int
    spent: int


async def tell(reached: Iterable[Reached]) -> None:
    """Leave each for the delivery, once; within the transaction around it, where there is one."""
    waiting = [*reached]
    if waiting:
        await run_in_transaction(lambda: _tell(waiting))


async def _tell(reached: Sequence[Reached]) -> None:
    now = changes.now()
    for one in reached:
        is_new = await select(
            "INSERT INTO budget_alert (id, at, budget, window_start_us, share, amount, spent)"
            " VALUES ({}, {}, {}, {}, {}, {}, {})"
            " ON CONFLICT (budget, window_start_us, share) DO NOTHING RETURNING id",
            [str(new_id()), now, *one],
        )
        if is_new:
            await events.tell(await _news(one))


async def tell_of_others(present: datetime) -> None:
    """Tell of what the release before has left, which knows no events, while both run."""
    for row in await BudgetAlert.filter(at__gt=present - _LEFT_LATELY).order_by("id"):
        reached = Reached(row.budget, row.window_start_us, row.share, row.amount, row.spent)
        await events.tell(await _news(reached))


async def _news(reached: Reached) -> events.News:
    budget = await budget_of(reached.budget, reached.window_start_us)
    data = {
        "budget": budget.shown(reached.amount, reached.spent),
        "share": reached.share,
        **budget.names,
    }
    # The row of this table is what lets it in once; this, only where the release before left it.
    once = _once(reached.budget, reached.window_start_us, reached.share)
    until = changes.now() + 2 * _LEFT_LATELY
    return events.News(
        kind="budget.threshold",
        data=data,
        project_id=budget.project_id,
        token_id=budget.token_id,
        once=once,
        until=until,
    )


def _once(budget: str, window_start_us: int, share: int) -> str:
    return f"budget.threshold {budget} {window_start_us} {share}"


async def forget(budget: str, window_start_us: int, shares: Iterable[int]) -> None:
    """A budget begins anew within its window, within the caller's transaction."""
    await BudgetAlert.filter(budget=budget, window_start_us=window_start_us).delete()
    told = [_once(budget, window_start_us, share) for share in shares]
    await events.EventOnce.filter(once__in=told).delete()
