"""Requests that wait for a decision about their limits, and how they are told of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from operator import itemgetter
from typing import Final, Protocol

from proxy.driving import Waiter
from proxy.limits.budgets import Allowance, BudgetClaim
from proxy.limits.store import Claim, LimitsUnavailable, Outcome, Reservation
from proxy.settable import settable


class GivesBack(Protocol):
    """Where a request that has gone takes what it was given."""

    def give_back(self, reservation: Reservation) -> None:
        """Nobody will settle it, and no entry will come of it."""
        ...


@settable
class Asking(Waiter[Reservation], eq=False, kw_only=True):
    """A request that waits for its decision, and what it waits for; `done` once it has gone."""

    claims: tuple[Claim, ...]
    store: GivesBack
    budgets: tuple[BudgetClaim, ...] = ()
    request_id: str = ""

    def __await__(self) -> Generator[Waiter[Reservation], None, Reservation]:
        # Whether it is done, asked without a call, as each request asks; below, too.
        if self.resume is not None:
            try:
                yield self
            except BaseException:
                # A task that is cancelled when it was woken, and has not taken its turn yet.
                if self.woken:
                    self.store.give_back(self._value)
                self.resume = None
                raise
        return self._value if self._error is None else self.result()


Decided = list[tuple[Asking, Outcome]]


def runs(asking: Sequence[Asking]) -> list[list[Asking]]:
    """Those that still wait, in their order: neighbours that claim the same are one run.

    Of budgets each holds its own amounts.
    """
    first = asking[0].claims if asking else ()
    alike = [
        one for one in asking if one.claims is first and not one.budgets and one.resume is not None
    ]
    if len(alike) == len(asking):
        return [alike] if alike else []
    found: list[list[Asking]] = []
    run: list[Asking] = []
    claims: tuple[Claim, ...] | None = None
    allowances: tuple[Allowance, ...] = ()
    for one in asking:
        if one.resume is None:
            continue
        theirs = tuple(map(_ALLOWANCE, one.budgets)) if one.budgets else ()
        if one.claims is claims and theirs == allowances:
            run.append(one)
        else:
            run = [one]
            found.append(run)
            claims, allowances = one.claims, theirs
    return found


def amounts_of(run: Iterable[Asking]) -> list[tuple[int, ...]]:
    """What each of them holds of its budgets."""
    return [tuple(map(_HOLD, one.budgets)) for one in run]


_ALLOWANCE: Final = itemgetter(0)
_HOLD: Final = itemgetter(1)


def answer(decided: Decided) -> None:
    """Tell each request what became of it; one that fails to take it holds up no other.

    The list is empty afterwards. What a request has raised leads to the frames of those who told it
    (since Python 3.12): found in these, it would keep the request until garbage is looked for.
    """
    outcome: Outcome | None = None
    for asking, outcome in decided:
        try:
            if not isinstance(outcome, Reservation):
                asking.fail(outcome)
            elif asking.resume is None:
                asking.store.give_back(outcome)
            else:
                asking.wake(outcome)
        except Exception as exc:  # noqa: BLE001  (whatever it is, the others must be answered)
            asyncio.get_running_loop().call_exception_handler(
                {"message": "A decision about limits could not be delivered.", "exception": exc}
            )
    del outcome
    decided.clear()


def refuse(asking: list[Asking], cause: Exception) -> None:
    """Tell them that there is no decision."""
    error = cause
    if isinstance(cause, sqlite3.Error):
        error = LimitsUnavailable(str(cause))
        error.__cause__ = cause
    answer([(one, error) for one in asking])
    # As there: neither is to be found in this frame.
    del error, cause
