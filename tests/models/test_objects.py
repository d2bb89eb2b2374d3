"""Objects of upstream accounts: what entries tell of them is stored once, and found again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from config import Database
from models import objects
from models.entry import Entry, apply_batch, decode, encode, storable
from models.objects import TOLD_MAX, Found, Kept, UpstreamObject, find
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
