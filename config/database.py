"""`DATABASE_URL`: where the database is, as a value that keeps its password out of print."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import SplitResult, unquote

from config.forms import Form, parse_file, parse_host, split_url

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

_SSL_MODES: Final[tuple[SslMode, ...]] = (
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
)
_PARAMETERS: Final = ("host", "sslmode", "sslrootcert", "pgbouncer")
#: What hosts write into the URLs they hand out, and what changes nothing here. Our driver binds
#: no channel; `sslmode=verify-full` keeps a man in the middle out as well.
_IGNORED: Final = ("application_name", "channel_binding", "connect_timeout")
_CHANNEL_BINDINGS: Final = ("disable", "prefer", "require")


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A file (`path`), or a PostgreSQL server (all the other fields).

    `host` is a directory when the server is reached through a Unix socket. `sslmode` has libpq's
    meaning (https://www.postgresql.org/docs/current/libpq-ssl.html).
    """

    dialect: Literal["sqlite", "postgres"]
    path: Path = Path()
    host: str = ""
    port: int = 5432
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str = ""
    sslmode: SslMode = "prefer"
    sslrootcert: Path | None = None
    pgbouncer: bool = False
    """Whether sessions may be handed on between transactions, as a pooler does."""

    @property
    def place(self) -> str:
        """The file, the socket, or host and port: for messages."""
        if self.dialect == "sqlite":
            return str(self.path)
        if self.host.startswith("/"):
            return f"{self.host}/.s.PGSQL.{self.port}"
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class ConnectionShares(NamedTuple):
    """What a worker's connections are for."""

    models: int
    limits: int
    listener: int


def connection_shares(total: int, *, listens: bool) -> ConnectionShares:
    """How a worker divides its connections, of which there are at least `LEAST_CONNECTIONS`."""
    rest = total - listens
    # Of ten: five, four and one.
    limits = max(1, rest * 4 // 9)
    return ConnectionShares(rest - limits, limits, int(listens))


#: Two for the models, so that a slow page does not keep tokens from being looked up.
LEAST_CONNECTIONS: Final = 4


def parse_database_url(text: str) -> Database:
    """Raises ValueError with the problem in words that do not quote the text."""
    scheme = text.partition("://")[0]
    if scheme == "sqlite":
        return _sqlite(text.removeprefix("sqlite://"))
    if scheme in ("postgres", "postgresql"):
        return _postgres(split_url(text))
    raise ValueError("neither sqlite://, postgres:// nor postgresql://")


def _sqlite(path: str) -> Database:
    if "?" in path:
        raise ValueError("SQLite takes no parameters")
    path = unquote(path)
    if path in ("", ".", "/") or path.endswith("/"):
        raise ValueError("names no file")
    if path.endswith(":memory:"):
        # Each connection and each worker would see a database of its own.
        raise ValueError("a database in memory cannot be shared between connections")
    if not path.isprintable():
        raise ValueError("holds a control character")
    # Elsewhere an absolute path is written with a fourth slash; with two it is no file's URI.
    if path.startswith("//"):
        path = f"/{path.lstrip('/')}"
    if _is_directory(path):
        raise ValueError("names a directory, not a file in it")
    return Database(dialect="sqlite", path=Path(path))


def _is_directory(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def _postgres(url: SplitResult) -> Database:
    parameters = _parameters(url.query)
    database = unquote(url.path.removeprefix("/"))
    if not database or "/" in database:
        raise ValueError("names no database")
    if url.hostname and "host" in parameters:
        raise ValueError("names two hosts")
    rootcert = parameters.get("sslrootcert")
    return Database(
        dialect="postgres",
        host=_socket(parameters["host"]) if "host" in parameters else _server(url),
        port=url.port or 5432,
        user=None if url.username is None else unquote(url.username),
        password=None if url.password is None else unquote(url.password),
        database=database,
        sslmode=_sslmode(parameters.get("sslmode", "prefer")),
        sslrootcert=None if rootcert is None else _rootcert(rootcert),
        pgbouncer=_pgbouncer(parameters.get("pgbouncer", "false")),
    )


def _parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name not in (*_PARAMETERS, *_IGNORED):
            raise ValueError(f"takes no parameters but {', '.join(_PARAMETERS)}")
        if name == "channel_binding" and value not in _CHANNEL_BINDINGS:
            raise ValueError(f"channel_binding is none of {', '.join(_CHANNEL_BINDINGS)}")
        if name in parameters:
            raise ValueError(f"holds {name} twice")
        parameters[name] = unquote(value)
    return parameters


def _server(url: SplitResult) -> str:
    if not url.hostname:
        raise ValueError("names no host")
    return parse_host(unquote(url.hostname))


def _socket(directory: str) -> str:
    if not directory.startswith("/"):
        raise ValueError("host is for the directory of a Unix socket")
    return directory


def _sslmode(text: str) -> SslMode:
    for mode in _SSL_MODES:
        if text == mode:
            return mode
    raise ValueError(f"sslmode is none of {', '.join(_SSL_MODES)}")


def _pgbouncer(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("pgbouncer is neither true nor false")
    return text == "true"


def _rootcert(text: str) -> Path:
    try:
        return parse_file(text)
    except ValueError as exc:
        raise ValueError(f"sslrootcert: {exc}") from None


def parse_listen_url(text: str) -> Database:
    """The same for `DATABASE_LISTEN_URL`."""
    database = parse_database_url(text)
    if database.dialect != "postgres" or database.pgbouncer:
        raise ValueError("not a direct way to PostgreSQL")
    return database


LISTEN_DATABASE: Final = Form(
    "postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=MODE, past any pooler", parse_listen_url
)
DATABASE: Final = Form(
    "sqlite://RELATIVE, sqlite:///ABSOLUTE or "
    "postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=MODE",
    parse_database_url,
)
