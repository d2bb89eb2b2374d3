"""Configuration: every form, every problem at once, no secret in print, generated secrets."""

import base64
import os
import re
import stat
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import (
    TABLE,
    ConfigError,
    Database,
    Settings,
    generate_missing,
    load,
    parse_base_url,
    unknown_names,
)
from config.generated import read_generated
from docs.generate import files
from tests.fixtures.forked import context_of_functions

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
POSTGRES = {
    "DATABASE_URL": "postgres://u:p@db/llm",
    "ENCRYPTION_KEY": KEY,
    "MANAGEMENT_TOKEN": "m" * 16,
}


def settings(**environ: str) -> Settings:
    return load(environ, dotenv_path=None)


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(environ, dotenv_path=None)
    return caught.value.problems


def test_defaults_are_the_documented_ones() -> None:
    assert settings() == Settings(
        host="127.0.0.1",
        port=8080,
        web_concurrency=1,
        database=Database(dialect="sqlite", path=Path("data/llm-proxy.db")),
        database_listen=None,
        database_connections=10,
        data_dir=Path("data"),
        management_token=None,
        encryption_keys=(),
        admin_username="admin",
        admin_password=None,
        openai_api_key=None,
        openai_base_url="https://api.openai.com",
        providers_file=None,
        prices_file=None,
        upstream_origins=(),
        upstream_ambient_credentials=False,
        request_max_bytes=64 * 1024 * 1024,
        upload_max_bytes=512 * 1024 * 1024,
        buffered_bodies_max_bytes=512 * 1024 * 1024,
        body_least_rate=1024,
        max_active_requests=10_000,
        fair_share_token=0.5,
        fair_share_project=0.75,
        max_connections=None,
        max_connections_per_address=None,
        client_write_timeout=600,
        client_keepalive_comment=None,
        upstream_connect_timeout=10,
        upstream_first_byte_timeout=600,
        upstream_idle_timeout=600,
        graceful_shutdown_timeout=25,
        shutdown_delay=0,
        meter_streams=True,
        middleware=(),
        middleware_timeout=5,
        log_level="INFO",
        log_format=None,
        log_request_share=1.0,
        log_bodies=0,
        sentry_dsn=None,
        metrics_token=None,
        trusted_proxies=(),
        destination_origins=(),
        destination_max_bytes=1024 * 1024 * 1024,
        cache_max_bytes=256 * 1024 * 1024,
        request_log_retention_days=30,
        token_max_lifetime=None,
    )


def test_settings_cannot_change() -> None:
    with pytest.raises(FrozenInstanceError):
        settings().port = 1  # type: ignore[misc]


def test_table_and_settings_name_the_same_fields() -> None:
    assert [row.field for row in TABLE] == [field.name for field in fields(Settings)]


def test_written_files_are_current() -> None:
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is behind: run make docs"


def test_env_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    example = (Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8")
    env = tmp_path / ".env"
    env.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", example, flags=re.MULTILINE), encoding="utf-8")
    assert load({}, dotenv_path=env) == settings()


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("HOST", "::", "host", "::"),
        ("HOST", "localhost", "host", "localhost"),
        ("PORT", "65535", "port", 65_535),
        ("WEB_CONCURRENCY", "4", "web_concurrency", 4),
        ("DATA_DIR", "/nowhere/yet", "data_dir", Path("/nowhere/yet")),
        ("MANAGEMENT_TOKEN", "m" * 16, "management_token", "m" * 16),
        ("ENCRYPTION_KEY", KEY, "encryption_keys", (bytes(range(32)),)),
        ("ENCRYPTION_KEY", KEY.rstrip("="), "encryption_keys", (bytes(range(32)),)),
        ("ENCRYPTION_KEY", bytes(range(32)).hex(), "encryption_keys", (bytes(range(32)),)),
        ("ENCRYPTION_KEY", ("fb" * 32).upper(), "encryption_keys", (b"\xfb" * 32,)),
        ("ENCRYPTION_KEY", "-_" * 21 + "8=", "encryption_keys", ((b"\xfb\xff\xbf" * 11)[:32],)),
        ("ENCRYPTION_KEY", "+/" * 21 + "8=", "encryption_keys", ((b"\xfb\xff\xbf" * 11)[:32],)),
        (
            "ENCRYPTION_KEY",
            f"{OTHER_KEY}, {KEY}",
            "encryption_keys",
            (bytes(range(1, 33)), bytes(range(32))),
        ),
        ("ADMIN_USERNAME", "Zoë", "admin_username", "Zoë"),
        ("ADMIN_PASSWORD", "correct horse", "admin_password", "correct horse"),
        ("OPENAI_API_KEY", "sk-1", "openai_api_key", "sk-1"),
        ("OPENAI_BASE_URL", "http://[::1]:9/v1/", "openai_base_url", "http://[::1]:9"),
        (
            "UPSTREAM_ORIGINS",
            "https://API.example.com., http://[::1]:9/, https://api.example.com:443",
            "upstream_origins",
            ("https://api.example.com:443", "http://[::1]:9"),
        ),
        ("UPSTREAM_AMBIENT_CREDENTIALS", "true", "upstream_ambient_credentials", True),
        ("PROVIDERS_FILE", __file__, "providers_file", Path(__file__)),
        ("PRICES_FILE", __file__, "prices_file", Path(__file__)),
        ("REQUEST_MAX_BYTES", "1", "request_max_bytes", 1),
        ("UPLOAD_MAX_BYTES", "1", "upload_max_bytes", 1),
        ("BUFFERED_BODIES_MAX_BYTES", "1", "buffered_bodies_max_bytes", 1),
        ("BODY_LEAST_RATE", "0", "body_least_rate", 0),
        ("MAX_ACTIVE_REQUESTS", "1", "max_active_requests", 1),
        ("FAIR_SHARE_TOKEN", "0.25", "fair_share_token", 0.25),
        ("FAIR_SHARE_PROJECT", "1", "fair_share_project", 1),
        ("MAX_CONNECTIONS", "1", "max_connections", 1),
        ("MAX_CONNECTIONS_PER_ADDRESS", "1", "max_connections_per_address", 1),
        ("CLIENT_WRITE_TIMEOUT", "0.25", "client_write_timeout", 0.25),
        ("CLIENT_KEEPALIVE_COMMENT", "15", "client_keepalive_comment", 15),
        ("DATABASE_CONNECTIONS", "4", "database_connections", 4),
        ("SHUTDOWN_DELAY", "0", "shutdown_delay", 0),
        ("UPSTREAM_CONNECT_TIMEOUT", "0.25", "upstream_connect_timeout", 0.25),
        ("UPSTREAM_FIRST_BYTE_TIMEOUT", "1", "upstream_first_byte_timeout", 1),
        ("UPSTREAM_IDLE_TIMEOUT", "86400", "upstream_idle_timeout", 86_400),
        ("GRACEFUL_SHUTDOWN_TIMEOUT", "3", "graceful_shutdown_timeout", 3),
        ("METER_STREAMS", "False", "meter_streams", False),
        ("METER_STREAMS", "true", "meter_streams", True),
        ("MIDDLEWARE", "a.b:c.d , e:f", "middleware", ("a.b:c.d", "e:f")),
        ("MIDDLEWARE_TIMEOUT", "0.25", "middleware_timeout", 0.25),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("LOG_FORMAT", "JSON", "log_format", "json"),
        ("LOG_REQUEST_SHARE", "0.25", "log_request_share", 0.25),
        ("LOG_REQUEST_SHARE", "0", "log_request_share", 0.0),
        ("LOG_BODIES", "2000", "log_bodies", 2000),
        (
            "SENTRY_DSN",
            "https://k3y@o1.example:9/a/42",
            "sentry_dsn",
            "https://k3y@o1.example:9/a/42",
        ),
        ("METRICS_TOKEN", "m", "metrics_token", "m"),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8, ::1",
            "trusted_proxies",
            (ip_network("10.0.0.0/8"), ip_network("::1/128")),
        ),
        (
            "DESTINATION_ORIGINS",
            "https://Hooks.example.com, http://10.0.0.7:4318",
            "destination_origins",
            ("https://hooks.example.com:443", "http://10.0.0.7:4318"),
        ),
        ("DESTINATION_MAX_BYTES", "65536", "destination_max_bytes", 65_536),
        ("CACHE_MAX_BYTES", "0", "cache_max_bytes", 0),
        ("REQUEST_LOG_RETENTION_DAYS", "1", "request_log_retention_days", 1),
        ("TOKEN_MAX_LIFETIME", "3600", "token_max_lifetime", 3600),
    ],
)
def test_given_value_is_taken(name: str, text: str, attribute: str, value: object) -> None:
    assert getattr(settings(**{name: text}), attribute) == value


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("HOST", "http://x", "neither an address nor a host name"),
        ("HOST", "a b", "neither an address nor a host name"),
        ("PORT", "0", "out of range"),
        ("PORT", "65536", "out of range"),
        ("PORT", "-1", "not a whole number"),
        ("PORT", "+1", "not a whole number"),
        ("PORT", " 80", "not a whole number"),
        ("PORT", "8_0", "not a whole number"),
        ("PORT", "８０", "not a whole number"),  # noqa: RUF001 - digits, but not ASCII
        ("WEB_CONCURRENCY", "257", "out of range"),
        ("DATABASE_URL", "mysql://u:p@h/d", "neither sqlite://, postgres:// nor postgresql://"),
        ("DATA_DIR", __file__, "exists and is not a directory"),
        ("DATA_DIR", "x" * 5000, "cannot be reached"),
        ("MANAGEMENT_TOKEN", "m" * 15, "too short"),
        ("MANAGEMENT_TOKEN", "m" * 16 + "\n", "holds a space or a character outside ASCII"),
        ("ENCRYPTION_KEY", KEY[:-2], "neither Base64 of 32 bytes nor 64 hexadecimal digits"),
        ("ENCRYPTION_KEY", KEY + ",", "neither Base64 of 32 bytes nor 64 hexadecimal digits"),
        ("ENCRYPTION_KEY", "+" * 42 + "-", "neither Base64 of 32 bytes nor 64 hexadecimal digits"),
        ("ENCRYPTION_KEY", "f" * 63, "neither Base64 of 32 bytes nor 64 hexadecimal digits"),
        ("ENCRYPTION_KEY", f"{KEY},{KEY}", "names one key twice"),
        ("ENCRYPTION_KEY", f"{KEY},{bytes(range(32)).hex()}", "names one key twice"),
        (
            "DATABASE_URL",
            f"sqlite://{Path(__file__).parent}",
            "names a directory, not a file in it",
        ),
        ("ADMIN_USERNAME", "a" * 65, "too long"),
        ("ADMIN_PASSWORD", "short", "too short"),
        ("ADMIN_PASSWORD", "with\ttabulator", "holds a control character"),
        ("OPENAI_API_KEY", "sk 1", "holds a space or a character outside ASCII"),
        ("OPENAI_BASE_URL", "ftp://h", "neither http nor https"),
        ("UPSTREAM_AMBIENT_CREDENTIALS", "perhaps", "neither true nor false"),
        ("UPSTREAM_ORIGINS", "api.openai.com", "neither http nor https"),
        ("UPSTREAM_ORIGINS", "https://a.example/v1", "more than scheme, host and port"),
        ("UPSTREAM_ORIGINS", "https://u:p@a.example", "more than scheme, host and port"),
        ("UPSTREAM_ORIGINS", "https://a.example?x", "more than scheme, host and port"),
        ("UPSTREAM_ORIGINS", "https://*.example", "neither an address nor a host name"),
        ("UPSTREAM_ORIGINS", "https://a.example,", "an entry is empty"),
        ("UPSTREAM_ORIGINS", "https://a.example:0", "not a port"),
        ("PROVIDERS_FILE", "/nowhere", "no such file"),
        ("PROVIDERS_FILE", "x" * 5000, "cannot be reached"),
        ("PRICES_FILE", "/nowhere", "no such file"),
        ("REQUEST_MAX_BYTES", "1e6", "not a whole number"),
        ("MAX_ACTIVE_REQUESTS", "0", "out of range"),
        ("UPSTREAM_CONNECT_TIMEOUT", "0", "out of range"),
        ("UPSTREAM_CONNECT_TIMEOUT", "0.0", "out of range"),
        ("UPSTREAM_FIRST_BYTE_TIMEOUT", "nan", "not a number of seconds"),
        ("UPSTREAM_IDLE_TIMEOUT", "inf", "not a number of seconds"),
        ("GRACEFUL_SHUTDOWN_TIMEOUT", "86401", "out of range"),
        ("METER_STREAMS", "maybe", "neither true nor false"),
        ("MIDDLEWARE", "package.module", "not a list of factories"),
        ("MIDDLEWARE", "a:b, a:b", "names one factory twice"),
        ("MIDDLEWARE_TIMEOUT", "0", "out of range"),
        ("LOG_LEVEL", "LOUD", "not one of the choices"),
        ("LOG_FORMAT", "xml", "not one of the choices"),
        ("LOG_REQUEST_SHARE", "1.5", "not a number from 0 to 1"),
        ("LOG_REQUEST_SHARE", "half", "not a number from 0 to 1"),
        ("LOG_BODIES", "true", "not a whole number"),
        ("LOG_BODIES", "16385", "out of range"),
        ("SENTRY_DSN", "ftp://key@o1.example/42", "neither http nor https"),
        ("SENTRY_DSN", "https://o1.example/42", "holds no key"),
        ("SENTRY_DSN", "https://key@o1.example", "does not end in a project's number"),
        ("SENTRY_DSN", "https://key@o1.example/app?x=1", "does not end in a project's number"),
        ("SENTRY_DSN", "https://key@-/42", "neither an address nor a host name"),
        ("METRICS_TOKEN", "ü", "holds a space or a character outside ASCII"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "not a list of networks"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,", "not a list of networks"),
        ("REQUEST_LOG_RETENTION_DAYS", "0", "out of range"),
        ("TOKEN_MAX_LIFETIME", "0", "out of range"),
    ],
)
def test_wrong_value_is_one_line(name: str, text: str, problem: str) -> None:
    form = next(row.form for row in TABLE if row.name == name)
    assert problems(**{name: text}) == (f"{name}: {problem}. Allowed: {form.allowed}.",)


def test_every_setting_is_tried_with_a_value() -> None:
    (mark,) = test_given_value_is_taken.pytestmark  # type: ignore[attr-defined]
    # URLs of databases have tests of their own.
    databases = {"DATABASE_URL", "DATABASE_LISTEN_URL"}
    assert {case[0] for case in mark.args[1]} == {row.name for row in TABLE} - databases


def test_every_setting_is_used() -> None:
    root = Path(__file__).parents[1]
    rooms = (
        "admin",
        "cli",
        "delivery",
        "manage",
        "migrations",
        "models",
        "proxy",
        "server",
        "setup",
        "telemetry",
    )
    modules = [root / "app.py", *(file for room in rooms for file in (root / room).rglob("*.py"))]
    read = set(re.findall(r"\.(\w+)", "".join(module.read_text() for module in modules)))
    assert {field.name for field in fields(Settings)} <= read


def test_every_variable_has_a_wrong_value_that_is_refused() -> None:
    # The control character fits no form; a path may hold one, so the two paths get their own.
    wrong = {row.name: "\x01" for row in TABLE} | {
        "DATA_DIR": __file__,
        "PROVIDERS_FILE": "/x/y",
        "PRICES_FILE": "/x/z",
    }
    named = [line.partition(":")[0] for line in problems(**wrong)]
    assert named == [row.name for row in TABLE]


@given(st.sampled_from([row.name for row in TABLE]), st.text(min_size=12, max_size=80))
def test_problem_never_quotes_the_value(name: str, text: str) -> None:
    try:
        load({name: text}, dotenv_path=None)
    except ConfigError as exc:
        shown = str(exc)
    else:
        shown = ""
    assert text not in shown


@pytest.mark.parametrize(
    "url",
    [
        "postgres://user:hunter2/secret@host/db",
        "postgres://user:hunter2secret@host:hunter2/db",
        "postgres://user:hunter2#secret@host/db",
        "postgres://user:hunter2 secret@host/db",
        "postgres://user:hunter2@host/db?sslmode=hunter2",
        "postgres://user:hunter2@[host/db",
        "postgress://user:hunter2@host/db",
    ],
)
def test_problem_never_quotes_the_password(url: str) -> None:
    (problem,) = problems(DATABASE_URL=url)
    assert "hunter2" not in problem
    assert "secret" not in problem


def test_all_problems_are_listed_at_once() -> None:
    lines = problems(PORT="x", LOG_LEVEL="x", DATABASE_URL="postgres://u@db/llm")
    assert [line.partition(":")[0] for line in lines] == [
        "PORT",
        "LOG_LEVEL",
        "MANAGEMENT_TOKEN",
        "ENCRYPTION_KEY",
    ]


def test_postgres_wants_its_secrets_given() -> None:
    assert load(POSTGRES, dotenv_path=None).management_token == "m" * 16
    (problem,) = problems(**POSTGRES | {"ENCRYPTION_KEY": ""})
    assert problem.startswith("ENCRYPTION_KEY: must be given on PostgreSQL")


def test_wrong_secret_on_postgres_is_one_problem_and_not_also_missing() -> None:
    (problem,) = problems(**POSTGRES | {"MANAGEMENT_TOKEN": "short"})
    assert problem.startswith("MANAGEMENT_TOKEN: too short")


# The environment and .env


@pytest.fixture
def dotenv(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / ".env").write_bytes(text.encode("latin-1"))
        return tmp_path / ".env"

    return write


def test_environment_wins_over_dotenv(dotenv: Callable[[str], Path]) -> None:
    path = dotenv("PORT=1\nHOST=::1\n")
    loaded = load({"PORT": "2"}, dotenv_path=path)
    assert (loaded.port, loaded.host) == (2, "::1")


def test_empty_means_unset(dotenv: Callable[[str], Path]) -> None:
    path = dotenv("PORT=1\nHOST=\nLOG_LEVEL\n")
    loaded = load({"PORT": "", "METRICS_TOKEN": ""}, dotenv_path=path)
    assert (loaded.port, loaded.host, loaded.metrics_token) == (8080, "127.0.0.1", None)


def test_dotenv_interpolates_nothing(dotenv: Callable[[str], Path]) -> None:
    path = dotenv("METRICS_TOKEN=a${HOME}b$HOME\n")
    assert load({}, dotenv_path=path).metrics_token == "a${HOME}b$HOME"


def test_dotenv_line_that_is_not_understood_is_a_problem(dotenv: Callable[[str], Path]) -> None:
    path = dotenv("PORT=1\nMETRICS_TOKEN='hunter2\n")
    with pytest.raises(ConfigError, match="line 2 is not understood") as caught:
        load({}, dotenv_path=path)
    assert "hunter2" not in str(caught.value)


def test_dotenv_in_another_encoding_is_a_problem(dotenv: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load({}, dotenv_path=dotenv("ADMIN_USERNAME=Zo\xeb\n"))


def test_process_environment_and_dotenv_of_the_directory_are_the_default(
    dotenv: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dotenv("LOG_LEVEL=ERROR\n").parent)
    monkeypatch.setenv("PORT", "4711")
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    assert (load().port, load().log_level) == (4711, "ERROR")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("DATABASE_ULR=sqlite://x.db", "DATABASE_ULR is no setting: did you mean DATABASE_URL?"),
        ("database_url=sqlite://x.db", "database_url is no setting: did you mean DATABASE_URL?"),
        ("OPENIA_API_KEY=sk-1", "OPENIA_API_KEY is no setting: did you mean OPENAI_API_KEY?"),
        ("FROBNICATE=hunter2", "FROBNICATE is no setting"),
        # Others read these.
        ("ANTHROPIC_API_KEY=sk-1", None),
        ("XAI_API_KEY=sk-1", None),
        ("OTEL_SERVICE_NAME=x", None),
        ("POSTGRES_PASSWORD=x", None),
        ("HTTPS_PROXY=http://x", None),
        ("PORT=1", None),
    ],
)
def test_a_name_that_no_setting_has_is_told_with_the_nearest(
    dotenv: Callable[[str], Path], line: str, told: str | None
) -> None:
    path = dotenv(f"{line}\nHOST=::1\n")
    assert [one.says for one in unknown_names(path)] == ([f"{path}: {told}"] if told else [])


def test_names_in_a_file_that_is_not_there_or_not_understood_are_not_told(
    dotenv: Callable[[str], Path], tmp_path: Path
) -> None:
    assert unknown_names(tmp_path / "nowhere") == []
    assert unknown_names(dotenv("FROBNICATE=1\nX='\n")) == []


# DATABASE_URL


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite://data/x.db", "data/x.db"),
        ("postgres://u:s3cret@db:6000/llm", "db:6000"),
        ("postgres://u@[::1]/llm", "[::1]:5432"),
        ("postgres://u@/llm?host=/run/pg", "/run/pg/.s.PGSQL.5432"),
    ],
)
def test_the_place_of_a_database_is_where_it_is_and_no_secret(url: str, place: str) -> None:
    assert load(POSTGRES | {"DATABASE_URL": url}, dotenv_path=None).database.place == place


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://data/x.db", "data/x.db"),
        ("sqlite:///var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("sqlite://a%20b/Ü#1.db", "a b/Ü#1.db"),
    ],
)
def test_sqlite_url(url: str, path: str) -> None:
    assert settings(DATABASE_URL=url).database == Database(dialect="sqlite", path=Path(path))


def test_postgres_url_in_full() -> None:
    url = f"postgresql://us%40er:p%2Fw%3A@DB.example:6000/my%20db?sslmode=verify-full&sslrootcert={__file__}"
    assert load(POSTGRES | {"DATABASE_URL": url}, dotenv_path=None).database == Database(
        dialect="postgres",
        host="db.example",
        port=6000,
        user="us@er",
        password="p/w:",
        database="my db",
        sslmode="verify-full",
        sslrootcert=Path(__file__),
    )


def test_postgres_url_as_hosts_write_it() -> None:
    url = (
        "postgresql://neondb_owner:secret@ep-1-pooler.eu-central-1.aws.neon.tech/neondb"
        "?sslmode=require&channel_binding=require&connect_timeout=10&application_name=llm"
    )
    database = load(POSTGRES | {"DATABASE_URL": url}, dotenv_path=None).database
    assert (database.database, database.sslmode) == ("neondb", "require")


def test_postgres_url_in_short() -> None:
    loaded = load(POSTGRES | {"DATABASE_URL": "postgres://[::1]/llm"}, dotenv_path=None)
    assert loaded.database == Database(dialect="postgres", host="::1", database="llm")
    assert (loaded.database.port, loaded.database.sslmode) == (5432, "prefer")


def test_postgres_url_over_a_unix_socket() -> None:
    url = "postgres://u:p@:6000/llm?host=%2Frun%2Fpostgresql"
    database = load(POSTGRES | {"DATABASE_URL": url}, dotenv_path=None).database
    assert (database.host, database.port, database.user) == ("/run/postgresql", 6000, "u")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_postgres_sslmode(mode: str) -> None:
    url = f"postgres://db/llm?sslmode={mode}"
    assert load(POSTGRES | {"DATABASE_URL": url}, dotenv_path=None).database.sslmode == mode


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite://", "names no file"),
        ("sqlite://data/", "names no file"),
        ("sqlite://:memory:", "a database in memory cannot be shared between connections"),
        ("sqlite://x.db?mode=ro", "SQLite takes no parameters"),
        ("postgres://u:p@/llm", "names no host"),
        ("postgres://db", "names no database"),
        ("postgres://db/", "names no database"),
        ("postgres://db/a/b", "names no database"),
        ("postgres://db:0/llm", "not a port"),
        ("postgres://a,b/llm", "neither an address nor a host name"),
        ("postgres://db/llm?sslmode=maybe", "sslmode is none of disable, allow, "),
        ("postgres://db/llm?ssl=true", "takes no parameters but host, sslmode, sslrootcert"),
        ("postgres://db/llm?sslmode=require&sslmode=disable", "holds sslmode twice"),
        ("postgres://db/llm?pgbouncer=1", "pgbouncer is neither true nor false"),
        ("postgres://db/llm?channel_binding=maybe", "channel_binding is none of disable, prefer"),
        ("postgres://db/llm?sslrootcert=/nowhere", "sslrootcert: no such file"),
        ("postgres://db/llm?host=/run", "names two hosts"),
        ("postgres:///llm?host=db", "host is for the directory of a Unix socket"),
    ],
)
def test_wrong_database_url(url: str, problem: str) -> None:
    (line,) = problems(DATABASE_URL=url)
    assert line.startswith(f"DATABASE_URL: {problem}")


# OPENAI_BASE_URL, and base_url of projects


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("https://api.openai.com/v1/", "https://api.openai.com"),
        ("https://h:8443/openai/v1", "https://h:8443/openai"),
        ("https://h/openai/", "https://h/openai"),
        ("http://127.0.0.1:1/v12", "http://127.0.0.1:1/v12"),
        ("https://H/v1/v1//", "https://h"),
    ],
)
def test_base_url(text: str, url: str) -> None:
    assert parse_base_url(text) == url
    # The API parses what was typed, and the model what the API hands on.
    assert parse_base_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "api.openai.com",
        "https://",
        "https://u:p@h",
        "https://h?x=1",
        "https://h?",
        "https://h/#",
        "https://h/ x",
        "https://h/\tx",
        "https://h:99999",
        "https://h:0",
        "https://h/a//b",
        "https://h/a/../b",
        "https://h/a/%2e%2e/b",
        "https://h/v1/chat/completions",
        "https://h/v1/messages/",
        "https://h/v1beta/models/m:generateContent",
        "https://h\\x",
    ],
)
def test_wrong_base_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^']*('#')?[^']*$") as caught:
        parse_base_url(text)
    assert text not in str(caught.value)


# Secrets


def test_secrets_are_not_in_print(tmp_path: Path) -> None:
    shown = repr(
        settings(
            DATABASE_URL="postgres://u:hunter2-db@db/llm",
            MANAGEMENT_TOKEN="hunter2-management",
            ENCRYPTION_KEY=KEY,
            ADMIN_PASSWORD="hunter2-admin",
            OPENAI_API_KEY="hunter2-openai",
            METRICS_TOKEN="hunter2-metrics",
        )
    )
    assert "hunter2" not in shown
    assert repr(bytes(range(32))) not in shown
    assert "web_concurrency=1" in shown


def test_missing_secrets_are_made_once(tmp_path: Path) -> None:
    bare = settings(DATA_DIR=str(tmp_path / "state"))
    first, made = generate_missing(bare)
    assert made.keys() == {"MANAGEMENT_TOKEN", "ENCRYPTION_KEY", "ADMIN_PASSWORD"}
    assert first.management_token == made["MANAGEMENT_TOKEN"]
    assert first.encryption_keys == (base64.urlsafe_b64decode(made["ENCRYPTION_KEY"]),)
    assert first.admin_password == made["ADMIN_PASSWORD"]
    assert generate_missing(bare) == (first, {})


def test_two_directories_get_different_secrets(tmp_path: Path) -> None:
    made = [generate_missing(settings(DATA_DIR=str(tmp_path / name)))[1] for name in "ab"]
    assert not set(made[0].values()) & set(made[1].values())


def test_generated_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        generate_missing(settings(DATA_DIR=str(tmp_path / "state")))
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {
        "state": 0o700,
        "management-token": 0o600,
        "encryption-key": 0o600,
        "admin-password": 0o600,
    }


def test_given_secret_is_kept_and_not_written(tmp_path: Path) -> None:
    given = settings(DATA_DIR=str(tmp_path), MANAGEMENT_TOKEN="m" * 16)
    filled, made = generate_missing(given)
    assert filled.management_token == "m" * 16
    assert "MANAGEMENT_TOKEN" not in made
    assert not (tmp_path / "management-token").exists()


def test_nothing_is_made_on_postgres(tmp_path: Path) -> None:
    given = load(POSTGRES | {"DATA_DIR": str(tmp_path)}, dotenv_path=None)
    assert generate_missing(given) == (given, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"hunter2\n", b"\xff" * 20])
def test_damaged_secret_is_a_problem_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    for name in ("management-token", "encryption-key"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        generate_missing(settings(DATA_DIR=str(tmp_path), ADMIN_PASSWORD="long enough"))
    assert [line.partition(":")[0] for line in caught.value.problems] == [
        "MANAGEMENT_TOKEN",
        "ENCRYPTION_KEY",
    ]
    assert "hunter2" not in str(caught.value)
    assert (tmp_path / "management-token").read_bytes() == content


def test_data_dir_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"\ADATA_DIR: cannot be used \(Not"):
        generate_missing(settings(DATA_DIR=str(tmp_path / "file" / "state")))


@pytest.mark.parametrize(("fill", "mode"), [(generate_missing, 7), (read_generated, 5)])
def test_data_dir_of_another_user_is_one_problem_with_both_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Callable[[Settings], object], mode: int
) -> None:
    asked: list[int] = []
    # Root, as whom the tests may run, may do everything.
    monkeypatch.setattr(os, "access", lambda _path, wanted: asked.append(wanted))
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigError) as caught:
        fill(settings(DATA_DIR=str(tmp_path)))
    (problem,) = caught.value.problems
    us = os.geteuid()
    assert problem.startswith(f"DATA_DIR: {tmp_path} has mode 700 and is user {us}'s, and we are")
    assert asked == [mode]


def test_data_dir_on_a_read_only_file_system_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of a container whose root is read-only, and which got no volume.
    monkeypatch.setattr(os, "access", lambda _path, _wanted: False)
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))
    with pytest.raises(ConfigError) as caught:
        generate_missing(settings(DATA_DIR=str(tmp_path)))
    (problem,) = caught.value.problems
    assert problem.startswith(f"DATA_DIR: {tmp_path} is on a read-only file system. Allowed:")


def _generate(directory: str, barrier: Any, results: Any) -> None:
    given = settings(DATA_DIR=directory)
    barrier.wait()
    results.put(generate_missing(given))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    context = context_of_functions()
    barrier, results = context.Barrier(4), context.Queue()
    processes = [
        context.Process(target=_generate, args=(str(tmp_path / "state"), barrier, results))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert len({repr((s.management_token, s.encryption_keys)) for s, _ in outcomes}) == 1
    # Each secret was shown as new by exactly one of them.
    assert sorted(name for _, made in outcomes for name in made) == [
        "ADMIN_PASSWORD",
        "ENCRYPTION_KEY",
        "MANAGEMENT_TOKEN",
    ]
    assert len(list((tmp_path / "state").iterdir())) == 3


def test_a_pooler_and_the_way_past_it() -> None:
    pooled = "postgres://db:6432/llm?pgbouncer=true"
    environ = POSTGRES | {"DATABASE_URL": pooled, "DATABASE_LISTEN_URL": "postgres://db/llm"}
    loaded = load(environ, dotenv_path=None)
    assert loaded.database.pgbouncer
    assert (
        loaded.database_listen
        == load(POSTGRES | {"DATABASE_URL": "postgres://db/llm"}, dotenv_path=None).database
    )
    for wrong in (pooled, "sqlite://data/llm-proxy.db"):
        (problem,) = problems(**(environ | {"DATABASE_LISTEN_URL": wrong}))
        assert problem.startswith("DATABASE_LISTEN_URL: not a direct way to PostgreSQL")
