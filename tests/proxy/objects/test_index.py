"""A worker's memory of objects, and where it looks for what is not in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from models.errors import DatabaseUnavailable
from models.objects import Found, Kept
from proxy.objects import index as module
from proxy.objects.index import Index, Key
from tests.models.rows import an_entry

MINE, THEIRS = Found("key-1", "token-1"), Found("key-2", "token-2")
P = "project"


class Stored:
    """The database: rows by project and id, and which were asked for."""

    def __init__(self) -> None:
        self.rows: dict[Key, Found] = {}
        self.asked: list[list[Key]] = []
        self.away = False
        #: Rows that come with the query of this number.
        self.later: dict[int, Key] = {}

    async def find(self, wanted: Sequence[Key]) -> dict[Key, Found]:
        self.asked.append(list(wanted))
        if self.away:
            raise DatabaseUnavailable("away")
        if (key := self.later.get(len(self.asked))) is not None:
            self.rows[key] = MINE
        return {key: self.rows[key] for key in wanted if key in self.rows}


class Siblings:
    """Other workers' journals: what stands there at each look."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.written: list[tuple[str, Found]] = []
        self.looks = 0

    async def catch_up(self) -> None:
        self.looks += 1
        for one, found in self.written:
            self.index.note(P, Kept(one, "file"), found)


async def test_what_was_told_is_known_without_asking() -> None:
    stored = Stored()
    index = Index(stored.find)
    kept = (Kept("file-1", "file"),)
    index.tell(an_entry(project_id=P, token_id="token-1", key_id="key-1", objects=kept))
    assert await index.look_up(P, ["file-1"]) == {"file-1": MINE}
    assert stored.asked == []


async def test_what_another_worker_wrote_down_is_found_before_it_is_stored() -> None:
    stored = Stored()
    index = Index(stored.find)
    index.siblings = siblings = Siblings(index)
    siblings.written.append(("file-1", THEIRS))
    assert await index.look_up(P, ["file-1"]) == {"file-1": THEIRS}
    assert (stored.asked, siblings.looks) == ([], 1)


async def test_what_is_stored_is_asked_for_once() -> None:
    stored = Stored()
    stored.rows[P, "file-1"] = MINE
    index = Index(stored.find)
    for _ in range(2):
        assert await index.look_up(P, ["file-1"]) == {"file-1": MINE}
    assert stored.asked == [[(P, "file-1")]]
    # Another project's is another one.
    assert await index.look_up("other", ["file-1"], again=False) == {}


async def test_what_another_machine_is_about_to_store_is_looked_for_again() -> None:
    stored = Stored()
    stored.later[3] = (P, "file-1")
    index = Index(stored.find, again=(0.0, 0.0, 0.0, 0.0))
    assert await index.look_up(P, ["file-1"]) == {"file-1": MINE}
    assert len(stored.asked) == 3


async def test_it_is_looked_for_up_to_three_seconds_and_seldom() -> None:
    assert sum(module._AGAIN_S) == 3.0
    assert len(module._AGAIN_S) <= 8


async def test_one_that_was_waited_for_in_vain_is_not_waited_for_again_for_a_while() -> None:
    clock, stored = 0.0, Stored()
    index = Index(stored.find, again=(0.0, 0.0), clock=lambda: clock)
    for queries in (3, 4):
        clock += 1.0
        assert await index.look_up(P, ["file-1"]) == {}
        assert len(stored.asked) == queries
    # It is found all the same, once it is there.
    stored.rows[P, "file-1"] = MINE
    clock += 1.0
    assert await index.look_up(P, ["file-1"]) == {"file-1": MINE}
    clock += module._IN_VAIN_S + 1
    assert await index.look_up(P, ["file-2"]) == {}
    assert len(stored.asked) == 8


async def test_requests_that_wait_share_their_queries() -> None:
    stored = Stored()
    index = Index(stored.find, again=(0.0,))
    ids = [f"file-{number}" for number in range(50)]
    await asyncio.gather(*(index.look_up(P, [one]) for one in ids))
    assert len(stored.asked) <= 4
    assert sorted(stored.asked[0]) == sorted((P, one) for one in ids)


async def test_a_request_that_is_given_up_takes_nothing_from_the_others() -> None:
    stored = Stored()
    stored.rows[P, "file-1"] = MINE
    index = Index(stored.find)
    first = asyncio.create_task(index.look_up(P, ["file-1"]))
    second = asyncio.create_task(index.look_up(P, ["file-1"]))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == {"file-1": MINE}


async def test_a_database_that_is_away_is_said_to_be() -> None:
    stored = Stored()
    stored.away = True
    index = Index(stored.find)
    with pytest.raises(DatabaseUnavailable):
        await index.look_up(P, ["file-1"])
    stored.away = False
    assert await index.look_up(P, ["file-1"], again=False) == {}


async def test_what_belongs_to_an_object_is_whose_that_is() -> None:
    index = Index(Stored().find)
    index.note(P, Kept("batch_1", "batch"), MINE)
    index.note(P, Kept("file-o", "file", "batch_1"), THEIRS)
    index.note(P, Kept("file-x", "file", "batch_2"), THEIRS)
    assert index.known(P, ["file-o", "file-x"]) == {"file-o": MINE}


async def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KNOWN_MAX", 10)
    monkeypatch.setattr(module, "_IN_VAIN_MAX", 10)
    index = Index(Stored().find, again=(0.0,))
    for number in range(30):
        index.note(P, Kept(f"file-{number}", "file"), MINE)
    await index.look_up(P, [f"other-{number}" for number in range(30)])
    assert (len(index._known), len(index._in_vain)) == (10, 10)
    assert index.known(P, ["file-29", "file-0"]) == {"file-29": MINE}
