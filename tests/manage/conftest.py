"""The management plane on a real socket, over each database, and a client that may write.

What is refused before any database is asked is tested over one of them.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sanic import Sanic

import manage
from config import Database, Settings, load
from delivery.testing import Tester
from models import Project, UpstreamKey
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from proxy.limits.engines import limit_records
from proxy.limits.spending import StoredSpending
from proxy.providers.catalog import BUILT_IN
from proxy.providers.roots import roots
from server.context import App, WorkerContext
from server.http.connections import Bounds, Connections
from server.http.listening import listen
from server.http.routing import OpenRouter
from web.key_test import Result

MANAGEMENT_TOKEN = "management-token-of-the-tests"
UPSTREAMS = Upstreams(
    {
        "openai": "https://api.openai.com",
        "anthropic": "https://api.anthropic.com",
        "groq": "https://api.groq.com",
        "mistral": "https://api.mistral.ai",
    },
    auth=BUILT_IN,
    roots=frozenset(roots(BUILT_IN)),
    examples={
        "azure-openai": "https://my-resource.openai.azure.com",
        "bedrock": "https://bedrock-runtime.us-east-1.amazonaws.com",
    },
)

Json = dict[str, Any]


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """What an operator sets, over the test's database."""
    loaded = load({"MANAGEMENT_TOKEN": MANAGEMENT_TOKEN, "DATA_DIR": str(tmp_path)}, None)
    return replace(loaded, database=database, encryption_keys=(b"k" * 32,))


@asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """`app` at a URL of its own, behind the front door that serves it in production."""
    listener = socket.create_server(("127.0.0.1", 0))
    server: Any = await listen(app, listener)
    await server.startup()
    await server.before_start()
    await server.after_start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await server.before_stop()
        server.close()
        for connection in app.ctx.connections:
            connection.abort()
        await server.wait_closed()
        await server.after_stop()


@asynccontextmanager
async def serving(settings: Settings, upstreams: Upstreams = UPSTREAMS) -> AsyncIterator[str]:
    """The plane alone, as a server."""
    app: App = Sanic(
        f"manage-{uuid4().hex}",
        router=OpenRouter(),
        configure_logging=False,
        ctx=WorkerContext(settings, Connections(Bounds(1_000, None, ()))),
    )
    app.config.update(
        ACCESS_LOG=False,
        MOTD=False,
        AUTO_EXTEND=False,
        RESPONSE_TIMEOUT=10**9,
        # Rewriting Sanic's methods takes longer than most tests; test_wiring has the whole app.
        TOUCHUP=False,
    )
    ring = KeyRing(settings.encryption_keys)

    async def nothing_is_behind() -> None:
        """No journal is here."""

    async def test_key(project: Project, key: UpstreamKey) -> Result:
        return Result(True, f"{project.name} {key.label}")

    app.blueprint(
        manage.blueprint(
            settings,
            upstreams=upstreams,
            ring=ring,
            catch_up=nothing_is_behind,
            test_key=test_key,
            spending=StoredSpending(partial(limit_records, settings)),
            destination_tester=Tester(settings.data_dir, ring, DestinationPolicy.of(settings)),
        )
    )

    async with served(app) as url:
        yield url


@pytest.fixture
async def url(connected: Database, settings: Settings) -> AsyncIterator[str]:
    """Where the plane is served."""
    async with serving(settings) as address:
        yield address


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The bearer of MANAGEMENT_TOKEN."""
    headers = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, verify=False) as client:
        yield client


@pytest.fixture
async def stranger(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token."""
    async with httpx.AsyncClient(base_url=url, verify=False) as client:
        yield client


Make = Callable[..., Awaitable[Json]]


@pytest.fixture
def make_project(client: httpx.AsyncClient) -> Make:
    """Create a project through the API."""

    async def make(name: str = "", **more: Any) -> Json:
        body = {"name": name or uuid4().hex, "api_key": "sk-the-upstream-key-0001", **more}
        response = await client.post("/manage/projects", json=body)
        assert response.status_code == 201, response.text
        project: Json = response.json()
        return project

    return make


@pytest.fixture
def make_token(client: httpx.AsyncClient, make_project: Make) -> Make:
    """Create a token through the API, in a new project unless one is named."""

    async def make(**more: Any) -> Json:
        if "project_id" not in more:
            more["project_id"] = (await make_project())["id"]
        response = await client.post("/manage/tokens", json=more)
        assert response.status_code == 201, response.text
        token: Json = response.json()
        return token

    return make
