"""Shares of budgets that were reached: each once, for whoever tells people of it.

A row is written in the step in which the charge is counted that reached the share, or after it and
until it is there; its key lets it in once, whatever is tried again.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tortoise import Model, fields

from models import changes
from models.db.conditions import insert
from models.ids import new_id


class BudgetAlert(Model):
    """A share of one budget in one window. Rows wait here for the delivery of events."""

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField(db_index=True)
    #: The budget's key, which says whose it is, and of what.
    budget = fields.CharField(max_length=255)
    #: Unix time; 0 of a budget that has no windows.
    window_start_us = fields.BigIntField()
    #: Percent of the amount.
    share = fields.SmallIntField()
    #: As they were then: nano-dollars or tokens.
    amount = fields.BigIntField()
    spent = fields.BigIntField()

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
    now = changes.now()
    rows: list[list[Any]] = [[str(new_id()), now, *each] for each in reached]
    await insert(
        "budget_alert (id, at, budget, window_start_us, share, amount, spent)",
        "ON CONFLICT (budget, window_start_us, share) DO NOTHING",
        rows,
    )
