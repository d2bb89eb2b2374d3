"""Points at which a worker dies when a test has armed them.

Installed by `tests.chaos.serve` alone: nothing in the service knows of them. A point is armed by a
file of its name, which the first worker to come there removes as its last act.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from models import ledger
from models.entry import Entry
from proxy.journal import consumer, files
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.files import JournalFile
from proxy.journal.writer import Journal
from proxy.limits import unheard
from proxy.limits.bases import PostgresBases, SqliteBases
from proxy.limits.postgres import PostgresLimits
from proxy.limits.postgres_holders import PostgresHolders
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.sqlite_holders import SqliteHolders
from proxy.limits.sqlite_own import OwnEntries
from proxy.upstream.pool import Pool

_ADOPT_EVERY_S: Final = 0.2


class Faults:
    """`directory` holds the files of the points that are armed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def install(self) -> None:
        """Put the points in their places."""
        for engine in (SqliteLimits, PostgresLimits):
            self._around(engine, "decide", "before admission", "after admission")
        self._before(SqliteLimits, "settle", "before the release")
        self._before(PostgresLimits, "_sync", "before the release")
        self._around(Pool, "acquire", "while dialling", None)
        self._before(Journal, "_put", "before the entry")
        self._after(Journal, "_put", "after the entry")
        for made in (SqliteBases, PostgresBases):
            self._around(made, "__call__", "while a window is made", None)
        for holders in (SqliteHolders, PostgresHolders):
            self._around(holders, "end", "while holds of the dead are ended", None)
        # Whichever of the two comes first.
        for charging in (SqliteCharges, OwnEntries):
            self._after(charging, "_charge", "while it is charged")
        self._after(SqliteCharges, "take", "once it is charged", if_given=4)
        self._after(OwnEntries, "_moved", "once it is charged")
        self._install_batches()
        self._install_files()
        # What takes seconds in life, and thousands of entries.
        consumer._ADOPT_EVERY_S = _ADOPT_EVERY_S  # type: ignore[misc]
        unheard._EVERY_S = _ADOPT_EVERY_S  # type: ignore[misc]
        _defaults(Journal)["rotate_bytes"] = 1
        if bound := os.environ.get("CHAOS_KEPT_MAX_BYTES"):
            _defaults(Journal)["kept_max_bytes"] = int(bound)

    def reached(self, point: str) -> None:
        """Die here, if the point is armed."""
        try:
            (self._directory / point).unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def _around(self, owner: type, name: str, before: str, after: str | None) -> None:
        original: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def faulty(*args: Any, **kwargs: Any) -> Any:
            self.reached(before)
            result = await original(*args, **kwargs)
            if after is not None:
                self.reached(after)
            return result

        setattr(owner, name, faulty)

    def _before(self, owner: type, name: str, point: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def faulty(*args: Any, **kwargs: Any) -> Any:
            self.reached(point)
            return original(*args, **kwargs)

        setattr(owner, name, faulty)

    def _after(self, owner: type, name: str, point: str, *, if_given: int = 0) -> None:
        """`if_given` is the place of an argument without which the point is not reached."""
        original: Callable[..., Any] = getattr(owner, name)

        def faulty(*args: Any) -> Any:
            result = original(*args)
            if args[if_given]:
                self.reached(point)
            return result

        setattr(owner, name, faulty)

    def _install_batches(self) -> None:
        apply = ledger._apply

        async def uncommitted(
            journal: str, start: int, end: int, entries: list[Entry], **rest: Any
        ) -> int:
            position = await apply(journal, start, end, entries, **rest)
            if entries:
                self.reached("before the commit")
            return position

        ledger._apply = uncommitted  # type: ignore[assignment]
        deliver = DatabaseSink.deliver

        async def committed(
            sink: DatabaseSink, journal: str, start: int, end: int, entries: Sequence[Entry]
        ) -> int:
            position = await deliver(sink, journal, start, end, entries)
            if entries:
                self.reached("after the commit")
            return position

        DatabaseSink.deliver = committed  # type: ignore[method-assign, assignment]

    def _install_files(self) -> None:
        adopt, remove = files.adopt, JournalFile.remove
        adopted: set[str] = set()

        def noticing(path: Path) -> JournalFile | None:
            file = adopt(path)
            if file is not None and file.size:
                self.reached("adopting")
                adopted.add(file.id)
            return file

        def lingering(file: JournalFile) -> None:
            if file.size:
                self.reached("adopted and consumed" if file.id in adopted else "during rotation")
            remove(file)

        files.adopt = noticing
        JournalFile.remove = lingering  # type: ignore[method-assign, assignment]


def _defaults(owner: type) -> dict[str, Any]:
    defaults: dict[str, Any] = owner.__init__.__kwdefaults__  # type: ignore[misc]
    return defaults
