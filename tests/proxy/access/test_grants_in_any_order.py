"""The grant cache with loads, changes, outages and lost histories in any order, against a model."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

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

from models.errors import DatabaseUnavailable
from tests.proxy.access.caches import SOON, Cache, Database, some_turns
from tests.proxy.virtual_time import VirtualTimeLoop

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
