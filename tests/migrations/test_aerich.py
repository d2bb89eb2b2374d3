"""Plain `aerich`, as a person types it in the project root, on both backends."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import Database
from migrations import schema
from models.db.database import connection, open_database
from models.ledger import apply_batch
from models.request_log import RequestLog
from models.tokens import Token
from models.upstream_keys import UpstreamKey
from tests.fixtures import commands
from tests.fixtures.commands import ForkedCommand
from tests.fixtures.database import database_url
from tests.fixtures.processes import bare_environment
from tests.models.rows import BY, a_project, an_entry

ROOT = Path(__file__).parents[2]
PARTS = ("config", "migrations", "models", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project, into which a test may write migrations."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # With what is compiled already.
            shutil.copytree(source, copy / part)
        else:
            shutil.copy(source, copy / part)
    return copy


def start(
    database: Database, *arguments: str, cwd: Path = ROOT, is_forked: bool = True
) -> "ForkedCommand | subprocess.Popen[str]":
    """Start `aerich` with the DATABASE_URL of `database` and nothing else of ours."""
    environ = bare_environment() | {"DATABASE_URL": database_url(database)}
    return commands.start(
        "aerich", *arguments, cwd=cwd, environ=environ, is_merged=True, is_forked=is_forked
    )


def run(
    database: Database, *arguments: str, cwd: Path = ROOT, is_forked: bool = True
) -> tuple[int, str]:
    """Its exit code and output."""
    process = start(database, *arguments, cwd=cwd, is_forked=is_forked)
    output, _ = process.communicate(timeout=100)
    assert process.returncode is not None
    return process.returncode, output


def shipped(database: Database) -> list[str]:
    """In order: the tenth comes behind the ninth."""
    files = (schema.LOCATION / database.dialect).glob("[0-9]*.py")
    return sorted((file.name for file in files), key=lambda name: int(name.partition("_")[0]))


def query(database: Database, sql: str) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        async with open_database(database):
            return await connection().execute_query_dict(sql)

    return asyncio.run(ask())


def tables(database: Database) -> set[str]:
    if database.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    return {row["name"] for row in query(database, sql)}


async def _fill(database: Database) -> None:
    async with open_database(database):
        token, _ = await Token.issue(await a_project(), by=BY)
        await apply_batch("j", 0, 1, [an_entry(token_id=token.id)])


async def _counts(database: Database) -> tuple[int, ...]:
    async with open_database(database):
        return tuple([await model.all().count() for model in (UpstreamKey, Token, RequestLog)])


def write_migration(checkout: Path, database: Database, name: str, up: str, down: str) -> str:
    """A migration in Aerich's own form, after those shipped."""
    folder = checkout / "migrations" / database.dialect
    last = max(folder.glob("[0-9]*.py"), key=lambda file: int(file.name.partition("_")[0]))
    number = int(last.name.split("_")[0]) + 1
    file = folder / f"{number}_20270101000000_{name}.py"
    state = last.read_text().partition("MODELS_STATE")[2]
    file.write_text(
        "from tortoise import BaseDBAsyncClient\n\n\n"
        f"async def upgrade(db: BaseDBAsyncClient) -> str:\n    return {up!r}\n\n\n"
        f"async def downgrade(db: BaseDBAsyncClient) -> str:\n    return {down!r}\n\n\n"
        f"MODELS_STATE{state}"
    )
    return file.name


def test_upgrade_then_the_other_commands(empty_database: Database) -> None:
    # As a program, which has nothing loaded.
    code, output = run(empty_database, "upgrade", is_forked=False)
    assert code == 0, output
    for name in shipped(empty_database):
        assert f"Success upgrading to {name}" in output
    assert run(empty_database, "upgrade") == (0, "No upgrade items found\n")
    assert run(empty_database, "heads") == (0, "No available heads.\n")
    assert run(empty_database, "history") == (0, "\n".join(shipped(empty_database)) + "\n")
    assert run(empty_database, "migrate") == (0, "No changes detected\n")


def test_heads_names_what_is_pending(empty_database: Database) -> None:
    assert run(empty_database, "heads") == (0, "\n".join(shipped(empty_database)) + "\n")


def test_migrate_wants_an_up_to_date_database(empty_database: Database) -> None:
    code, output = run(empty_database, "migrate")
    assert code == 1
    assert output == "Error: The database is behind. Run `aerich upgrade` first.\n"


def test_down_and_up_again_on_tables_that_hold_rows(database: Database) -> None:
    asyncio.run(_fill(database))
    before = tables(database)
    *others, newest = shipped(database)
    # As a person steps back; then all others in one process, since each takes a second to start.
    down(database, "--yes", expected=[newest])
    down(database, "--yes", "--version", "0", expected=others)
    assert tables(database) == {"aerich"}
    code, output = run(database, "upgrade")
    assert code == 0, output
    assert tables(database) == before
    asyncio.run(_fill(database))


def down(database: Database, *options: str, expected: list[str]) -> None:
    """Undo so much, the newest first."""
    code, output = run(database, "downgrade", *options)
    assert code == 0, output
    undone = [f"Success downgrading to {name}" for name in reversed(expected)]
    assert [line for line in output.splitlines() if line.startswith("Success")] == undone


def test_two_upgrades_at_once_apply_once(empty_database: Database) -> None:
    started = [start(empty_database, "upgrade") for _ in range(3)]
    outputs = [process.communicate(timeout=100)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], outputs
    for name in shipped(empty_database):
        assert sum(f"Success upgrading to {name}" in output for output in outputs) == 1
    rows = query(empty_database, "SELECT version FROM aerich ORDER BY id")
    assert [row["version"] for row in rows] == shipped(empty_database)


def test_a_failed_upgrade_leaves_nothing(database: Database, checkout: Path) -> None:
    asyncio.run(_fill(database))
    before, rows = tables(database), asyncio.run(_counts(database))
    name = write_migration(
        checkout,
        database,
        "broken",
        "CREATE TABLE half_done (x INT); INSERT INTO half_done VALUES (1);"
        " DELETE FROM token; INSERT INTO no_such_table VALUES (1);",
        "DROP TABLE half_done;",
    )
    code, output = run(database, "upgrade", cwd=checkout)
    assert code != 0
    assert "no_such_table" in output
    assert tables(database) == before
    assert asyncio.run(_counts(database)) == rows
    assert run(database, "heads", cwd=checkout) == (0, f"{name}\n")


def test_a_failed_downgrade_leaves_nothing(database: Database, checkout: Path) -> None:
    name = write_migration(
        checkout,
        database,
        "one_way",
        "CREATE TABLE extra (x INT);",
        "DROP TABLE extra; DROP TABLE no_such_table;",
    )
    assert run(database, "upgrade", cwd=checkout)[0] == 0
    code, output = run(database, "downgrade", "--yes", cwd=checkout)
    assert code != 0
    assert "no_such_table" in output
    assert "extra" in tables(database)
    assert run(database, "downgrade", "--fake", "--yes", cwd=checkout)[0] == 0
    assert run(database, "heads", cwd=checkout) == (0, f"{name}\n")


def test_an_upgrade_that_a_deadlock_ends_is_begun_again(
    postgres_database: Database, checkout: Path
) -> None:
    """The release before goes on meanwhile, and locks tables in an order of its own."""
    query(postgres_database, "CREATE SEQUENCE tries")
    first = write_migration(checkout, postgres_database, "first", "SELECT 1;", "SELECT 1;")
    second = write_migration(
        checkout,
        postgres_database,
        "second",
        "CREATE TABLE made_once (x INT); DO $$ BEGIN IF nextval('tries') < 4 THEN"
        " RAISE deadlock_detected; END IF; END $$;",
        "DROP TABLE made_once;",
    )
    code, output = run(postgres_database, "upgrade", cwd=checkout)
    assert code == 0, output
    assert output == f"Success upgrading to {first}\nSuccess upgrading to {second}\n"
    assert query(postgres_database, "SELECT nextval('tries') AS next") == [{"next": 5}]


def test_rebuilding_a_table_on_sqlite_keeps_the_rows_that_refer_to_it(
    sqlite_database: Database, checkout: Path
) -> None:
    """With foreign keys on, dropping the old table would cascade."""
    asyncio.run(_fill(sqlite_database))
    rows = asyncio.run(_counts(sqlite_database))
    write_migration(
        checkout,
        sqlite_database,
        "rebuild",
        "CREATE TABLE project_new AS SELECT * FROM project; DROP TABLE project;"
        " ALTER TABLE project_new RENAME TO project;"
        " CREATE UNIQUE INDEX project_id ON project (id);",
        "SELECT 1;",
    )
    code, output = run(sqlite_database, "upgrade", cwd=checkout)
    assert code == 0, output
    assert asyncio.run(_counts(sqlite_database)) == rows == (1, 1, 1)


def test_a_migration_that_leaves_dangling_references_is_undone(
    sqlite_database: Database, checkout: Path
) -> None:
    asyncio.run(_fill(sqlite_database))
    write_migration(checkout, sqlite_database, "careless", "DELETE FROM project;", "SELECT 1;")
    code, output = run(sqlite_database, "upgrade", cwd=checkout)
    assert code != 0
    assert "dangling references" in output
    assert len(query(sqlite_database, "SELECT id FROM project")) == 1


def test_migrate_writes_a_file_for_a_changed_model(database: Database, checkout: Path) -> None:
    models = checkout / "models" / "projects.py"
    field = "    provider = fields.CharField(max_length=64)\n"
    models.write_text(
        models.read_text().replace(field, f"{field}    note = fields.TextField(null=True)\n")
    )
    code, output = run(database, "migrate", "--name", "note", cwd=checkout)
    assert code == 0, output
    assert "Success creating migration file" in output
    asyncio.run(_fill(database))
    assert run(database, "upgrade", cwd=checkout)[0] == 0
    assert query(database, "SELECT note FROM project") == [{"note": None}]
    assert run(database, "downgrade", "--yes", cwd=checkout)[0] == 0
    assert run(database, "migrate", cwd=ROOT) == (0, "No changes detected\n")


def test_a_wrong_database_url_is_said_in_one_line(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "aerich", "heads"],
        cwd=ROOT,
        env=bare_environment() | {"DATABASE_URL": "mysql://root:hunter2@localhost/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("DATABASE_URL: ")
    assert "hunter2" not in result.stderr + result.stdout
    assert "Traceback" not in result.stderr
