"""On the wire: a key is not sent elsewhere, and nothing is that the operator does not list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from config import Database
from models import Project, generation
from models.db.database import run_in_transaction
from tests.server.door import Door, open_door

BODY = {"model": "gpt-4o", "messages": []}


async def ask(door: Door) -> httpx.Response:
    url = f"http://127.0.0.1:{door.port}/v1/chat/completions"
    headers = {"authorization": f"Bearer {door.secret}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        return await http.post(url, json=BODY)


def error(answer: httpx.Response) -> Any:
    assert "127.0.0.1" not in answer.text
    return json.loads(answer.text)["error"]["code"]


async def _write_by_hand(base_url: str) -> None:
    async def write() -> None:
        project = await Project.get()
        await Project.filter(id=project.id).update(base_url=base_url)
        await generation.bump("project", project.id)

    await run_in_transaction(write)


async def test_a_key_whose_project_was_moved_by_hand_stays_here(
    sqlite_template: Database, tmp_path: Path
) -> None:
    async with open_door(sqlite_template, tmp_path) as door:
        assert (await ask(door)).status_code == 200
        # The same machine, and another origin.
        await _write_by_hand(door.up.url.replace("127.0.0.1", "localhost"))
        door.up.clear()
        answer = await ask(door)
        assert (answer.status_code, error(answer)) == (503, "no_upstream_key")
        assert door.up.requests == ()
        await _write_by_hand(f"{door.up.url}/prefix")
        await ask(door)
        assert len(door.up.requests) == 1


async def test_an_origin_that_is_not_listed_is_not_dialled(
    sqlite_template: Database, tmp_path: Path
) -> None:
    listed = "https://listed.example"
    async with open_door(sqlite_template, tmp_path, UPSTREAM_ORIGINS=listed) as door:
        answer = await ask(door)
        assert (answer.status_code, error(answer)) == (502, "upstream_unreachable")
        assert door.up.requests == ()
