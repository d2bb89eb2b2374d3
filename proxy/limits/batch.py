"""One call of `limit_decide`: its arguments, and what its answer means. No input or output here.

A worker reports how many slots of a counter it holds, not by how many that changed. So a call whose
fate is unknown is mended by the next one about the same counter, whichever of them is carried out
last: each has a number. A second call about a counter may be sent while the first is under way, and
says so: what the first took comes on top of what the second reports.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from proxy.limits import budget_batch
from proxy.limits.budget_batch import BudgetAccount, BudgetBatch
from proxy.limits.budgets import BudgetState
from proxy.limits.decision import ClaimState, first_refusal, refusal, remaining
from proxy.limits.queue import Waiting
from proxy.limits.store import (
    NOT_SENT,
    Amounts,
    Claim,
    Dimension,
    LimitsUnavailable,
    Reservation,
    refund,
)

#: Counters in one call that has nothing to decide.
_SYNC_MAX: Final = 500
#: What `admitted` says of a group that was not decided.
_LEFT_OUT: Final = -1
_OVERTAKEN: Final = -2


class Account:
    """What this worker's requests hold, and the refunds not written yet."""

    def __init__(self) -> None:
        self._leases: dict[int, tuple[str, ...]] = {}
        self._numbers = itertools.count(1)
        self._held: Counter[str] = Counter()
        self._refunds: dict[str, Counter[int]] = {}
        # Keys whose rows say something else than `_held`, as far as is known, and those of calls
        # of which it is not known whether they were carried out, or will be.
        self._behind: set[str] = set()
        self._unsure: set[str] = set()

    @property
    def synced(self) -> bool:
        """Whether there is nothing to tell the database."""
        return not self._behind and not self._refunds

    def take(self, claims: tuple[Claim, ...]) -> int | None:
        """Hold a slot of each claim that has such a limit; the lease, None without one."""
        keys = tuple(claim.key for claim in claims if claim.dimension == "slots")
        if not keys:
            return None
        lease = next(self._numbers)
        self._leases[lease] = keys
        self._held.update(keys)
        return lease

    def release(self, lease: int) -> None:
        """Free the slots of a lease, once."""
        for key in self._leases.pop(lease, ()):
            self._held[key] -= 1
            self._behind.add(key)

    def refund(self, claims: tuple[Claim, ...], actual: Amounts) -> None:
        """What was not used goes back."""
        for claim in claims:
            if unused := refund(claim, actual):
                self._refunds.setdefault(claim.key, Counter())[claim.epoch] += unused

    def sync_all(self) -> None:
        """The database may have cleared away what it knew of this worker's slots."""
        self._behind.update(key for key, count in self._held.items() if count)

    def pending(self, busy: Container[str]) -> list[str]:
        """Some keys about which there is something to tell."""
        keys = (key for key in (*self._behind, *self._refunds) if key not in busy)
        return list(itertools.islice(keys, _SYNC_MAX))

    def is_told(self, key: str) -> bool:
        """Whether the row of this key says what is true, as far as is known."""
        return key not in self._behind

    def begin(
        self, slots: Iterable[str], keys: Iterable[str]
    ) -> tuple[set[str], dict[str, Counter[int]]]:
        """A call about this is on its way: the keys that it mends, and the refunds of its keys."""
        mended = self._unsure.intersection(slots)
        self._unsure -= mended
        self._behind.difference_update(slots)
        return mended, {key: self._refunds.pop(key) for key in keys if key in self._refunds}

    def count(self, key: str) -> int:
        """The slots of this key that running requests hold."""
        return self._held[key]

    def held_reported(self, key: str, held: int) -> None:
        """The row of this key said so after a call."""
        if self._held[key] != held:
            self._behind.add(key)
        elif not held:
            del self._held[key]

    def not_told(
        self, slots: Iterable[str], mended: Iterable[str], refunds: dict[str, Counter[int]]
    ) -> None:
        """Nothing of a call was carried out."""
        self._behind.update(slots)
        self._unsure.update(mended)
        for key, counts in refunds.items():
            self._refunds.setdefault(key, Counter()).update(counts)

    def may_be_told(self, slots: Iterable[str]) -> None:
        """Whether it was told is unknown. Refunds are dropped: twice would let one request too
        many in.
        """
        self._behind.update(slots)
        self._unsure.update(slots)


class CallsUnderWay:
    """Which calls are about which key. A key is in here while it has no room for another one."""

    def __init__(self) -> None:
        # In the order in which they were sent, and the last one that was.
        self._calls: dict[str, tuple[list[int], int]] = {}

    def __contains__(self, key: object) -> bool:
        """Two are enough; and behind the second the first must have ended."""
        calls, last = self._calls.get(str(key), _NO_CALLS)
        return len(calls) > 1 or (len(calls) == 1 and calls[0] != last)

    @property
    def keys(self) -> Container[str]:
        """All keys that a call is about."""
        return self._calls.keys()

    def unheard(self, key: str) -> int:
        """The call about this key that is under way, 0 where there is none."""
        calls, _ = self._calls.get(key, _NO_CALLS)
        return calls[0] if calls else 0

    def begin(self, number: int, keys: Iterable[str]) -> None:
        """This call is sent."""
        for key in keys:
            calls, _ = self._calls.get(key, _NO_CALLS)
            self._calls[key] = ([*calls, number], number)

    def end(self, number: int, keys: Iterable[str]) -> None:
        """Its answer was heard, or will not be."""
        for key in keys:
            calls, last = self._calls.pop(key)
            calls.remove(number)
            if calls:
                self._calls[key] = calls, last


_NO_CALLS: Final[tuple[list[int], int]] = ([], 0)


class _Subject(NamedTuple):
    """A key's claims as `limit_decide` has them: at most one of each dimension, None without."""

    key: str
    quota: int | None = None
    base: int = 0
    epoch: int = 0
    rate: int | None = None
    slots: int | None = None


@lru_cache(maxsize=4096)
def _subjects(claims: tuple[Claim, ...]) -> dict[str, _Subject]:
    """The claims of a request by their keys. Raises ValueError: the function takes one of each."""
    subjects: dict[str, _Subject] = {}
    for claim in claims:
        if claim.amount != 1:
            raise ValueError(f"limit_decide takes 1 of {claim.dimension}, not {claim.amount}")
        subject = subjects.get(claim.key) or _Subject(claim.key)
        if claim.dimension == "requests":
            subject = subject._replace(quota=claim.limit, base=claim.base, epoch=claim.epoch)
        elif claim.dimension == "rate":
            subject = subject._replace(rate=claim.limit)
        else:
            subject = subject._replace(slots=claim.limit)
        subjects[claim.key] = subject
    return subjects


class Batch:
    """Requests that are decided together, and the keys whose slots are reported on the way.

    `number` counts up over all calls of this worker. `unmade` are requests that wait for windows of
    their budgets to be made.
    """

    def __init__(
        self,
        number: int,
        waiting: list[Waiting],
        syncing: list[str],
        account: Account,
        under_way: CallsUnderWay,
        *,
        budgets: BudgetAccount | None = None,
    ) -> None:
        self.number = number
        self._account = account
        self.waiting = waiting
        self.unmade: list[Waiting] = []
        # Equal ones together; those with budgets by themselves, since each holds its own.
        self._groups: dict[tuple[tuple[Claim, ...], str], list[Waiting]] = {}
        with_budgets = budgets is not None and not budgets.synced
        for one in waiting:
            self._groups.setdefault((one.claims, one.request_id), []).append(one)
            with_budgets = with_budgets or bool(one.budgets)
        places: dict[str, int] = {}
        slots: dict[str, None] = {}
        for claims, _ in self._groups:
            for claim in claims:
                places.setdefault(claim.key, len(places) + 1)
                if claim.dimension == "slots":
                    slots[claim.key] = None
        for key in syncing:
            places.setdefault(key, len(places) + 1)
        slots.update(dict.fromkeys(key for key in places if not account.is_told(key)))
        self.keys = places
        self._held = {key: account.count(key) for key in slots}
        self._after = [under_way.unheard(key) for key in places]
        self._mended, self._refunds = account.begin(slots, places)
        #: None where the call is about no budget, and is as cheap as if there were none.
        self.budgets: BudgetBatch | None = None
        if budgets is not None and with_budgets:
            self.budgets = BudgetBatch(budgets, [group[0] for group in self._groups.values()])

    @property
    def about(self) -> list[str]:
        """Every counter and budget that the call is about."""
        return [*self.keys, *(() if self.budgets is None else self.budgets.keys)]

    def arguments(self, worker: str, patience_ms: int) -> tuple[object, ...]:
        """Those of `limit_decide`, whose migration says what they mean."""
        places = self.keys
        refunds = [
            (places[key], epoch, count)
            for key, counts in self._refunds.items()
            for epoch, count in counts.items()
        ]
        debts = zip(*refunds, strict=True) if refunds else ((), (), ())
        by_group = [_subjects(claims) for claims, _ in self._groups]
        subjects = [subject for group in by_group for subject in group.values()]
        columns = zip(*subjects, strict=True) if subjects else ((), (), (), (), (), ())
        keys, quotas, bases, epochs, rates, slots = columns
        return (
            worker,
            self.number,
            patience_ms,
            not self._mended,
            list(places),
            [self._held.get(key) for key in places],
            self._after,
            *debts,
            [len(group) for group in self._groups.values()],
            list(itertools.accumulate(map(len, by_group))),
            [places[key] for key in keys],
            quotas,
            bases,
            epochs,
            rates,
            slots,
        )

    def decided(self, row: Any) -> tuple[list[Waiting], list[Waiting]]:
        """Tell those who wait what the database says.

        Who is left: those whose rows are locked, and those whose call was overtaken.
        """
        locked: list[Waiting] = []
        overtaken: list[Waiting] = []
        subject_at = 0
        columns: dict[Dimension, list[float]] = {
            "requests": row["used"],
            "rate": row["spent"],
            "slots": row["busy"],
        }
        if self.budgets is not None:
            self.budgets.heard(row)
        groups = zip(self._groups.items(), row["admitted"], strict=True)
        for number, (((claims, _), group), admitted) in enumerate(groups):
            subjects = _subjects(claims)
            verdict = row["verdicts"][number] if group[0].budgets else budget_batch.FITS
            if admitted == _LEFT_OUT or verdict == budget_batch.LOCKED:
                locked += group
            elif admitted == _OVERTAKEN or verdict in {budget_batch.ASK_AGAIN, budget_batch.MOVED}:
                overtaken += group
            elif verdict == budget_batch.MUST_BE_MADE:
                self.unmade += group
            else:
                at = {key: place for place, key in enumerate(subjects, subject_at)}
                before = [
                    ClaimState(claim, columns[claim.dimension][at[claim.key]]) for claim in claims
                ]
                if self.budgets is not None and group[0].budgets:
                    states = self.budgets.states(number, row)
                    self._tell_one(self.budgets, group[0], before, states, admitted)
                else:
                    self._tell_group(group, before, admitted)
            subject_at += len(subjects)
        self._synced(row["held"], row["done"])
        return locked, overtaken

    def _tell_group(self, group: list[Waiting], before: list[ClaimState], admitted: int) -> None:
        # Who does not wait any more comes last, so that as little as possible is refunded.
        group.sort(key=lambda one: one.outcome.done())
        for number, one in enumerate(group):
            now = before if not number else [_after(each, number) for each in before]
            if number >= admitted:
                if not one.outcome.done():
                    # Nothing is taken from here on: all that follow see the same.
                    full = [_after(each, admitted) for each in before]
                    _refuse(group[number:], full)
                return
            if one.outcome.done():
                self._account.refund(one.claims, NOT_SENT)
                continue
            lease = self._account.take(one.claims)
            one.outcome.set_result(Reservation(one.claims, lease, remaining(now)))

    def _tell_one(
        self,
        budgets: BudgetBatch,
        one: Waiting,
        before: list[ClaimState],
        states: list[BudgetState],
        admitted: int,
    ) -> None:
        """Of a request that has budgets."""
        if not admitted:
            error = first_refusal(before, states)
            one.refuse(error or LimitsUnavailable("the database refused for no reason"))
        elif one.outcome.done():
            self._account.refund(one.claims, NOT_SENT)
            budgets.withdraw(one)
        else:
            budgets.take(one)
            lease = self._account.take(one.claims)
            left = tuple(state.left for state in states)
            one.outcome.set_result(
                Reservation(one.claims, lease, remaining(before), one.budgets, one.request_id, left)
            )

    def _synced(self, held: list[int | None], done: list[bool] | None) -> None:
        for key, count, is_done in zip(self.keys, held, done or (), strict=True):
            if not is_done:
                refunds = {key: self._refunds[key]} if key in self._refunds else {}
                self._account.not_told({key} & self._held.keys(), {key} & self._mended, refunds)
            elif count is not None:
                self._account.held_reported(key, count)

    def refuse(self, why: str) -> None:
        """Tell all that wait that there is no decision."""
        for one in self.waiting:
            one.refuse(LimitsUnavailable(why))

    def undone(self) -> None:
        """The call was not carried out."""
        self._account.not_told(self._held, self._mended, self._refunds)
        if self.budgets is not None:
            self.budgets.undone()

    def lost(self) -> None:
        """It is not known whether the call was carried out, or still will be."""
        self._account.may_be_told(self._held)
        if self.budgets is not None:
            self.budgets.lost()


def _after(state: ClaimState, requests: int) -> ClaimState:
    """A state once so many more requests were admitted."""
    return ClaimState(state.claim, state.level + requests * state.claim.amount)


def _refuse(group: list[Waiting], states: list[ClaimState]) -> None:
    for one in group:
        # An exception of its own for each: raising writes into it.
        one.refuse(refusal(states) or LimitsUnavailable("the database refused for no reason"))
