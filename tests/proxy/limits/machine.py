"""A machine whose requests are decided, journalled and charged, without processes around it."""

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from config import Database
from models.budget_alerts import BudgetAlert
from models.db import database as connecting
from models.entry import Entry
from models.ids import new_request_id
from proxy.journal import reading
from proxy.journal.budget_sink import BudgetSink
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.files import SUFFIX
from proxy.journal.sink import Sink
from proxy.limits import postgres_charges
from proxy.limits.bases import Journals, PostgresBases, SqliteBases
from proxy.limits.budgets import Allowance, BudgetClaim, Unit, budget_key
from proxy.limits.gate import Gate
from proxy.limits.postgres import PostgresLimits
from proxy.limits.postgres_budget_records import PostgresBudgetRecords
from proxy.limits.postgres_holders import PostgresHolders
from proxy.limits.records import BudgetUse, LimitRecords
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.sqlite_holders import SqliteHolders
from proxy.limits.sqlite_records import SqliteBudgetRecords
from proxy.limits.store import Reservation, project_key, token_key
from proxy.limits.unheard import Unheard
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import lines

TOKEN, PROJECT = UUID(int=2), UUID(int=1)
OF_TOKEN, OF_PROJECT = token_key(TOKEN), project_key(PROJECT)


def allowance(
    amount: int,
    period: str = "day",
    *,
    subject: str = OF_TOKEN,
    unit: Unit = "usd",
    hard: bool = True,
    since_us: int = 0,
    match: str = "",
    policy: str = "",
) -> Allowance:
    key = budget_key(subject, unit, period, "UTC", policy)
    return Allowance(key, unit, amount, hard, period, "UTC", since_us, (50, 80, 100), match, policy)


class Machine:
    """One `DATA_DIR` beside a database; `clock` is the machine's."""

    def __init__(self, directory: Path, database: Database) -> None:
        self.directory = directory
        self.journals = directory / "journal"
        self.journals.mkdir(exist_ok=True)
        self._database = database
        self._written: dict[str, int] = {}
        self._stores: list[SqliteLimits | PostgresLimits] = []
        self.now = time.time
        self.sinks: list[Sink]
        self.records: LimitRecords
        self.charges: SqliteCharges | None = None
        if database.dialect == "postgres":
            self.sinks = [DatabaseSink(postgres_charges.charge)]
            self.records = PostgresBudgetRecords()
        else:
            path, gate = directory / "limits.db", Gate(directory)
            self.charges = SqliteCharges(path)
            self.sinks = [DatabaseSink(None, gate), BudgetSink(self.charges, gate)]
            self.records = SqliteBudgetRecords(path)
            self._gate = gate

    async def worker(self, name: str = "w") -> SqliteLimits | PostgresLimits:
        store: SqliteLimits | PostgresLimits
        if self.charges is None:
            store = PostgresLimits(
                self._database,
                name,
                workers=self.directory / "limits-workers",
                home=str(self.directory),
                bases=PostgresBases(),
            )
        else:
            journals = Journals(
                lambda: reading.journals(self.journals),
                lambda *range_: reading.entries(self.journals, *range_),
            )
            bases = SqliteBases(self.charges, self._gate, journals, clock=time.time)
            path, gate = self.directory / "limits.db", self._gate
            store = SqliteLimits(path, name, bases=bases, gate=gate)
        await store.open()
        self._stores.append(store)
        return store

    def write(self, *entries: Entry, journal: str = "j") -> tuple[int, int]:
        """Append to a journal; from where to where."""
        with (self.journals / f"{journal}{SUFFIX}").open("ab") as file:
            start = file.tell()
            file.write(lines(*entries))
            return start, file.tell()

    async def deliver(
        self, *entries: Entry, journal: str = "j", sinks: Sequence[Sink] | None = None
    ) -> None:
        """Write entries, and have the sinks take them."""
        start, end = self.write(*entries, journal=journal)
        for sink in self.sinks if sinks is None else sinks:
            assert await sink.deliver(journal, start, end, entries) == end

    def unheard(self, *, seconds: float = 0.0) -> Unheard:
        """What looks after dead workers, so many seconds later."""
        workers = self.directory / "limits-workers"
        holders: PostgresHolders | SqliteHolders
        if self.charges is None:
            holders = PostgresHolders(workers, str(self.directory))
        else:
            holders = SqliteHolders(self.charges, workers, clock=lambda: time.time() + seconds)
        return Unheard(holders, lambda: reading.sizes(self.journals))

    async def use(self, of: Allowance) -> BudgetUse:
        return (await self.records.budgets([of]))[of.key]

    async def sums(self, of: Allowance) -> tuple[int, int]:
        """What is spent and held."""
        return (await self.use(of))[:2]

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        if self.charges is not None:
            self.charges.close()


def entry_of(reservation: Reservation | None = None, **wanted: Any) -> Entry:
    """That of a request, now."""
    known: dict[str, Any] = {"at_us": time.time_ns() // 1000, "charge": "used"}
    if reservation is not None:
        known["id"] = reservation.request_id
    return an_entry(**known | wanted)


async def decide(store: SqliteLimits | PostgresLimits, *claims: BudgetClaim) -> Reservation:
    return await store.decide((), claims, new_request_id())


async def alerts() -> list[tuple[str, int]]:
    """Shares that were told."""
    return [(row.budget, row.share) for row in await BudgetAlert.all().order_by("budget", "share")]


@pytest.fixture
async def machine(database: Database, tmp_path: Path) -> AsyncIterator[Machine]:
    async with connecting.open_database(database):
        made = Machine(tmp_path, database)
        yield made
        await made.close()
