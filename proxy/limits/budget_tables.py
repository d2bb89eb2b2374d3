"""The tables of budgets in the limits' file of one machine.

The release before knows none of them, and works with the file all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

# `budget` has a row for each window of a budget; a bucket has one, of which `spent` is the level as
# of `at`, Unix time in microseconds, holds included. `held` is what the open rows of `budget_hold`
# come to. `amount`, `alerts` and `matches` are as the last request claimed them, and `alerted` is
# the highest share of which somebody was told.
#
# `budget_hold` has a row for each request that holds something and whose entry has not come:
# `budgets` are pairs of a budget's id and an amount. Such an amount is held; where the row is
# `final`, it is what the request is charged, and is in `spent`.
#
# `budget_alert` are shares that were reached and are still to be told.
SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS budget (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, start INTEGER NOT NULL, until INTEGER,
        spent INTEGER NOT NULL, held INTEGER NOT NULL, at INTEGER NOT NULL,
        amount INTEGER NOT NULL, alerts TEXT NOT NULL, alerted INTEGER NOT NULL DEFAULT 0,
        matches TEXT NOT NULL, UNIQUE (key, start)
    )""",
    """CREATE TABLE IF NOT EXISTS budget_hold (
        request TEXT PRIMARY KEY, worker INTEGER NOT NULL, at INTEGER NOT NULL,
        final INTEGER NOT NULL, budgets TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS budget_worker (
        id INTEGER PRIMARY KEY, worker TEXT NOT NULL UNIQUE, died_at INTEGER
    )""",
    """CREATE TABLE IF NOT EXISTS budget_position (
        journal TEXT PRIMARY KEY, position INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS budget_alert (
        key TEXT, start INTEGER, share INTEGER, amount INTEGER NOT NULL, spent INTEGER NOT NULL,
        at INTEGER NOT NULL, PRIMARY KEY (key, start, share)
    ) WITHOUT ROWID""",
)


def written(pairs: Iterable[tuple[int, int]]) -> str:
    """Pairs of a budget's id and an amount, as a hold's row has them."""
    return " ".join([f"{budget}:{amount}" for budget, amount in pairs])


def form_of(budgets: Iterable[int]) -> str:
    """The same of these budgets, as a format of the amounts."""
    return " ".join([f"{budget}:%d" for budget in budgets])


def read(text: str) -> list[tuple[int, int]]:
    """What `written` made."""
    pairs = [pair.partition(":") for pair in text.split()]
    return [(int(budget), int(amount)) for budget, _, amount in pairs]


def listed(shares: Sequence[int]) -> str:
    """Shares in percent, as a row has them."""
    return " ".join(map(str, shares))
