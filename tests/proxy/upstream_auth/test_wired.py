"""The whole app with a key that is exchanged for tokens: settings, providers, database, wire."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from config import Database
from models import Project, UpstreamToken
from models.crypto import KeyRing
from tests.models.rows import BY
from tests.proxy.upstream_auth.endpoints import token_endpoint
from tests.server.door import Door, open_door

CLIENT = {"tenant_id": "contoso.com", "client_id": "app", "client_secret": "the-secret"}


async def _ask(door: Door) -> httpx.Response:
    url = f"http://127.0.0.1:{door.port}/v1/chat/completions"
    headers = {"authorization": f"Bearer {door.secret}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        return await http.post(url, json={"model": "gpt-4o", "messages": []})


async def _enter(door: Door) -> None:
    """The project's key becomes an application of Entra."""
    project = await Project.get()
    ring = KeyRing(door.app.ctx.settings.encryption_keys)
    for key in await project.keys.all():
        await key.remove(by=BY)
    await project.add_key(api_key=json.dumps(CLIENT), ring=ring, by=BY)


@pytest.mark.parametrize("answers", [True, False])
async def test_requests_of_the_whole_app_carry_the_token_or_are_refused(
    sqlite_template: Database, tmp_path: Path, answers: bool
) -> None:
    async with token_endpoint() as tokens:
        providers = tmp_path / "providers.toml"
        providers.write_text(
            f'[providers.openai]\ntoken_uris = ["{tokens.url}"]\nscopes = ["https://x/.default"]\n'
        )
        async with open_door(sqlite_template, tmp_path, PROVIDERS_FILE=str(providers)) as door:
            await _enter(door)
            door.up.api_keys = {"ya29.token-1"}
            if not answers:
                tokens.answers = [(403, {"error": "access_denied"})]
            answer = await _ask(door)
            if answers:
                assert answer.status_code == 200
                await until_stored()
                assert (await _ask(door)).status_code == 200
            else:
                assert answer.status_code == 503
                assert answer.json()["error"]["code"] == "upstream_auth_unavailable"
                assert not door.up.requests
            assert len(tokens.posts) == 1


async def until_stored() -> None:
    while not await UpstreamToken.exists():
        pass
