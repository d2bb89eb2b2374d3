"""A grant cache over a database that changes, is away, forgets and is slow when a test says so."""

from __future__ import annotations

import asyncio
from typing import Final, TypeAlias
from uuid import UUID, uuid5

from models.errors import DatabaseUnavailable, ModelError
from models.generation import ChangeRecord
from models.grants import GrantRecord
from proxy.access.grants import Grants
from proxy.providers.catalog import BUILT_IN
from tests.proxy.rows import UPSTREAMS, a_record

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
        self.queries: list[str] = []

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

    def is_current(self, generation: int) -> bool:
        return False

    async def changes_since(self, generation: int) -> list[ChangeRecord] | None:
        changes = [change for change in self.changes if change.generation > generation]
        reached, complete = self.generation_now, len(changes)
        await self._answer("changes")
        return changes if generation + complete == reached else None

    async def _answer(self, query: str) -> None:
        self.queries.append(query)
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
