"""What was spent of budgets, as a table of an archive: it is in no table of the models.

What running requests hold counts as spent on the other side, which will not hear of their end.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from models.portable import Row
from proxy.limits.budgets import parts_of
from proxy.limits.records import BudgetCounter, LimitRecords

_WIDTH: Final = 2**63


class SpentBudgets:
    """In the form of `models.portable.Portable`. Raises LimitsUnavailable."""

    name: Final = "budget_spent"
    key: Final = ("key", "start")
    columns: Final = tuple(name for name in BudgetCounter._fields if name != "held")

    def __init__(self, records: LimitRecords) -> None:
        self._records = records

    async def rows(self) -> list[Row]:
        """Every row, in order, as JSON has it."""
        dump = await self._records.dump_budgets()
        return [_row(counter) for counter in sorted(dump.counters, key=lambda one: one[:2])]

    @staticmethod
    def subject(row: Mapping[str, Any]) -> str:
        """The id of the token or project that a row is about."""
        return parts_of(row["key"]).subject[2:]

    def check(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Whether each value can be one of its column. Raises ValueError, TypeError."""
        for values in rows:
            row = dict(zip(columns, values, strict=True))
            parts_of(row["key"])
            for name in ("alerts", "matches"):
                if not isinstance(row[name], str) or "\x00" in row[name]:
                    raise ValueError(f"{name} is no text")
            [int(share) for share in row["alerts"].split()]
            for name in ("start", "spent", "at", "amount", "alerted"):
                _check_number(row[name])
            if row["until"] is not None:
                _check_number(row["until"])
            if row["amount"] < 1:
                raise ValueError("an amount of nothing")

    async def present(self, rows: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
        """Which keys of these rows are stored."""
        dump = await self._records.dump_budgets()
        stored = {(counter.key, counter.start) for counter in dump.counters}
        return stored & {(row["key"], row["start"]) for row in rows}

    async def add(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Store rows that are not there."""
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        await self._records.add_budgets(BudgetCounter(held=0, **row) for row in named)


def _row(counter: BudgetCounter) -> Row:
    # A bucket's level has what is held in it.
    held = 0 if parts_of(counter.key).period in {"minute", "hour"} else counter.held
    spent = counter._replace(spent=counter.spent + held)._asdict()
    del spent["held"]
    return list(spent.values())


def _check_number(value: Any) -> None:
    if type(value) is not int or not -_WIDTH <= value < _WIDTH:
        raise ValueError("no whole number of 64 bits")
