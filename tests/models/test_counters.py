"""What the counters come to, by minute, hour and key."""

from datetime import UTC, datetime

import msgspec
import pytest

from models import counters
from models.ids import new_id
from models.ledger import apply_batch
from models.usage import (
    OVERHEAD_BOUNDS_US,
    TTFB_BOUNDS_US,
    USAGE_KEY,
    UsageDimension,
    UsageHour,
    UsageMinute,
)
from tests.models.rows import an_entry


def test_every_counter_column_is_added_to() -> None:
    """A new column that the upsert forgets would stay at zero for ever."""
    columns = UsageMinute._meta.db_fields - {"id", *USAGE_KEY, "cost_nanos"}
    assert set(counters._ADDED) == columns
    assert len(counters._TTFB) == len(TTFB_BOUNDS_US) + 1
    assert len(counters._OVERHEAD) == len(OVERHEAD_BOUNDS_US) + 1
    assert list(TTFB_BOUNDS_US) == sorted(TTFB_BOUNDS_US)
    assert list(OVERHEAD_BOUNDS_US) == sorted(OVERHEAD_BOUNDS_US)


@pytest.mark.usefixtures("connected")
async def test_an_hour_is_what_its_minutes_come_to() -> None:
    at = 1_790_000_000_000_000 // 3_600_000_000 * 3_600_000_000
    bound = TTFB_BOUNDS_US[2]
    await apply_batch(
        "j",
        0,
        3,
        [
            # A bound belongs to the column below it.
            an_entry(at_us=at, cost_nanos=1500, ttfb_us=bound),
            # An answer that breaks off is an error, whatever its status says.
            an_entry(at_us=at + 60_000_000, cost_nanos=200, outcome="upstream_truncated"),
            an_entry(at_us=at + 3_540_000_000, cost_nanos=None, ttfb_us=bound + 1),
        ],
    )
    hour = await UsageHour.get()
    assert hour.bucket == datetime.fromtimestamp(at // 1_000_000, UTC)
    assert (hour.requests, hour.errors, hour.incomplete, hour.cost_nanos) == (3, 1, 1, 1700)
    assert (hour.client_errors, hour.upstream_errors) == (0, 0)
    assert (hour.ttfb_2, hour.ttfb_3) == (1, 1)
    minutes = await UsageMinute.all().order_by("bucket")
    assert [row.cost_nanos for row in minutes] == [1500, 200, None]


@pytest.mark.usefixtures("connected")
async def test_no_bill_takes_the_sums_out_of_their_range() -> None:
    """An upstream may claim what it likes, and a batch that fails would be tried for ever."""
    claims = an_entry(cost_nanos=10**15, cache="hit", saved_nanos=10**15, key_id=new_id())
    totals = counters.Totals()
    for _ in range(10_000):
        totals.add(claims)
    totals.bound()
    assert (totals.cost_nanos, totals.added[counters._SAVED]) == (counters.MONEY_MOST,) * 2
    await apply_batch("j", 0, 1, [claims])
    for table in (UsageMinute, UsageHour, UsageDimension):
        await table.all().update(cost_nanos=2**63 - 1, saved_nanos=2**63 - 1)
    await apply_batch("j", 1, 2, [msgspec.structs.replace(claims, id=str(new_id()))])
    for table in (UsageMinute, UsageHour, UsageDimension):
        row = await table.get()
        assert (row.cost_nanos, row.saved_nanos) == (counters.MONEY_MOST,) * 2
        assert row.requests == 2


@pytest.mark.usefixtures("connected")
async def test_what_each_key_served_is_counted_beside_what_all_did() -> None:
    at = 1_790_000_000_000_000 // 3_600_000_000 * 3_600_000_000
    one, other = str(new_id()), str(new_id())
    entries = [
        an_entry(at_us=at, key_id=one),
        an_entry(at_us=at, key_id=other),
        an_entry(at_us=at),
        an_entry(at_us=at + 60_000_000, key_id=one),
    ]
    for number in range(2):
        await apply_batch("j", 4 * number, 4 * number + 4, entries)
    minutes = await UsageMinute.all().order_by("bucket")
    assert [row.requests for row in minutes] == [6, 2]
    assert (await UsageHour.get()).requests == 8
    by_key = await UsageDimension.all()
    hour = datetime.fromtimestamp(at // 1_000_000, UTC)
    assert {row.value: (row.bucket, row.requests) for row in by_key} == {
        one: (hour, 4),
        other: (hour, 2),
    }


@pytest.mark.usefixtures("connected")
async def test_costs_add_up_around_unknown_ones() -> None:
    await apply_batch("j", 0, 1, [an_entry(cost_nanos=None)])
    assert (await UsageMinute.get()).cost_nanos is None
    await apply_batch("j", 1, 2, [an_entry(cost_nanos=7)])
    assert (await UsageMinute.get()).cost_nanos == 7
    await apply_batch("j", 2, 3, [an_entry(cost_nanos=None)])
    assert (await UsageMinute.get()).cost_nanos == 7
    await apply_batch("j", 3, 4, [an_entry(cost_nanos=1), an_entry(cost_nanos=2)])
    assert (await UsageMinute.get()).cost_nanos == 10
