"""What a batch of journal entries does to holds and budgets: arithmetic without a database.

Both engines charge by it, in the step in which the sink's position moves. A request's holds end
there, and its charge goes into the windows that it held something of. One without holds, since the
budget was added while it ran, is charged to the windows that there are of its time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from models.budget_alerts import Reached
from models.entry import Entry
from proxy.limits.budgets import SPENT, SUM_MAX, Charge, charged, parts_of, run_back, used
from proxy.limits.matching import matches
from proxy.limits.store import project_key, token_key

#: A window of a budget, by its key and begin.
Window = tuple[str, int]


class Sums:
    """The row of one window, to be written where it is `changed`."""

    __slots__ = (
        "alerted",
        "alerts",
        "amount",
        "at",
        "bucket",
        "changed",
        "fell",
        "held",
        "key",
        "matches",
        "spent",
        "start",
        "unit",
        "until",
    )

    def __init__(self, window: Window, until: int | None, bucket: int) -> None:
        self.key, self.start = window
        self.unit = parts_of(self.key).unit
        self.until = until
        self.bucket = bucket
        self.spent = self.held = self.at = self.amount = self.alerted = 0
        self.alerts: tuple[int, ...] = ()
        self.matches = ""
        self.changed = False
        #: Whether what was spent is not any more: a charge came to less than was held.
        self.fell = False

    def charge(self, charge: int, *, held: int, counted: int, now_us: int) -> None:
        """A charge takes the place of what was `held`, and of what was `counted` as spent."""
        self.changed = True
        self.held -= held
        if not self.bucket:
            before, self.spent = self.spent, min(SUM_MAX, self.spent + charge - counted)
            self.fell = self.fell or before >= self.amount > self.spent
            return
        self.spent, self.at = run_back(self.spent, self.at, now_us, self.amount, self.bucket)
        self.spent = max(0, min(SUM_MAX, self.spent + charge - held - counted))

    def reached(self) -> Iterable[Reached]:
        """Shares that were reached and that nobody was told of."""
        if self.bucket:
            return
        if SPENT in self.alerts and (self.fell or self.spent >= self.amount):
            yield Reached(self.key, self.start, SPENT, self.amount, self.spent)
        for share in self.alerts:
            if share > self.alerted and self.spent * 100 >= self.amount * share:
                self.changed = True
                self.alerted = share
                yield Reached(self.key, self.start, share, self.amount, self.spent)


class Hold(NamedTuple):
    """What a request holds; where it is final, what it was said to be charged."""

    final: bool
    amounts: Mapping[Window, int]


class Charged(NamedTuple):
    """What came of a batch: holds that have ended, and shares that were reached."""

    ended: list[str]
    reached: list[Reached]


def subjects_of(entries: Iterable[Entry]) -> set[str]:
    """The keys of all tokens and projects of these."""
    found = set()
    for entry in entries:
        found.add(token_key(entry.token_id))
        found.add(project_key(entry.project_id))
    return found


def charge_of(entry: Entry) -> Charge:
    """What an entry is charged. One of the release before says nothing: it is what it used."""
    tokens = (entry.prompt_tokens or 0) + (entry.completion_tokens or 0)
    charge = used(entry.cost_nanos or 0, tokens)
    kind = entry.charge or "used"
    # A call of `_replace` costs more than all else here.
    return charge if kind == "used" else charge._replace(kind=kind)


def charge_entries(
    entries: Sequence[Entry],
    holds: Mapping[str, Hold],
    sums: Mapping[Window, Sums],
    now_us: int,
) -> Charged:
    """Charge what these say. `sums` are all windows that are concerned."""
    by_subject: defaultdict[str, list[Sums]] = defaultdict(list)
    for row in sums.values():
        by_subject[parts_of(row.key).subject].append(row)
    ended = []
    touched: dict[Window, Sums] = {}
    seen: set[str] = set()
    for entry in entries:
        charge = charge_of(entry)
        held: Mapping[Window, int] = {}
        if (hold := holds.get(entry.id)) is not None and entry.id not in seen:
            seen.add(entry.id)
            held = hold.amounts
            ended.append(entry.id)
            for window, amount in held.items():
                if window in sums:
                    touched[window] = row = sums[window]
                    _end(row, amount, charge, final=hold.final, now_us=now_us)
        of_holds = {key for key, _ in held}
        for subject in (token_key(entry.token_id), project_key(entry.project_id)):
            for row in by_subject.get(subject, ()):
                if row.key not in of_holds and concerns(row, entry, now_us):
                    row.charge(charged(row.unit, 0, charge), held=0, counted=0, now_us=now_us)
                    touched[row.key, row.start] = row
    reached = [share for row in touched.values() for share in row.reached()]
    return Charged(ended, reached)


def _end(row: Sums, amount: int, charge: Charge, *, final: bool, now_us: int) -> None:
    right = charged(row.unit, amount, charge)
    if final:
        if right != amount or row.spent > SUM_MAX:
            row.charge(right, held=0, counted=amount, now_us=now_us)
    else:
        row.charge(right, held=amount, counted=0, now_us=now_us)


class Timed(Protocol):
    """A window, or a bucket, and which requests it is about."""

    @property
    def bucket(self) -> int: ...

    @property
    def start(self) -> int: ...

    @property
    def until(self) -> int | None: ...

    @property
    def matches(self) -> str: ...


def concerns(row: Timed, entry: Entry, now_us: int) -> bool:
    """Whether a request that held nothing of a budget is charged to this window."""
    if row.bucket:
        return now_us - entry.at_us < row.bucket and matches(row.matches, entry)
    if entry.at_us < row.start or (row.until is not None and entry.at_us >= row.until):
        return False
    return matches(row.matches, entry)


def end_unheard(holds: Iterable[Hold], sums: Mapping[Window, Sums], now_us: int) -> list[Reached]:
    """Requests whose entries will not come, or not soon, are charged what they hold."""
    touched: dict[Window, Sums] = {}
    for hold in holds:
        for window, amount in hold.amounts.items():
            if window not in sums:
                continue
            row = sums[window]
            if not hold.final:
                row.charge(amount, held=amount, counted=0, now_us=now_us)
            touched[window] = row
    return [share for row in touched.values() for share in row.reached()]
