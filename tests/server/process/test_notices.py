"""What is told of by looking, by one worker of a machine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from models import BudgetAlert, Event, Exhausted, Token, changes
from models.ids import new_id
from models.polling import Polling
from server.process.notices import Notices
from tests.models.rows import BY, a_project

pytestmark = pytest.mark.usefixtures("connected")


async def test_one_worker_of_a_machine_looks_until_it_ends(tmp_path: Path) -> None:
    token, _ = await Token.issue(
        await a_project(), by=BY, expires_at=changes.now() + timedelta(hours=20)
    )
    await Token.filter(id=token.id).update(created_at=changes.now() - timedelta(days=9))
    first, second = Notices(tmp_path, Polling(), pause=0), Notices(tmp_path, Polling(), pause=0)
    assert first._turn.take()
    await second.look()
    assert not await Event.exists()
    await first.close()
    second._next = 0.0
    await second.look()
    second._next = 0.0
    await second.look()
    await second.close()
    assert await Event.filter(kind="token.expiring", token_id=token.id).count() == 1


async def test_tokens_that_are_exhausted_are_looked_for_once_a_poll_found_one(
    tmp_path: Path,
) -> None:
    polling = Polling()
    notices = Notices(tmp_path, polling, pause=0)
    await polling.changes_since(0)
    token, _ = await Token.issue(await a_project(), by=BY)
    await Exhausted.create(subject_id=token.id, kind="token", why="requests", at=changes.now())
    await notices.look()
    assert not await Event.exists()
    await polling.changes_since(0)
    await notices.look()
    assert await Event.filter(kind="token.exhausted", token_id=token.id).count() == 1
    await notices.close()


async def test_what_comes_due_is_told_of_long_before_all_are_looked_at_again(
    tmp_path: Path,
) -> None:
    notices = Notices(tmp_path, Polling(), pause=0)
    await notices.look()
    # Since then, it has come to its last day.
    notices._looked_at -= timedelta(minutes=5)
    ends = changes.now() + timedelta(days=1) - timedelta(minutes=3)
    token, _ = await Token.issue(await a_project(), by=BY, expires_at=ends)
    await Token.filter(id=token.id).update(created_at=changes.now() - timedelta(days=2))
    await notices.look()
    assert not await Event.exists()
    notices._next_due = 0.0
    await notices.look()
    assert await Event.filter(kind="token.expiring", token_id=token.id).count() == 1
    assert notices._looked_at > changes.now() - timedelta(minutes=1)
    await notices.close()


async def test_what_the_release_before_has_left_is_told_once(tmp_path: Path) -> None:
    project = await a_project()
    for share, age in ((80, 0), (50, 2)):
        await BudgetAlert.create(
            id=new_id(),
            at=changes.now() - timedelta(hours=age),
            budget=f"p:{project.id}|usd|total|UTC|",
            window_start_us=0,
            share=share,
            amount=10**9,
            spent=9 * 10**8,
        )
    notices = Notices(tmp_path, Polling(), pause=0)
    await notices.look()
    notices._next = 0.0
    await notices.look()
    await notices.close()
    (event,) = await Event.all()
    assert (event.kind, event.project_id, event.data["share"]) == (
        "budget.threshold",
        project.id,
        80,
    )
