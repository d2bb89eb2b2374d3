"""What a worker's polls say of those who look now and then, on both backends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import get_args
from uuid import UUID, uuid4

import asyncpg
import pytest

from config import Database
from models import Destination, Exhausted, KeyRest, KeyState, Revocation, Token, changes, generation
from models.db.database import connection, postgres_address, run_in_transaction
from models.errors import DatabaseUnavailable
from models.generation import GenerationFile
from models.key_states import rest, suspend
from models.polling import _FOUND, Found, Kind, Polling
from tests.models.rows import BY, RING, a_project

KEY = UUID(int=7)

pytestmark = pytest.mark.usefixtures("connected")


async def _resting() -> None:
    await rest(KEY, "gpt-4o", "", changes.now() + timedelta(seconds=60), "429")


async def _rested() -> None:
    await rest(KEY, "gpt-4o", "", changes.now() - timedelta(seconds=60), "429")


async def _suspended() -> None:
    await suspend(KEY, "401")


async def _failed() -> None:
    await KeyState.create(key_id=KEY, last_error="500")


async def _revoked() -> None:
    await Revocation.create(subject_id=KEY, kind="token", at=changes.now())


async def _exhausted() -> None:
    await Exhausted.create(subject_id=KEY, kind="token", why="requests", at=changes.now())


async def _told() -> None:
    at = changes.now()
    await Exhausted.create(subject_id=KEY, kind="token", why="requests", at=at, told_at=at)


async def _destination() -> Destination:
    made, _ = await Destination.make(
        kind="webhook", name="hook", url="https://a.example/", requests=True, ring=RING, by=BY
    )
    return made


async def _switched_off() -> None:
    await Destination.filter(id=(await _destination()).id).update(is_active=False)


@pytest.mark.parametrize(
    ("happens", "kind"),
    [
        (_resting, "rests"),
        (_rested, None),
        (_suspended, "rests"),
        (_failed, None),
        (_revoked, "revocations"),
        (_exhausted, "exhausted"),
        (_told, None),
        (_destination, "destinations"),
        (_switched_off, None),
    ],
)
async def test_what_there_is_of_each_kind(
    happens: Callable[[], Awaitable[object]], kind: Kind | None
) -> None:
    polling = Polling()
    assert not any(polling.lacks(each) for each in get_args(Kind))
    await polling.changes_since(0)
    assert all(polling.lacks(each) for each in get_args(Kind))

    await happens()
    await polling.changes_since(0)

    assert [each for each in get_args(Kind) if not polling.lacks(each)] == [kind] * bool(kind)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[GenerationFile]:
    file = GenerationFile(tmp_path / "generation")
    generation.configure(file)
    yield file
    generation.configure(None)
    file.close()


async def test_it_is_said_of_this_second_and_until_the_machine_changes(
    file: GenerationFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    polling = Polling()
    await polling.changes_since(0)
    assert polling.last is not None
    asked_at = polling.last.asked_at
    for later, lacks in ((0.9, True), (1.1, False)):
        monkeypatch.setattr("models.polling.monotonic", lambda later=later: asked_at + later)
        assert polling.lacks("destinations") is lacks
    monkeypatch.undo()
    assert polling.lacks("destinations", asked_at - 0.1)
    assert not polling.lacks("destinations", asked_at)

    # Nothing was asked since then.
    await _destination()
    assert not polling.lacks("destinations")
    assert not polling.lacks("exhausted")

    await polling.changes_since(0)
    assert not polling.lacks("destinations")
    assert polling.lacks("exhausted")
    file.tick()
    assert not polling.lacks("exhausted")


async def test_it_says_of_changes_what_the_generation_says() -> None:
    polling = Polling()
    assert await polling.changes_since(0) == []
    project = await a_project()
    await Token.issue(project, by=BY)
    now = await generation.current()
    assert now > 1
    for known in (0, 1, now - 1, now, now + 1):
        assert await polling.changes_since(known) == await generation.changes_since(known)
        assert polling.last is not None
        assert polling.last.generation == now


async def test_what_a_poll_found_stands_until_something_is_committed(
    connected: Database, file: GenerationFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says so at once; PostgreSQL has to be asked."""
    at_once = connected.dialect == "sqlite"
    polling = Polling()
    assert not polling.is_current(0)
    await polling.changes_since(0)
    assert polling.last is not None
    # Whoever ticks has mostly committed nothing of what is polled.
    file.tick()
    later = polling.last.asked_at + 0.9
    monkeypatch.setattr("models.polling.monotonic", lambda: later)
    assert polling.is_current(0) is at_once
    # It is of now.
    assert polling.last.asked_at == (later if at_once else later - 0.9)
    assert polling.lacks("destinations") is at_once
    assert not polling.is_current(1)

    await _destination()
    assert not polling.is_current(0)
    assert not polling.is_current(await generation.current())
    await polling.changes_since(0)
    assert polling.is_current(await generation.current()) is at_once
    assert not polling.lacks("destinations")


async def test_rests_end_by_themselves() -> None:
    polling = Polling()
    await _resting()
    await polling.changes_since(0)
    assert not polling.is_current(0)


async def test_what_was_found_before_an_outage_stands_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    polling = Polling()
    await polling.changes_since(0)

    async def away() -> Found:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr("models.polling._ask", away)
        with pytest.raises(DatabaseUnavailable):
            await polling.changes_since(0)
    assert not polling.is_current(0)
    assert not polling.lacks("destinations")


async def test_the_generation_is_that_of_the_last_poll_while_nothing_is_known_of_another(
    file: GenerationFile,
) -> None:
    polling = Polling()
    assert await polling.generation() == 0
    await polling.changes_since(0)
    await run_in_transaction(lambda: generation.bump("token", KEY))
    assert await polling.generation() == 1
    await polling.changes_since(0)
    assert await polling.generation() == 1


@pytest.fixture(params=["key_rest", "key_state", "revocation", "exhausted", "destination"])
async def locked(connected: Database, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """One of the tables is locked by another session, as a migration or VACUUM FULL does."""
    other = await asyncpg.connect(**postgres_address(connected))
    try:
        async with other.transaction():
            await other.execute(f"LOCK TABLE {request.param} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await other.close()


# SQLite's readers wait for no lock.
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.usefixtures("locked")
async def test_a_locked_table_does_not_hold_up_what_changes() -> None:
    polling = Polling()
    await run_in_transaction(lambda: generation.bump("token", KEY))
    for known in (0, 1):
        began = monotonic()
        found = await polling.changes_since(known)
        assert monotonic() - began < 1
        assert [change.target_id for change in found or ()] == [KEY] * (1 - known)
        assert polling.last is None
    first = polling._asking
    # One that waits, and none behind it.
    await polling.changes_since(1)
    assert polling._asking is first
    polling.close()


async def test_a_poll_that_was_answered_late_is_not_taken_for_what_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.polling._PATIENCE_S", 0.0)
    polling = Polling()
    assert await polling.changes_since(0) == []
    assert polling._asking is not None
    await polling._asking
    assert polling.last is None
    assert not polling.lacks("rests")

    monkeypatch.undo()
    await polling.changes_since(0)
    assert polling.lacks("rests")


async def test_neither_rests_that_are_over_nor_keys_that_failed_are_read(
    connected: Database,
) -> None:
    over = changes.now() - timedelta(seconds=60)
    await KeyRest.bulk_create(
        KeyRest(key_id=uuid4(), model="", endpoint="", until=over, reason="429")
        for _ in range(5_000)
    )
    await KeyState.bulk_create(KeyState(key_id=uuid4(), last_error="429") for _ in range(5_000))
    await connection().execute_query("ANALYZE")
    # Without the value, which is how PostgreSQL plans it from its sixth time on.
    now = "CURRENT_TIMESTAMP" if connected.dialect == "sqlite" else "(SELECT now())"
    how = "EXPLAIN QUERY PLAN" if connected.dialect == "sqlite" else "EXPLAIN"
    plan = await connection().execute_query_dict(f"{how} {_FOUND.replace('{}', now)}")
    steps = [str(step) for step in plan]
    for index in ("key_rest_until", "key_state_suspended"):
        assert any(index in step for step in steps), steps
    for table in ("key_rest", "key_state"):
        assert not any(f"Seq Scan on {table}" in step for step in steps), steps
