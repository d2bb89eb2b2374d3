"""Objects of upstream accounts: what entries tell of them is stored once, and found again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from config import Database
from models import ledger, objects
from models.entry import Entry, decode, encode, storable
from models.ledger import apply_batch
from models.objects import BACKGROUND, TOLD_MAX, Finished, Found, Kept, UpstreamObject, find
from models.request_log import RequestLog
from models.usage import UsageHour
from tests.models.rows import an_entry

PROJECT, OTHER = (str(uuid4()) for _ in range(2))
KEY, TOKEN = str(uuid4()), str(uuid4())


def telling(*kept: Kept, project: str = PROJECT, token: str = TOKEN, key: str = KEY) -> Entry:
    return an_entry(project_id=project, token_id=token, key_id=key, objects=kept)


async def take(*entries: Entry) -> None:
    """As the sink takes them, from what stands in a journal."""
    await apply_batch(str(uuid4()), 0, 1, [decode(encode(entry)) for entry in entries])


async def test_what_an_answer_created_is_found_with_its_key_and_its_token(
    connected: Database,
) -> None:
    await take(telling(Kept("file-1", "file"), Kept("file-2", "file")))
    found = await find([(PROJECT, "file-1"), (PROJECT, "file-3"), (OTHER, "file-1")])
    assert found == {(PROJECT, "file-1"): Found(KEY, TOKEN)}
    row = await UpstreamObject.get(id="file-2")
    assert (row.kind, row.provider, row.project_id) == ("file", "openai", UUID(PROJECT))


async def test_the_first_who_told_of_it_has_it(connected: Database) -> None:
    await take(telling(Kept("file-1", "file")))
    await take(telling(Kept("file-1", "file"), token=str(uuid4()), key=str(uuid4())))
    assert await find([(PROJECT, "file-1")]) == {(PROJECT, "file-1"): Found(KEY, TOKEN)}
    # Another project's account may give the same id.
    await take(telling(Kept("file-1", "file"), project=OTHER, token=KEY))
    assert await find([(OTHER, "file-1")]) == {(OTHER, "file-1"): Found(KEY, KEY)}


async def test_what_belongs_to_an_object_has_its_token_and_its_key(connected: Database) -> None:
    await take(telling(Kept("batch_1", "batch")))
    # Asked about by another token, through another key by now.
    await take(
        telling(
            Kept("file-out", "file", "batch_1"),
            Kept("file-lost", "file", "batch_2"),
            token=str(uuid4()),
            key=str(uuid4()),
        )
    )
    found = await find([(PROJECT, "file-out"), (PROJECT, "file-lost")])
    assert found == {(PROJECT, "file-out"): Found(KEY, TOKEN)}


async def test_what_is_created_and_told_of_in_one_batch_of_entries_is_put_together(
    connected: Database,
) -> None:
    await take(
        telling(Kept("file-out", "file", "batch_1"), token=str(uuid4())),
        telling(Kept("batch_1", "batch")),
    )
    assert (await find([(PROJECT, "file-out")]))[PROJECT, "file-out"] == Found(KEY, TOKEN)


async def test_what_was_deleted_is_forgotten(connected: Database) -> None:
    await take(telling(Kept("file-1", "file"), Kept("file-2", "file")))
    await take(telling(Kept("file-1", "file", gone=True)))
    assert [row.id for row in await UpstreamObject.all()] == ["file-2"]


async def test_without_a_key_nothing_is_remembered(connected: Database) -> None:
    await take(telling(Kept("file-1", "file"), key=""))
    assert not await UpstreamObject.all()


async def test_a_batch_that_comes_again_changes_nothing(connected: Database) -> None:
    journal, entries = str(uuid4()), [telling(Kept("file-1", "file"))]
    for _ in range(2):
        await apply_batch(journal, 0, 1, entries)
    assert len(await UpstreamObject.all()) == 1


async def test_projects_whose_only_key_is_not_the_one_that_knows_are_told(
    connected: Database,
) -> None:
    """Asked of both sides of a key's id."""
    low, high = str(UUID(int=1)), str(UUID(int=2**128 - 1))
    await take(telling(Kept("file-1", "file")), telling(Kept("f", "file"), project=OTHER, key=high))
    assert await objects.known_to_others([(PROJECT, KEY), (OTHER, high)]) == set()
    assert await objects.known_to_others([(PROJECT, low), (OTHER, KEY)]) == {PROJECT, OTHER}
    assert await objects.known_to_others([(PROJECT, high)]) == {PROJECT}
    assert await objects.known_to_others([(str(uuid4()), KEY)]) == set()


async def test_responses_are_forgotten_after_their_time_and_nothing_else(
    connected: Database,
) -> None:
    entry = telling(Kept("resp_1", "response"), Kept("msg_1", "item"), Kept("file-1", "file"))
    await take(entry)
    made = (await UpstreamObject.get(id="resp_1")).created_at
    assert await objects.forget(made) == 0
    assert await objects.forget(made + timedelta(seconds=1)) == 2
    assert [row.id for row in await UpstreamObject.all()] == ["file-1"]


@pytest.mark.parametrize(
    "kept",
    [
        Kept("", "file"),
        Kept("file 1", "file"),
        Kept("f\x00", "file"),
        Kept("é", "file"),
        Kept("f" * 257, "file"),
        Kept("file-1", ""),
        Kept("file-1", "k" * 33),
        Kept("file-1", "file", "b\n"),
    ],
)
def test_what_no_database_takes_is_left_out(kept: Kept) -> None:
    good = Kept("file-2", "file")
    assert storable(telling(kept, good)).objects == (good,)
    assert storable(telling(kept)).objects is None


def test_an_entry_tells_of_no_more_than_a_line_has_room_for() -> None:
    many = tuple(Kept(f"file-{number}", "file") for number in range(TOLD_MAX + 1))
    assert objects.bounded(many) == many[:TOLD_MAX]
    long = tuple(Kept(f"{number:0>250}", "file") for number in range(TOLD_MAX))
    kept = objects.bounded(long)
    assert kept is not None
    assert len(kept) < len(long)
    assert len(encode(storable(telling(*long)))) < 12 * 1024


# Responses in the background

SPENT = Finished("resp_1", 1_790_000_000 - 60, "gpt-4o", 100, 20, 0, 7, 5_000, None, "flex", "x")


def showing(finished: Finished = SPENT, token: str = TOKEN, **wanted: Any) -> Entry:
    """An answer to a request that asks how a response is, and is shown that it has finished."""
    return an_entry(
        project_id=PROJECT, token_id=token, key_id=KEY, method="GET", counted=False,
        endpoint="/v1/responses/{response_id}", model="", prompt_tokens=None,
        completion_tokens=None, cached_tokens=None, reasoning_tokens=None, cost_nanos=None,
        finished=finished, **wanted,
    )  # fmt: skip


async def counted() -> dict[str, tuple[int, int, int, int | None]]:
    """What each token used: requests, prompt and completion tokens, cost."""
    rows = await UsageHour.filter(project_id=PROJECT)
    sums: dict[str, list[int]] = {}
    for row in rows:
        known = sums.setdefault(str(row.token_id), [0, 0, 0, 0])
        used = (row.requests, row.prompt_tokens, row.completion_tokens, row.cost_nanos or 0)
        sums[str(row.token_id)] = [one + more for one, more in zip(known, used, strict=True)]
    return {token: tuple(values) for token, values in sums.items()}  # type: ignore[misc]


def begun(token: str = TOKEN, kind: str = BACKGROUND) -> Entry:
    return an_entry(
        project_id=PROJECT, token_id=token, key_id=KEY, usage="unknown", prompt_tokens=None,
        completion_tokens=None, cached_tokens=None, reasoning_tokens=None, cost_nanos=None,
        objects=(Kept("resp_1", kind),),
    )  # fmt: skip


async def test_a_response_in_the_background_is_counted_once_to_the_token_that_created_it(
    connected: Database,
) -> None:
    other = str(uuid4())
    await take(begun())
    # Shown to another token first, then to its own, in one batch of entries and in another.
    await take(showing(token=other), showing())
    await take(showing())
    assert await counted() == {TOKEN: (3, 100, 20, 5_000), other: (1, 0, 0, 0)}
    rows = await RequestLog.filter(project_id=PROJECT, prompt_tokens__isnull=False)
    assert rows == []
    assert (await UpstreamObject.get(id="resp_1")).counted_at is not None


async def test_the_row_of_its_own_token_shows_what_it_used(connected: Database) -> None:
    await take(begun())
    await take(showing())
    await take(showing())
    (row,) = await RequestLog.filter(project_id=PROJECT, prompt_tokens__isnull=False)
    assert (row.prompt_tokens, row.cost_nanos, row.model, row.service_tier) == (
        100, 5_000, "gpt-4o", "flex",
    )  # fmt: skip
    assert await counted() == {TOKEN: (3, 100, 20, 5_000)}


async def test_a_response_that_said_what_it_used_is_not_counted_again(connected: Database) -> None:
    await take(begun(kind="response"))
    await take(showing())
    assert await counted() == {TOKEN: (2, 0, 0, 0)}


async def test_what_shows_it_finished_may_come_before_what_created_it(connected: Database) -> None:
    """From the journal of another worker."""
    other = str(uuid4())
    await take(showing(token=other))
    await take(begun())
    await take(showing())
    assert await counted() == {TOKEN: (2, 0, 0, 0), other: (1, 100, 20, 5_000)}


async def test_an_old_one_of_which_nothing_is_known_is_nobody_s(connected: Database) -> None:
    await take(showing(msgspec.structs.replace(SPENT, created=1_789_000_000)))
    await take(showing(msgspec.structs.replace(SPENT, created=0)))
    await take(showing(msgspec.structs.replace(SPENT, id="no id")))
    assert await counted() == {TOKEN: (3, 0, 0, 0)}
    assert not await UpstreamObject.all()


async def test_two_workers_that_deliver_it_at_once_count_it_once(connected: Database) -> None:
    await take(begun())
    await asyncio.gather(*(take(showing()) for _ in range(5)))
    assert await counted() == {TOKEN: (6, 100, 20, 5_000)}


def test_the_release_before_takes_nothing_of_it_for_its_own() -> None:
    """It would count what a response used with each answer that shows it."""
    fields = msgspec.json.decode(encode(showing()))
    before = Entry.__struct_fields__.index("attempts") + 1
    assert fields[Entry.__struct_fields__.index("finished")][0] == "resp_1"
    old = decode(msgspec.json.encode(fields[:before]))
    assert (old.prompt_tokens, old.counted, old.finished) == (None, False, None)


def test_hostile_numbers_are_bounded() -> None:
    spent = msgspec.structs.replace(SPENT, prompt_tokens=2**63, cost_nanos=-5, model="m" * 500)
    kept = ledger._booked(showing(spent), TOKEN)
    assert (kept.prompt_tokens, kept.cost_nanos, kept.model) == (10**10, 0, "m" * 200)
