"""Refusals as they are stored: counted by the hour, bounded whatever clients name."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models import JournalPosition, Refusal, RefusalHour, refusals
from models.ids import first_id_at, new_request_id
from models.refusals import MODELS_MAX, NOBODY, NOBODY_TEXT, OTHER, Batch, SumKey
from tests.models.rows import a_refusal, count_refusals, sum_key

HOUR = 1_790_000_000 // 3600
PROJECT, TOKEN = str(UUID(int=1)), str(UUID(int=2))


def _key(model: str = "", code: str = "quota_exceeded", **place: str) -> SumKey:
    owner = place.get("project", PROJECT), place.get("token", TOKEN)
    return SumKey(HOUR, *owner, model, code)


@pytest.mark.usefixtures("connected")
async def test_sums_of_an_hour_add_up_in_one_row() -> None:
    unknown = SumKey(HOUR, NOBODY_TEXT, NOBODY_TEXT, "", "invalid_token")
    await count_refusals({_key("gpt-4o"): 2, unknown: 50_000}, [])
    await count_refusals({_key("gpt-4o"): 3, unknown: 1}, [])
    rows = {(row.token_id, row.model, row.code): row for row in await RefusalHour.all()}
    assert len(rows) == 2
    assert rows[UUID(TOKEN), "gpt-4o", "quota_exceeded"].refusals == 5
    made_up = rows[NOBODY, "", "invalid_token"]
    assert (made_up.refusals, made_up.project_id) == (50_001, NOBODY)
    assert made_up.bucket == datetime.fromtimestamp(HOUR * 3600, UTC)


@pytest.mark.usefixtures("connected")
async def test_workers_add_to_the_same_rows_at_once() -> None:
    codes = ["quota_exceeded", "invalid_token", "missing_token", "overloaded"]
    orders = (codes, codes[::-1])
    writes = (
        count_refusals({_key("m", code): 1 for code in orders[n % 2]}, [a_refusal()])
        for n in range(10)
    )
    await asyncio.gather(*writes)
    assert {row.refusals for row in await RefusalHour.all()} == {10}
    assert await Refusal.all().count() == 10


@pytest.mark.usefixtures("connected")
async def test_made_up_models_of_a_token_have_a_bounded_number_of_rows() -> None:
    for start in (0, 150, 300):
        await count_refusals({_key(f"made-up-{n}"): 1 for n in range(start, start + 150)}, [])
    rows = {row.model: row.refusals for row in await RefusalHour.all()}
    assert len(rows) == MODELS_MAX + 1
    assert rows[OTHER] == 450 - MODELS_MAX
    # A name that has room keeps it, and another project has room of its own.
    await count_refusals({_key("made-up-0"): 1, _key("made-up-999", project=TOKEN): 1}, [])
    assert (await RefusalHour.get(model="made-up-0")).refusals == 2
    assert await RefusalHour.filter(model="made-up-999").count() == 1


@pytest.mark.usefixtures("connected")
async def test_workers_together_make_no_more_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MODELS_MAX", 5)
    await asyncio.gather(
        *(count_refusals({_key(f"{worker}-{n}"): 1 for n in range(5)}, []) for worker in range(4))
    )
    rows = {row.model: row.refusals for row in await RefusalHour.all()}
    assert len(rows) == 6
    assert sum(rows.values()) == 20


@pytest.mark.usefixtures("connected")
async def test_only_the_newest_are_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "NEWEST_MAX", 10)
    ids = [new_request_id() for _ in range(25)]
    for start in (0, 12):
        await count_refusals({}, [a_refusal(id=one) for one in ids[start : start + 13]])
    kept = await Refusal.all().order_by("id").values_list("id", flat=True)
    assert [str(one) for one in kept] == ids[15:]


@pytest.mark.usefixtures("connected")
async def test_a_row_says_who_was_refused_and_why_in_text_that_can_be_stored() -> None:
    known = a_refusal(
        project_id=PROJECT, token_id=TOKEN, model="a\x00b\ud800" + "x" * 300, method="M" * 99,
        endpoint="/v1/x", status=429, code="quota_exceeded", bytes_in=7, duration_us=9,
    )  # fmt: skip
    unknown = a_refusal()
    await count_refusals({}, [known, unknown])
    row = await Refusal.get(id=known.id)
    assert (row.project_id, row.token_id) == (UUID(PROJECT), UUID(TOKEN))
    assert (row.status, row.code, row.bytes_in, row.duration_us) == (429, "quota_exceeded", 7, 9)
    assert row.model.startswith("a\ufffdb\ufffd")
    assert (len(row.model), len(row.method)) == (200, 16)
    assert row.at == datetime.fromtimestamp(known.at, UTC)
    unnamed = await Refusal.get(id=unknown.id)
    assert (unnamed.project_id, unnamed.token_id, unnamed.model) == (None, None, "")


@pytest.mark.usefixtures("connected")
async def test_what_is_older_than_the_request_log_goes() -> None:
    young, old = datetime.now(UTC), datetime.now(UTC) - timedelta(days=40)
    for moment in (young, old):
        one = a_refusal(id=str(first_id_at(moment)), at=moment.timestamp())
        await count_refusals({sum_key(one): 1}, [one])
    cutoff = young - timedelta(days=30)
    assert [await refusals.prune_newest(cutoff) for _ in range(2)] == [1, 0]
    assert [await refusals.prune_hours(cutoff) for _ in range(2)] == [1, 0]
    assert await Refusal.all().count() == await RefusalHour.all().count() == 1


@pytest.mark.usefixtures("connected")
async def test_a_batch_that_comes_again_is_left_alone() -> None:
    one = a_refusal()
    for number in (1, 1, 2, 1):
        await refusals.add(Batch("w", number, {sum_key(one): 1}, []))
    await refusals.add(Batch("another", 1, {sum_key(one): 1}, []))
    assert (await RefusalHour.get()).refusals == 3


@pytest.mark.usefixtures("connected")
async def test_writers_that_are_long_silent_are_forgotten_and_journals_are_not() -> None:
    await refusals.add(Batch("silent", 1, {}, [a_refusal()]))
    await JournalPosition.create(
        journal_id="refusal-journal", position=1, updated_at=datetime.now(UTC)
    )
    old = datetime.now(UTC) - timedelta(days=40)
    await JournalPosition.all().update(updated_at=old)
    await refusals.add(Batch("busy", 1, {}, [a_refusal()]))
    assert await refusals.prune_writers(old + timedelta(days=1)) == 1
    left = {row.journal_id for row in await JournalPosition.all()}
    assert left == {"refusal-journal", "refusals-busy"}
