"""Times without the database: told of at once from memory, and with its times once it is back.

A file of the machine says that one is under way, so that its workers tell of it once, and that one
which ends while no worker runs is told of by the next that starts.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from loguru import logger
from tortoise.exceptions import BaseORMException

from models import changes
from models.errors import DatabaseUnavailable
from models.events import Event, News, moment, tell
from models.ids import new_id
from telemetry.database_watch import DatabaseState

#: Tells destinations of an event without the database. It never raises.
TellAtOnce: TypeAlias = Callable[[Event], None]

#: A file that is told of and not removed may be found again for so long.
_KEPT: Final = timedelta(days=30)


class Outage(msgspec.Struct, frozen=True):
    """One time without the database. Its id is that of `database.away`."""

    id: UUID
    since: datetime
    state: DatabaseState


class Outages:
    """One worker's view of the machine's. `directory` is DATA_DIR."""

    def __init__(self, directory: Path, tell_at_once: TellAtOnce | None = None) -> None:
        self._file = directory / "database-away"
        self._lock = directory / "database-away.lock"
        self._tell_at_once = tell_at_once
        self._machine = socket.gethostname()

    async def note(self, state: DatabaseState) -> None:
        """What the database was just found to be. Never raises."""
        try:
            if state != "ok":
                await self._note_away(state)
            elif self._file.exists():
                await self._note_back()
        except (DatabaseUnavailable, BaseORMException, OSError) as exc:
            logger.debug("an outage of the database is told of later: {}", exc)

    async def _note_away(self, state: DatabaseState) -> None:
        if self._file.exists():
            return
        outage = Outage(new_id(), changes.now(), state)
        if await asyncio.to_thread(self._begin, outage) and self._tell_at_once is not None:
            data = {"state": state, "since": moment(outage.since), "machine": self._machine}
            self._tell_at_once(
                Event(id=outage.id, at=outage.since, kind="database.away", data=data)
            )

    def _begin(self, outage: Outage) -> bool:
        """Whether this worker is the first to find it."""
        new = self._file.with_name(f"{self._file.name}.{outage.id}")
        new.touch(mode=0o600)
        new.write_bytes(msgspec.json.encode(outage))
        try:
            # Whole or not at all, and by one.
            os.link(new, self._file)
        except FileExistsError:
            return False
        finally:
            new.unlink()
        return True

    async def _note_back(self) -> None:
        with self._alone() as alone:
            if not alone:
                return
            with suppress(FileNotFoundError):
                outage = await asyncio.to_thread(self._read)
                if outage is not None:
                    await self._tell(outage)
                self._file.unlink()

    def _read(self) -> Outage | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Outage)
        except msgspec.MsgspecError as exc:
            logger.warning("{} cannot be read and is removed: {}", self._file, exc)
            return None

    async def _tell(self, outage: Outage) -> None:
        until = changes.now()
        data = {
            "state": outage.state,
            "since": moment(outage.since),
            "until": moment(until),
            "seconds": round((until - outage.since).total_seconds(), 3),
            "machine": self._machine,
        }
        # Both, or the next worker tells of both.
        await tell(
            News(
                kind="database.away",
                data=data,
                id=outage.id,
                at=outage.since,
                once=f"database.away {outage.id}",
                until=until + _KEPT,
            ),
            News(
                kind="database.back",
                data=data,
                once=f"database.back {outage.id}",
                until=until + _KEPT,
            ),
        )

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other worker of this machine is telling of it; none is until this ends."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _is_free(descriptor)
        finally:
            os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
