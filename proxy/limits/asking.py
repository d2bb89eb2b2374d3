"""Requests that wait for a decision about their limits, and how they are told of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

import msgspec

from proxy.limits.budgets import BudgetClaim, BudgetExceeded
from proxy.limits.store import (
    Answered,
    Claim,
    LimitExceeded,
    LimitsUnavailable,
    Outcome,
    Reservation,
)


class Asking(msgspec.Struct, eq=False):
    """A request that waits for its decision; `withdrawn` once it has gone."""

    claims: tuple[Claim, ...]
    answered: Answered
    budgets: tuple[BudgetClaim, ...] = ()
    request_id: str = ""
    withdrawn: bool = False


Refusal = LimitExceeded | BudgetExceeded
Decided = list[tuple[Asking, Reservation | Refusal]]


def unheard(_outcome: Outcome) -> None:
    """Its caller has the outcome already."""


def answer(decided: Sequence[tuple[Asking, Outcome]]) -> None:
    """Tell each request what became of it; one that fails to take it holds up no other."""
    for asking, outcome in decided:
        try:
            asking.answered(outcome)
        except Exception as exc:  # noqa: BLE001  (whatever it is, the others must be answered)
            asyncio.get_running_loop().call_exception_handler(
                {"message": "A decision about limits could not be delivered.", "exception": exc}
            )


def refuse(asking: list[Asking], cause: Exception) -> None:
    error = cause
    if isinstance(cause, sqlite3.Error):
        error = LimitsUnavailable(str(cause))
        error.__cause__ = cause
    answer([(one, error) for one in asking if not one.withdrawn])
