"""Which engine goes with which database: the only place that names them.

Another engine is a `LimitStore`, its `LimitRecords`, and a branch in both functions here.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from config import Settings
from models.db.database import connection
from models.db.snapshots import Snapshot
from models.ledger import Charging
from proxy.limits import postgres_charges
from proxy.limits.bases import Journals, PostgresBases, SqliteBases
from proxy.limits.gate import Gate
from proxy.limits.postgres import CONNECTIONS, PostgresLimits
from proxy.limits.postgres_budget_records import PostgresBudgetRecords
from proxy.limits.postgres_holders import PostgresHolders
from proxy.limits.records import LimitRecords
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.sqlite_holders import SqliteHolders
from proxy.limits.sqlite_records import SqliteBudgetRecords
from proxy.limits.store import ChargesItself, LimitStore
from proxy.limits.unheard import Sizes, Unheard

_FILE: Final = "limits.db"
_HOME: Final = "limits-home"


class Charges(NamedTuple):
    """How requests are charged to budgets: with the database, or in a file with a sink of its own.

    `database` is what the database's sink is given, and `beside` what each other sink is.
    """

    database: tuple[Charging | None, Gate | None]
    beside: tuple[tuple[SqliteCharges, Gate], ...] = ()

    def close(self) -> None:
        """Let go of the file."""
        for file, _ in self.beside:
            file.close()


def charges(settings: Settings) -> Charges:
    """The charges that go with `settings.database`."""
    if settings.database.dialect == "postgres":
        return Charges((postgres_charges.charge, None))
    gate = Gate(settings.data_dir)
    return Charges((None, gate), ((SqliteCharges(settings.data_dir / _FILE), gate),))


def unheard(settings: Settings, charged: Charges, sizes: Sizes) -> Unheard:
    """What looks after the holds of dead workers; `sizes` are those of this machine's journals."""
    workers = settings.data_dir / "limits-workers"
    if charged.beside:
        return Unheard(SqliteHolders(charged.beside[0][0], workers), sizes)
    return Unheard(PostgresHolders(workers, home(settings.data_dir)), sizes)


async def open_limits(
    settings: Settings,
    worker: str,
    *,
    charged: Charges | None = None,
    journals: Journals | None = None,
    connections: int = CONNECTIONS,
) -> LimitStore:
    """The counters that go with `settings.database`, ready. Raises LimitsUnavailable.

    `worker` is this process's name in logs and files; it need not be unique. At most `connections`
    to PostgreSQL are open at once. `charged` are the charges of the same budgets, and `journals`
    what they come from; without them each window of a budget begins empty.
    """
    if settings.database.dialect == "postgres":
        workers = settings.data_dir / "limits-workers"
        shared = PostgresLimits(
            settings.database,
            worker,
            workers=workers,
            connections=connections,
            # Of the pool that the models use.
            loan=lambda: connection().acquire_connection(),
            home=home(settings.data_dir),
            bases=PostgresBases(),
        )
        await shared.open()
        return shared
    bases = None
    if charged is not None and charged.beside and journals is not None:
        bases = SqliteBases(*charged.beside[0], journals, clock=time.time)
    gate = charged.beside[0][1] if charged is not None and charged.beside else None
    local = SqliteLimits(settings.data_dir / _FILE, worker, bases=bases, gate=gate)
    await local.open()
    return local


def charges_itself(limits: LimitStore) -> ChargesItself | None:
    """What charges budgets for its worker's own entries, beside the sinks; None where nothing."""
    return limits if isinstance(limits, SqliteLimits) else None


def home(data_dir: Path) -> str:
    """What names a machine's directory: a text in a file of its own, made once. Raises OSError."""
    file = data_dir / _HOME
    try:
        return file.read_text(encoding="ascii")
    except FileNotFoundError:
        pass
    draft = data_dir / f"{_HOME}.{uuid4().hex}"
    draft.touch(mode=0o600)
    draft.write_text(uuid4().hex, encoding="ascii")
    # Of several workers that start at once, the first names it.
    with suppress(FileExistsError):
        file.hardlink_to(draft)
    draft.unlink()
    return file.read_text(encoding="ascii")


def limit_records(settings: Settings, *, snapshot: Snapshot | None = None) -> LimitRecords:
    """What is stored of limits beside `settings.database`, to which the models are connected.

    `snapshot` is the moment in which to read it, where the database keeps it.
    """
    if settings.database.dialect == "postgres":
        return PostgresBudgetRecords(snapshot)
    return SqliteBudgetRecords(settings.data_dir / _FILE)
