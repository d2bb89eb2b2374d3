#!/usr/bin/env bash
# SQLite copies every page that a statement changes where the table has a trigger, even one whose WHEN
# is never true, and for every statement of several rows: so that the statement alone could be taken
# back. `OR FAIL` has it copy none.
#
# Seen with apsw 3.54.1.0 (SQLite 3.54.1), a table with nine indexes, 1,000 rows in one transaction. The
# copies go to a temporary file of their own (SQLITE_OPEN_SUBJOURNAL) unless `temp_store` is memory: of
# each row that is inserted beside a trigger for rare rows 47 KiB, which has it take three times as
# long. In a transaction that ends with its first error anyway, `INSERT OR FAIL` loses nothing.
# And where a statement has several rows, they all wait in a table of their own (OpenEphemeral) before the
# first goes in, which `OR FAIL` does not change: so what only some rows need is put by who inserts them.
#
# Output seen:
#   no trigger: 0.0 KiB copied a row
#   a trigger whose WHEN is never true: 47.3 KiB copied a row
#   the same, OR FAIL: 0.0 KiB copied a row
#   no trigger, ten rows a statement: 10.2 KiB copied a row
#   the same, OR FAIL: 0.0 KiB copied a row
#   OR FAIL, ten rows a statement, no trigger: 0 tables for rows that wait
#   OR FAIL, ten rows a statement, a trigger whose WHEN is never true: 1 tables for rows that wait
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet apsw==3.54.1.0
"$work/venv/bin/python" - "$work" <<'PY'
import sys
import apsw

ROWS = 1_000
TRIGGER = (
    "CREATE TRIGGER tagged AFTER INSERT ON log WHEN new.tags IS NOT NULL"
    " BEGIN INSERT INTO tag VALUES (new.tags); END"
)
copied = 0


class Counting(apsw.VFS):
    def __init__(self):
        super().__init__("counting", "")

    def xOpen(self, name, flags):
        return File(name, flags)


class File(apsw.VFSFile):
    def __init__(self, name, flags):
        super().__init__("", name, flags)
        self.has_copies = bool(flags[0] & apsw.SQLITE_OPEN_SUBJOURNAL)

    def xWrite(self, data, offset):
        global copied
        copied += len(data) * self.has_copies
        super().xWrite(data, offset)


vfs = Counting()
seen = []
for what, trigger, verb, together in (
    ("no trigger", "", "INSERT", 1),
    ("a trigger whose WHEN is never true", TRIGGER, "INSERT", 1),
    ("the same, OR FAIL", TRIGGER, "INSERT OR FAIL", 1),
    ("no trigger, ten rows a statement", "", "INSERT", 10),
    ("the same, OR FAIL", "", "INSERT OR FAIL", 10),
):
    copied = 0
    db = apsw.Connection(f"{sys.argv[1]}/{len(seen)}.db", vfs="counting")
    db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE tag (t)")
    db.execute("CREATE TABLE log (id TEXT NOT NULL PRIMARY KEY, a TEXT NOT NULL, tags TEXT)")
    for n in range(8):
        db.execute(f"CREATE INDEX i{n} ON log (a, id)")
    db.execute(trigger)
    sql = f"{verb} INTO log VALUES " + ", ".join(["(?, ?, NULL)"] * together)
    rows = [(f"{n:036}", "a" * 36) for n in range(ROWS)]
    with db:
        for at in range(0, ROWS, together):
            db.execute(sql, [value for row in rows[at : at + together] for value in row])
    db.close()
    seen.append(copied // 1024 // ROWS)
    print(f"{what}: {copied / 1024 / ROWS:.1f} KiB copied a row")
assert seen == [0, 47, 0, 10, 0], seen

waiting = []
for what, trigger in (("no trigger", ""), ("a trigger whose WHEN is never true", TRIGGER)):
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE tag (t); CREATE TABLE log (id TEXT NOT NULL PRIMARY KEY, tags TEXT)")
    db.execute(trigger)
    sql = "EXPLAIN INSERT OR FAIL INTO log VALUES " + ", ".join(["(?, NULL)"] * 10)
    waiting.append(sum(step[1] == "OpenEphemeral" for step in db.execute(sql, ["x"] * 10)))
    print(f"OR FAIL, ten rows a statement, {what}: {waiting[-1]} tables for rows that wait")
assert waiting == [0, 1], waiting
PY
