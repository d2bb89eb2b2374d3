"""The front door on a real socket, in the test's own loop: the real app, a counting upstream."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

from sanic import HTTPResponse, Request, text

from app import create_app
from config import Database, Settings, load
from fake_upstream import FakeUpstream
from models import Actor, Project, Token
from models.crypto import KeyRing
from proxy.handler import DataPlane
from server.context import App
from server.http.downstream import ClientDownstream
from server.process.worker import Worker
from tests.fixtures.database import database_url
from tests.fixtures.service import GIVEN, UPSTREAM_KEY
from tests.server.wire import Client

#: Bytes of `/large`: more than the buffers on the way hold.
LARGE: Final = 32 * 1024 * 1024
_BY: Final = Actor("cli:tester")


class ScriptedPlane:
    """Stands in for the data plane: every request to `/v1` runs `script`."""

    def __init__(self, handle: Callable[[ClientDownstream], Awaitable[None]]) -> None:
        self.active: set[Any] = set()
        self.draining = False
        self.script = handle

    def begin(self, downstream: ClientDownstream, _run: object) -> ClientDownstream:
        return downstream

    def handle(self, begun: ClientDownstream) -> Awaitable[None]:
        return self.script(begun)

    def end_all(self) -> None:
        """Nothing is ended."""


async def finished(slow: Awaitable[None] | None) -> None:
    """Wait for a client that is slower than its answer's `finish`."""
    if slow is not None:
        await slow


@dataclass(frozen=True, slots=True)
class Door:
    """`secret` is a valid token whose requests go to `up`; `app` is what serves them."""

    port: int
    up: FakeUpstream
    secret: str
    app: App

    async def connect(self) -> Client:
        return await Client.connect(self.port)

    def with_token(self, message: bytes) -> bytes:
        """`message` with its placeholders filled in."""
        filled = message.replace(b"$AUTH", b"Authorization: Bearer $SECRET")
        return filled.replace(b"$SECRET", self.secret.encode())


def _app(settings: Settings) -> App:
    app = create_app(settings=settings)

    @app.post("/plain")
    async def plain(request: Request) -> HTTPResponse:
        return text(f"{len(request.body)} bytes")

    @app.get("/large")
    async def large(_: Request) -> HTTPResponse:
        return text("x" * LARGE)

    return app


async def issue_token(settings: Settings, base_url: str) -> str:
    """The secret of a token in a project of its own, whose requests go to `base_url`."""
    project = await Project.create_with_key(
        name=f"project-{uuid4().hex}",
        provider="openai",
        api_key=UPSTREAM_KEY,
        ring=KeyRing(settings.encryption_keys),
        by=_BY,
        base_url=base_url,
    )
    return (await Token.issue(project, by=_BY))[1]


@asynccontextmanager
async def open_door(
    template: Database,
    directory: Path,
    *,
    plane: ScriptedPlane | None = None,
    **environ: str,
) -> AsyncIterator[Door]:
    """Serve on a free port until the block ends.

    `template` is a migrated database; `environ` is further settings; `plane` takes the data
    plane's place.
    """
    database = Database(dialect="sqlite", path=directory / "llm-proxy.db")
    shutil.copyfile(template.path, database.path)
    own = {"DATABASE_URL": database_url(database), "DATA_DIR": str(directory / "data")}
    settings = load(GIVEN | own | environ, None)
    app = _app(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    worker, ready = Worker(app, listener, drain_seconds=0), asyncio.Event()
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as up:
        serving = asyncio.create_task(worker.serve(ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if plane is not None:
            app.ctx.data_plane = cast(DataPlane, plane)
        try:
            secret = await issue_token(settings, up.url)
            yield Door(listener.getsockname()[1], up, secret, app)
        finally:
            worker.stop()
            await serving
