"""What there is, in a few numbers, counted by the database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import Token, changes, key_states
from models.ledger import apply_batch
from models.stock import stock
from tests.models.rows import API_KEY, BY, RING, a_project, an_entry

pytestmark = pytest.mark.usefixtures("connected")

DAY = timedelta(days=1)


async def test_keys_are_counted_by_what_they_are_good_for() -> None:
    project, idle = await a_project(), await a_project("Idle")
    await idle.change(by=BY, is_active=False)
    for state in ("rests", "bad", "off"):
        key = await project.add_key(api_key=API_KEY, ring=RING, by=BY)
        if state == "rests":
            for model in ("a", "b"):
                ends = changes.now() + timedelta(seconds=60)
                await key_states.rest(key.id, model, "", ends, "429")
        elif state == "bad":
            await key_states.suspend(key.id, "401")
        else:
            await key.change(by=BY, is_active=False)
    found = await stock(changes.now())
    assert found.keys == {"active": 1, "inactive": 1, "resting": 1, "suspended": 1}
    later = await stock(changes.now() + timedelta(minutes=2))
    assert later.keys == {"active": 2, "inactive": 1, "resting": 0, "suspended": 1}


async def test_tokens_that_end_soon_and_that_are_used_up_are_counted() -> None:
    project, now = await a_project(), changes.now()
    lives = (5 * DAY, 6 * DAY, DAY / 2, 8 * DAY)
    for ends in lives:
        token, _ = await Token.issue(project, by=BY, expires_at=now + ends)
        await Token.filter(id=token.id).update(created_at=now - 3 * DAY)
    # Made for half a day, it ends as it should.
    await Token.issue(project, by=BY, expires_at=now + DAY / 2)
    revoked, _ = await Token.issue(project, by=BY, expires_at=now + DAY / 2)
    await Token.filter(id=revoked.id).update(created_at=now - 3 * DAY)
    await revoked.revoke(by=BY)
    used, _ = await Token.issue(project, by=BY, max_requests=1)
    await apply_batch("j", 0, 1, [an_entry(token_id=used.id, project_id=project.id)])
    found = await stock(changes.now())
    assert found.expiring == {86_400: 1, 604_800: 2}
    assert found.exhausted == 1
