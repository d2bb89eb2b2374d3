"""A worker in this process whose connections are of memory: what a request takes past sockets.

The app, its journal, database, metrics and log lines are as ever; the transports of its clients and
of its upstream are lists. So nothing of the kernel's network is in what is counted here, and the
same requests take the same steps each time.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stderr
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal, cast
from unittest.mock import patch

from app import create_app
from benchmarks.target import Target, numbered
from config import Settings, load
from models import Actor, Project, Token, secrets
from models.budgets import BudgetRule, with_budgets
from proxy.journal.writer import Journal
from proxy.upstream import pool
from proxy.upstream.connection import UpstreamConnection
from server.context import App
from server.http.connection import ClientConnection
from server.process.worker import Worker
from setup.prepare import connected, prepare
from telemetry import logs

Kind = Literal["usual", "limits", "budgets", "hits", "events", "unknown", "rate"]
#: What a client is answered where not with 200: its token is unknown, its rate is used up.
_REFUSED: Final = {"unknown": b"401", "rate": b"429"}
#: As the limits below, decided on every request and never reached.
_BUDGETS: Final = (
    BudgetRule(limit="usd", amount=10**6, period="day"),
    BudgetRule(limit="usd", amount=10**6, period="month"),
    BudgetRule(limit="tokens", amount=10**12, period="day"),
    BudgetRule(limit="tokens", amount=10**12, period="minute"),
)
_GIVEN: Final = {
    "HOST": "127.0.0.1",
    "PORT": "8080",
    "OPENAI_BASE_URL": "http://127.0.0.1:9",
    # Makes a project with a token.
    "OPENAI_API_KEY": "sk-benchmark",
    "LOG_FORMAT": "json",
}
#: As many as one turn of the loop has requests.
CLIENTS: Final = 32
#: Streams that are open, each of which has an event in each turn.
_STREAMS: Final = 512
#: Until what comes again and again is remembered.
_WARM_UP: Final = 40
_LOOK_EVERY_S: Final = 0.1
#: The worker's own threshold (`server.process.worker_main`).
_YOUNG_MAX: Final = 5_000
_ANSWER: Final = (
    b'{"id":"chatcmpl-0000000000000000000000000001","object":"chat.completion","created":1764000000,'
    b'"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"Paris.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,'
    b'"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},'
    b'"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,'
    b'"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default",'
    b'"system_fingerprint":"fp_0000000000"}'
)
#: As OpenAI sends them; two of the values change.
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n"
    b"access-control-expose-headers: X-Request-ID\r\nopenai-organization: user-example\r\n"
    b"openai-processing-ms: %d\r\nopenai-version: 2020-10-01\r\n"
    b"x-ratelimit-limit-requests: 10000\r\nx-ratelimit-limit-tokens: 200000\r\n"
    b"x-ratelimit-remaining-requests: 9999\r\nx-ratelimit-remaining-tokens: 199973\r\n"
    b"x-ratelimit-reset-requests: 8.64s\r\nx-ratelimit-reset-tokens: 8ms\r\n"
    b"x-request-id: req_%032x\r\n"
    b"strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    b"Server: example\r\n\r\n"
)
_STREAM: Final = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    b"Connection: keep-alive\r\nx-request-id: req_%032x\r\nServer: example\r\n\r\n"
)
_EVENT: Final = (
    b'data: {"id":"chatcmpl-%028x","object":"chat.completion.chunk","created":1764000000,'
    b'"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0000000000",'
    b'"choices":[{"index":0,"delta":{"content":" %b"},"logprobs":null,"finish_reason":null}],'
    b'"usage":null,"obfuscation":"%b"}\n\n'
)
_WORDS: Final = (b"The", b"capital", b"of", b"France", b"is", b"of course", b"Paris", b".")


class _Wire:
    """What a protocol asks of its transport."""

    def __init__(self) -> None:
        # Protocols look whether the kernel holds something: there is a descriptor, with nothing.
        self._ends = socket.socketpair()

    def get_extra_info(self, name: str) -> object:
        """Of a TCP connection."""
        return {"peername": ("127.0.0.1", 40_000), "socket": self._ends[0]}.get(name)

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        """Nothing is ever unsent."""

    def get_write_buffer_size(self) -> int:
        """Nothing is ever unsent."""
        return 0

    def is_closing(self) -> bool:
        """It lives as long as the process."""
        return False

    def close(self) -> None:
        """The process ends."""

    abort = pause_reading = resume_reading = close


class _Client(_Wire):
    def __init__(self) -> None:
        super().__init__()
        self.answered, self.last = 0, b""

    def write(self, data: bytes) -> None:
        """An answer, which is short and so one piece."""
        self.answered += 1
        self.last = data


class _Upstream(_Wire):
    """Answers the requests of one turn of the loop in the next one."""

    def __init__(self, asked: list[UpstreamConnection]) -> None:
        super().__init__()
        self._asked = asked
        self.connection: UpstreamConnection | None = None

    def write(self, _: bytes) -> None:
        """A request, which is short and so one piece."""
        if self.connection is not None:
            self._asked.append(self.connection)


class InMemory:
    """A worker that serves, with clients of memory; made by `serving`."""

    def __init__(
        self, app: App, secret: str, asked: list[UpstreamConnection], status: bytes = b"200"
    ) -> None:
        self._asked = asked
        self._status = status
        self._journal = cast(Journal, app.ctx.plane._ledger)
        self._clients = [_client(app) for _ in range(CLIENTS)]
        request = Target(8080, secret).request("changing")
        self._requests = [numbered(request) for _ in range(2048)]
        self._answers = [_HEAD % (len(_ANSWER), 200 + n, n) + _ANSWER for n in range(512)]
        self._sent = count()
        self._given = count()

    async def turn(self) -> None:
        """A request of each client, and its answer. Raises RuntimeError for an unforeseen one."""
        requests, answers = self._requests, self._answers
        goal = self._clients[0][1].answered + 1
        for connection, _ in self._clients:
            connection.data_received(requests[next(self._sent) % len(requests)])
        while any(wire.answered < goal for _, wire in self._clients):
            asked = self._asked[:]
            self._asked.clear()
            for upstream in asked:
                upstream.data_received(answers[next(self._given) % len(answers)])
            await asyncio.sleep(0)
        # The first one alone is let in where one is let in each minute.
        if not (last := self._clients[-1][1].last).startswith(b"HTTP/1.1 " + self._status):
            raise RuntimeError(last.decode())

    async def turns(self, number: int) -> None:
        """So many of them, until the database has all of it."""
        for _ in range(number):
            await self.turn()
        await self.settle()

    async def settle(self) -> None:
        """Wait until the database has what was recorded; nothing announces it."""
        while self._journal.pending:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)


class Streams(InMemory):
    """Streams that never end."""

    def __init__(self, app: App, secret: str, asked: list[UpstreamConnection]) -> None:
        super().__init__(app, secret, asked)
        self._app = app
        self._request = Target(8080, secret).request("changing", stream=True)
        self._streams: list[tuple[UpstreamConnection, _Client, list[bytes]]] = []

    async def open(self) -> None:
        """Begin all of them, once the token is known."""
        await super().turn()
        for number in range(_STREAMS):
            connection, wire = _client(self._app)
            connection.data_received(numbered(self._request))
            # A new connection to the upstream takes a turn or two, which nothing announces.
            while not self._asked:  # noqa: ASYNC110
                await asyncio.sleep(0)
            self._begin(number, wire, self._asked.pop())
        await asyncio.sleep(0)

    def _begin(self, number: int, wire: _Client, upstream: UpstreamConnection) -> None:
        upstream.data_received(_STREAM % number)
        events = [
            _EVENT % (number, word, b"0123456789"[: 10 - len(word)])
            for word in (_WORDS[(number + place) % len(_WORDS)] for place in range(3))
        ]
        chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
        self._streams.append((upstream, wire, chunks))

    async def turn(self) -> None:
        """An event of each. Raises RuntimeError where one did not come through at once."""
        number = next(self._sent)
        for upstream, wire, chunks in self._streams:
            chunk = chunks[number % len(chunks)]
            # As it is received: in bytes of its own.
            upstream.data_received(bytes(memoryview(chunk)))
            if len(wire.last) != len(chunk):
                raise RuntimeError(wire.last.decode())
        await asyncio.sleep(0)


def in_a_turn(kind: Kind) -> int:
    """How many requests, or events, a turn has."""
    return _STREAMS if kind == "events" else CLIENTS


def _client(app: App) -> tuple[ClientConnection, _Client]:
    connection, wire = ClientConnection(app, asyncio.get_running_loop()), _Client()
    connection.connection_made(cast(asyncio.Transport, wire))
    return connection, wire


@asynccontextmanager
async def serving(directory: Path, kind: Kind) -> AsyncIterator[InMemory]:
    """A warm worker on SQLite in `directory`; its log lines go nowhere."""
    settings = load(_settings(directory), None)
    asked: list[UpstreamConnection] = []

    async def dial(_origin: object, timeouts: Any, _tls: object) -> UpstreamConnection:
        wire = _Upstream(asked)
        wire.connection = UpstreamConnection(asyncio.get_running_loop(), timeouts)
        wire.connection.connection_made(cast(asyncio.Transport, wire))
        return wire.connection

    with _silence(), patch.object(pool, "dial", dial):
        logs.configure(settings.log_level, "json")
        await prepare(settings)
        secret = await _token(settings, kind)
        app = create_app(settings=settings)
        ready = asyncio.Event()
        worker = Worker(app, socket.create_server(("127.0.0.1", 0)), drain_seconds=0)
        work = asyncio.create_task(worker.serve(ready))
        try:
            await ready.wait()
            gc.freeze()
            gc.set_threshold(_YOUNG_MAX)
            if kind == "events":
                found: InMemory = (streams := Streams(app, secret, asked))
                await streams.open()
            else:
                found = InMemory(app, secret, asked, _REFUSED.get(kind, b"200"))
            await found.turns(_WARM_UP)
            yield found
        finally:
            worker.stop()
            await work


@contextmanager
def _silence() -> Iterator[None]:
    """Lines are made and written as ever, to nowhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


def _settings(directory: Path) -> dict[str, str]:
    data = directory / "data"
    data.mkdir()
    return _GIVEN | {
        "DATA_DIR": str(data),
        "DATABASE_URL": f"sqlite:///{data}/llm-proxy.db",
        "ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "MANAGEMENT_TOKEN": "benchmark-management-token-0123456789",
        "ADMIN_PASSWORD": "password-of-the-benchmark",
    }


async def _token(settings: Settings, kind: Kind) -> str:
    by = Actor("cli:benchmark")
    async with connected(settings):
        (project,) = await Project.all()
        if kind == "hits":
            keeps = {"ttl_seconds": 86_400, "scope": "project", "only": "all"}
            await project.change(by=by, cache=keeps)
        if kind == "unknown":
            return secrets.generate()
        if kind == "rate":
            token, secret = await Token.issue(project, by=by)
            await Token.filter(id=token.id).update(requests_per_minute=1)
            return secret
        if kind not in ("limits", "budgets"):
            return (await Token.issue(project, by=by))[1]
        token, secret = await Token.issue(project, by=by, max_requests=10**12)
        budgets = with_budgets(list(_BUDGETS), None, 1) if kind == "budgets" else None
        await Token.filter(id=token.id).update(
            requests_per_minute=10**8, max_parallel_requests=10**5, budgets=budgets
        )
        return secret
