"""Random runs of workers that are killed while they spend budgets: `python -m …budget_runs --help`.

A run forks workers on one database, kills each of them at some moment, starts others, and changes
an amount meanwhile; one budget is added in the middle. Then all that is left is adopted, and the
sums are compared with what the request log says that each request used: nothing is charged twice,
nothing is left out, and no hard budget is overspent. Each run prints its seed.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from config import Database
from config.database import parse_database_url
from migrations import schema
from models.budget_alerts import BudgetAlert
from models.db import database as connecting
from models.db.conditions import execute, select
from models.entry import Entry
from models.ids import new_request_id
from models.request_log import RequestLog
from proxy.journal.budget_sink import charge_beside
from proxy.journal.consumer import JournalConsumer
from proxy.journal.writer import Journal
from proxy.limits import charging, postgres_charges, sqlite_charges
from proxy.limits.budgets import Allowance, BudgetClaim, BudgetExceeded, Charge
from proxy.limits.charging import Hold
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.store import LimitExceeded, claims_on
from tests.models.rows import an_entry
from tests.proxy.limits.machine import OF_PROJECT, OF_TOKEN, Machine, allowance
from tests.proxy.limits.stores import decided

WORKERS: Final = 3
CLIENTS: Final = 5
SECONDS: Final = 0.5
AMOUNT: Final = 60_000
MOST: Final = 400
AMOUNTS: Final = (20_000, 80_000)
_TABLES: Final = (
    "limit_budget, limit_hold, limit_holder, limit_counter, limit_worker, request_log, usage_hour,"
    " usage_minute, usage_dimension, journal_position, budget_alert"
)


class Run:
    """What the processes of one run share: files in a directory."""

    def __init__(self, directory: Path, database: Database, seed: int) -> None:
        self.directory = directory
        self.database = database
        self.seed = seed
        self.machine = Machine(directory, database)

    def allowances(self) -> tuple[Allowance, ...]:
        """Those of a request that begins now."""
        changing = int((self.directory / "amount").read_text())
        found: tuple[Allowance, ...] = (
            allowance(AMOUNT),
            allowance(changing, "total", subject=OF_PROJECT),
            allowance(10**9, "minute", subject=OF_PROJECT, hard=False),
        )
        if (since := self.directory / "since").exists():
            found += (self.late(int(since.read_text())),)
        return found

    def note_what_is_ended(self) -> None:
        """Have each hold that is charged without its entry noted, in the step in which it is."""
        ended: list[tuple[str, int]] = []
        original = charging.end_unheard

        def noting(holds: Iterable[Hold], *rest: Any) -> Any:
            given = [*holds]
            ended[:] = [
                (key, amount)
                for hold in given
                if not hold.final
                for (key, _), amount in hold.amounts.items()
            ]
            return original(given, *rest)

        for module in (sqlite_charges, postgres_charges):
            setattr(module, "end_unheard", noting)  # noqa: B010  (mypy would not have it otherwise)
        in_file, in_database = SqliteCharges._write, postgres_charges._write

        def write(charges: SqliteCharges, file: sqlite3.Connection, *rest: Any) -> None:
            in_file(charges, file, *rest)
            file.execute("CREATE TABLE IF NOT EXISTS ended (key TEXT, amount INTEGER)")
            file.executemany("INSERT INTO ended VALUES (?, ?)", ended)
            ended.clear()

        async def write_there(*what: Any) -> None:
            await in_database(*what)
            for key, amount in ended:
                await execute("INSERT INTO ended VALUES ({}, {})", [key, amount])
            ended.clear()

        setattr(SqliteCharges, "_write", write)  # noqa: B010
        setattr(postgres_charges, "_write", write_there)  # noqa: B010

    async def ended(self) -> Counter[str]:
        """What was noted, by budget."""
        found: Counter[str] = Counter()
        if self.database.dialect == "postgres":
            for row in await select("SELECT key, amount FROM ended"):
                found[row["key"]] += row["amount"]
            return found
        with closing(sqlite3.connect(self.directory / "limits.db")) as file:
            if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'ended'").fetchone():
                for key, amount in file.execute("SELECT key, amount FROM ended"):
                    found[key] += amount
        return found

    @staticmethod
    def late(since_us: int) -> Allowance:
        """The one that is added in the middle."""
        return allowance(10**9, "month", hard=False, since_us=since_us)


async def work(run: Run, chance: random.Random) -> None:
    """A worker: it serves until it is killed."""
    machine = run.machine
    journal = Journal(machine.journals)
    consumer = JournalConsumer(journal, machine.sinks)
    consumer.start()
    store = await machine.worker(str(os.getpid()))
    if isinstance(store, SqliteLimits):
        assert machine.charges is not None
        charge_beside(store, machine.charges, journal, consumer)
    unheard = machine.unheard()

    async def client() -> None:
        while True:
            claimed = run.allowances()
            hold = chance.randint(0, MOST)
            claims = tuple(BudgetClaim(each, hold) for each in claimed)
            limits = claims_on(OF_TOKEN, requests_per_minute=10**6, max_parallel=CLIENTS * WORKERS)
            request = new_request_id()
            deciding = asyncio.create_task(decided(store, limits, claims, request))
            if chance.random() < 0.05:
                await asyncio.sleep(0)
                deciding.cancel()
            try:
                got = await deciding
            except (BudgetExceeded, LimitExceeded):
                await asyncio.sleep(0.002)
                continue
            except asyncio.CancelledError:
                continue
            await asyncio.sleep(chance.random() / 100)
            charge = chance.choice(
                [Charge("none"), Charge("held")] + 3 * [Charge("used", chance.randint(0, hold))]
            )
            recorded = asyncio.Event()
            late = len(claimed) > len(AMOUNTS) + 1
            journal.append_then(entry(request, hold, charge, late=late), recorded.set)
            await recorded.wait()
            store.settle(got, charge=charge)

    async def sweep() -> None:
        while True:
            await unheard.sweep()
            await asyncio.sleep(0.05)

    await asyncio.gather(sweep(), *(client() for _ in range(CLIENTS)))


def entry(request: str, hold: int, charge: Charge, *, late: bool) -> Entry:
    """What a request is recorded as; what it held stands in its bytes."""
    return an_entry(
        id=request,
        at_us=time.time_ns() // 1000,
        model="late" if late else "early",
        cost_nanos=charge.nanos if charge.kind == "used" else None,
        bytes_in=hold,
        charge=charge.kind,
    )


async def settle_and_compare(run: Run, _chance: random.Random) -> None:
    """What the next start does; then what is stored is what is recorded."""
    machine = run.machine
    consumer = JournalConsumer(Journal(machine.journals), machine.sinks)
    consumer.adopt()
    while not await consumer.consume_once():
        await asyncio.sleep(0.01)
    log = {str(row.id): row for row in await RequestLog.all()}
    dump = await machine.records.dump_budgets()
    holding: Counter[str] = Counter()
    for hold in dump.holds:
        assert hold.request not in log, "a hold stands whose entry came"
        if not hold.final:
            holding.update(dict(zip(hold.keys, hold.amounts, strict=True)))
    for row in dump.counters:
        assert row.held == holding[row.key], f"{row.key}: requests hold {holding[row.key]}"
    sweeper = machine.unheard()
    for _ in range(2):
        await sweeper.sweep()
    dump = await machine.records.dump_budgets()
    assert not dump.holds
    spent = Counter({counter.key: counter.spent for counter in dump.counters})
    assert not any(counter.held for counter in dump.counters)
    unheard = await run.ended()
    used = sum(one.cost_nanos or 0 for one in log.values())
    held = [one for one in log.values() if one.charge == "held"]
    held_all = sum(one.bytes_in for one in held)
    held_late = sum(one.bytes_in for one in held if one.model == "late")
    token, project = run.allowances()[:2]
    for key, expected in ((token.key, used + held_all), (project.key, used + held_all)):
        total = expected + unheard[key]
        assert spent[key] == total, f"{key}: {spent[key]} is spent, not {total}"
    late = run.late(0).key
    if late in spent:
        total = used + held_late + unheard[late]
        assert spent[late] == total, f"{late}: {spent[late]} is spent, not {total}"
    assert spent[token.key] <= AMOUNT
    assert spent[project.key] <= AMOUNTS[1]
    told = {(row.budget, row.share) for row in await BudgetAlert.all()}
    reached = {(token.key, s) for s in (50, 80, 100) if spent[token.key] * 100 >= AMOUNT * s}
    assert {one for one in told if one[0] == token.key} == reached


def forked(run: Run, what: Callable[[Run, random.Random], Awaitable[None]], seed: int) -> int:
    """Run it in a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        run.note_what_is_ended()

        async def connected() -> None:
            async with connecting.open_database(run.database):
                await what(run, random.Random(seed))

        asyncio.run(connected())
        status = 0
    except BaseException as exc:  # noqa: BLE001  (whatever it is, the parent has to know)
        sys.stderr.write(f"seed {run.seed}: {type(exc).__name__}: {exc}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


def one_run(run: Run) -> bool:
    """Whether its sums are right."""
    chance = random.Random(run.seed)
    (run.directory / "amount").write_text(str(AMOUNTS[0]))
    workers = [forked(run, work, chance.randrange(10**9)) for _ in range(WORKERS)]
    moments = sorted(chance.random() * SECONDS for _ in range(6))
    began = time.monotonic()
    for moment in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        step = chance.random()
        if step < 0.5:
            victim = workers.pop(chance.randrange(len(workers)))
            kill(victim)
            workers.append(forked(run, work, chance.randrange(10**9)))
        elif step < 0.8:
            draft = run.directory / "draft"
            draft.write_text(str(chance.choice(AMOUNTS)))
            draft.replace(run.directory / "amount")
        elif not (run.directory / "since").exists():
            draft = run.directory / "draft"
            draft.write_text(str(time.time_ns() // 1000))
            draft.replace(run.directory / "since")
    for worker in workers:
        kill(worker)
    comparing = forked(run, settle_and_compare, 0)
    return os.waitpid(comparing, 0)[1] == 0


def kill(worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", help="an empty database's URL; else SQLite")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        database = Database(dialect="sqlite", path=base / "template.db")
        if given.postgres:
            database = parse_database_url(given.postgres)
        asyncio.run(schema.upgrade(database))
        if given.postgres:
            asyncio.run(_made(database))
        for seed in range(given.seed, given.seed + given.runs):
            directory = base / str(seed)
            directory.mkdir()
            if given.postgres:
                asyncio.run(_emptied(database))
            else:
                shutil.copyfile(base / "template.db", directory / "llm-proxy.db")
            own = database if given.postgres else _at(directory / "llm-proxy.db")
            right = one_run(Run(directory, own, seed))
            failed += not right
            sys.stdout.write(f"seed {seed}: {'right' if right else 'WRONG'}\n")
            sys.stdout.flush()
            shutil.rmtree(directory)
    sys.exit(failed > 0)


def _at(path: Path) -> Database:
    return Database(dialect="sqlite", path=path)


async def _emptied(database: Database) -> None:
    async with connecting.open_database(database):
        await execute(f"TRUNCATE {_TABLES}, ended")


async def _made(database: Database) -> None:
    async with connecting.open_database(database):
        await execute("CREATE TABLE IF NOT EXISTS ended (key text, amount bigint)")


if __name__ == "__main__":
    main()
