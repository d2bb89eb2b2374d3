"""What an operator changes while the service runs: upstream keys, encryption keys, lifetimes."""

import asyncio
import base64
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fake_upstream import FakeUpstream
from models import Token
from tests.fixtures.service import RunService, Service

KEYS = {name: f"sk-upstream-key-{name}-0123456789" for name in "abc"}
#: So many that chance does not give the lighter of two keys the more of them.
TOKENS = 64


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """An upstream account with three keys."""
    async with FakeUpstream(api_keys=set(KEYS.values())) as upstream:
        yield upstream


@pytest.fixture
async def management(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """The bearer of MANAGEMENT_TOKEN."""
    bearer = {"authorization": f"Bearer {service.settings.management_token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=bearer, timeout=30) as opened:
        yield opened


async def _made(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    response = await client.post(path, json=body)
    assert response.status_code in (200, 201), response.text
    made: dict[str, Any] = response.json()
    return made


class Tokens:
    """Some tokens of a project, and the upstream key that each was served with."""

    def __init__(self, service: Service, up: FakeUpstream, secrets: list[str]) -> None:
        self._service = service
        self._up = up
        self._secrets = secrets

    async def keys(self) -> list[str]:
        """The key of each, by its name. Every request is on a connection of its own."""
        used = []
        async with self._client() as client:
            for secret in self._secrets:
                response = await client.get("/v1/models", headers=_bearer(secret))
                assert response.status_code == 200, response.text
                said = self._up.requests[-1].header("authorization")
                used += [name for name, key in KEYS.items() if said == f"Bearer {key}".encode()]
        return used

    async def ask(self) -> httpx.Response:
        """For the first of them."""
        async with self._client() as client:
            return await client.get("/v1/models", headers=_bearer(self._secrets[0]))

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(base_url=self._service.url, limits=limits)


def _bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


async def test_keys_are_shared_steadily_and_change_at_the_next_request(
    service: Service, management: httpx.AsyncClient, up: FakeUpstream
) -> None:
    project = await _made(
        management, "/manage/projects", name=f"keys of {up.url}", api_key=KEYS["a"], base_url=up.url
    )
    keys = f"/manage/projects/{project['id']}/keys"
    first = f"{keys}/{project['keys'][0]['id']}"
    second = f"{keys}/{(await _made(management, keys, api_key=KEYS['b'], weight=3))['id']}"
    made = [
        await _made(management, "/manage/tokens", project_id=project["id"]) for _ in range(TOKENS)
    ]
    tokens = Tokens(service, up, [token["token"] for token in made])

    # Files and stored responses live in one account: a token stays with its key.
    before = await tokens.keys()
    assert await tokens.keys() == before
    shares = Counter(before)
    assert shares["b"] > shares["a"] > 0

    assert (await management.patch(first, json={"is_active": False})).status_code == 200
    assert set(await tokens.keys()) == {"b"}
    assert (await management.patch(first, json={"is_active": True})).status_code == 200
    assert await tokens.keys() == before

    added = await _made(management, keys, api_key=KEYS["c"], weight=4)
    after = await tokens.keys()
    assert all(now in (then, "c") for then, now in zip(before, after, strict=True))
    assert "c" in after
    assert (await management.delete(f"{keys}/{added['id']}")).status_code == 204
    assert await tokens.keys() == before

    for key in (first, second):
        assert (await management.patch(key, json={"is_active": False})).status_code == 200
    refused = await tokens.ask()
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "no_upstream_key")
    # Nothing comes back by itself, so no client is to wait for it.
    assert "retry-after" not in refused.headers
    assert refused.headers["x-should-retry"] == "false"
    assert (await management.patch(second, json={"is_active": True})).status_code == 200
    assert set(await tokens.keys()) == {"b"}


async def test_encryption_key_is_replaced_without_a_refused_request(
    run_service: RunService, up: FakeUpstream
) -> None:
    old, new = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    service = run_service(ENCRYPTION_KEY=old)
    bearer = {"authorization": f"Bearer {service.settings.management_token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=bearer) as client:
        project = await _made(
            client, "/manage/projects", name="docs", api_key=KEYS["a"], base_url=up.url
        )
        token = await _made(client, "/manage/tokens", project_id=project["id"])
        for _ in range(30):
            keys = f"/manage/projects/{project['id']}/keys"
            await _made(client, keys, api_key=KEYS["b"])
    assert service.stop() == 0

    both = run_service(service.database, ENCRYPTION_KEY=f"{new},{old}")
    over, statuses = asyncio.Event(), list[int]()
    asking = asyncio.create_task(_ask_until(over, Tokens(both, up, [token["token"]]), statuses))
    rotating = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", "encryption", "rotate"],
        cwd=both.directory,
        env=both.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert rotating.stderr == "31 keys were re-encrypted.\n"
    over.set()
    await asking
    assert set(statuses) == {200}
    assert both.stop() == 0

    # The old key can go; and a start without any that fits serves nothing.
    newest = run_service(service.database, ENCRYPTION_KEY=new)
    assert (await Tokens(newest, up, [token["token"]]).ask()).status_code == 200
    assert newest.stop() == 0
    wrong = run_service(service.database, start=False, ENCRYPTION_KEY=old)
    wrong.launch()
    assert wrong.wait() == 2
    assert wrong.log.startswith("ENCRYPTION_KEY: ")
    assert len(wrong.log.splitlines()) == 1


async def _ask_until(over: asyncio.Event, tokens: Tokens, statuses: list[int]) -> None:
    """One request after another, at least one, and what each was answered."""
    while not (over.is_set() and statuses):
        statuses.append((await tokens.ask()).status_code)
        # Or this client, and not the command meanwhile, has the cores.
        await asyncio.sleep(0.005)


async def test_first_token_keeps_to_the_longest_lifetime(
    run_service: RunService, up: FakeUpstream
) -> None:
    began = datetime.now(UTC)
    service = run_service(OPENAI_API_KEY=KEYS["a"], TOKEN_MAX_LIFETIME="3600")
    async with service.models():
        token = await Token.get(name="default")
    assert token.expires_at is not None
    # From the moment on at which its end was decided, which is a little before it was made.
    assert began <= token.expires_at - timedelta(seconds=3600) <= token.created_at
