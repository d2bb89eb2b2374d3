"""A data plane in process, between a scripted client and a scripted upstream.

Grants, limits and journal are the real ones, on a SQLite database of the test's own; the upstream
is a socket at which the test says what is sent. `a_plane` is the one place that knows how a
`DataPlane` is put together.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

from config import Database
from models import generation, secrets
from models.db import database as connecting
from models.entry import Entry
from models.errors import DatabaseUnavailable, ModelError
from models.generation import ChangeRecord, GenerationFile
from models.grants import GrantRecord, allowed_origins, is_cut_off, load_grants
from models.projects import Project
from models.tokens import Token
from proxy import errors
from proxy.access.cors import Origins
from proxy.access.grants import Grants
from proxy.bounds import Bounds
from proxy.downstream import RequestHead, ResponseHead
from proxy.exchange import Exchange
from proxy.fair_share import Shares
from proxy.handler import DataPlane
from proxy.headers import RawHeaders, value_of
from proxy.journal.files import read_batch
from proxy.journal.writer import Journal
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import LimitExceeded, LimitStore
from proxy.providers.provider import BUILT_IN, OPENAI
from proxy.upstream.connection import Timeouts
from proxy.upstream.pool import Pool
from proxy.usage.pricing import price
from tests.models.rows import BY, RING
from tests.proxy.rows import UPSTREAMS
from tests.proxy.upstream.conftest import PATIENT, no_authorities

#: What the client sends: a piece, something to wait for before the next one, or what breaks it.
Step: TypeAlias = bytes | Exception | Callable[[], Awaitable[None]]

CHAT: Final = b'{"model": "gpt-4o", "messages": []}'
HEAD_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Client:
    """A scripted `Downstream`: what the client sends, and all that it gets.

    `happened` is the transcript of what went out and how it ended; `recorded_by` says how many
    entries the journal had by then. `at` has what is to happen before a method does its work.
    """

    def __init__(
        self,
        head: RequestHead,
        *body: Step,
        trailers: RawHeaders | None = None,
        at: Mapping[str, Callable[[], Awaitable[None] | None]] | None = None,
    ) -> None:
        self.head = head
        self.body = list(body)
        self.trailers = trailers or []
        self.at = dict(at or {})
        self.gone = False
        self.keeps_up = True
        self.can_write = asyncio.Event()
        self.happened: list[str] = []
        self.interim: list[tuple[int, RawHeaders]] = []
        self.answer: ResponseHead | None = None
        self.content = b""
        self.end_trailers: RawHeaders | None = None
        self.recorded_by: dict[str, int] = {}
        self.journal: Callable[[], int] = lambda: 0
        self._unsent = False
        self._sent = False

    # What a test asks

    @property
    def status(self) -> int | None:
        """None where no answer went out."""
        return self.answer.status if self.answer is not None and self._sent else None

    @property
    def code(self) -> str | None:
        """Of a refusal."""
        if self.answer is None:
            return None
        code = value_of(self.answer.headers, b"x-llm-proxy-error")
        return None if code is None else code.decode()

    @property
    def ended(self) -> str:
        """`finish`, `abort`, both in their order, or nothing."""
        return " ".join(what for what in self.happened if what in ("finish", "abort"))

    def field(self, name: bytes) -> bytes | None:
        """A field of the answer."""
        assert self.answer is not None
        return value_of(self.answer.headers, name)

    # Downstream

    @property
    def started(self) -> bool:
        return self._sent

    async def read(self) -> bytes:
        await self._reach("read")
        while self.body:
            step = self.body.pop(0)
            if isinstance(step, bytes):
                return step
            if isinstance(step, Exception):
                raise step
            await step()
        return b""

    def keep_pace(self, *, wanted: bool) -> None:
        self.happened.append(f"keep pace: {wanted}")

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        self._touch("inform")
        self.interim.append((status, headers))

    def start(self, head: ResponseHead) -> None:
        self._touch("start")
        self.answer = head
        self._unsent = True

    def flush(self) -> None:
        if self._unsent:
            self._touch("flush")
            self._send(b"")

    def write(self, data: bytes) -> bool:
        self._touch("write")
        self._send(data)
        return self.keeps_up

    async def drain(self) -> None:
        if not self.keeps_up:
            self.happened.append("drain")
            await self.can_write.wait()

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        await self._reach("finish")
        self._send(data)
        self.happened.append("finish")
        self.end_trailers = trailers
        await self._reach("finished")

    def abort(self) -> None:
        self._touch("abort")
        self.happened.append("abort")

    def _touch(self, what: str) -> None:
        self.recorded_by.setdefault(what, self.journal())
        hook = self.at.get(what)
        if hook is not None:
            hook()
        if what in ("flush", "inform"):
            self.happened.append(what)

    async def _reach(self, what: str) -> None:
        self.recorded_by.setdefault(what, self.journal())
        hook = self.at.get(what)
        if hook is not None and (waiting := hook()) is not None:
            await waiting

    def _send(self, data: bytes) -> None:
        if self.gone:
            raise errors.ClientGone
        self._sent = self._sent or self._unsent or bool(data)
        self._unsent = False
        self.content += data


class Peer:
    """The upstream's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """A head and, where it has a length, its body."""
        head = await self.head()
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        return head + await self._reader.readexactly(length)

    async def head(self) -> bytes:
        return await self._reader.readuntil(b"\r\n\r\n")

    async def read(self, size: int) -> bytes:
        return await self._reader.readexactly(size)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body: bytes = b"{}", head: bytes = HEAD_OK) -> None:
        await self.send(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def gone(self) -> None:
        """Wait until the proxy drops the connection, whatever it sends before."""
        with suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    def close(self) -> None:
        self._writer.close()

    def break_off(self) -> None:
        self._writer.transport.abort()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


async def plain(peer: Peer) -> None:
    """Answer every request with `{}`."""
    while True:
        await peer.request()
        await peer.answer()


class Upstream:
    """Follows a script for each connection, the next of `scripts` or the last one again."""

    def __init__(self) -> None:
        self.scripts: list[Script] = [plain]
        self.connections = 0
        self.left = 0
        self.failures: list[BaseException] = []
        self.url = ""

    def follow(self, *scripts: Script) -> None:
        self.scripts = list(scripts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            await script(Peer(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            # The proxy went first.
            pass
        except Exception as failure:  # noqa: BLE001
            self.failures.append(failure)
        finally:
            self.left += 1
            writer.close()


class Source:
    """The models as a grant source; `away` is an outage of the database."""

    def __init__(self) -> None:
        self.away = False
        self.at: dict[str, Callable[[], Awaitable[None]]] = {}
        self.asked: list[str] = []

    async def load(self, digests: list[str]) -> Mapping[str, GrantRecord | ModelError]:
        await self._ask("load")
        return await load_grants(digests, RING)

    async def is_cut_off(self, token_id: UUID) -> bool:
        await self._ask("is_cut_off")
        return await is_cut_off(token_id)

    async def generation(self) -> int:
        await self._ask("generation")
        return await generation.current()

    async def changes_since(self, generation_: int) -> list[ChangeRecord] | None:
        await self._ask("changes_since")
        return await generation.changes_since(generation_)

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.at:
            await self.at[what]()
        if self.away:
            raise DatabaseUnavailable("away")


class Seen:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.refusals: list[tuple[str, str]] = []

    def recorded(self, entry: Entry, exchange: Exchange) -> None:
        self.entries.append(entry)

    def refused(self, exchange: Exchange, refusal: errors.Refusal, provider: str) -> None:
        self.refusals.append((refusal.code, provider))


@dataclass
class Plane:
    """A data plane, and all that stands around it."""

    plane: DataPlane
    upstream: Upstream
    source: Source
    grants: Grants
    journal: Journal
    pool: Pool
    seen: Seen
    limits: LimitStore
    limits_file: Path
    running: set[asyncio.Task[None]] = field(default_factory=set)

    async def token(
        self,
        *,
        base_url: str | None = None,
        project: Mapping[str, Any] | None = None,
        **wanted: Any,
    ) -> tuple[Token, str]:
        """A token of a new project that leads to the scripted upstream."""
        made = await Project.create_with_key(
            name=f"Project {len(await Project.all())}",
            provider="openai",
            api_key="sk-upstream-key-0123456789",
            ring=RING,
            by=BY,
            base_url=base_url or self.upstream.url,
            **dict(project or {}),
        )
        return await Token.issue(made, by=BY, **wanted)

    def begin(self, client: Client) -> asyncio.Task[None]:
        """Have the plane serve a request, in a task as a server has one for each."""
        client.journal = lambda: len(self.entries())
        task = asyncio.get_running_loop().create_task(self.plane.handle(client))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def serve(self, client: Client) -> Client:
        """The same, until it has ended, however it did."""
        await asyncio.gather(self.begin(client), return_exceptions=True)
        return client

    async def leave(self, client: Client, task: asyncio.Task[None]) -> None:
        """The client hangs up: its connection is gone and the server cancels the handler."""
        client.gone = True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def entries(self) -> list[Entry]:
        """What stands in the journal, as it is on the disk."""
        file = self.journal.file
        return [] if file is None or not file.size else read_batch(file, 0, limit=10_000).entries

    async def admitted(self, secret: str, most: int = 10) -> int:
        """How many more requests the token's quota lets in; all of its slots must be free."""
        grant = await self.grants.find(secrets.digest(secret.encode()))
        assert grant is not None
        for number in range(most):
            try:
                reservation = await self.limits.decide(grant.claims)
            except LimitExceeded as exceeded:
                if exceeded.kind != "quota":
                    raise
                return number
            self.limits.settle(reservation)
        return most

    def is_idle(self) -> bool:
        """Whether nothing is left of any request."""
        plane = self.plane
        return not plane.active and not plane.body_budget.kept and not len(plane._fair_share)


@asynccontextmanager
async def a_plane(
    directory: Path,
    database: Database,
    timeouts: Timeouts = PATIENT,
    pool_type: type[Pool] = Pool,
    **bounds: Any,
) -> AsyncIterator[Plane]:
    """Everything that a data plane stands on, opened and closed."""
    upstream, source, seen = Upstream(), Source(), Seen()
    file = GenerationFile(directory / "generation")
    generation.configure(file)
    limits = SqliteLimits(directory / "limits.db", "test")
    pool = pool_type(timeouts, no_authorities())
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with connecting.open_database(database):
        await limits.open()
        pool.open()
        grants = Grants(source, file.read, BUILT_IN, UPSTREAMS)
        journal = Journal(directory / "journal")
        known: dict[str, Any] = {
            "request_max_bytes": 1 << 20,
            "upload_max_bytes": 1 << 22,
            "buffered_bodies_max_bytes": 1 << 22,
            "max_active_requests": 100,
            "shares": Shares(),
        }
        plane = DataPlane(
            bounds=Bounds(**known | bounds),
            default_provider=OPENAI,
            grants=grants,
            limits=limits,
            pool=pool,
            ledger=journal,
            pricing=price,
            client_address=lambda head: head.client_ip,
            origins=Origins(allowed_origins, file.read),
            observer=seen,
        )
        made = Plane(
            plane, upstream, source, grants, journal, pool, seen, limits, directory / "limits.db"
        )
        try:
            yield made
            assert upstream.failures == []
        finally:
            for task in made.running:
                task.cancel()
            await asyncio.gather(*made.running, return_exceptions=True)
            await pool.close()
            await grants.close()
            await limits.close()
            await journal.close()
            server.close()
    generation.configure(None)
    file.close()


def a_client(
    method: str = "POST",
    *body: Step,
    secret: str = "",
    path: str = "",
    length: int | None = -1,
    fields: tuple[str, ...] = (),
    hops: int = 0,
    **more: Any,
) -> Client:
    """A request for a chat, or for the models; its length is that of the pieces it has."""
    if method == "POST" and not body and length == -1:
        body = (CHAT,)
    if length == -1:
        length = sum(len(piece) for piece in body if isinstance(piece, bytes))
    lines = list(fields)
    if secret:
        lines.append(f"Authorization: Bearer {secret}")
    if method == "POST":
        lines.append("Content-Type: application/json")
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif length:
        lines.append(f"Content-Length: {length}")
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, _, value in (line.partition(": ") for line in lines)
    ]
    target = path or ("/v1/chat/completions" if method == "POST" else "/v1/models")
    head = RequestHead(method, target.encode(), "1.1", headers, length, "192.0.2.1", hops)
    return Client(head, *body, **more)


def error_of(client: Client) -> dict[str, Any]:
    """The `error` of a refusal's body."""
    error: dict[str, Any] = json.loads(client.content)["error"]
    return error
