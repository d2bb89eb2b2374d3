"""The event loop gets the core, and Python's lock, while the database's thread works for long."""

import os
import threading
from collections.abc import Iterator

import pytest

from models import changes
from models.db import giving_way
from models.db.conditions import execute_many, insert
from models.db.database import dialect, run_apart, run_in_transaction
from models.db.giving_way import Way, give_way

_INTO = "journal_position (journal_id, position, updated_at)"
_ONCE = "ON CONFLICT (journal_id) DO NOTHING"


class Clock:
    """Stands still but while others have the core, and where a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.others_take_s = 0.0
        self.given = 0

    def monotonic(self) -> float:
        return self.now

    def sched_yield(self) -> None:
        self.given += 1
        self.now += self.others_take_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(giving_way, "monotonic", made.monotonic)
    monkeypatch.setattr(os, "sched_yield", made.sched_yield)
    return made


def test_who_takes_nothing_is_always_given_way(clock: Clock) -> None:
    way = Way()
    for _ in range(1000):
        way.give()
    assert clock.given == 1000


def test_others_get_a_quarter_of_all_time_at_most(clock: Clock) -> None:
    way = Way()
    clock.others_take_s = 0.004
    began = clock.now
    for _ in range(100_000):
        clock.now += 0.0005
        way.give()
    taken = clock.given * clock.others_take_s
    assert 0.24 < taken / (clock.now - began) < 0.26


def test_a_long_rest_saves_up_no_more_than_one_burst(clock: Clock) -> None:
    way = Way()
    clock.others_take_s = 0.003
    clock.now += 3600
    for _ in range(100):
        way.give()
    # As long as there is any of its 10 ms left, to which comes a quarter of what passes meanwhile.
    assert clock.given == 5


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[threading.Thread]]:
    """By which threads way is given."""
    found: list[threading.Thread] = []
    monkeypatch.setattr(Way, "give", lambda _: found.append(threading.current_thread()))
    yield found
    assert threading.current_thread() not in found


@pytest.mark.usefixtures("connected")
async def test_a_transaction_in_the_databases_thread_gives_way_after_each_large_statement(
    given: list[threading.Thread],
) -> None:
    rows = [(f"{number}", 1, changes.now()) for number in range(256)]
    await run_apart(lambda: insert(_INTO, _ONCE, rows))
    # On SQLite 32 rows are a statement, of 96 values, and five of these are one step.
    assert len(given) == (2 if dialect() == "sqlite" else 0)


@pytest.mark.usefixtures("connected")
async def test_and_of_many_small_ones_now_and_then(given: list[threading.Thread]) -> None:
    sql = "UPDATE journal_position SET position = {} WHERE journal_id = {}"
    await run_apart(lambda: execute_many(sql, [(1, "a")] * 600))
    assert len(given) == (3 if dialect() == "sqlite" else 0)


@pytest.mark.usefixtures("connected", "given")
async def test_nothing_else_gives_way() -> None:
    rows = [("1", 1, changes.now())]
    await run_in_transaction(lambda: insert(_INTO, "", rows))
    give_way()
