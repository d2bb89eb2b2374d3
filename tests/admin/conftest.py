"""The whole app on a real socket, and browsers without scripts for it.

SQLite, but for the tests that ask for `on_both`: what differs between the databases is few.
"""

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from app import create_app
from config import Database, Settings, load
from models import Actor, AdminUser, Project, Token
from models.administrators import Role
from models.crypto import KeyRing
from server.http.listening import listen

PASSWORD: Final = "correct horse battery"
KEY: Final = "sk-the-upstream-key-0001"
BY: Final = Actor("cli:tester")
RING: Final = KeyRing((b"k" * 32,))
_CSRF: Final = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@pytest.fixture(autouse=True)
def all_passwords_are_cheap(cheap_passwords: None) -> None:
    """Nearly every test signs in."""


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """SQLite, or what `on_both` is parametrised with."""
    kind = getattr(request, "param", "sqlite")
    chosen: Database = request.getfixturevalue(f"{kind}_database")
    return chosen


on_both = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """What an operator sets, over the test's database."""
    loaded = load({"DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": "127.0.0.1"}, None)
    return replace(
        loaded,
        database=database,
        encryption_keys=(b"k" * 32,),
        management_token="management-token-of-the-tests",
    )


class _Compiled(BytecodeCache):
    """Templates that one app has compiled, for the next one: each of these tests has its own."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED: Final = _Compiled()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The app at an address of its own, behind the front door that serves it in production."""
    app = create_app(settings=settings)
    app.ext.environment.bytecode_cache = _COMPILED
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


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    """Where the app is served."""
    async with serving(settings) as address:
        yield address


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows redirects, and fills the hidden fields of forms."""

    async def token(self, page: str) -> str:
        """The CSRF token of a page."""
        match = _CSRF.search((await self.get(page)).text)
        assert match, f"{page} has no form"
        return match[1]

    async def submit(
        self, page: str, to: str | None = None, **fields: str | list[str]
    ) -> httpx.Response:
        """Post a form that stands on `page`."""
        body = {"csrf": await self.token(page), **fields}
        return await self.post(to or page, data=body)

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Through the form."""
        return await self.submit("/admin/login", username=name, password=password)


@asynccontextmanager
async def browsing(url: str, name: str | None = None, **more: Any) -> AsyncIterator[Browser]:
    """A browser of its own, signed in where a name is given."""
    options = {"base_url": url, "follow_redirects": True, "timeout": 30, **more}
    async with Browser(**options) as browser:
        if name is not None:
            response = await browser.sign_in(name)
            assert response.status_code == 200, response.text
            assert "/admin/login" not in str(response.url)
        yield browser


async def make_user(name: str, role: Role = "admin") -> AdminUser:
    """An account with the password that all have here."""
    return await AdminUser.create_with_password(username=name, password=PASSWORD, role=role, by=BY)


@pytest.fixture
async def stranger(url: str) -> AsyncIterator[Browser]:
    """Somebody who is not signed in."""
    async with browsing(url) as browser:
        yield browser


@pytest.fixture
async def admin(url: str) -> AsyncIterator[Browser]:
    """Somebody who may change things."""
    await make_user("ada")
    async with browsing(url, "ada") as browser:
        yield browser


@pytest.fixture
async def viewer(url: str) -> AsyncIterator[Browser]:
    """Somebody who may only look."""
    await make_user("vera", "viewer")
    async with browsing(url, "vera") as browser:
        yield browser


async def make_project(name: str = "shop", **more: Any) -> Project:
    """A project with one key."""
    return await Project.create_with_key(
        name=name, provider="openai", api_key=KEY, ring=RING, by=BY, **more
    )


async def make_token(project: Project, name: str = "web", **more: Any) -> Token:
    """An unlimited token of `project`."""
    token, _ = await Token.issue(project, by=BY, name=name, **more)
    return token


def id_in(response: httpx.Response) -> UUID:
    """The id that the address of a page ends in."""
    return UUID(response.url.path.rstrip("/").rpartition("/")[2])
