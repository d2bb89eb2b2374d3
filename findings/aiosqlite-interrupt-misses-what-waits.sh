#!/usr/bin/env bash
# aiosqlite's `Connection.interrupt()`, documented as "Interrupt pending queries", does not stop a query
# that was awaited but has not yet begun on the connection's thread: SQLite stops only what runs.
#
# Seen with aiosqlite 0.22.1 on CPython 3.11 (SQLite of the interpreter). Who cancels a query and
# interrupts once waits for it as long as it runs; interrupt until it has ended.
#
# Output seen:
#   running: OperationalError
#   awaited, not begun: 100000 rows
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aiosqlite==0.22.1
"$work/venv/bin/python" - <<'PY'
import asyncio
import threading

import aiosqlite

QUERY = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000)"
    " SELECT wait(x) FROM n"
)


async def outcome(begun: bool) -> str:
    async with aiosqlite.connect(":memory:") as connection:
        loop = asyncio.get_running_loop()
        running, go_on = asyncio.Event(), threading.Event()

        def wait(x: int) -> int:
            if x == 1:
                loop.call_soon_threadsafe(running.set)
                go_on.wait()
            return x

        await connection.create_function("wait", 1, wait)
        busy = threading.Event()
        if not begun:
            # The thread is busy with something that is no statement.
            connection._tx.put_nowait((None, busy.wait))
        query = asyncio.ensure_future(connection.execute_fetchall(QUERY))
        if begun:
            await running.wait()
        else:
            await asyncio.sleep(0)
        await connection.interrupt()
        busy.set()
        go_on.set()
        try:
            return f"{len(await query)} rows"
        except aiosqlite.OperationalError:
            return "OperationalError"


async def main() -> None:
    seen = {name: await outcome(begun) for name, begun in (("running", True), ("awaited, not begun", False))}
    for name, what in seen.items():
        print(f"{name}: {what}")
    assert seen == {"running": "OperationalError", "awaited, not begun": "100000 rows"}, seen


asyncio.run(main())
PY
