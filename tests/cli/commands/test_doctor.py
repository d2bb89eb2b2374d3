"""`doctor`: says what is wrong, and changes nothing."""

import resource
import shutil
import socket
import tempfile
from functools import partial
from pathlib import Path

import pytest

from config import Database
from models import Project, UpstreamKey, key_states
from tests.cli.running import API_KEY, CommandLine, Ran


def _status(ran: Ran) -> dict[str, str]:
    return {check["check"]: check["status"] for check in ran.json["checks"]}


def _doctor(cli: CommandLine, **environ: str) -> Ran:
    # A name that resolves without a network.
    return cli("doctor", "--json", **({"OPENAI_BASE_URL": "http://localhost:9"} | environ))


def test_fresh_clone_is_fine_and_stays_fresh(fresh: CommandLine) -> None:
    ran = fresh.process("doctor", OPENAI_BASE_URL="http://localhost:9")
    assert (ran.code, ran.err) == (0, "")
    assert all(line.startswith("ok ") for line in ran.out.splitlines())
    assert list(fresh.directory.iterdir()) == []


def test_database_in_use_is_fine(cli: CommandLine) -> None:
    cli.project()
    cli("admin", "create", "--username", "alice", "--password", "hunter22hunter22")
    ran = _doctor(cli)
    assert ran.code == 0, ran.out
    assert ran.json["ok"] is True
    assert _status(ran)["encryption"] == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("DATABASE_URL", "mysql://x"),
        ("ENCRYPTION_KEY", "short"),
        ("PROVIDERS_FILE", "/nowhere/providers.toml"),
    ],
)
def test_every_wrong_value_exits_2(fresh: CommandLine, name: str, value: str) -> None:
    plain = fresh("doctor", WEB_CONCURRENCY="0", **{name: value})
    assert plain.code == 2
    assert {line.partition(":")[0] for line in plain.err.splitlines()} == {"WEB_CONCURRENCY", name}
    as_json = fresh("doctor", "--json", **{name: value})
    assert (as_json.code, as_json.json["ok"]) == (2, False)
    assert as_json.json["checks"][0]["message"].startswith(f"{name}: ")


def test_a_middleware_that_cannot_be_loaded_exits_2(fresh: CommandLine) -> None:
    ran = fresh("doctor", MIDDLEWARE="nowhere_at_all:middleware")
    assert ran.code == 2
    assert ran.err.startswith("MIDDLEWARE: nowhere_at_all:middleware: the module cannot be")


def test_a_middleware_is_made_once_as_a_worker_does(fresh: CommandLine) -> None:
    """One that registers a metric, say, cannot be made again in the same process."""
    (fresh.directory / "once.py").write_text(
        "made = []\n\n\n"
        "class Once:\n"
        "    def event(self, view, data):\n"
        "        return data\n\n\n"
        "def middleware(settings):\n"
        "    assert not made, 'made again'\n"
        "    made.append(Once())\n"
        "    return made[0]\n"
    )
    ran = _doctor(fresh, MIDDLEWARE="once:middleware")
    assert _status(ran)["middleware"] == "ok"


def test_wrong_encryption_key_is_found(cli: CommandLine) -> None:
    cli.project()
    ran = _doctor(cli, ENCRYPTION_KEY="B" * 43)
    assert (ran.code, _status(ran)["encryption"]) == (1, "failed")
    outdated = _doctor(cli, ENCRYPTION_KEY=f"{'B' * 43},{'A' * 43}")
    assert _status(outdated)["encryption"] == "warning"


def test_lost_encryption_key_is_found(fresh: CommandLine) -> None:
    fresh.project()
    (fresh.directory / "data" / "encryption-key").unlink()
    ran = _doctor(fresh)
    assert (ran.code, _status(ran)["encryption"]) == (1, "failed")


def test_secret_open_to_others_is_found(fresh: CommandLine) -> None:
    fresh.project()
    (fresh.directory / "data" / "encryption-key").chmod(0o644)
    ran = _doctor(fresh)
    assert _status(ran)["data directory"] == "warning"
    assert "chmod 600 data/encryption-key" in ran.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux alone has one")
def test_full_disk_is_found(fresh: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.project()
    full = partial(Path("/dev/full").open, "wb")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **given: full(given["buffering"]))
    ran = _doctor(fresh)
    assert (ran.code, _status(ran)["data directory"]) == (1, "failed")
    assert "data cannot be written to: No space left on device" in ran.out


def test_database_that_is_away_exits_2(fresh: CommandLine) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        ran = _doctor(
            fresh,
            DATABASE_URL=f"postgres://u:s3cret@{place}/d",
            ENCRYPTION_KEY="A" * 43,
            MANAGEMENT_TOKEN="m" * 32,
        )
    assert (ran.code, _status(ran)["database"]) == (2, "failed")
    assert f"{place} cannot be reached: Connection refused" in ran.out
    assert "s3cret" not in ran.out + ran.err


def test_postgres_that_is_behind_names_the_command(cli_on_empty_postgres: CommandLine) -> None:
    ran = _doctor(cli_on_empty_postgres)
    assert ran.code == 1
    assert "llm-proxy migrate" in ran.out


def test_postgres_without_an_administrator_wants_a_password(
    postgres_database: Database, tmp_path: Path
) -> None:
    from tests.cli.conftest import configured

    cli = configured(postgres_database, tmp_path)
    ran = _doctor(cli, ADMIN_PASSWORD="")
    assert (ran.code, _status(ran)["administrators"]) == (2, "failed")
    assert _doctor(cli).code == 0


def test_damaged_file_exits_1(fresh: CommandLine) -> None:
    (fresh.directory / "data").mkdir(mode=0o700)
    (fresh.directory / "data" / "llm-proxy.db").write_text("no database")
    ran = _doctor(fresh)
    assert (ran.code, _status(ran)["database"]) == (1, "failed")


def test_upstream_that_does_not_resolve_is_only_said(cli_on_sqlite: CommandLine) -> None:
    ran = _doctor(cli_on_sqlite, OPENAI_BASE_URL="http://nowhere.invalid")
    assert (ran.code, _status(ran)["upstream"]) == (0, "warning")


def test_the_hosts_of_all_projects_in_use_are_looked_up(cli: CommandLine) -> None:
    for name, base_url in (
        ("one", "http://127.0.0.1:9"),
        ("two", "http://nowhere.invalid/x"),
        ("three", "http://nowhere.invalid:8080"),
        ("off", "http://off.invalid"),
    ):
        made = cli("project", "create", "--name", name, "--api-key", "sk-1", "--base-url", base_url)
        assert made.code == 0
    assert cli("project", "update", "off", "--inactive").code == 0
    own = ("--api-key", "sk-2", "--base-url", "http://eu.invalid")
    assert cli("key", "add", "--project", "one", *own).code == 0
    ran = _doctor(cli, OPENAI_BASE_URL="http://127.0.0.1:9")
    told = {
        (check["status"], check["message"])
        for check in ran.json["checks"]
        if check["check"] == "upstream"
    }
    assert told == {
        ("ok", "openai, project one: 127.0.0.1 resolves"),
        ("warning", "project two, project three: nowhere.invalid does not resolve from here now"),
        ("warning", "project one: eu.invalid does not resolve from here now"),
    }


def test_providers_file_is_checked(cli_on_sqlite: CommandLine) -> None:
    file = cli_on_sqlite.directory / "providers.toml"
    file.write_text('[providers.local]\nlike = "openai"\nbase_url = "http://nowhere.invalid"\n')
    ran = _doctor(cli_on_sqlite, PROVIDERS_FILE=str(file))
    assert (ran.code, _status(ran)["upstream"]) == (0, "warning")
    file.write_text('[providers.local]\nlike = "nothing"\n')
    assert _doctor(cli_on_sqlite, PROVIDERS_FILE=str(file)).code == 2


def test_missing_data_directory_is_not_made(cli_on_sqlite: CommandLine) -> None:
    shutil.rmtree(cli_on_sqlite.directory / "data", ignore_errors=True)
    assert _doctor(cli_on_sqlite).code == 0
    assert not (cli_on_sqlite.directory / "data").exists()


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"MANAGEMENT_TOKEN": "m" * 31}, {"management token"}),
        ({"MANAGEMENT_TOKEN": "m" * 32}, set()),
        ({"HOST": "0.0.0.0"}, {"metrics"}),
        ({"HOST": "::"}, {"metrics"}),
        ({"HOST": "proxy.internal"}, {"metrics"}),
        ({"HOST": "0.0.0.0", "METRICS_TOKEN": "w"}, set()),
        ({"HOST": "127.8.9.1"}, set()),
        ({"HOST": "::1"}, set()),
        ({"HOST": "localhost"}, set()),
    ],
)
def test_what_is_weak_is_said_and_no_failure(
    fresh: CommandLine, environ: dict[str, str], found: set[str]
) -> None:
    ran = _doctor(fresh, **environ)
    assert ran.code == 0
    assert {name for name, status in _status(ran).items() if status == "warning"} == found
    assert "m" * 31 not in ran.out


@pytest.mark.parametrize(
    ("limit", "environ", "standing"),
    [
        (1024, {"MAX_CONNECTIONS": "400"}, "ok"),
        (1024, {"MAX_CONNECTIONS": "500"}, "warning"),
        (1024, {"MAX_ACTIVE_REQUESTS": "512"}, "ok"),
        (1024, {"MAX_ACTIVE_REQUESTS": "513"}, "warning"),
        (1_000_000, {}, "ok"),
    ],
)
def test_a_limit_of_open_files_that_is_too_low_is_found(
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    environ: dict[str, str],
    standing: str,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, limit))
    ran = _doctor(cli, **environ)
    assert (ran.code, _status(ran)["open files"]) == (0, standing)


def test_keys_that_are_not_used_and_addresses_that_are_not_listed_are_told(
    cli: CommandLine,
) -> None:
    cli.project("docs")
    cli.project("elsewhere")
    assert _status(_doctor(cli))["upstream keys"] == "ok"
    listed = "https://listed.example"
    # The address of the environment needs no place in the list; another one does.
    assert _status(_doctor(cli, UPSTREAM_ORIGINS=listed))["upstream keys"] == "ok"

    async def move() -> None:
        await Project.filter(name="elsewhere").update(base_url="https://new.example")

    cli.on_database(move)
    ran = _doctor(cli, UPSTREAM_ORIGINS=listed)
    assert ran.code == 0
    told = [check for check in ran.json["checks"] if check["check"] == "upstream keys"]
    assert [check["status"] for check in told] == ["warning", "warning"]
    assert told[0]["message"] == "UPSTREAM_ORIGINS leaves out: elsewhere"
    assert "so not used: of elsewhere." in told[1]["message"]


def test_projects_with_keys_that_their_upstream_refuses_are_told(cli: CommandLine) -> None:
    cli.project("docs")
    cli.project("refused")

    async def refuse() -> None:
        key = await UpstreamKey.get(project__name="refused")
        await key_states.suspend(key.id, "401 invalid_api_key")

    cli.on_database(refuse)
    ran = _doctor(cli)
    assert (ran.code, _status(ran)["upstream keys"]) == (0, "warning")
    (told,) = [check for check in ran.json["checks"] if check["check"] == "upstream keys"]
    assert "refuses them: of refused." in told["message"]
    listed = cli("key", "list", "--project", "refused").out
    assert "suspended" in listed
    assert "401 invalid_api_key" in listed


def test_a_key_in_the_environment_that_is_not_used_is_told(cli: CommandLine) -> None:
    cli.project("default")
    assert "OPENAI_API_KEY" not in _status(_doctor(cli))
    assert "OPENAI_API_KEY" not in _status(_doctor(cli, OPENAI_API_KEY=API_KEY))
    ran = _doctor(cli, OPENAI_API_KEY="sk-another-s3cret")
    assert (ran.code, _status(ran)["OPENAI_API_KEY"]) == (0, "warning")
    assert "s3cret" not in ran.out
    # What it names as the way out is one.
    mended = cli(
        "key", "add", "--project", "default", "--api-key-env", "OPENAI_API_KEY",
        OPENAI_API_KEY="sk-another-s3cret",
    )  # fmt: skip
    assert mended.code == 0, mended.err
    assert "OPENAI_API_KEY" not in _status(_doctor(cli, OPENAI_API_KEY="sk-another-s3cret"))


def test_a_name_in_dotenv_that_no_setting_has_is_told(fresh: CommandLine) -> None:
    (fresh.directory / ".env").write_text("DATABASE_ULR=sqlite://other.db\n")
    ran = _doctor(fresh)
    assert (ran.code, _status(ran)["unknown setting"]) == (0, "warning")
    assert "did you mean DATABASE_URL?" in ran.out


_COMMANDS = [("doctor",), ("project", "list"), ("serve",), ("migrate",)]


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        *(("DATABASE_URL", "sqlite://.", command) for command in _COMMANDS),
        *(("DATABASE_URL", "sqlite://{here}", command) for command in _COMMANDS),
        *(("DATABASE_URL", "sqlite:///dev/null/x/llm-proxy.db", command) for command in _COMMANDS),
        *(("DATABASE_URL", f"sqlite://{'x' * 300}/x.db", command) for command in _COMMANDS),
        *(("DATA_DIR", "/dev/null/x", command) for command in _COMMANDS[:3]),
    ],
)
def test_what_cannot_be_opened_is_one_line_and_exits_2(
    fresh: CommandLine, name: str, value: str, command: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    place = value.format(here=fresh.directory)
    ran = fresh(*command, PORT=str(port), OPENAI_BASE_URL="http://localhost:9", **{name: place})
    assert ran.code == 2, ran.out + ran.err
    lines = (ran.out + ran.err).splitlines()
    told = [line for line in lines if not line.startswith("ok ")]
    assert len(told) == 1, ran.out + ran.err
    assert name in told[0] or place.removeprefix("sqlite://") in told[0]
