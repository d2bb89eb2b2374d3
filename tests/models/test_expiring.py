"""Tokens that end soon: told of a week and a day before, once for each end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models import Event, Token, changes
from models.expiring import After, tell_due, tell_expiring
from models.projects import Project
from models.tokens import TokenSecret
from tests.models.rows import BY, a_project

pytestmark = pytest.mark.usefixtures("connected")

DAY = timedelta(days=1)
WEEK = 7 * DAY


async def a_token(project: Project, life: timedelta, *, age: timedelta = 8 * DAY) -> Token:
    """One that ends in `life` from now, and was made so long ago."""
    ends = changes.now() + life
    token, _ = await Token.issue(project, by=BY, name="search", expires_at=ends)
    await Token.filter(id=token.id).update(created_at=changes.now() - age)
    return token


async def told() -> list[int]:
    """How many seconds before the end each was told."""
    rows = await Event.filter(kind="token.expiring").order_by("id")
    return [row.data["seconds_before"] for row in rows]


async def test_a_token_is_told_of_a_week_before_and_a_day_before_once_each() -> None:
    project = await a_project()
    token = await a_token(project, WEEK + timedelta(hours=1))
    now = changes.now()
    for moment in (now, now + DAY, now + DAY, now + 6.5 * DAY, now + WEEK, now + 8 * DAY):
        assert await tell_expiring(moment) is None
    assert await told() == [604_800, 86_400]
    event = (await Event.all().order_by("id"))[0]
    assert (event.project_id, event.token_id) == (project.id, token.id)
    assert event.data == {
        "token_name": "search",
        "project_name": "Search",
        "expires_at": token.expires_at.isoformat().replace("+00:00", "Z"),  # type: ignore[union-attr]
        "seconds_before": 604_800,
    }


async def test_what_has_just_come_due_is_found_without_the_others() -> None:
    project = await a_project()
    minute = timedelta(minutes=1)
    due = [await a_token(project, life - minute, age=life) for life in (DAY, WEEK)]
    for life in (DAY + minute, DAY - 3 * minute, WEEK + minute, WEEK - 3 * minute):
        await a_token(project, life)
    now = changes.now()
    for _ in range(2):
        await tell_due(now - 2 * minute, now)
    events = await Event.all().order_by("id")
    assert [event.token_id for event in events] == [token.id for token in due]
    assert await told() == [86_400, 604_800]


async def test_a_token_whose_end_moves_is_told_of_again_for_that_end() -> None:
    token = await a_token(await a_project(), 6 * DAY)
    await tell_expiring(changes.now())
    assert await told() == [604_800]
    await token.change(by=BY, expires_at=changes.now() + timedelta(hours=5))
    await tell_expiring(changes.now())
    assert await told() == [604_800, 86_400]
    await token.change(by=BY, expires_at=changes.now() + 30 * DAY)
    await tell_expiring(changes.now())
    await tell_expiring(changes.now() + 24 * DAY)
    assert await told() == [604_800, 86_400, 604_800]


async def test_two_workers_tell_of_a_token_once() -> None:
    await a_token(await a_project(), 6 * DAY)
    now = changes.now()
    await asyncio.gather(*(tell_expiring(now) for _ in range(4)))
    assert await told() == [604_800]


async def test_only_what_will_be_missed_is_told_of() -> None:
    project, idle = await a_project(), await a_project("Idle")
    # A token for an hour was made for an hour.
    await a_token(project, timedelta(minutes=50), age=timedelta(minutes=10))
    await a_token(project, 3 * DAY, age=DAY)
    await a_token(project, -DAY)
    revoked = await a_token(project, 6 * DAY)
    await revoked.revoke(by=BY)
    await a_token(idle, 6 * DAY)
    await idle.change(by=BY, is_active=False)
    await Token.issue(project, by=BY, name="for ever")
    assert await tell_expiring(changes.now()) is None
    assert await told() == []


async def test_many_tokens_are_gone_through_in_steps_and_each_is_told_of() -> None:
    project = await a_project()
    ends = datetime.now(UTC) + 5 * DAY
    made = changes.now() - 20 * DAY
    # Some end in the same moment, so that a step begins between them.
    rows = [
        Token(
            project=project,
            hint="llmp_…",
            name=str(number),
            created_at=made,
            expires_at=ends + timedelta(seconds=number // 300),
        )
        for number in range(450)
    ]
    await Token.bulk_create(rows)
    steps, after = 0, await tell_expiring(changes.now())
    while isinstance(after, After):
        steps, after = steps + 1, await tell_expiring(changes.now(), after)
    assert steps == 2
    assert await Event.filter(kind="token.expiring").count() == 450
    assert not await TokenSecret.exists()
