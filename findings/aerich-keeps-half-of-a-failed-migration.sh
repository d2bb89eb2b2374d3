#!/usr/bin/env bash
# On SQLite, aerich keeps what a migration did before its failing statement, although it runs migrations in
# a transaction and SQLite's DDL can be taken back; and no later upgrade gets past it.
#
# Seen with aerich 0.10.1, tortoise-orm 1.1.9 and CPython 3.11 and 3.13. `upgrade(run_in_transaction=True)`, the
# default, opens a transaction and gives the migration's SQL to Tortoise's `execute_script`, which on SQLite is
# `executescript` of the standard library: that commits the transaction and runs each statement for itself.
# Nothing is left for the rollback, and the version is not noted. The next try begins at the first
# statement, whose table is there already. So whoever migrates SQLite runs the statements one by one.
#
# Output seen:
#   first try: OperationalError: no such table: missing
#   tables of the failed migration that are there: ['one', 'two']
#   second try, with what was missing: OperationalError: table one already exists
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aerich==0.10.1 tortoise-orm==1.1.9
cd "$work"
cat >stored.py <<'PY'
from tortoise import Model, fields


class Stored(Model):
    id = fields.IntField(primary_key=True)
PY
PYTHONPATH=. "$work/venv/bin/python" - <<'PY'
import asyncio
import re
from pathlib import Path

from aerich import Command
from tortoise import connections

CONFIG = {
    "connections": {"default": "sqlite://some.db"},
    "apps": {"models": {"models": ["stored", "aerich.models"], "default_connection": "default"}},
}
SQL = "CREATE TABLE one (x int); CREATE TABLE two (x int); INSERT INTO missing VALUES (1);"
FOUND = "SELECT name FROM sqlite_master WHERE name IN ('one', 'two') ORDER BY name"


async def outcome(command: Command) -> str:
    try:
        return f"upgraded: {await command.upgrade()}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


async def main() -> None:
    command = Command(tortoise_config=CONFIG, location="migrations")
    await command.init()
    await command.init_db(safe=True)
    # A second migration, in the form of the first.
    (first,) = Path("migrations/models").glob("0_*.py")
    body = re.sub(r'(?s)(def upgrade.*?return """).*?(""")', rf"\g<1>{SQL}\g<2>", first.read_text(), count=1)
    (first.parent / "1_20260101000000_fails.py").write_text(body)
    seen = [await outcome(command)]
    database = connections.get("default")
    found = [row["name"] for row in await database.execute_query_dict(FOUND)]
    await database.execute_script("CREATE TABLE missing (x int)")
    seen.append(await outcome(command))
    await connections.close_all()
    print("first try:", seen[0])
    print("tables of the failed migration that are there:", found)
    print("second try, with what was missing:", seen[1])
    assert seen[0] == "OperationalError: no such table: missing", seen
    assert found == ["one", "two"], found
    assert seen[1] == "OperationalError: table one already exists", seen


asyncio.run(main())
PY
