"""How deliveries go, as every door shows it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import Destination, DestinationState
from models.outbox import COUNTED_MAX
from models.reports.destinations import DestinationHealth, failing, health
from tests.models.rows import BY, RING

pytestmark = pytest.mark.usefixtures("connected")
SINCE = datetime(2026, 11, 29, 5, tzinfo=UTC)


async def made(name: str, **state: Any) -> Destination:
    row, _ = await Destination.make(kind="jsonl", ring=RING, by=BY, name=name)
    if state:
        await DestinationState.create(destination_id=row.id, **state)
    return row


async def test_the_longest_failing_is_first_and_what_is_off_fails_no_more() -> None:
    fine = await made("fine", delivered=3)
    late = await made("late", failures=1, failing_since=SINCE, retry_at=SINCE)
    early = await made("early", failures=9, failing_since=SINCE - timedelta(hours=1))
    off = await made("off", failures=2, failing_since=SINCE - timedelta(hours=2))
    await off.switch_off(by=BY, reason="The receiver answered 410.")
    found = await failing(10)
    assert [row.name for row, _ in found] == ["early", "late"]
    assert [how.next_try_at for _, how in found] == [None, SINCE]
    assert [row.name for row, _ in await failing(1)] == ["early"]
    states = [
        how.state for how in await health([fine, late, early, await Destination.get(id=off.id)])
    ]
    assert states == ["active", "failing", "failing", "inactive"]


async def test_one_that_was_never_delivered_to_has_no_row_and_counts_nothing() -> None:
    new = await made("new")
    (how,) = await health([new])
    assert (how.state, how.delivered, how.dropped, how.waiting) == ("active", 0, 0, 0)
    assert (how.last_delivered_at, how.next_try_at) == (None, None)
    assert await health([]) == []


def test_many_that_wait_are_not_counted_to_the_end() -> None:
    def text(waiting: int) -> str:
        return DestinationHealth("active", 0, 0, waiting, *(None,) * 7).waiting_text

    assert text(COUNTED_MAX) == "10,000"
    assert text(COUNTED_MAX + 1) == "more than 10,000"
