"""Whose turn it is at the limits' connections, with a server that takes as many as a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from config import Database
from proxy.limits import postgres_connections
from proxy.limits.postgres_connections import (
    Connections,
    NotSent,
    _TooMany,
    was_not_carried_out,
)
from tests.proxy.virtual_time import in_virtual_time, virtual_loop


class Connection:
    """A session that answers each statement when a test says so."""

    def __init__(self) -> None:
        self.closed = False
        self.hears_no_goodbye = False
        self.asked: asyncio.Future[list[Any]] | None = None

    def is_closed(self) -> bool:
        return self.closed

    async def fetch(self, *_: object) -> list[Any]:
        self.asked = asyncio.get_running_loop().create_future()
        return await self.asked

    def terminate(self) -> None:
        self.closed = True

    async def close(self, timeout: float) -> None:
        if self.hears_no_goodbye:
            raise TimeoutError
        self.closed = True

    def answer(self) -> None:
        assert self.asked is not None
        self.asked.set_result([])

    def fail(self, error: BaseException) -> None:
        assert self.asked is not None
        self.asked.set_exception(error)


class Scripted(Connections):
    """Up to two, of a server that has room for `room`."""

    def __init__(self, room: int = 2, **more: Any) -> None:
        database = Database(dialect="postgres")
        super().__init__(database, size=2, connect_timeout=1.0, command_timeout=1.0, **more)
        self.room = room
        self.made: list[Connection] = []

    @property
    def living(self) -> list[Connection]:
        return [one for one in self.made if not one.closed]

    async def _connect(self) -> Any:
        await asyncio.sleep(0)
        if self.room < 0:
            raise NotSent("nobody listens")
        if len(self.living) >= self.room:
            raise _TooMany("too many connections")
        self.made.append(Connection())
        return self.made[-1]


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def asked(connections: Connections) -> asyncio.Task[list[Any]]:
    task = asyncio.create_task(connections.fetch("SELECT 1"))
    await turns()
    return task


async def have_answered(connections: Scripted, *tasks: asyncio.Task[list[Any]]) -> None:
    """Answer whatever is asked until all of these have their rows."""
    # In turns: virtual time stands still as long as there is one.
    for _ in range(100):
        for one in connections.living:
            if one.asked is not None and not one.asked.done():
                one.answer()
        await asyncio.sleep(0)
    assert [task.result() for task in tasks] == [[]] * len(tasks)


@in_virtual_time
async def test_the_last_one_used_is_taken_first_and_none_that_is_closed() -> None:
    connections = Scripted()
    first, second = await asked(connections), await asked(connections)
    older, newer = connections.made
    older.answer()
    await first
    newer.answer()
    await second
    again = await asked(connections)
    assert newer.asked is not None
    assert not newer.asked.done()
    newer.answer()
    await again
    older.closed = newer.closed = True
    await have_answered(connections, await asked(connections), await asked(connections))
    assert len(connections.made) == 4


@pytest.mark.parametrize(
    ("error", "stays", "closes"),
    [
        (asyncpg.DivisionByZeroError("by 0"), True, False),
        (asyncpg.ReadOnlySQLTransactionError("read-only"), False, False),
        (TimeoutError(), False, False),
        (asyncpg.ConnectionDoesNotExistError("cut"), False, True),
    ],
)
@in_virtual_time
async def test_the_next_that_waits_has_the_place_of_one_that_failed(
    error: Exception, *, stays: bool, closes: bool
) -> None:
    connections = Scripted()
    failing, beside = await asked(connections), await asked(connections)
    waiting, later = await asked(connections), await asked(connections)
    failed = connections.made[0]
    failed.closed = closes
    failed.fail(error)
    with pytest.raises(type(error)):
        await failing
    await turns()
    assert failed.closed is not stays
    connections.made[0 if stays else -1].answer()
    await asyncio.wait([waiting], timeout=1)
    assert waiting.done()
    # And one at work is not disturbed.
    assert not beside.done()
    assert not later.done()
    await have_answered(connections, waiting, later, beside)
    assert len(connections.living) == 2
    assert connections._open == 2


@in_virtual_time
async def test_one_that_leaves_its_turn_leaves_it_to_the_next() -> None:
    connections = Scripted()
    first, second = await asked(connections), await asked(connections)
    leaving, gone, next_one = [await asked(connections) for _ in range(3)]
    gone.cancel()
    await turns()
    connections.made[0].answer()
    # Behind the task that gives it its turn, and before its own: it has not taken it.
    asyncio.get_running_loop().call_soon(leaving.cancel)
    await asyncio.wait([first, leaving])
    await turns()
    connections.made[0].answer()
    await asyncio.wait([next_one], timeout=1)
    assert next_one.done()
    assert not second.done()
    await have_answered(connections, next_one, second)
    assert leaving.cancelled()
    assert gone.cancelled()


@in_virtual_time
async def test_where_the_server_takes_no_more_those_it_took_must_do_for_a_while() -> None:
    connections = Scripted(room=1)
    assert connections.usable == 2
    await have_answered(connections, *[await asked(connections) for _ in range(3)])
    assert connections.usable == 1
    connections.room = 2
    one, other = await asked(connections), await asked(connections)
    assert len(connections.made) == 1
    await have_answered(connections, one, other)
    await asyncio.sleep(postgres_connections._REFUSED_S)
    assert connections.usable == 2
    await have_answered(connections, await asked(connections), await asked(connections))
    assert len(connections.made) == 2


@pytest.mark.parametrize("room", [0, -1])
@in_virtual_time
async def test_where_it_takes_none_all_are_told_and_a_later_one_is_served(room: int) -> None:
    connections = Scripted(room=room)
    tasks = [asyncio.create_task(connections.fetch("SELECT 1")) for _ in range(5)]
    await asyncio.wait(tasks, timeout=60)
    assert {type(task.exception()) for task in tasks} <= {NotSent, _TooMany}
    assert virtual_loop().time() < 1
    # One try is left, or nothing would ever find that it takes them again.
    assert connections.usable >= 1
    connections.room = 2
    await have_answered(connections, await asked(connections))
    assert connections._open == 1


@in_virtual_time
async def test_one_is_lent_where_the_server_takes_none() -> None:
    lent = Connection()
    given_back = 0

    @asynccontextmanager
    async def loan() -> AsyncIterator[Connection]:
        nonlocal given_back
        yield lent
        given_back += 1

    connections = Scripted(room=0, loan=loan)
    borrowing = await asked(connections)
    lent.answer()
    assert await borrowing == []
    borrowing = await asked(connections)
    lent.fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await borrowing
    assert given_back == 2


@pytest.mark.parametrize("hangs", [True, False])
@in_virtual_time
async def test_a_loan_that_is_not_had_is_as_no_connection(*, hangs: bool) -> None:
    @asynccontextmanager
    async def loan() -> AsyncIterator[Connection]:
        if hangs:
            await asyncio.Event().wait()
        yield broken()

    def broken() -> Connection:
        raise ZeroDivisionError

    connections = Scripted(room=0, loan=loan)
    with pytest.raises(NotSent):
        await connections.fetch("SELECT 1")
    assert virtual_loop().time() == pytest.approx(1.0 if hangs else 0.0)


@in_virtual_time
async def test_those_that_are_idle_for_long_are_closed_but_one() -> None:
    connections = Scripted()
    await have_answered(connections, await asked(connections), await asked(connections))
    await connections.close_idle()
    assert len(connections.living) == 2
    await asyncio.sleep(postgres_connections._IDLE_S + 1)
    kept = connections._idle[-1][0]
    await connections.close_idle()
    assert connections.living == [kept]
    assert connections._open == 1
    await have_answered(connections, await asked(connections), await asked(connections))
    connections.abandon()
    assert (connections.living, connections._open) == ([], 0)


@in_virtual_time
async def test_the_goodbye_waits_for_no_server() -> None:
    connections = Scripted()
    await have_answered(connections, await asked(connections), await asked(connections))
    connections.made[0].hears_no_goodbye = True
    await connections.close()
    assert (connections.living, connections._open) == ([], 0)


@pytest.mark.parametrize("answers", [True, False])
@in_virtual_time
async def test_a_probe_asks_on_a_connection_of_its_own_and_leaves_none(*, answers: bool) -> None:
    connections = Scripted()
    probing = asyncio.create_task(connections.probe())
    await turns()
    assert not probing.done()
    connections.made[0].answer() if answers else connections.made[0].fail(TimeoutError())
    await asyncio.wait([probing])
    assert (probing.exception() is None) is answers
    assert (connections.living, connections._open) == ([], 0)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (asyncpg.TooManyConnectionsError("too many"), _TooMany),
        (asyncpg.CannotConnectNowError("it starts"), NotSent),
        (asyncpg.InvalidPasswordError("no"), NotSent),
        (OSError("nobody listens"), NotSent),
        (TimeoutError(), NotSent),
    ],
)
@in_virtual_time
async def test_a_connection_that_is_not_had_is_told_as_nothing_sent(
    error: Exception, told: type[NotSent], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(asyncpg, "connect", refuse)
    connections = Connections(
        Database(dialect="postgres"), size=2, connect_timeout=1.0, command_timeout=1.0
    )
    with pytest.raises(NotSent) as caught:
        await connections.fetch("SELECT 1")
    assert type(caught.value) is told
    assert str(caught.value)
    assert connections._open == 0


@pytest.mark.parametrize("pooled", [True, False])
@in_virtual_time
async def test_a_session_is_bounded_where_it_is_ours_and_not_a_poolers(
    *, pooled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(**_: object) -> Connection:
        return Connection()

    async def bound(_: object) -> None:
        done.append("bounded")

    async def watched(_: object) -> None:
        done.append("watched")

    done: list[str] = []
    monkeypatch.setattr(asyncpg, "connect", connect)
    monkeypatch.setattr(postgres_connections, "guard", bound)
    monkeypatch.setattr(postgres_connections, "watched", watched)
    database = Database(dialect="postgres", pgbouncer=pooled)
    await Connections(database, size=2, connect_timeout=1.0, command_timeout=1.0)._connect()
    assert done == ["watched" if pooled else "bounded"]


@pytest.mark.parametrize(
    ("error", "nothing_changed"),
    [
        (NotSent(), True),
        (asyncpg.DivisionByZeroError("by 0"), True),
        (asyncpg.ReadOnlySQLTransactionError("read-only"), True),
        (asyncpg.ConnectionDoesNotExistError("cut"), False),
        (asyncpg.AdminShutdownError("it ends"), False),
        (asyncpg.InterfaceError("closed"), False),
        (OSError(), False),
        (TimeoutError(), False),
    ],
)
def test_when_a_statement_certainly_changed_nothing(
    error: Exception, *, nothing_changed: bool
) -> None:
    assert was_not_carried_out(error) is nothing_changed
