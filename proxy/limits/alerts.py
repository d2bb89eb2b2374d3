"""What charges come to, told to the models: shares that were reached, budgets that are spent."""

from collections.abc import Sequence

from models import budget_alerts, exhaustion
from models.budget_alerts import Reached
from proxy.limits.budgets import SPENT, parts_of
from proxy.limits.store import subject_of


async def tell(reached: Sequence[Reached]) -> None:
    """Tell these; within the transaction around it, where there is one.

    Raises DatabaseUnavailable.
    """
    await budget_alerts.tell(one for one in reached if one.share != SPENT)
    for key in {parts_of(one.budget).subject for one in reached if one.share == SPENT}:
        kind, subject = subject_of(key)
        await exhaustion.refresh(kind, [subject])
