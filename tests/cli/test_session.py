"""What surrounds a command: first starts, configuration, schema, who acts, who hears of it."""

import os
import pwd
import socket
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from config.database import parse_database_url
from migrations.schema import LOCATION
from models import AuditEvent
from tests.cli.running import API_KEY, CommandLine


def _create(cli: CommandLine, name: str = "docs") -> tuple[str, ...]:
    return ("project", "create", "--name", name, "--api-key", API_KEY)


def test_fresh_clone_just_works(fresh: CommandLine) -> None:
    made = fresh.process(*_create(fresh), is_forked=False)
    assert (made.code, made.err) == (0, "Project docs was created.\n")
    token = fresh.process("token", "create", "--project", "docs")
    assert token.code == 0
    assert token.out.startswith("llmp_")
    assert len(token.out) == 52
    data = fresh.directory / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in data.iterdir())


def test_fresh_clone_makes_no_secret_that_nothing_needs(fresh: CommandLine) -> None:
    assert fresh("project", "list").code == 0
    assert not (fresh.directory / "data" / "encryption-key").exists()


def test_processes_that_start_at_once_in_a_fresh_clone_all_succeed(fresh: CommandLine) -> None:
    running = [fresh.start(*_create(fresh, f"p{n}")) for n in range(4)]
    ends = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 4, ends
    names = {item["name"] for item in fresh("project", "list", "--json").json["data"]}
    assert names == {"p0", "p1", "p2", "p3"}
    # All four were encrypted with the one key that won.
    assert fresh("doctor", "--json").code == 0


def test_postgres_that_is_behind_is_left_alone(cli_on_empty_postgres: CommandLine) -> None:
    refused = cli_on_empty_postgres.process("project", "list")
    assert refused.code == 2
    assert "llm-proxy migrate" in refused.err
    migrated = cli_on_empty_postgres.process("migrate")
    assert migrated.code == 0
    shipped = sorted(path.name for path in (LOCATION / "postgres").glob("[0-9]*.py"))
    assert sorted(migrated.out.split()) == shipped
    assert cli_on_empty_postgres("project", "list").code == 0


def test_two_migrations_at_once_apply_each_file_once(cli_on_empty_postgres: CommandLine) -> None:
    running = [cli_on_empty_postgres.start("migrate") for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], ends
    applied = [name for out, _ in ends for name in out.split()]
    assert len(applied) == len(set(applied)) > 0


def test_migrating_again_does_nothing(cli: CommandLine) -> None:
    again = cli("migrate")
    assert (again.code, again.out, again.err) == (0, "", "Up to date.\n")


def test_every_problem_of_the_configuration_is_named_at_once(fresh: CommandLine) -> None:
    ran = fresh.process("project", "list", PORT="x", LOG_LEVEL="loud", ENCRYPTION_KEY="hunter2")
    assert ran.code == 2
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == [
        "PORT",
        "ENCRYPTION_KEY",
        "LOG_LEVEL",
    ]
    assert "hunter2" not in ran.err
    assert not (fresh.directory / "data").exists()


def test_database_that_is_away_is_one_clear_line(fresh: CommandLine) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        ran = fresh(
            "project",
            "list",
            DATABASE_URL=f"postgres://u:s3cret@{place}/d",
            ENCRYPTION_KEY="A" * 43,
            MANAGEMENT_TOKEN="m" * 32,
        )
    assert ran.code == 2
    assert ran.err == f"The database {place} cannot be reached: Connection refused.\n"
    assert "s3cret" not in ran.err


def test_postgres_database_that_does_not_exist_is_one_clear_line(
    cli_on_empty_postgres: CommandLine,
) -> None:
    url = cli_on_empty_postgres.environ["DATABASE_URL"]
    ran = cli_on_empty_postgres("project", "list", DATABASE_URL=f"{url}_not")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("content", [b"no database at all " * 100, None])
def test_damaged_file_is_told_in_one_line(fresh: CommandLine, content: bytes | None) -> None:
    path = fresh.directory / "data" / "llm-proxy.db"
    assert fresh("migrate").code == 0
    # Its first page is left alone, or nothing is.
    path.write_bytes(content or path.read_bytes()[:4096] + b"\xa5" * 200_000)
    commands = {("project", "list"): 1, ("migrate",): 1, ("doctor",): 1, ("serve",): 2}
    for command, code in commands.items():
        # As a program, what serves: it is as a whole that it has to end.
        run = partial(fresh.process, is_forked=False) if command == ("serve",) else fresh
        ran = run(*command, PORT="1", HOST="127.0.0.1")
        assert ran.code == code, ran.err
        assert "Traceback" not in ran.err
        assert "cannot be used" in ran.out + ran.err
        assert len(ran.err.splitlines()) == (0 if command == ("doctor",) else 1)


def test_data_directory_that_cannot_be_made_is_one_clear_line(
    cli_on_sqlite: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ran = cli_on_sqlite("project", "list", DATA_DIR=str(tmp_path / "file" / "data"))
    assert ran.code in (1, 2)
    assert "DATA_DIR" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_operating_system_user_is_the_actor(cli: CommandLine) -> None:
    cli.project()
    cli("admin", "create", "--username", "alice", "--password", "hunter22hunter22")

    async def actors() -> set[tuple[str, str | None, str]]:
        return {(event.actor, event.ip, event.action) for event in await AuditEvent.all()}

    me = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    assert cli.on_database(actors) == {
        (me, None, "project.create"),
        (me, None, "key.add"),
        (me, None, "admin.create"),
    }


def test_a_change_ticks_the_generation_that_a_running_server_reads(cli: CommandLine) -> None:
    cli.project()
    token = cli.token()
    file = cli.directory / "data" / "generation"
    before = file.read_bytes()
    cli("token", "show", token["id"])
    assert file.read_bytes() == before
    assert cli("token", "revoke", token["id"], "--yes").code == 0
    assert file.read_bytes() != before


def run_with(stdout: int, cli: CommandLine, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """A command that writes its results to this descriptor."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=cli.directory,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )


def test_reader_that_leaves_early_makes_no_noise(cli_on_sqlite: CommandLine) -> None:
    # It has left before anything was written.
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = run_with(writer, cli_on_sqlite, "migrate", "--help")
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux alone has one")
@pytest.mark.parametrize("words", [("prices", "show", "gpt-4o"), ("--help",), ("export", "-")])
def test_full_disk_behind_standard_output_is_a_line(
    words: tuple[str, ...], cli_on_sqlite: CommandLine
) -> None:
    with Path("/dev/full").open("w") as full:
        ran = run_with(full.fileno(), cli_on_sqlite, *words)
    said = "Standard output cannot be written: No space left on device.\n"
    assert (ran.returncode, ran.stderr.decode()) == (1, said)


@pytest.mark.parametrize(
    "words",
    [
        ("project", "show", "x" * 300),
        ("key", "list", "--project", "x" * 300),
        ("destination", "show", "x" * 300),
        ("admin", "remove", "x" * 300, "--yes"),
        ("management-token", "revoke", "x" * 300, "--yes"),
    ],
)
def test_name_longer_than_any_is_of_nothing(words: tuple[str, ...], cli: CommandLine) -> None:
    ran = cli(*words)
    assert (ran.code, ran.err) == (1, "Nothing has so long a name.\n")


@pytest.mark.parametrize("words", [("backup",), ("export",), ("restore", "--yes")])
def test_file_that_cannot_be_looked_at_is_a_line(
    words: tuple[str, ...], cli_on_sqlite: CommandLine
) -> None:
    cli_on_sqlite.project()
    # As one in a directory that we may not enter, which root would be let into.
    name = "x" * 300
    ran = cli_on_sqlite(*words, name)
    assert (ran.code, ran.err) == (1, f"{name}: File name too long.\n")


def test_closed_standard_output_and_error_are_as_dev_null(cli_on_sqlite: CommandLine) -> None:
    shell = f'exec "{sys.executable}" -m cli "$@" >&- 2>&-'
    ran = subprocess.run(
        ["sh", "-c", shell, "sh", "management-token", "create", "--name", "quiet"],
        cwd=cli_on_sqlite.directory,
        env=cli_on_sqlite.environment(),
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0
    (made,) = cli_on_sqlite("management-token", "list", "--json").json["data"]
    assert made["name"] == "quiet"


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_changes_of_two_processes_at_once_are_both_made(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    from tests.cli.conftest import configured

    cli = configured(request.getfixturevalue(f"{backend}_database"), tmp_path)
    cli.project()
    running = [cli.start("token", "create", "--project", "docs") for _ in range(2)]
    secrets = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert len(secrets) == 2
    assert len(cli("token", "list", "--json").json["data"]) == 2


def test_what_reads_makes_no_database_and_warns_that_there_is_none(fresh: CommandLine) -> None:
    said = "There is no database at data/llm-proxy.db"
    for words in ("project list --json", "usage", "requests", "token show x", "token revoke x -y"):
        ran = fresh(*words.split())
        assert ran.code == ("token" in words), ran.err
        assert ran.err.startswith(f"Warning: {said}")
        assert list(fresh.directory.iterdir()) == []
    exported = fresh("export", "x.jsonl")
    assert (exported.code, exported.err.startswith(said)) == (1, True)
    assert list(fresh.directory.iterdir()) == []


@pytest.mark.parametrize("words", [("-v", "project", "list"), ("project", "list", "-v")])
def test_v_says_which_database_is_used(cli: CommandLine, words: tuple[str, ...]) -> None:
    place = parse_database_url(cli.environ["DATABASE_URL"]).place
    assert cli(*words).err.startswith(f"Database: {place}\n")
    # And is not remembered.
    assert "Database" not in cli("project", "list").err


def test_a_wrong_choice_is_told_in_plain_words(cli_on_sqlite: CommandLine) -> None:
    ran = cli_on_sqlite("token", "list", "--status", "gone")
    assert ran.code == 2
    assert "'gone' is not one of '" in ran.err
    assert "Value error" not in ran.err


def test_v_says_it_of_what_serves_too(fresh: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = fresh("serve", "-v", PORT=str(taken.getsockname()[1]))
    assert ran.code == 2
    assert ran.err.startswith("Database: data/llm-proxy.db\nHOST, PORT: cannot listen")
