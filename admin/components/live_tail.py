"""The request log as it grows, as server-sent events.

One poller a worker looks into the database for all viewers, while there are any; each has a
bounded queue, and a viewer that does not keep up is disconnected, and reads the list anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import jinja2
from loguru import logger

from admin.components import lookups
from admin.web import event_stream
from models import AdminSession, RequestLog
from models.errors import DatabaseUnavailable
from models.queries import log_tail
from models.queries.log_tail import LogTail, ended, ended_just_before
from models.queries.search import folded

if TYPE_CHECKING:
    from admin.web.service import ReadinessChecks

_LOOK_EVERY: Final = 1.0
#: A draining worker waits for its requests; these end by themselves, and at once.
_NOTICE_WITHIN: Final = 0.1
_HEARTBEAT_SECONDS: Final = 15.0
_QUEUE: Final = 256
_HEARTBEAT: Final = b": still here\n\n"


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """One open stream. `wanted` are columns and the values that a row must have."""

    session_id: UUID
    wanted: Mapping[str, object]
    joined: datetime = field(default_factory=lambda: datetime.now(UTC))
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(_QUEUE))

    def sees(self, row: RequestLog) -> bool:
        """Whether the row is among what this viewer filters for."""
        return all(_has(row, name, value) for name, value in self.wanted.items())

    def push(self, event: bytes) -> bool:
        """Hand over an event; False where the viewer is too far behind."""
        with suppress(asyncio.QueueFull):
            self.queue.put_nowait(event)
            return True
        return False

    def end(self, last: bytes | None = None) -> None:
        """Let the stream end, whatever still waits in it."""
        while not self.queue.empty():
            self.queue.get_nowait()
        if last is not None:
            self.queue.put_nowait(last)
        self.queue.put_nowait(None)

    async def events(self) -> AsyncIterator[bytes]:
        """What to send, with a heartbeat where there is nothing, until the stream is to end."""
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    event = await self.queue.get()
            except TimeoutError:
                event = _HEARTBEAT
            if event is None:
                return
            yield event


class Tail:
    """All viewers of a worker, and the poller that serves them."""

    def __init__(self, checks: Callable[[], ReadinessChecks]) -> None:
        self._checks = checks
        self._viewers: set[Viewer] = set()
        #: Those that have not been sent what ended just before they joined.
        self._newcomers: set[Viewer] = set()
        self._poller: asyncio.Task[None] | None = None

    @contextmanager
    def watched_by(self, viewer: Viewer, environment: jinja2.Environment) -> Iterator[None]:
        """While this lasts, `viewer` gets what it wants to see."""
        self._viewers.add(viewer)
        self._newcomers.add(viewer)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(environment))
        try:
            yield
        finally:
            self._viewers.discard(viewer)
            self._newcomers.discard(viewer)

    async def close(self) -> None:
        """End every stream, and the poller."""
        if self._poller is not None and not self._poller.done():
            self._poller.cancel()
            await asyncio.wait([self._poller])

    async def _poll(self, environment: jinja2.Environment) -> None:
        try:
            await self._serve(environment)
        finally:
            for viewer in list(self._viewers):
                viewer.end()

    async def _serve(self, environment: jinja2.Environment) -> None:
        log = LogTail()
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._viewers and not self._checks().draining:
            if loop.time() >= due:
                due = loop.time() + _LOOK_EVERY
                try:
                    await self._end_sessions()
                    newcomers = set(self._newcomers)
                    await self._send(await log.look(datetime.now(UTC)), environment)
                    # After the look: a row that came in between is sent twice, and not never.
                    await self._catch_up(newcomers, environment)
                except DatabaseUnavailable:
                    logger.debug("live tail: database unavailable, trying again")
            await asyncio.sleep(_NOTICE_WITHIN)

    async def _end_sessions(self) -> None:
        living = await AdminSession.living({viewer.session_id for viewer in self._viewers})
        for viewer in list(self._viewers):
            if viewer.session_id not in living:
                self._viewers.discard(viewer)
                viewer.end(event_stream.GONE)

    async def _send(self, rows: list[RequestLog], environment: jinja2.Environment) -> None:
        async for row, event in _events(rows, environment):
            for viewer in list(self._viewers):
                # What ended before a newcomer joined may stand in the list, on whichever page.
                if viewer not in self._newcomers or ended(row) > viewer.joined:
                    self._push(viewer, row, event)

    async def _catch_up(self, newcomers: set[Viewer], environment: jinja2.Environment) -> None:
        """Send what their lists may lack, since it ended just before they joined."""
        if not newcomers:
            return
        since = min(viewer.joined for viewer in newcomers)
        rows = [row for row in await log_tail.newest() if ended_just_before(row, since)]
        async for row, event in _events(rows, environment):
            for viewer in newcomers & self._viewers:
                if ended_just_before(row, viewer.joined):
                    self._push(viewer, row, event)
        self._newcomers -= newcomers

    def _push(self, viewer: Viewer, row: RequestLog, event: bytes) -> None:
        if viewer.sees(row) and not viewer.push(event):
            self._viewers.discard(viewer)
            viewer.end()


async def _events(
    rows: list[RequestLog], environment: jinja2.Environment
) -> AsyncIterator[tuple[RequestLog, bytes]]:
    """Each row with its event, whose data is the row as the list shows it."""
    if not rows:
        return
    names = await lookups.names({row.project_id for row in rows}, {row.token_id for row in rows})
    template = environment.get_template("requests/_row.html")
    for row in rows:
        yield row, _event(row.id, await template.render_async(row=row, names=names))


def _event(row_id: UUID, html: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"event: row\nid: {row_id}\n{lines}\n".encode()


def _has(row: RequestLog, name: str, value: object) -> bool:
    if name == "tag":
        key, _, wanted = str(value).partition("=")
        return (row.tags or {}).get(key) == wanted
    if name == "models":
        return row.model in cast(Collection[str], value)
    if name == "model_part":
        return folded(str(value)) in folded(row.model)
    if name == "status_class":
        return bool(row.status // 100 == value)
    if name == "request_id":
        return row.id == value
    return bool(getattr(row, name) == value)


def wanted(filters: Mapping[str, Any]) -> dict[str, object]:
    """Of the list's filters those that a new row can be checked against."""
    known = (
        "project_id",
        "token_id",
        "model",
        "status",
        "outcome",
        "tag",
        "end_user",
        "upstream_code",
        "models",
        "model_part",
        "status_class",
        "request_id",
        "endpoint",
        "cached",
    )
    return {name: filters[name] for name in known if filters.get(name) is not None}
