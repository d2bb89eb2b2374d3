"""Events as they are stored: whole with what they are about, once where that is asked, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from models import Event, EventOnce, events
from models.db.database import run_apart, run_in_transaction
from models.events import News, tell
from models.ids import first_id_at
from server.process.housekeeping import Housekeeping

pytestmark = pytest.mark.usefixtures("connected")

PROJECT = UUID(int=1)
NOW = datetime.now(UTC)


def news(once: str | None = None, *, until: datetime | None = None, age: int = 0) -> News:
    """One, so many days old."""
    at = NOW - timedelta(days=age)
    return News(
        kind="key.resting",
        data={"reason": "429", "until": "2026-01-01T00:00:00Z"},
        project_id=PROJECT,
        once=once,
        until=until,
        id=first_id_at(at),
        at=at,
    )


async def test_an_event_is_read_as_it_was_told() -> None:
    (told,) = await tell(news())
    (row,) = await Event.all()
    assert (row.id, row.kind, row.project_id, row.token_id) == (
        told.id,
        "key.resting",
        PROJECT,
        None,
    )
    assert abs(row.at - NOW) < timedelta(milliseconds=1)
    # In the same order on both databases.
    assert list(row.data.items()) == [("until", "2026-01-01T00:00:00Z"), ("reason", "429")]


async def test_what_may_come_once_comes_once_whoever_tells_it_at_the_same_time() -> None:
    first, second = news("a"), News(kind="key.resting", data={}, once="a")
    told = await asyncio.gather(tell(first), tell(second))
    assert sorted(map(len, told)) == [0, 1]
    assert await Event.all().count() == 1
    assert len(await tell(News(kind="key.resting", data={}, once="b"))) == 1
    # Nor twice in one call.
    twice = [News(kind="key.resting", data={"n": n}, once="c") for n in range(2)]
    assert [event.data for event in await tell(*twice, twice[0])] == [{"n": 0}]


@pytest.mark.parametrize("run", [run_in_transaction, run_apart])
async def test_what_is_not_stored_is_not_told_and_may_be_told_again(
    run: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]],
) -> None:
    async def fails() -> None:
        assert len(await tell(news("a"))) == 1
        raise ValueError("of the caller")

    with pytest.raises(ValueError, match="of the caller"):
        await run(fails)
    assert not await Event.exists()
    assert len(await tell(news("a"))) == 1


async def test_events_are_kept_as_long_as_requests_and_the_newest_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, known = news("old", until=NOW - timedelta(days=1), age=8), news("new", age=6)
    await tell(old, known, news("for ever", until=NOW + timedelta(days=1), age=5))
    housekeeping = Housekeeping(tmp_path, log_days=7, pause=0)
    await housekeeping.sweep()
    oldest, _ = await Event.all().order_by("id")
    assert oldest.id == known.id
    # What could be told again is remembered longer than the event is.
    assert {row.once for row in await EventOnce.all()} == {"new", "for ever"}
    monkeypatch.setattr(events, "KEPT", 1)
    await housekeeping.sweep()
    assert await Event.all().count() == 1
    assert await tell(news("new")) == []
