#!/usr/bin/env bash
# SQLite's `PRAGMA journal_mode=WAL` does not wait for a writer, whatever the busy timeout.
#
# Seen with apsw 3.54.1.0 (SQLite 3.54.1). With a busy timeout of 5 s, `BEGIN EXCLUSIVE` and the switch
# both wait 5 s for a reader. For a connection that holds `BEGIN IMMEDIATE`, `BEGIN EXCLUSIVE` waits 5 s,
# and the switch fails at once with "database is locked". So several processes that open a new file at
# once, and each switch it to WAL, must try again themselves.
#
# Output seen:
#   reader, BEGIN EXCLUSIVE: BusyError after waiting
#   reader, PRAGMA journal_mode=WAL: BusyError after waiting
#   writer, BEGIN EXCLUSIVE: BusyError after waiting
#   writer, PRAGMA journal_mode=WAL: BusyError at once
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet apsw==3.54.1.0
"$work/venv/bin/python" - "$work/x.db" <<'PY'
import sys
import apsw

path = sys.argv[1]
holder = apsw.Connection(path)
holder.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
other = apsw.Connection(path)
waits = 0


def busy(tries):
    global waits
    waits += 1
    return tries < 3  # Asked three times is what a timeout would be; no need to sleep.


other.set_busy_handler(busy)
seen = []
for lock, statements in {"reader": ("BEGIN", "SELECT * FROM t"), "writer": ("BEGIN IMMEDIATE",)}.items():
    for statement in statements:
        holder.execute(statement).fetchall()
    for wanted in ("BEGIN EXCLUSIVE", "PRAGMA journal_mode=WAL"):
        waits = 0
        try:
            other.execute(wanted).fetchall()
            outcome = "done"
        except apsw.BusyError:
            outcome = "BusyError after waiting" if waits else "BusyError at once"
        seen.append(outcome)
        print(f"{lock}, {wanted}: {outcome}")
    holder.execute("ROLLBACK")
assert seen == ["BusyError after waiting"] * 3 + ["BusyError at once"], seen
PY
