"""A worker that serves tells of what its requests bring about, without a secret in any of it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from app import create_app
from config import Database, Settings, load
from fake_upstream import FakeUpstream
from models import Event, Project, Token
from models.crypto import KeyRing
from server.process import notices
from server.process.worker import Worker
from telemetry.outages import Outages
from tests.fixtures.database import database_url
from tests.fixtures.service import BY, GIVEN
from tests.server.wire import PATIENCE_S, Answer, Client

_KEYS: Final = ("sk-proj-the-first-of-two", "sk-proj-the-second-of-two")


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    worker, ready = (
        Worker(create_app(settings=settings), listener, drain_seconds=0),
        asyncio.Event(),
    )
    serving = asyncio.create_task(worker.serve(ready))
    await ready.wait()
    try:
        yield listener.getsockname()[1]
    finally:
        worker.stop()
        await serving


async def _ask(port: int, secret: str, **members: Any) -> Answer:
    body = json.dumps(
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]} | members
    ).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with await Client.connect(port) as client:
        await client.send(head.encode() + body)
        return await client.answer()


async def _until(*kinds: str) -> list[Event]:
    async with asyncio.timeout(PATIENCE_S):
        while set(kinds) - {event.kind for event in await Event.all()}:
            await asyncio.sleep(0.02)
    return await Event.all()


async def test_events_come_of_what_requests_bring_about_and_hold_no_secret(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_FIRST_AFTER_S", 0.05)
    own = {"DATABASE_URL": database_url(database), "DATA_DIR": str(tmp_path / "data")}
    settings = load(GIVEN | own, None)
    # The database was away when the service before ended.
    settings.data_dir.mkdir()
    await Outages(settings.data_dir).note("away")
    async with FakeUpstream() as up, _serving(settings) as port:
        ring = KeyRing(settings.encryption_keys)
        project = await Project.create_with_key(
            name="Search", provider="openai", api_key=_KEYS[0], ring=ring, by=BY, base_url=up.url
        )
        await project.add_key(api_key=_KEYS[1], ring=ring, by=BY)
        token, secret = await Token.issue(project, by=BY, name="two", max_requests=2)
        day = {"limit": "tokens", "amount": 300, "period": "day", "alert_at": [1]}
        budgeted, other_secret = await Token.issue(project, by=BY, name="day", budgets=[day])

        up.reply(None, b'{"error":{"code":"invalid_api_key"}}', status=401, times=2)
        await _ask(port, secret)
        await _until("key.suspended")
        limited = b'{"error":{"code":"sk-proj-the-first-of-two"}}'
        up.reply(None, limited, status=429, headers=[(b"Retry-After", b"30")], times=1)
        await _ask(port, secret)
        assert (await _ask(port, secret)).code == "quota_exceeded"
        assert (await _ask(port, other_secret, max_tokens=8)).status == 200
        assert (await _ask(port, other_secret, max_tokens=4000)).code == "budget_exceeded"
        events = await _until(
            "key.resting",
            "token.exhausted",
            "budget.threshold",
            "budget.exceeded",
            "database.back",
        )
    found = {event.kind: event for event in events}
    assert len(found) == len(events) == 7
    assert {event.project_id for event in events} == {project.id, None}
    assert found["token.exhausted"].token_id == token.id
    assert found["budget.exceeded"].token_id == budgeted.id
    assert found["budget.threshold"].data["share"] == 1
    # What the upstream said in place of a code was the key.
    assert found["key.resting"].data["reason"] == "429"
    assert found["key.suspended"].data["reason"] == "401 invalid_api_key"
    told = json.dumps([event.data for event in events])
    for hidden in (*_KEYS, secret, other_secret):
        assert hidden not in told
        assert hidden[-8:] not in told
