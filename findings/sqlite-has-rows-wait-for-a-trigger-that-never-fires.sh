#!/usr/bin/env bash
# SQLite has the rows of a statement wait in a table of their own where the table that they go into has an
# AFTER INSERT trigger, even one whose WHEN is never true; without a trigger each row goes in as it is read.
#
# Seen with apsw 3.54.1.0 (SQLite 3.54.1). Every value is written twice and read twice then: of a log with seven
# indexes a row costs a tenth more. A trigger for deletes or updates costs nothing here, and neither does any where
# a statement has one row. So what only some rows need is put by whoever inserts them.
#
# Output seen:
#   no trigger, 32 rows a statement: 0 ephemeral tables
#   a trigger whose WHEN is never true, one row: 0 ephemeral tables
#   a trigger whose WHEN is never true, 32 rows: 1 ephemeral tables
#   a trigger for deletes, 32 rows: 0 ephemeral tables
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet apsw==3.54.1.0
"$work/venv/bin/python" - <<'PY'
import apsw

TRIGGER = "CREATE TRIGGER tagged AFTER {} ON log WHEN {}.tags IS NOT NULL BEGIN INSERT INTO tag VALUES (1); END"


def ephemeral(rows, trigger=None):
    database = apsw.Connection(":memory:")
    database.execute("CREATE TABLE log (id TEXT PRIMARY KEY, tags TEXT); CREATE TABLE tag (name TEXT)")
    if trigger:
        database.execute(trigger)
    values = ", ".join(["(?, NULL)"] * rows)
    steps = database.execute(f"EXPLAIN INSERT OR FAIL INTO log VALUES {values}", ["x"] * rows)
    return sum(step[1] == "OpenEphemeral" for step in steps)


for what, *given in (
    ("no trigger, 32 rows a statement", 32),
    ("a trigger whose WHEN is never true, one row", 1, TRIGGER.format("INSERT", "new")),
    ("a trigger whose WHEN is never true, 32 rows", 32, TRIGGER.format("INSERT", "new")),
    ("a trigger for deletes, 32 rows", 32, TRIGGER.format("DELETE", "old")),
):
    print(f"{what}: {ephemeral(*given)} ephemeral tables")
PY
