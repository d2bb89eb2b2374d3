"""Hearing of changes made on other machines, at once: PostgreSQL's LISTEN beside the poll.

A connection of its own, opened again whenever it is lost; what was said meanwhile is what the
poll is for. Transaction-pooling proxies do not carry notifications: there the poll serves alone.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from models.db.database import postgres_address
from models.db.sessions import watch

if TYPE_CHECKING:
    from config import Database

_RETRY_S: Final = 1.0
_CONNECT_TIMEOUT_S: Final = 5.0
#: A connection that a firewall forgot says nothing by itself.
_PROBE_S: Final = 30.0
#: How long a connection that others need more is left to them.
_ASIDE_S: Final = 30.0


class Listener:
    """Calls `heard` for each notification on `channel`. `open` and `close` bracket it."""

    def __init__(self, database: "Database", channel: str, heard: Callable[[], None]) -> None:
        self._database = database
        self._channel = channel
        self._heard = heard
        self._task: asyncio.Task[None] | None = None
        self._listening = False
        self._step_aside = asyncio.Event()

    def step_aside(self) -> None:
        """Give the connection up for a while: what it is for, the poll does as well."""
        if self._listening:
            self._step_aside.set()

    def open(self) -> None:
        """Begin to listen, in a task of its own; the server may be away."""
        self._task = asyncio.get_running_loop().create_task(self._listen(), name="listener")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_once()
            aside = self._step_aside.is_set()
            self._step_aside.clear()
            await asyncio.sleep(_ASIDE_S if aside else _RETRY_S)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(
            **postgres_address(self._database),
            timeout=_CONNECT_TIMEOUT_S,
            command_timeout=_CONNECT_TIMEOUT_S,
            server_settings={"application_name": "llm-proxy listener"},
        )
        watch(connection)
        self._listening = True
        try:
            await connection.add_listener(self._channel, self._notified)
            self._heard()
            while not await self._asked_to_step_aside():
                await connection.execute("SELECT 1")
        finally:
            self._listening = False
            connection.terminate()

    async def _asked_to_step_aside(self) -> bool:
        """Whether it was, before a probe is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PROBE_S):
                await self._step_aside.wait()
        return self._step_aside.is_set()

    def _notified(self, *_: Any) -> None:
        self._heard()
