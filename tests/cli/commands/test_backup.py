"""`backup` while a service writes, and `restore` into its place."""

import asyncio
import getpass
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from config import load
from fake_upstream import FakeUpstream
from proxy.limits.engines import limit_records
from proxy.limits.records import Counter
from tests.cli.running import CommandLine
from tests.fixtures.service import UPSTREAM_KEY, Issued, RunService, Service

MODELS = "/v1/models"


def tokens(cli: CommandLine) -> list[str]:
    listed = cli("token", "list", "--json")
    assert listed.code == 0, listed.err
    return [token["id"] for token in listed.json["data"]]


def test_backup_brings_back_what_was_there(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    cli = cli_on_sqlite
    cli.project()
    first = cli.token()["id"]
    file = tmp_path / "backup.db"

    made = cli("backup", str(file))
    later = cli.token()["id"]
    kept_answers = tmp_path / "data" / "cache"
    kept_answers.mkdir(parents=True)
    (kept_answers / "answers.db").touch()

    assert (made.code, made.out.strip()) == (0, str(file))
    assert "ENCRYPTION_KEY" in made.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(tokens(cli)) == {first, later}
    restored = cli("restore", str(file), "--yes")
    assert restored.code == 0, restored.err
    assert tokens(cli) == [first]
    (kept,) = tmp_path.glob("llm-proxy.db.before-restore-*")
    assert str(kept) in restored.err
    with closing(sqlite3.connect(kept)) as database:
        assert database.execute("SELECT count(*) FROM token").fetchone() == (2,)
    assert not list(tmp_path.glob("*restoring*"))
    assert not kept_answers.exists()
    assert cli("doctor").code == 0


def test_both_leave_a_row_in_the_audit(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    cli, file = cli_on_sqlite, tmp_path / "backup.db"

    def rows() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = cli("audit", "--json").json["data"]
        return [row for row in listed if row["action"].startswith("database.")]

    assert cli("backup", str(file)).code == 0
    (made,) = rows()
    assert cli("restore", str(file), "--yes").code == 0
    (brought_back,) = rows()

    assert (made["action"], made["target_type"]) == ("database.backup", "database")
    assert made["changes"] == {"file": [None, str(file)], "bytes": [None, file.stat().st_size]}
    assert made["actor"] == f"cli:{getpass.getuser()}"
    assert brought_back["action"] == "database.restore"
    assert brought_back["changes"] == {"file": [None, str(file)]}
    # It stands for itself again: nothing is left in a write-ahead log of the draft's.
    assert not list(tmp_path.glob("*restoring*"))


def test_backup_without_an_audit_says_so(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with closing(sqlite3.connect(tmp_path / "llm-proxy.db")) as database:
        database.execute("DROP TABLE audit_event")

    made = cli_on_sqlite("backup", str(file))
    restored = cli_on_sqlite("restore", str(file), "--yes")

    assert (made.code, restored.code) == (1, 1)
    assert "is complete, but its line in the audit could not be written" in made.err
    assert "cannot be restored" in restored.err
    assert file.exists()


def test_backup_replaces_nothing_unasked(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("precious")

    assert cli_on_sqlite("backup", str(file)).code == 1
    assert file.read_text() == "precious"
    assert cli_on_sqlite("backup", str(file), "--force").code == 0
    assert cli_on_sqlite("backup", str(tmp_path / "no" / "such" / "directory")).code == 1


def test_restore_wants_to_be_meant(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    assert cli_on_sqlite("backup", str(file)).code == 0

    refused = cli_on_sqlite("restore", str(file))

    assert refused.code == 1
    assert "--yes" in refused.err


@pytest.mark.parametrize("damage", ["no database", "another database", "damaged", "missing"])
def test_restore_refuses_what_is_no_backup(
    cli_on_sqlite: CommandLine, tmp_path: Path, damage: str
) -> None:
    cli_on_sqlite.project()
    file = tmp_path / "backup.db"
    if damage == "no database":
        file.write_bytes(b"not a database" * 1000)
    elif damage == "another database":
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE token (id)")
    elif damage == "damaged":
        assert cli_on_sqlite("backup", str(file)).code == 0
        content = bytearray(file.read_bytes())
        content[8192:] = bytes(len(content) - 8192)
        file.write_bytes(content)

    refused = cli_on_sqlite("restore", str(file), "--yes")

    assert refused.code == 1
    assert str(file) in refused.err
    assert "Traceback" not in refused.err
    assert [p["name"] for p in cli_on_sqlite("project", "list", "--json").json["data"]] == ["docs"]


def test_restore_refuses_a_release_that_took_something_away(
    cli_on_sqlite: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    assert cli_on_sqlite("backup", str(file)).code == 0
    with closing(sqlite3.connect(file)) as newer:
        newer.execute(
            "INSERT INTO aerich (version, app, content)"
            " VALUES ('99_20990101000000_contract_x.py', 'sqlite', '{}')"
        )
        newer.commit()

    refused = cli_on_sqlite("restore", str(file), "--yes")

    assert refused.code == 1
    assert "newer release" in refused.err


def test_restore_says_which_encryption_key_is_missing(
    cli_on_sqlite: CommandLine, tmp_path: Path
) -> None:
    cli_on_sqlite.project()
    file = tmp_path / "backup.db"
    assert cli_on_sqlite("backup", str(file)).code == 0

    restored = cli_on_sqlite("restore", str(file), "--yes", ENCRYPTION_KEY="B" * 42 + "A")

    assert restored.code == 0
    assert "need another key" in restored.err


def test_secrets_of_destinations_need_their_key_too(
    cli_on_sqlite: CommandLine, tmp_path: Path
) -> None:
    made = (
        "destination",
        "create",
        "--name",
        "ops",
        "--kind",
        "webhook",
        "--url",
        "https://a.example",
    )
    assert cli_on_sqlite(*made).code == 0
    file, other = tmp_path / "backup.db", "B" * 42 + "A"
    assert cli_on_sqlite("backup", str(file)).code == 0
    restored = cli_on_sqlite("restore", str(file), "--yes", ENCRYPTION_KEY=other)
    assert (restored.code, "need another key" in restored.err) == (0, True)


def test_a_backup_of_a_release_without_destinations_is_restored(
    cli_on_sqlite: CommandLine, tmp_path: Path
) -> None:
    cli_on_sqlite.project()
    file = tmp_path / "backup.db"
    assert cli_on_sqlite("backup", str(file)).code == 0
    with closing(sqlite3.connect(file)) as older:
        older.execute("DROP TABLE destination")
        older.commit()
    restored = cli_on_sqlite("restore", str(file), "--yes")
    assert (restored.code, "need another key" in restored.err) == (0, False)


def test_postgres_has_means_of_its_own(cli_on_empty_postgres: CommandLine) -> None:
    for command, program in (("backup", "pg_dump"), ("restore", "pg_restore")):
        told = cli_on_empty_postgres(command, "file.db")
        assert told.code == 2
        assert program in told.err


async def _ask(service: Service, issued: Issued, count: int) -> list[int]:
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as http:
        return [(await http.get(MODELS)).status_code for _ in range(count)]


async def test_backup_under_load_is_whole_and_keeps_what_is_used_of_quotas(
    run_service: RunService, tmp_path: Path
) -> None:
    service = run_service()
    file = tmp_path / "backup.db"
    line = CommandLine(service.directory, service.environ)
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as up:
        issued = await service.make_token(up.url, max_requests=50)
        busy = await service.make_token(up.url)
        load = asyncio.create_task(_ask(service, busy, 60))
        assert await _ask(service, issued, 30) == [200] * 30
        made = await asyncio.to_thread(line.process, "backup", str(file))
        assert made.code == 0, made.err
        assert await load == [200] * 60

        refused = await asyncio.to_thread(line.process, "restore", str(file), "--yes")
        assert refused.code == 1
        assert "in use" in refused.err

        assert service.stop() == 0
        restored = await asyncio.to_thread(line.process, "restore", str(file), "--yes")
        assert restored.code == 0, restored.err
        service.start()
        # 30 of 50 are used: that was in the backup.
        assert await _ask(service, issued, 25) == [200] * 20 + [429] * 5


def test_what_is_used_of_limits_comes_back(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    cli, file = cli_on_sqlite, tmp_path / "backup.db"
    cli.project()
    settings = load({**cli.environ, "DATA_DIR": str(_data_dir(cli))}, None)
    limits, counter = limit_records(settings), Counter("t:1", 0, 7, 0.0, 0.0)
    settings.data_dir.mkdir(exist_ok=True)
    asyncio.run(limits.load([counter]))
    assert cli("backup", str(file)).code == 0
    asyncio.run(limits.load([]))

    assert cli("restore", str(file), "--yes").code == 0

    assert asyncio.run(limits.dump()) == [counter]


def _data_dir(cli: CommandLine) -> Path:
    return cli.directory / cli.environ.get("DATA_DIR", "data")
