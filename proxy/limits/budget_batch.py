"""The budgets in one call of `limit_budget_decide`: its arguments, and what its answer means.

No input or output here. What was told of a request that has ended can be told again: only the first
time changes anything.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, Final, NamedTuple

from proxy.limits.budget_tables import listed
from proxy.limits.budgets import (
    Allowance,
    BudgetClaim,
    BudgetState,
    Charge,
    bucket_us,
    charged,
    needs_base,
    parts_of,
    window_of,
)
from proxy.limits.queue import Waiting
from proxy.limits.store import Reservation

#: A window of a budget, by its key and begin.
Window = tuple[str, int]

#: What the function says of a request.
FITS: Final = 0
REFUSED: Final = 1
MUST_BE_MADE: Final = 2
MOVED: Final = 3
ASK_AGAIN: Final = 4
LOCKED: Final = 5

#: Requests that one call tells of.
_TOLD_MAX: Final = 200
_MICRO: Final = 1_000_000
#: How long a call that was lost may still be carried out, in seconds.
_LOST_S: Final = 60.0


class _Ended(NamedTuple):
    """A request that has ended: what it is charged, None where no entry will come of it."""

    request_id: str
    windows: tuple[Window, ...]
    holds: tuple[int, ...]
    charges: tuple[int, ...] | None


class BudgetAccount:
    """What this worker's requests hold of budgets, and what is to be told of those that ended.

    `clock` gives Unix time; the server's is followed, as its answers tell it.
    """

    def __init__(self, *, has_bases: bool, clock: Callable[[], float] = time.time) -> None:
        self.has_bases = has_bases
        self._clock = clock
        self._behind_us = 0
        self._windows: dict[str, tuple[Window, ...]] = {}
        self._ended: dict[str, _Ended] = {}
        # What calls under way tell.
        self._telling: dict[str, _Ended] = {}
        # Of calls whose fate is unknown: they may still be carried out, behind what was told.
        self._lost: dict[str, tuple[float, _Ended]] = {}
        #: Whether a request of this worker has ever held something.
        self.has_held = False

    @property
    def synced(self) -> bool:
        """Whether there is nothing to tell."""
        return not self._ended

    @property
    def now_us(self) -> int:
        """The server's time, as far as it is known."""
        return int(self._clock() * _MICRO) + self._behind_us

    def server_said(self, moment_us: int) -> None:
        """The server's time when it answered."""
        self._behind_us = moment_us - int(self._clock() * _MICRO)

    def take(self, request_id: str, windows: tuple[Window, ...]) -> None:
        """A request holds something in these windows."""
        self._windows[request_id] = windows
        self.has_held = True

    def lost(self, request_id: str) -> None:
        """It is not known whether a request took anything, which was told to be given back."""
        self._lost[request_id] = time.monotonic(), self._ended[request_id]

    def tell_lost_again(self) -> None:
        """For as long as a call that was lost may still be carried out."""
        now = time.monotonic()
        self._lost = {
            request_id: (since, ended)
            for request_id, (since, ended) in self._lost.items()
            if now - since < _LOST_S
        }
        self.not_told(ended for _, ended in self._lost.values())

    def end(self, reservation: Reservation, charge: Charge | None) -> None:
        """A request has ended; without `charge` no entry will come of it."""
        windows = self._windows.pop(reservation.request_id, None)
        if windows is None:
            return
        holds = tuple(claim.hold for claim in reservation.budgets)
        charges = None
        if charge is not None:
            charges = tuple(
                charged(claim.allowance.unit, claim.hold, charge) for claim in reservation.budgets
            )
        self._ended[reservation.request_id] = _Ended(
            reservation.request_id, windows, holds, charges
        )

    def begin(self, about: Container[str]) -> list[_Ended]:
        """What the next call tells, which decides about these budgets.

        What a call under way tells of them as well: this one may be carried out before it, and
        would take what has ended for held.
        """
        told = [
            one for one in self._telling.values() if any(key in about for key, _ in one.windows)
        ]
        ended = list(itertools.islice(self._ended.values(), _TOLD_MAX))
        for one in ended:
            self._telling[one.request_id] = self._ended.pop(one.request_id)
        return (ended + told)[:_TOLD_MAX]

    def told(self, ended: Iterable[_Ended]) -> None:
        """The server knows it."""
        for one in ended:
            self._telling.pop(one.request_id, None)

    def not_told(self, ended: Iterable[_Ended]) -> None:
        """Whether it was told or not: it does no harm to tell it again."""
        for one in ended:
            self._telling.pop(one.request_id, None)
            self._ended.setdefault(one.request_id, one)


class BudgetBatch:
    """Requests with budgets, each a group of its own, and those that have ended.

    `groups` are all groups of the batch, in its order.
    """

    def __init__(self, account: BudgetAccount, groups: Sequence[Waiting]) -> None:
        self._account = account
        self._ended = account.begin(
            {claim.allowance.key for one in groups for claim in one.budgets}
        )
        self._groups = groups
        now = account.now_us
        # By request, its windows; by window, when it ends and the claim that says most of it.
        self._windows: dict[str, tuple[Window, ...]] = {}
        found: dict[Window, tuple[int | None, Allowance | None]] = {}
        for one in groups:
            windows = []
            for claim in one.budgets:
                allowance = claim.allowance
                start, until = window_of(allowance.period, allowance.zone, now)
                found[allowance.key, start] = until, allowance
                windows.append((allowance.key, start))
            if one.budgets:
                self._windows[one.request_id] = tuple(windows)
        for ended in self._ended:
            for window in ended.windows:
                found.setdefault(window, (None, None))
        self._rows = sorted(found.items(), key=lambda row: row[0])
        self._places = {window: place for place, (window, _) in enumerate(self._rows, 1)}

    @property
    def is_empty(self) -> bool:
        """Whether the call is about no budget."""
        return not self._rows

    @property
    def keys(self) -> Iterable[str]:
        """The budgets that the call is about."""
        return {key for (key, _), _ in self._rows}

    def arguments(self, home: str) -> tuple[object, ...]:
        """Those of `limit_budget_decide` behind `limit_decide`'s: its migration explains them."""
        allowances = [allowance for _, (_, allowance) in self._rows]
        claims = [claim for one in self._groups for claim in one.budgets]
        told = [
            (self._places[window], hold, charge)
            for ended in self._ended
            for window, hold, charge in zip(
                ended.windows, ended.holds, ended.charges or (0,) * len(ended.holds), strict=True
            )
        ]
        places, holds, charges = zip(*told, strict=True) if told else ((), (), ())
        return (
            home,
            [key for (key, _), _ in self._rows],
            [start for (_, start), _ in self._rows],
            [until for _, (until, _) in self._rows],
            [bucket_us(parts_of(key).period) for (key, _), _ in self._rows],
            [self._may_make(row[0][1], row[1][1]) for row in self._rows],
            [None if one is None else one.amount for one in allowances],
            [None if one is None else listed(one.alerts) for one in allowances],
            [None if one is None else one.match for one in allowances],
            [ended.request_id for ended in self._ended],
            [ended.charges is None for ended in self._ended],
            list(itertools.accumulate(len(ended.windows) for ended in self._ended)),
            places,
            holds,
            charges,
            [one.request_id if one.budgets else None for one in self._groups],
            list(itertools.accumulate(len(one.budgets) for one in self._groups)),
            [self._places[window] for windows in self._windows.values() for window in windows],
            [claim.hold for claim in claims],
            [claim.allowance.amount for claim in claims],
            [claim.allowance.hard for claim in claims],
        )

    def _may_make(self, start: int, allowance: Allowance | None) -> bool:
        if allowance is None:
            return False
        return not (self._account.has_bases and needs_base(allowance, start))

    def heard(self, row: Any) -> None:
        """What the server answered, before anybody is told of it."""
        self._account.server_said(row["moment"])
        told = list(zip(self._ended, row["told_done"], strict=True))
        self._account.told(ended for ended, done in told if done)
        self._account.not_told(ended for ended, done in told if not done)

    def lost(self) -> None:
        """Whether the call was carried out or not: its requests did not get what they took.

        Those that it may have let in are told of as given back.
        """
        self._account.not_told(self._ended)
        for one in self._groups:
            if one.budgets:
                self.withdraw(one)
                self._account.lost(one.request_id)

    def withdraw(self, one: Waiting) -> None:
        """A request that took something, perhaps, and has gone."""
        self._account.take(one.request_id, self._windows[one.request_id])
        self._account.end(Reservation(one.claims, None, None, one.budgets, one.request_id), None)

    def undone(self) -> None:
        """The call was not carried out."""
        self._account.not_told(self._ended)

    def take(self, one: Waiting) -> None:
        """A request was let in."""
        self._account.take(one.request_id, self._windows[one.request_id])

    def states(self, number: int, row: Any) -> list[BudgetState]:
        """What was counted of the budgets of the group with this number, before it took any."""
        first = sum(len(one.budgets) for one in self._groups[:number])
        return [
            BudgetState(claim, row["budget_spent"][at], row["budget_held"][at], self._until(claim))
            for at, claim in enumerate(self._groups[number].budgets, first)
            if row["budget_spent"][at] is not None
        ]

    def _until(self, claim: BudgetClaim) -> int | None:
        allowance = claim.allowance
        return window_of(allowance.period, allowance.zone, self._account.now_us)[1]
