"""Budgets that have no room for a request: each told of once in a window."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from models import exhaustion
from models.budgets import shown_amount
from models.db.conditions import execute
from models.events import News
from models.events import tell as tell_events
from models.told_budgets import budget_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: The clocks of machines may differ.
_MARGIN: Final = timedelta(days=1)


class SpentBudget(NamedTuple):
    """A budget that refused a request: what was spent of it, and what the request needed."""

    key: str
    amount: int
    spent: int
    needed: int
    #: When its window ends, Unix time; None where it never does.
    resets_at_us: int | None

    @property
    def once(self) -> str:
        """What lets it in once. Another amount is another matter."""
        return _once(self.key, self.resets_at_us, self.amount)


def _once(key: str, resets_at_us: int | None, amount: int) -> str:
    return f"budget.exceeded {key} {resets_at_us or 0} {amount}"


async def tell(spent: SpentBudget) -> None:
    """Tell of it, unless it was. Raises DatabaseUnavailable."""
    ends = spent.resets_at_us
    budget = await budget_of(spent.key, 0 if ends is None else ends - 1)
    data = {
        "budget": budget.shown(spent.amount, spent.spent),
        "needed": shown_amount(budget.limit, spent.needed),
        **budget.names,
    }
    await tell_events(
        News(
            kind="budget.exceeded",
            data=data,
            project_id=budget.project_id,
            token_id=budget.token_id,
            once=spent.once,
            until=None if ends is None else _EPOCH + timedelta(microseconds=ends) + _MARGIN,
        )
    )
    owner = budget.token_id or budget.project_id
    if ends is None and owner is not None and spent.spent >= spent.amount:
        # Its last charge passes over a token that is being changed, and none follows.
        await exhaustion.refresh(budget.scope, [UUID(owner)])


async def forget(key: str, resets_at_us: int | None, amount: int) -> None:
    """It begins anew, within the caller's transaction, so that it may be told of anew."""
    await execute("DELETE FROM event_once WHERE once = {}", [_once(key, resets_at_us, amount)])
