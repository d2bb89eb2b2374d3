"""Budgets of an engine that is not there."""

from collections.abc import Iterable, Mapping, Sequence

from proxy.limits.budgets import Allowance
from proxy.limits.records import BudgetCounter, BudgetDump, BudgetUse, WindowUse


class KeptBudgets:
    """Those of a dump."""

    budget_dump = BudgetDump([], [], {})

    async def budgets(self, allowances: Sequence[Allowance]) -> Mapping[str, BudgetUse]:
        raise NotImplementedError

    async def most_used(self, limit: int, offset: int = 0) -> Sequence[WindowUse]:
        raise NotImplementedError

    async def reset_budgets(self, keys: Iterable[str]) -> None:
        raise NotImplementedError

    async def dump_budgets(self) -> BudgetDump:
        return self.budget_dump

    async def load_budgets(self, dump: BudgetDump) -> None:
        self.budget_dump = dump

    async def add_budgets(self, counters: Iterable[BudgetCounter]) -> None:
        raise NotImplementedError
