"""The grant cache: changes, outages and lost histories at every point. All in virtual time."""

from __future__ import annotations

import asyncio
from typing import Final
from unittest.mock import patch
from uuid import UUID

import pytest

from models.errors import DatabaseUnavailable
from models.generation import ChangeRecord
from proxy.access.grant import Grant
from tests.proxy.access.caches import (
    SOON,
    Cache,
    Database,
    Subjects,
    a_cache,
    answers,
    some_turns,
    token_of,
)
from tests.proxy.virtual_time import in_virtual_time, virtual_loop

#: More turns of the loop than a load and a refresh take together.
TURNS: Final = range(14)


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("first", ["the grant", "the change"])
@in_virtual_time
async def test_a_revocation_that_arrives_while_its_grant_loads(turns: int, first: str) -> None:
    """The grant that was read before is not cached, and whoever still gets it is told to end."""
    cache = await a_cache()
    database = cache.database
    using: set[UUID] = set()
    ended: set[UUID] = set()

    async def request() -> Grant | None:
        grant = await cache.grants.find("b")
        using.add(token_of("b"))
        return grant

    async def end(subjects: Subjects) -> None:
        ended.update(using if subjects is None else using & subjects)

    cache.grants.on_change = end
    database.hold("load", "changes")
    asked = asyncio.create_task(request())
    await some_turns(5)
    database.revoke("b")
    database.tick()
    # A request for another token notices it.
    noticing = asyncio.create_task(cache.version("a"))
    await some_turns(5)
    answers = ("load", "changes") if first == "the grant" else ("changes", "load")
    database.release(answers[0])
    await some_turns(turns)
    database.release(answers[1])
    await noticing
    grant = await asked
    assert grant is not None
    await some_turns(3)
    assert grant.record.revoked_at is not None or ended == {token_of("b")}
    found = await cache.grants.find("b")
    assert found is not None
    assert found.record.revoked_at is not None


@in_virtual_time
async def test_changes_on_this_machine_are_in_force_at_the_next_request() -> None:
    cache = await a_cache()
    for version in range(1, 4):
        cache.database.change("a")
        cache.database.tick()
        assert await cache.version("a") == version
    assert cache.told == [{token_of("a")}] * 3


@in_virtual_time
async def test_only_what_changed_is_read_again() -> None:
    cache = await a_cache()
    await cache.version("b")
    before = await cache.grants.find("b")
    cache.database.change("a")
    cache.database.tick()
    assert await cache.version("a") == 1
    assert await cache.grants.find("b") is before


@in_virtual_time
async def test_changes_on_other_machines_are_in_force_within_a_second() -> None:
    cache = await a_cache()
    cache.grants.open()
    await asyncio.sleep(5)
    cache.database.revoke("a")
    await asyncio.sleep(SOON)
    assert await cache.version("a") == 1
    assert cache.was_told_of("a")
    await cache.grants.close()


@in_virtual_time
async def test_a_notification_is_acted_on_at_once() -> None:
    cache = await a_cache()
    cache.grants.open()
    await asyncio.sleep(5.1)
    cache.database.revoke("a")
    began = asyncio.get_running_loop().time()
    cache.grants.look_again()
    while not cache.was_told_of("a"):
        await asyncio.sleep(0.001)
    assert asyncio.get_running_loop().time() - began < 0.01
    await cache.grants.close()


@pytest.mark.parametrize("loss", ["too old", "restored"])
@in_virtual_time
async def test_a_history_that_says_nothing_drops_everything(loss: str) -> None:
    """And tells of every token: one of them may have a stream and no grant in the cache."""
    cache = await a_cache()
    database = cache.database
    await cache.version("b")
    for name in ("a", "b"):
        database.revoke(name)
    database.forget_history() if loss == "too old" else database.restore()
    database.tick()
    assert await cache.version("a") == 1
    assert await cache.version("b") == 1
    assert cache.told == [None]


@in_virtual_time
async def test_a_grant_that_was_cached_before_the_generation_was_known_is_dropped() -> None:
    database = Database()
    database.create("a")
    cache = Cache(database)
    database.away = True
    with pytest.raises(DatabaseUnavailable):
        await cache.version("a")
    database.away = False
    # The database is not asked for changes again so soon.
    assert await cache.version("a") == 0
    database.revoke("a")
    await asyncio.sleep(SOON)
    assert await cache.version("a") == 1
    assert cache.was_told_of("a")


@in_virtual_time
async def test_during_an_outage_cached_grants_work_and_others_are_refused() -> None:
    cache = await a_cache()
    database = cache.database
    cache.grants.open()
    database.away = True
    await asyncio.sleep(SOON)
    assert answers(cache) is False
    database.revoke("a")
    database.tick()
    for _ in range(3):
        assert await cache.version("a") == 0
        with pytest.raises(DatabaseUnavailable):
            await cache.version("b")
        await asyncio.sleep(5)
    assert cache.told == []
    database.away = False
    await asyncio.sleep(SOON)
    assert answers(cache) is True
    assert await cache.version("a") == 1
    assert cache.was_told_of("a")
    assert await cache.version("b") == 0
    await cache.grants.close()


@in_virtual_time
async def test_requests_wait_once_for_a_database_that_is_silent() -> None:
    """For two seconds, until it counts as away; from then on the watch alone asks it."""
    cache = await a_cache()
    cache.grants.open()
    await asyncio.sleep(1)
    cache.database.hold("changes")
    cache.database.change("a")
    cache.database.tick()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await asyncio.gather(*(cache.version("a") for _ in range(10))) == [0] * 10
    assert loop.time() - began <= 2.0 + 1e-6
    assert answers(cache) is False
    for _ in range(40):
        began = loop.time()
        assert await cache.version("a") == 0
        assert loop.time() == began
        await asyncio.sleep(0.1)
    cache.database.release()
    await asyncio.sleep(SOON)
    assert await cache.version("a") == 1
    await cache.grants.close()


@in_virtual_time
async def test_a_service_that_starts_before_its_database_asks_it_twice_a_second() -> None:
    database = Database()
    database.create("a")
    database.away = True
    cache = Cache(database)
    for _ in range(10):
        with pytest.raises(DatabaseUnavailable):
            await cache.version("a")
    assert database.queries.count("generation") == 1
    assert answers(cache) is None
    await asyncio.sleep(0.5)
    database.away = False
    assert await cache.version("a") == 0
    assert answers(cache) is True


@in_virtual_time
async def test_a_change_is_read_once_for_all_that_notice_it() -> None:
    cache = await a_cache()
    cache.database.change("a")
    cache.database.tick()
    cache.database.queries.clear()
    assert await asyncio.gather(*(cache.version("a") for _ in range(20))) == [1] * 20
    assert cache.database.queries == ["changes", "load"]


@in_virtual_time
async def test_a_change_that_comes_while_another_is_read_is_not_missed() -> None:
    cache = await a_cache()
    database = cache.database
    assert await cache.version("b") == 0
    database.hold("changes")
    database.change("a")
    database.tick()
    asked = asyncio.create_task(cache.version("a"))
    await some_turns(5)
    database.change("b")
    database.tick()
    database.release()
    assert await asked == 1
    assert await cache.version("b") == 1


@in_virtual_time
async def test_the_watch_alone_notices_what_this_machine_changes() -> None:
    cache = await a_cache()
    cache.grants.open()
    await asyncio.sleep(5.01)
    cache.database.revoke("a")
    cache.database.tick()
    await asyncio.sleep(0.41)
    assert cache.was_told_of("a")
    await cache.grants.close()


@in_virtual_time
async def test_unknown_digests_stay_unknown_while_nothing_changes() -> None:
    cache = await a_cache()
    cache.grants.open()
    assert await cache.version("made up") is None
    cache.database.queries.clear()
    await asyncio.sleep(5)
    assert await cache.version("made up") is None
    assert "load" not in cache.database.queries
    assert cache.told == []
    await cache.grants.close()


@in_virtual_time
async def test_a_load_has_five_seconds() -> None:
    cache = await a_cache()
    cache.database.hold("load")
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(DatabaseUnavailable):
        await cache.version("b")
    assert loop.time() - began == pytest.approx(5.0)


@in_virtual_time
async def test_a_loop_that_stood_still_takes_nobody_for_away() -> None:
    """The answer had come before the loop went on; the timers were due for long by then."""
    cache = await a_cache()
    database, loop = cache.database, virtual_loop()
    database.hold("load", "changes")
    database.change("a")
    database.tick()
    asked = [asyncio.create_task(cache.version(name)) for name in "ab"]
    for _ in range(2):
        await some_turns(5)
        loop.stand_still(60)
        await some_turns(5)
        database.release()
        database.hold("load")
    await some_turns(5)
    loop.stand_still(60)
    await some_turns(5)
    database.release()
    assert [await each for each in asked] == [1, 0]
    assert answers(cache) is True


@in_virtual_time
async def test_the_watch_survives_an_error_that_nobody_foresaw() -> None:
    cache = await a_cache()
    database = cache.database
    cache.grants.open()
    with patch.object(database, "_answer", side_effect=RuntimeError("unforeseen")):
        await asyncio.sleep(5)
    database.revoke("a")
    await asyncio.sleep(SOON)
    assert cache.was_told_of("a")
    await cache.grants.close()


@in_virtual_time
async def test_the_cache_is_bounded_and_what_was_cached_first_makes_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = await a_cache()
    monkeypatch.setattr("proxy.access.grants.CACHE_MAX", 3)
    for name in "cdefg":
        cache.database.create(name)
    for name in "bcdefg":
        assert await cache.version(name) == 0
        assert len(cache.grants._grants) <= 3
    assert list(cache.grants._grants) == ["e", "f", "g"]
    # Nothing is left of those that made way.
    assert set(cache.grants._by_subject) == {UUID(int=2), *map(token_of, "efg")}
    assert cache.grants._by_subject[UUID(int=2)] == {"e", "f", "g"}
    # And whoever made way is read again.
    assert await cache.version("a") == 0


@in_virtual_time
async def test_a_change_of_a_project_drops_all_of_its_tokens() -> None:
    cache = await a_cache()
    database = cache.database
    await cache.version("b")
    for name in ("a", "b"):
        database.versions[name] += 1
    database.generation_now += 1
    database.changes.append(ChangeRecord(database.generation_now, "project", UUID(int=2)))
    database.tick()
    assert (await cache.version("a"), await cache.version("b")) == (1, 1)


@in_virtual_time
async def test_closing_ends_what_is_under_way() -> None:
    cache = await a_cache()
    cache.grants.open()
    cache.database.hold("load", "changes", "generation")
    asked = asyncio.create_task(cache.version("b"))
    await some_turns(3)
    await cache.grants.close()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await some_turns(3)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
