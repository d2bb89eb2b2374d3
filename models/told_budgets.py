"""A budget as events tell of it, out of the key that the limits have for it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

from models.budgets import BudgetLimit, shown_amount
from models.db.conditions import select
from models.events import moment
from models.windows import BUCKET_SECONDS, CalendarPeriod, window

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ToldBudget:
    """Whose it is, and the window that is told of."""

    scope: Literal["token", "project"]
    limit: BudgetLimit
    period: str
    zone: str
    policy: str
    resets_at: datetime | None
    project_id: str | None
    #: None of a project's.
    token_id: str | None
    #: The same by name.
    names: dict[str, str]

    def shown(self, amount: int, spent: int) -> dict[str, Any]:
        """What is said of it; amounts as every door shows them."""
        return {
            "scope": self.scope,
            "policy": self.policy or None,
            "limit": self.limit,
            "period": self.period,
            "timezone": self.zone or "UTC",
            "amount": shown_amount(self.limit, amount),
            "spent": shown_amount(self.limit, spent),
            "resets_at": None if self.resets_at is None else moment(self.resets_at),
        }


async def budget_of(key: str, window_start_us: int) -> ToldBudget:
    """What a key (`proxy.limits.budgets.budget_key`) names, in the window that begins then."""
    subject, unit, period, zone, policy = key.split("|", 4)
    kind, _, owner_id = subject.partition(":")
    scope: Literal["token", "project"] = "token" if kind == "t" else "project"
    project_id, names = await _project_of(scope, owner_id)
    token_id = owner_id if scope == "token" else None
    end_us = None
    if period not in BUCKET_SECONDS:
        end_us = window(cast(CalendarPeriod, period), zone, window_start_us).end_us
    resets_at = None if end_us is None else _EPOCH + timedelta(microseconds=end_us)
    limit: BudgetLimit = "usd" if unit == "usd" else "tokens"
    return ToldBudget(scope, limit, period, zone, policy, resets_at, project_id, token_id, names)


_OWNED: Final = (
    "SELECT t.project_id AS project_id, t.name AS token_name, p.name AS project_name"
    " FROM token t JOIN project p ON p.id = t.project_id WHERE t.id = {}"
)


async def _project_of(
    scope: Literal["token", "project"], owner_id: str
) -> tuple[str | None, dict[str, str]]:
    """The project of an owner, and both by name; nothing of an owner that is gone."""
    if scope == "project":
        rows = await select("SELECT name AS project_name FROM project WHERE id = {}", [owner_id])
        return owner_id, rows[0] if rows else {}
    rows = await select(_OWNED, [owner_id])
    if not rows:
        return None, {}
    row = rows[0]
    return str(row.pop("project_id")), row
