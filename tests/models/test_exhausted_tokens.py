"""A token that has used up its requests or a budget for good is told of once."""

from __future__ import annotations

import asyncio

import pytest

from models import Event, Token
from models.exhausted_tokens import tell_exhausted
from models.ledger import apply_batch
from tests.models.rows import BY, a_project, an_entry

pytestmark = pytest.mark.usefixtures("connected")


async def _use(token: Token, journal: str) -> None:
    await apply_batch(
        journal, 0, 1, [an_entry(token_id=token.id, project_id=token.project_id) for _ in range(2)]
    )


async def test_a_token_that_its_requests_exhaust_is_told_of_once_until_it_is_raised() -> None:
    project = await a_project()
    token, _ = await Token.issue(project, by=BY, name="batch", max_requests=2)
    other, _ = await Token.issue(project, by=BY, max_requests=3)
    await _use(token, "a")
    await _use(other, "b")
    told = await asyncio.gather(tell_exhausted(), tell_exhausted())
    assert sorted(told) == [0, 1]
    (event,) = await Event.all()
    assert (event.kind, event.token_id, event.project_id) == (
        "token.exhausted",
        token.id,
        project.id,
    )
    assert event.data == {
        "why": "max_requests",
        "max_requests": 2,
        "token_name": "batch",
        "project_name": "Search",
    }
    await token.change(by=BY, max_requests=4)
    assert await tell_exhausted() == 0
    await _use(token, "c")
    assert await tell_exhausted() == 1
    assert await Event.all().count() == 2
