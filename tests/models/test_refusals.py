"""Refusals as they are stored: counted by the hour, bounded whatever clients name."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models import Refusal, RefusalHour, refusals
from models.ids import first_id_at, new_request_id
from models.refusals import MODELS_MAX, NOBODY, NOBODY_TEXT, OTHER, SumKey
from tests.models.rows import a_refusal, sum_key

HOUR = 1_790_000_000 // 3600
PROJECT, TOKEN = str(UUID(int=1)), str(UUID(int=2))


def _key(model: str = "", code: str = "quota_exceeded", **place: str) -> SumKey:
    owner = place.get("project", PROJECT), place.get("token", TOKEN)
    return SumKey(HOUR, *owner, model, code)


@pytest.mark.usefixtures("connected")
async def test_sums_of_an_hour_add_up_in_one_row() -> None:
    unknown = SumKey(HOUR, NOBODY_TEXT, NOBODY_TEXT, "", "invalid_token")
    await refusals.add({_key("gpt-4o"): 2, unknown: 50_000}, [])
    await refusals.add({_key("gpt-4o"): 3, unknown: 1}, [])
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
        refusals.add({_key("m", code): 1 for code in orders[n % 2]}, [a_refusal()])
        for n in range(10)
    )
    await asyncio.gather(*writes)
    assert {row.refusals for row in await RefusalHour.all()} == {10}
    assert await Refusal.all().count() == 10


@pytest.mark.usefixtures("connected")
async def test_made_up_models_of_a_token_have_a_bounded_number_of_rows() -> None:
    for start in (0, 150, 300):
        await refusals.add({_key(f"made-up-{n}"): 1 for n in range(start, start + 150)}, [])
    rows = {row.model: row.refusals for row in await RefusalHour.all()}
    assert len(rows) == MODELS_MAX + 1
    assert rows[OTHER] == 450 - MODELS_MAX
    # A name that has room keeps it, and another project has room of its own.
    await refusals.add({_key("made-up-0"): 1, _key("made-up-999", project=TOKEN): 1}, [])
    assert (await RefusalHour.get(model="made-up-0")).refusals == 2
    assert await RefusalHour.filter(model="made-up-999").count() == 1


@pytest.mark.usefixtures("connected")
async def test_workers_together_make_no_more_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MODELS_MAX", 5)
    await asyncio.gather(
        *(refusals.add({_key(f"{worker}-{n}"): 1 for n in range(5)}, []) for worker in range(4))
    )
    rows = {row.model: row.refusals for row in await RefusalHour.all()}
    assert len(rows) == 6
    assert sum(rows.values()) == 20


@pytest.mark.usefixtures("connected")
async def test_only_the_newest_are_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "NEWEST_MAX", 10)
    ids = [new_request_id() for _ in range(25)]
    for start in (0, 12):
        await refusals.add({}, [a_refusal(id=one) for one in ids[start : start + 13]])
    kept = await Refusal.all().order_by("id").values_list("id", flat=True)
    assert [str(one) for one in kept] == ids[15:]


@pytest.mark.usefixtures("connected")
async def test_a_row_says_who_was_refused_and_why_in_text_that_can_be_stored() -> None:
    known = a_refusal(
        project_id=PROJECT, token_id=TOKEN, model="a\x00b\ud800" + "x" * 300, method="M" * 99,
        endpoint="/v1/x", status=429, code="quota_exceeded", bytes_in=7, duration_us=9,
    )  # fmt: skip
    unknown = a_refusal()
    await refusals.add({}, [known, unknown])
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
        await refusals.add({sum_key(one): 1}, [one])
    cutoff = young - timedelta(days=30)
    assert [await refusals.prune_newest(cutoff) for _ in range(2)] == [1, 0]
    assert [await refusals.prune_hours(cutoff) for _ in range(2)] == [1, 0]
    assert await Refusal.all().count() == await RefusalHour.all().count() == 1
