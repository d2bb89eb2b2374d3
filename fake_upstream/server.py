"""The fake upstream as tests and the command line hold it: start, steer, look, stop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Self

from fake_upstream.answer import Answer, Raw
from fake_upstream.behaviour import Field, parse
from fake_upstream.connection import Connection
from fake_upstream.recorded import Recorded
from fake_upstream.sending import Timing
from fake_upstream.service import Order, Service

_BACKLOG = 4096
#: Seconds: a machine may stand still for many of them, and what never comes is waited for once.
_PATIENCE: Final = 60.0


class FakeUpstream:
    """`async with FakeUpstream() as up:` serves on a free port until the block ends.

    `api_keys=None` accepts any credential. `behaviour` is `x-fake` text for requests without one.
    `latency`, `gap` (seconds) and `jitter` (a share) pace every POST; all zero in tests.
    `history` requests are kept, with at most `keep_body` bytes of body each.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_keys: Iterable[str] | None = None,
        behaviour: str = "",
        latency: float = 0.0,
        gap: float = 0.0,
        jitter: float = 0.0,
        ssl_context: ssl.SSLContext | None = None,
        history: int = 1000,
        keep_body: int = 256 * 1024,
    ) -> None:
        self.host = host
        self.port = port
        self._ssl = ssl_context
        self._service = Service(
            api_keys=api_keys,
            default=parse(behaviour),
            timing=Timing(latency, gap, jitter),
            history=history,
            keep_body=keep_body,
        )
        self._open: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a `stop` on the same port again, with the history kept."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._service, self._open),
            self.host,
            self.port,
            ssl=self._ssl,
            backlog=_BACKLOG,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every connection at once."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.disconnect()
        await self.wait_until(lambda: not self._open)

    def disconnect(self) -> None:
        """End every open connection abruptly; the port stays open."""
        for connection in list(self._open):
            connection.abort()

    @property
    def url(self) -> str:
        """Origin without a path; clients of OpenAI add `/v1`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._ssl else 'http'}://{host}:{self.port}"

    # steering

    @property
    def api_keys(self) -> set[str] | None:
        """The keys let in, to change while it runs."""
        return self._service.api_keys

    @api_keys.setter
    def api_keys(self, keys: Iterable[str] | None) -> None:
        self._service.api_keys = None if keys is None else set(keys)

    def behave(self, fake: str, *, path: str | None = None, times: int | None = None) -> None:
        """Answer requests without an `x-fake` of their own by this one."""
        self._service.behaviours.append(Order(path, times, parse(fake)))

    def reply(
        self,
        path: str | None,
        body: bytes,
        *,
        status: int = 200,
        headers: Sequence[Field] = (),
        times: int | None = None,
    ) -> None:
        """Answer that path with this body (one in brotli or zstd, say); framing is still added."""
        self._service.replies.append(Order(path, times, Answer(status, tuple(headers), body)))

    def script(
        self,
        path: str | None,
        parts: Sequence[bytes | float],
        *,
        close: bool = True,
        times: int | None = None,
    ) -> None:
        """Answer that path with exactly these bytes, right or wrong; a number pauses (seconds)."""
        self._service.replies.append(Order(path, times, Raw(tuple(parts), close)))

    def clear_orders(self) -> None:
        """Forget what `behave`, `reply` and `script` asked for."""
        self._service.behaviours.clear()
        self._service.replies.clear()

    def release(self) -> int:
        """Let held answers go on; how many there were."""
        return self._service.release()

    # looking

    @property
    def requests(self) -> Sequence[Recorded]:
        """The last requests, oldest first."""
        return tuple(self._service.history.requests)

    @property
    def last(self) -> Recorded:
        """The latest request. IndexError when there was none."""
        return self._service.history.requests[-1]

    @property
    def count(self) -> int:
        """Requests read to their end, or to the end of their connection."""
        return self._service.history.count

    @property
    def heads(self) -> int:
        """Request heads read, including those whose body is still coming."""
        return self._service.history.heads

    @property
    def connections(self) -> int:
        """Connections accepted so far."""
        return self._service.history.connections

    @property
    def open_connections(self) -> int:
        return self._service.history.open_connections

    @property
    def finished(self) -> int:
        """Answers written to their end."""
        return self._service.history.finished

    @property
    def aborted(self) -> int:
        """Answers whose client left before their end."""
        return self._service.history.aborted

    @property
    def held(self) -> int:
        return self._service.history.held

    def clear(self) -> None:
        """Forget requests and counters; connections stay counted."""
        self._service.history.clear()

    async def wait_for(self, count: int, *, timeout: float = _PATIENCE) -> Recorded:
        """The latest request, once there were that many. TimeoutError otherwise."""
        await self.wait_until(lambda: self.count >= count, timeout=timeout)
        return self.last

    async def wait_until(
        self, condition: Callable[[], bool], *, timeout: float = _PATIENCE
    ) -> None:
        """Return once a condition on these counters holds; looked at whenever one changes."""
        await self._service.history.wait(condition, timeout)
