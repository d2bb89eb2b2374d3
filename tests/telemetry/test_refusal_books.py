"""A worker's refusals: summed in bounded memory, and kept while the database is away."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from models import Refusal, RefusalHour, refusals, secrets
from models.errors import DatabaseUnavailable
from models.ids import new_request_id
from models.refusals import MODELS_MAX, NEWEST_MAX, NOBODY, OTHER, Batch, SumKey
from telemetry import refusal_books
from telemetry.metrics import Refused
from telemetry.refusal_books import ROWS_MAX, SUMS_MAX, UNKNOWN_AT_ONCE, RefusalBooks

AT = 1_790_000_000.0
#: A token's.
TEXT = secrets.generate()
PROJECT, TOKEN = str(UUID(int=1)), str(UUID(int=2))


def refused(code: str = "invalid_token", **fields: Any) -> Refused:
    """One whose token was not known."""
    plain = Refused(new_request_id(), code, "openai", "", "POST", 401, recorded=False, at=AT)
    return replace(plain, **fields)


def known(model: str = "", **fields: Any) -> Refused:
    """One of a token."""
    place = {"project_id": PROJECT, "token_id": TOKEN, "status": 403} | fields
    return refused("model_not_allowed", model=model, **place)


class Table:
    """Where sums and rows go, while it answers."""

    def __init__(self) -> None:
        self.away = False
        self.sums: dict[SumKey, int] = {}
        self.rows: list[refusals.Refused] = []
        self.writes: list[int] = []

    async def __call__(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise DatabaseUnavailable("away")
        for key, count in batch.sums.items():
            self.sums[key] = self.sums.get(key, 0) + count
        self.rows += batch.newest
        self.writes.append(len(batch.newest))


@pytest.mark.usefixtures("connected")
async def test_a_flood_of_made_up_tokens_is_one_row_for_the_hour() -> None:
    books = RefusalBooks()
    for _ in range(50):
        books.add([refused() for _ in range(1_000)])
        assert books.kept == (1, UNKNOWN_AT_ONCE)
    assert books.waiting == 50_000
    await books.close(timeout=30.0)
    (row,) = await RefusalHour.all()
    assert (row.token_id, row.code, row.refusals) == (NOBODY, "invalid_token", 50_000)
    assert await Refusal.all().count() == UNKNOWN_AT_ONCE


async def test_a_flood_without_tokens_leaves_room_for_the_rows_of_others() -> None:
    table, now = Table(), 0.0
    books = RefusalBooks(table, lambda: now)
    books.add([known()])
    for _ in range(24 * 60):
        now += 60.0
        books.add([refused() for _ in range(100)])
    books.add([refused("missing_token")])
    codes = [one.code for one in books._newest]
    assert (codes[0], codes[-1]) == ("model_not_allowed", "missing_token")
    assert UNKNOWN_AT_ONCE < len(codes) < NEWEST_MAX


async def test_made_up_models_and_tokens_take_bounded_memory() -> None:
    books = RefusalBooks(Table())
    books.add([known(f"made-up-{n}" + "x" * 1_000) for n in range(3 * MODELS_MAX)])
    assert books.kept[0] == MODELS_MAX + 1
    for n in range(3 * SUMS_MAX):
        books.add([known("m", token_id=str(UUID(int=n)), project_id=str(UUID(int=n)))])
    sums, rows = books.kept
    assert sums <= 2 * SUMS_MAX + 1
    assert rows == NEWEST_MAX
    assert max(len(row.model) for row in books._newest) <= 200
    # None of them is lost, and what has a place keeps it.
    assert books.waiting == 3 * MODELS_MAX + 3 * SUMS_MAX
    (first, _) = next(iter(books._sums.items()))
    books.add([known(first.model)])
    assert books._sums[first] == 2


async def test_what_cannot_be_written_is_kept_and_written_later() -> None:
    table = Table()
    books = RefusalBooks(table)
    table.away = True
    first, second = known("gpt-4o"), known("gpt-4o")
    books.add([first])
    assert not await books.write()
    books.add([second])
    assert not await books.write()
    assert books.waiting == 2
    table.away = False
    await books.catch_up(timeout=5.0)
    assert sum(table.sums.values()) == 2
    assert [row.id for row in table.rows] == [first.id, second.id]
    assert books.kept == (0, 0)


async def test_rows_go_in_pieces_and_in_order() -> None:
    table = Table()
    books = RefusalBooks(table)
    given = [known() for _ in range(2 * ROWS_MAX + 5)]
    books.add(given)
    await books.close(timeout=5.0)
    assert table.writes == [ROWS_MAX, ROWS_MAX, 5]
    assert [row.id for row in table.rows] == [one.id for one in given]


async def test_refusals_of_a_batch_are_summed_by_hour_and_by_whose_they_are() -> None:
    table = Table()
    books = RefusalBooks(table)
    first = known("gpt-4o")
    later = replace(first, at=first.at + 3600)
    books.add([first, later, first, replace(first, code="overloaded"), later, first])
    await books.close(timeout=5.0)
    sums = {(key.hour - int(first.at) // 3600, key.code): n for key, n in table.sums.items()}
    assert sums == {(0, first.code): 3, (1, first.code): 2, (0, "overloaded"): 1}


async def test_sums_go_in_pieces_so_that_no_write_holds_up_others() -> None:
    table = Table()
    books = RefusalBooks(table)
    books.add([known("m", token_id=str(UUID(int=n))) for n in range(2 * ROWS_MAX + 5)])
    assert await books.write()
    assert len(table.sums) == ROWS_MAX
    await books.close(timeout=5.0)
    assert sum(table.sums.values()) == len(table.sums) == 2 * ROWS_MAX + 5


async def test_a_reader_that_gives_up_does_not_have_sums_counted_twice() -> None:
    table, begun, let_go = Table(), asyncio.Event(), asyncio.Event()

    async def slow(batch: Batch) -> None:
        begun.set()
        await let_go.wait()
        await table(batch)

    books = RefusalBooks(slow)
    books.add([known()])
    await books.catch_up(timeout=0.01)
    assert begun.is_set()
    let_go.set()
    await books.catch_up(timeout=5.0)
    assert sum(table.sums.values()) == 1
    assert books.kept == (0, 0)


@pytest.mark.usefixtures("connected")
async def test_a_commit_whose_answer_was_lost_counts_once() -> None:
    lost = True

    async def write(batch: Batch) -> None:
        nonlocal lost
        await refusals.add(batch)
        if lost:
            lost = False
            raise DatabaseUnavailable("the answer was lost")

    books = RefusalBooks(write)
    first, second = known("gpt-4o"), known("gpt-4o")
    books.add([first])
    assert not await books.write()
    books.add([second])
    await books.close(timeout=30.0)
    (row,) = await RefusalHour.all()
    assert row.refusals == 2
    assert await Refusal.all().count() == 2


@pytest.mark.usefixtures("connected")
async def test_a_write_that_was_given_up_half_way_counts_once() -> None:
    books = RefusalBooks()
    for turns in range(8):
        books.add([known("gpt-4o")])
        writing = asyncio.create_task(books.write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await books.close(timeout=30.0)
    (row,) = await RefusalHour.all()
    assert row.refusals == await Refusal.all().count() == 8


async def test_it_goes_on_by_itself_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal_books, "_AFTER_FAILURE_S", 0.01)
    monkeypatch.setattr(refusal_books, "_EVERY_S", 0.01)
    table, failed = Table(), asyncio.Event()

    async def write(batch: Batch) -> None:
        failed.set()
        await table(batch)

    table.away = True
    books = RefusalBooks(write)
    books.open()
    books.add([known()])
    await failed.wait()
    table.away = False
    async with asyncio.timeout(10):
        while not table.sums:
            await asyncio.sleep(0.01)
    await books.close(timeout=1.0)
    assert sum(table.sums.values()) == 1


async def test_it_looks_at_nothing_while_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusal_books, "_EVERY_S", 0.0)
    monkeypatch.setattr(refusal_books, "_SOON_S", 0.0)
    looks = 0

    class Counting(RefusalBooks):
        async def write(self) -> bool:
            nonlocal looks
            looks += 1
            return await super().write()

    table = Table()
    books = Counting(table)
    books.open()
    for number in range(1, 4):
        for _ in range(50):
            await asyncio.sleep(0)
        assert looks == number - 1
        books.add([known()])
        while sum(table.sums.values()) < number:
            await asyncio.sleep(0)
    await books.close(timeout=1.0)


def test_a_model_without_room_counts_as_other() -> None:
    books = RefusalBooks(Table())
    books.add([known(f"m{n}") for n in range(MODELS_MAX + 2)])
    assert books._sums[SumKey(int(AT) // 3600, PROJECT, TOKEN, OTHER, "model_not_allowed")] == 2


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"/v1/fine_tuning/jobs", "/v1/fine_tuning/jobs"),
        (b"/v1" + b"/x" * 200, ("/v1" + "/x" * 200)[:200]),
        (f"/v1/{TEXT}/models".encode(), "/v1/[redacted]/models"),
        (f"/v1/{'x' * 190}/{TEXT}".encode(), f"/v1/{'x' * 190}/[redacted]"),
        (b"/v1/\xff", "/v1/\xff"),
    ],
    ids=["short", "long", "with a token", "with a token at its end", "of odd bytes"],
)
async def test_a_row_shows_the_path_that_took_no_route(path: bytes, shown: str) -> None:
    table = Table()
    books = RefusalBooks(table)
    books.add([known(path=path), known(path=path, endpoint="/v1/models")])
    await books.write()
    assert [row.endpoint for row in table.rows] == [shown, "/v1/models"]
    await books.close(timeout=1.0)
