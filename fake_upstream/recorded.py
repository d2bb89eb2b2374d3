"""What the fake upstream has seen: a bounded history of requests, and a way to wait for more."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came off the wire; names keep their case and headers their order."""

    method: str
    target: bytes
    headers: Headers
    body: bytes
    """The first `keep_body` bytes; `body_length` and `sha256` are those of the whole."""
    body_length: int
    digest: str | None
    trailers: Headers
    connection: int
    complete: bool
    """False when the connection ended before the body did."""

    @property
    def sha256(self) -> str:
        # Hashed on demand for a body kept whole: most are never asked for it.
        return self.digest or hashlib.sha256(self.body).hexdigest()

    @property
    def path(self) -> str:
        return self.target.partition(b"?")[0].decode("latin-1")

    def header(self, name: str) -> bytes | None:
        """The first value of that name in any case, or None."""
        return next(iter(self.header_list(name)), None)

    def header_list(self, name: str) -> list[bytes]:
        wanted = name.lower().encode("latin-1")
        return [value for key, value in self.headers if key.lower() == wanted]

    def json(self) -> Any:
        return json.loads(self.body)

    def as_dict(self) -> dict[str, Any]:
        """For `GET /__fake/requests`; bytes as Latin-1, so that nothing is lost."""
        return {
            "method": self.method,
            "target": self.target.decode("latin-1"),
            "headers": text_pairs(self.headers),
            "body": self.body.decode("latin-1"),
            "body_length": self.body_length,
            "body_sha256": self.sha256,
            "trailers": text_pairs(self.trailers),
            "connection": self.connection,
            "complete": self.complete,
        }


def text_pairs(headers: Iterable[tuple[bytes, bytes]]) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


class History:
    """The last requests, counters that never forget, and waiters for a condition on either."""

    def __init__(self, limit: int) -> None:
        self.requests: deque[Recorded] = deque(maxlen=limit)
        self.count = 0
        self.heads = 0
        """Request heads seen, including those whose body is still coming."""
        self.connections = 0
        self.open_connections = 0
        self.held = 0
        self.finished = 0
        self.aborted = 0
        """Answers the client did not stay for."""
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def add(self, recorded: Recorded) -> None:
        self.requests.append(recorded)
        self.count += 1
        if self._waiters:
            self.changed()

    def clear(self) -> None:
        self.requests.clear()
        self.count = self.heads = self.finished = self.aborted = 0

    def changed(self) -> None:
        """Wake those whose condition now holds. As a rule there are none, and then it is cheap."""
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)

    async def wait(self, condition: Callable[[], bool], timeout: float) -> None:
        """Return once the condition holds; TimeoutError after that many seconds."""
        if condition():
            return
        waiter = condition, asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter[1], timeout)
        finally:
            self._waiters.remove(waiter)
