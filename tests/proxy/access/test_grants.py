"""The grant cache, with loads, changes, outages and lost histories interleaved at every point.

All of it runs in virtual time: a second takes as long as what happens in it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, TypeAlias
from unittest.mock import patch
from uuid import UUID, uuid5

import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from

from models.errors import DatabaseUnavailable, ModelError
from models.generation import ChangeRecord
from models.grants import GrantRecord
from proxy.access.grants import Grant, Grants
from proxy.providers.provider import BUILT_IN
from tests.proxy.rows import UPSTREAMS, a_record
from tests.proxy.virtual_time import VirtualTimeLoop, in_virtual_time, virtual_loop

#: What a change may take to be in force on another machine, in seconds.
SOON: Final = 1.0

Subjects: TypeAlias = set[UUID] | None


class Database:
    """A grant source with a history. A record's `quota_epoch` counts the changes of its token.

    While `holding` names a query, it has read its rows and its answer is on the way.
    """

    def __init__(self) -> None:
        self.changes: list[ChangeRecord] = []
        self.versions: dict[str, int] = {}
        self.revoked: set[str] = set()
        self.generation_now = 0
        self.ticks = 0
        self.away = False
        self.holding: set[str] = set()
        self.let_go = asyncio.Event()

    # What happens to it

    def create(self, name: str) -> None:
        self.versions[name] = 0
        self._change(name)

    def change(self, name: str) -> None:
        self.versions[name] += 1
        self._change(name)

    def revoke(self, name: str) -> None:
        self.revoked.add(name)
        self.change(name)

    def _change(self, name: str) -> None:
        self.generation_now += 1
        self.changes.append(ChangeRecord(self.generation_now, "token", token_of(name)))

    def tick(self) -> None:
        """The last change was made on this machine."""
        self.ticks += 1

    def forget_history(self) -> None:
        self.changes.clear()

    def restore(self) -> None:
        """The database is replaced by an older one, whose generation is behind."""
        self.generation_now = max(0, self.generation_now - 5)
        self.changes.clear()

    def hold(self, *queries: str) -> None:
        self.holding |= set(queries)

    def release(self, *queries: str) -> None:
        self.holding -= set(queries) or self.holding
        self.let_go.set()
        self.let_go = asyncio.Event()

    # What is asked of it

    async def load(self, digests: list[str]) -> dict[str, GrantRecord | ModelError]:
        found: dict[str, GrantRecord | ModelError] = {
            name: record_of(name, self.versions[name], revoked=name in self.revoked)
            for name in digests
            if name in self.versions
        }
        await self._answer("load")
        return found

    async def is_cut_off(self, token_id: UUID) -> bool:
        cut_off = token_id in {token_of(name) for name in self.revoked}
        await self._answer("is_cut_off")
        return cut_off

    async def generation(self) -> int:
        generation = self.generation_now
        await self._answer("generation")
        return generation

    async def changes_since(self, generation: int) -> list[ChangeRecord] | None:
        changes = [change for change in self.changes if change.generation > generation]
        reached, complete = self.generation_now, len(changes)
        await self._answer("changes")
        return changes if generation + complete == reached else None

    async def _answer(self, query: str) -> None:
        if self.away:
            raise DatabaseUnavailable("away")
        while query in self.holding:
            await self.let_go.wait()
        # Not at once, or nothing could come in between.
        await asyncio.sleep(0)
        if self.away:
            raise DatabaseUnavailable("went away")


def token_of(name: str) -> UUID:
    return uuid5(UUID(int=1), name)


def record_of(name: str, version: int, *, revoked: bool) -> GrantRecord:
    return a_record(
        token_id=token_of(name),
        project_id=UUID(int=2),
        quota_epoch=version,
        revoked_at=1.0 if revoked else None,
    )


class Cache:
    """The cache over a database, and what it tells of changes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.grants = Grants(database, lambda: database.ticks, BUILT_IN, UPSTREAMS)
        self.told: list[Subjects] = []
        self.grants.on_change = self._on_change

    async def _on_change(self, subjects: Subjects) -> None:
        self.told.append(subjects)

    def was_told_of(self, name: str) -> bool:
        return any(subjects is None or token_of(name) in subjects for subjects in self.told)

    async def version(self, name: str) -> int | None:
        grant = await self.grants.find(name)
        return None if grant is None else grant.record.quota_epoch


async def a_cache() -> Cache:
    """Over a database with two tokens, of which `a` is cached."""
    database = Database()
    database.create("a")
    database.create("b")
    cache = Cache(database)
    assert await cache.version("a") == 0
    cache.told.clear()
    return cache


def answers(cache: Cache) -> bool | None:
    return cache.grants.database_answers


async def some_turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


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
async def test_requests_do_not_wait_for_a_database_that_is_known_to_be_away() -> None:
    cache = await a_cache()
    database = cache.database
    database.hold("changes")
    database.change("a")
    database.tick()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await cache.version("a") == 0
    assert loop.time() - began == pytest.approx(2.0)
    for _ in range(10):
        assert await cache.version("a") == 0
    assert loop.time() - began == pytest.approx(2.0)
    # Half a second later one asks again, on behalf of all.
    await asyncio.sleep(0.5)
    await asyncio.gather(*(cache.version("a") for _ in range(10)))
    assert loop.time() - began == pytest.approx(4.5)


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


NAMES: Final = sampled_from(["a", "b", "c", "d"])


class Machine(RuleBasedStateMachine):
    """Whatever happens in whatever order, what is found is no older than the promise allows.

    `required` says for a request that begins now how many changes of its token it must know of:
    those made on this machine, and those made elsewhere a second ago; provided that the database
    has been answering since, and goes on to until the request has its answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bound = patch("proxy.access.grants.CACHE_MAX", 2)
        self.bound.start()
        self.loop = VirtualTimeLoop()
        self.asked: list[tuple[str, int, asyncio.Task[int | None]]] = []
        #: For each change: when it was made, of what, and whether on this machine.
        self.made: list[tuple[float, str, int, bool]] = []
        self.answering_since = 0.0
        self.disturbances = 0

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    @initialize()
    def begin(self) -> None:
        async def begin() -> None:
            self.database = Database()
            self.database.create("a")
            self.cache = Cache(self.database)
            self.cache.grants.open()

        self.run(begin())
        self.pass_time(20)

    # What happens

    @rule(name=NAMES, here=booleans(), revoked=booleans())
    def change(self, name: str, *, here: bool, revoked: bool) -> None:
        """A token is made, changed or revoked, on this machine or another one."""
        database = self.database
        if name not in database.versions:
            database.create(name)
        elif revoked:
            database.revoke(name)
        else:
            database.change(name)
        self.made.append((self.loop.time(), name, database.versions[name], here))
        # It may have a stream that began before, whose token is not in the cache.
        if here:
            database.tick()

    @rule(name=NAMES)
    def ask(self, name: str) -> None:
        """A request begins."""
        required = self.required(name)
        task = self.loop.create_task(self.cache.version(name))
        self.asked.append((name, required, task))

    @rule(turns=integers(0, 6))
    def go_on(self, turns: int) -> None:
        """A few turns of the loop."""
        self.run(some_turns(turns))

    @rule(tenths=sampled_from([1, 6, 11, 60]))
    def pass_time(self, tenths: int) -> None:
        """All that is due in this time."""
        self.run(asyncio.sleep(tenths / 10))

    @rule()
    def notify(self) -> None:
        """The database says that something changed."""
        self.cache.grants.look_again()

    @rule()
    def lose_history(self) -> None:
        """More changes than are kept."""
        self.database.forget_history()

    @precondition(lambda self: not self.database.away)
    @rule()
    def go_away(self) -> None:
        """The database refuses everything."""
        self.database.away = True
        self._disturb()

    @precondition(lambda self: self.database.away)
    @rule()
    def come_back(self) -> None:
        """And answers again."""
        self.database.away = False
        self._disturb()

    @rule(queries=sampled_from([("load",), ("changes", "generation"), ("is_cut_off",)]))
    def hold(self, queries: tuple[str, ...]) -> None:
        """Answers of these are on their way for a while."""
        self.database.hold(*queries)
        if "changes" in queries:
            self._disturb()

    @precondition(lambda self: self.database.holding)
    @rule()
    def release(self) -> None:
        """They arrive."""
        if "changes" in self.database.holding:
            self._disturb()
        self.database.release()

    # What must be true

    def _disturb(self) -> None:
        self.answering_since = self.loop.time()
        self.disturbances += 1
        # Whoever asks now may be answered from the cache.
        self.asked = [(name, 0, task) for name, _, task in self.asked]

    @property
    def is_answering(self) -> bool:
        return not self.database.away and "changes" not in self.database.holding

    def required(self, name: str) -> int:
        now = self.loop.time()
        if not self.is_answering or self.answering_since + SOON > now:
            return 0
        return max(
            (
                version
                for at, changed, version, here in self.made
                if changed == name and (here or at + SOON <= now)
            ),
            default=0,
        )

    @invariant()
    def nothing_is_older_than_promised(self) -> None:
        going_on = []
        for name, required, task in self.asked:
            if not task.done():
                going_on.append((name, required, task))
            elif isinstance(task.exception(), DatabaseUnavailable):
                continue
            elif (version := task.result()) is not None:
                assert version >= required, f"{name}: {version} of {required}"
        self.asked = going_on

    @invariant()
    def the_index_agrees_with_the_cache(self) -> None:
        grants = self.cache.grants
        assert len(grants._grants) <= 2
        index: dict[UUID, set[str]] = {}
        for digest, grant in grants._grants.items():
            for subject in (grant.record.token_id, grant.record.project_id):
                index.setdefault(subject, set()).add(digest)
        assert grants._by_subject == index

    def teardown(self) -> None:
        """Once all is well again, everything is known and everybody has been told."""
        if hasattr(self, "cache"):
            self.database.away = False
            self.database.release()
            self.run(asyncio.sleep(6))
            self.nothing_is_older_than_promised()
            assert self.asked == []
            for name, version in self.database.versions.items():
                assert self.run(self.cache.version(name)) == version
            assert all(self.cache.was_told_of(name) for _, name, _, _ in self.made)
            self.run(self.cache.grants.close())
        self.loop.close()
        self.bound.stop()


def test_no_order_of_events_serves_an_older_grant_than_promised() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=80, stateful_step_count=30))
