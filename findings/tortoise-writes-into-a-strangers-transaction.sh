#!/usr/bin/env bash
# On SQLite, a task that was started within a transaction of Tortoise's, and writes after it, writes into
# whatever transaction is open by then, and what it wrote is gone when that one is rolled back.
#
# Seen with tortoise-orm 1.1.9, aiosqlite 0.22.1 and CPython 3.11 and 3.13. A task copies its context, and so keeps
# the transaction's client when the transaction is over. On PostgreSQL (asyncpg 0.32.0) that client's session has been
# given back, and the task gets an InterfaceError. On SQLite there is one connection for all: the write
# succeeds, without the lock for which everyone else waits until a transaction ends. A report, a counter or
# a log line that is written "later" by such a task is lost with the work of another. Start such tasks behind
# the transaction, or with a context of their own.
#
# Output seen:
#   a task from outside waits for the transaction: True
#   one that was started in an earlier transaction waits: False
#   outside: stored, earlier: not stored, though `create` returned
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tortoise-orm==1.1.9 aiosqlite==0.22.1
cd "$work"
cat >stored.py <<'PY'
from tortoise import Model, fields


class Entry(Model):
    name = fields.CharField(20, primary_key=True)
PY
PYTHONPATH=. "$work/venv/bin/python" - <<'PY'
import asyncio

from stored import Entry
from tortoise import Tortoise
from tortoise.transactions import in_transaction


async def main() -> None:
    await Tortoise.init(db_url="sqlite://some.db", modules={"models": ["stored"]})
    await Tortoise.generate_schemas()
    go_on = asyncio.Event()

    async def later(name: str) -> None:
        await go_on.wait()
        await Entry.create(name=name)

    outside = asyncio.create_task(later("outside"))
    async with in_transaction():
        earlier = asyncio.create_task(later("earlier"))

    async def strangers() -> tuple[bool, bool]:
        """Which of the two have not written while a transaction of someone else's is open."""
        async with in_transaction() as transaction:
            await Entry.create(name="stranger's")
            go_on.set()
            await asyncio.wait((outside, earlier), timeout=1)
            waits = not outside.done(), not earlier.done()
            await transaction.rollback()
            return waits

    waits = await asyncio.create_task(strangers())
    await asyncio.gather(outside, earlier)
    stored = {row.name for row in await Entry.all()}
    await Tortoise.close_connections()
    print("a task from outside waits for the transaction:", waits[0])
    print("one that was started in an earlier transaction waits:", waits[1])
    said = [f"{name}: {'stored' if name in stored else 'not stored'}" for name in ("outside", "earlier")]
    print(", ".join(said) + ", though `create` returned")
    assert waits == (True, False), waits
    assert stored == {"outside"}, stored


asyncio.run(main())
PY
