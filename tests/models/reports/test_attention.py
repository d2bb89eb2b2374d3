"""What needs somebody, on both databases: named until it is mended, and nothing else is."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from config import Database
from models import Destination, Event, Project, Token, UpstreamKey, changes, key_states
from models.db.conditions import execute
from models.destinations import DestinationState
from models.expiring import tell_expiring
from models.reports import attention
from models.reports.attention import MOST, MatterKind
from tests.models.rows import BY, RING, a_project, a_refusal, count_refusals, sum_key

DAY = timedelta(days=1)


async def kinds() -> list[tuple[MatterKind, str]]:
    """Kinds and names of all that there is."""
    return [(one.kind, one.name) for one in await attention.matters()]


async def a_token(project: Project, name: str = "app", **fields: Any) -> Token:
    token, _ = await Token.issue(project, by=BY, name=name, **fields)
    return token


async def _key_is_gone(project: Project, _token: Token) -> Callable[[], Awaitable[Any]]:
    (key,) = await project.keys.all()
    await key.change(by=BY, is_active=False)
    return lambda: key.change(by=BY, is_active=True)


async def _key_is_suspended(project: Project, _token: Token) -> Callable[[], Awaitable[Any]]:
    (key,) = await project.keys.all()
    await project.add_key(api_key="sk-second", ring=RING, by=BY, label="second")
    await key_states.suspend(key.id, "401 invalid_api_key")
    return lambda: key_states.release(key.id)


async def _key_is_lost(project: Project, _token: Token) -> Callable[[], Awaitable[Any]]:
    (key,) = await project.keys.all()
    await UpstreamKey.filter(id=key.id).update(bound_to="https://elsewhere.example:443")
    return lambda: UpstreamKey.filter(id=key.id).update(bound_to=key.bound_to)


async def _key_rests(project: Project, _token: Token) -> Callable[[], Awaitable[Any]]:
    (key,) = await project.keys.all()
    await key_states.rest(key.id, "o3", "", changes.now() + timedelta(seconds=60), "429")
    return lambda: key_states.rest(key.id, "o3", "", changes.now() + timedelta(seconds=5), "429")


async def _project_is_asked(project: Project, token: Token) -> Callable[[], Awaitable[Any]]:
    await project.deactivate(by=BY)
    ids = {"project_id": str(project.id), "token_id": str(token.id)}
    one = a_refusal(at=time.time(), code="project_inactive", **ids)
    await count_refusals({sum_key(one): 7}, [one])
    return lambda: project.activate(by=BY)


async def _token_is_exhausted(_project: Project, token: Token) -> Callable[[], Awaitable[Any]]:
    await token.change(by=BY, max_requests=3)
    await execute("UPDATE token SET request_count = 3 WHERE id = {}", [str(token.id)])
    return lambda: token.change(by=BY, max_requests=4)


async def _token_ends(_project: Project, token: Token) -> Callable[[], Awaitable[Any]]:
    await Token.filter(id=token.id).update(created_at=changes.now() - 20 * DAY)
    await token.change(by=BY, expires_at=changes.now() + 3 * DAY)
    return lambda: token.change(by=BY, expires_at=changes.now() + 8 * DAY)


async def _destination_fails(_project: Project, _token: Token) -> Callable[[], Awaitable[Any]]:
    present = changes.now()
    row = await Destination.create(
        name="traces", kind="jsonl", created_at=present, updated_at=present
    )
    await DestinationState.update_or_create(
        {"failures": 2, "failing_since": present, "last_error": "503"}, destination_id=row.id
    )
    return lambda: DestinationState.filter(destination_id=row.id).update(failures=0)


@pytest.mark.parametrize(
    ("break_it", "kind", "name"),
    [
        (_key_is_gone, "project_without_key", "Search"),
        (_key_is_suspended, "key_suspended", "sk-…mnop"),
        (_key_rests, "key_resting", "sk-…mnop"),
        (_key_is_lost, "key_misplaced", "sk-…mnop"),
        (_project_is_asked, "project_inactive", "Search"),
        (_token_is_exhausted, "token_exhausted", "app"),
        (_token_ends, "token_expiring", "app"),
        (_destination_fails, "destination_failing", "traces"),
    ],
)
async def test_each_is_named_until_it_is_mended(
    connected: Database, break_it: Any, kind: MatterKind, name: str
) -> None:
    project = await a_project()
    token = await a_token(project)
    assert await kinds() == []
    mend = await break_it(project, token)
    found = await kinds()
    assert [one for one, _ in found] == [kind]
    assert found[0][1][-4:] == name[-4:]
    await mend()
    assert await kinds() == []


async def test_what_is_over_or_was_meant_to_be_short_needs_nobody(connected: Database) -> None:
    project = await a_project()
    (key,) = await project.keys.all()
    # Tokens for a day, which end soon by design, and tokens that have ended.
    await a_token(project, expires_at=changes.now() + DAY)
    for name in ("revoked", "expired"):
        token = await a_token(project, name, max_requests=1)
        await execute("UPDATE token SET request_count = 1 WHERE id = {}", [str(token.id)])
        if name == "revoked":
            await token.revoke(by=BY)
        else:
            await Token.filter(id=token.id).update(expires_at=changes.now() - DAY)
    # A project of which nobody asks anything: it has no token that is let in.
    idle = await a_project("Idle")
    (its_key,) = await idle.keys.all()
    await its_key.remove(by=BY)
    # A key that is suspended and not in use.
    await key_states.suspend(key.id, "401")
    await project.add_key(api_key="sk-second", ring=RING, by=BY)
    await key.change(by=BY, is_active=False)
    assert await kinds() == []


@pytest.mark.usefixtures("connected")
async def test_tokens_are_named_whose_end_is_told_of() -> None:
    project, now = await a_project(), changes.now()
    for name, left, age in (("days", 0.5, 2.0), ("early", 1.5, 1.5), ("short", 0.5, 0.25)):
        token = await a_token(project, name, expires_at=now + left * DAY)
        await Token.filter(id=token.id).update(created_at=now - age * DAY)
    assert await kinds() == [("token_expiring", "days")]
    while await tell_expiring(now) is not None:
        pass
    assert [event.data["token_name"] for event in await Event.all()] == ["days"]


async def test_of_each_kind_a_few_are_read_and_the_soonest_first(connected: Database) -> None:
    project = await a_project()
    for days in range(1, MOST + 3):
        token = await a_token(project, str(days), expires_at=changes.now() + (7 - days * 0.1) * DAY)
        await Token.filter(id=token.id).update(created_at=changes.now() - 20 * DAY)
        await execute(
            "UPDATE token SET max_requests = 1, request_count = 1 WHERE id = {}", [str(token.id)]
        )
    found = await kinds()
    newest = [str(days) for days in range(MOST + 2, 1, -1)]
    assert found == [
        *(("token_exhausted", name) for name in newest[: MOST + 1]),
        *(("token_expiring", name) for name in newest[: MOST + 1]),
    ]
