"""Every setting: its field in `Settings`, and its row in `TABLE` with what a user must know."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from config import forms
from config.database import DATABASE, LEAST_CONNECTIONS, LISTEN_DATABASE, Database
from config.forms import Form, Network
from config.origins import ORIGINS

_DAY: Final = 86_400
_CENTURY: Final = 36_525


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration. Times are seconds, sizes bytes."""

    host: str
    port: int
    web_concurrency: int
    database: Database
    database_listen: Database | None
    database_connections: int
    """In each worker."""
    data_dir: Path
    management_token: str | None = field(repr=False)
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    """32 bytes each, newest first."""
    admin_username: str
    admin_password: str | None = field(repr=False)
    openai_api_key: str | None = field(repr=False)
    openai_base_url: str
    providers_file: Path | None
    prices_file: Path | None
    upstream_origins: tuple[str, ...]
    """As `config.origin_of` writes them; empty: all."""
    upstream_ambient_credentials: bool
    request_max_bytes: int
    """Of bodies that are kept to be read."""
    upload_max_bytes: int
    """Of bodies that are passed on as they come."""
    buffered_bodies_max_bytes: int
    """Of all kept bodies at once, in each worker."""
    body_least_rate: int
    """Bytes per second."""
    max_active_requests: int
    """In each worker."""
    fair_share_token: float
    """0.0 to 1.0, of `max_active_requests`."""
    fair_share_project: float
    """0.0 to 1.0, of `max_active_requests`."""
    max_connections: int | None
    """In each worker. None: what descriptors allow."""
    max_connections_per_address: int | None
    """In each worker."""
    client_write_timeout: float
    client_keepalive_comment: float | None
    """Seconds. None: never."""
    upstream_connect_timeout: float
    upstream_first_byte_timeout: float
    upstream_idle_timeout: float
    graceful_shutdown_timeout: float
    shutdown_delay: float
    meter_streams: bool
    middleware: tuple[str, ...]
    """As `package.module:factory`, in their order."""
    middleware_timeout: float
    log_level: str
    """Upper case."""
    log_format: Literal["text", "json"] | None
    """None: text on a terminal, else json."""
    log_request_share: float
    """0.0 to 1.0."""
    log_bodies: int
    """Bytes of each body; 0 is none."""
    sentry_dsn: str | None = field(repr=False)
    metrics_token: str | None = field(repr=False)
    trusted_proxies: tuple[Network, ...]
    destination_origins: tuple[str, ...]
    """As `config.origin_of` writes them; empty: all."""
    destination_max_bytes: int
    cache_max_bytes: int
    request_log_retention_days: int
    token_max_lifetime: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One variable. `default` is parsed like a given value; `absent` is what holds without one."""

    name: str
    form: Form
    default: str | None = None
    absent: str = "none"
    help: str
    attribute: str = ""
    """The field of `Settings`, where it is not the variable's name in lower case."""

    @property
    def field(self) -> str:
        """The field of `Settings` that holds the value."""
        return self.attribute or self.name.lower()


TABLE: Final = (
    Row(
        name="HOST",
        form=forms.HOST,
        default="127.0.0.1",
        help="Address to listen on. 0.0.0.0 lets other machines in.",
    ),
    Row(name="PORT", form=forms.integer(1, 65_535), default="8080", help="Port to listen on."),
    Row(
        name="WEB_CONCURRENCY",
        form=forms.integer(1, 256),
        default="1",
        help="Worker processes.",
    ),
    Row(
        name="DATABASE_URL",
        form=DATABASE,
        default="sqlite://data/llm-proxy.db",
        help="The database. sslrootcert=FILE and, for a Unix socket, host=DIRECTORY may follow "
        "sslmode, and pgbouncer=true for a pooler; channel_binding, connect_timeout and "
        "application_name change nothing. Special characters in the password are percent-encoded.",
        attribute="database",
    ),
    Row(
        name="DATABASE_LISTEN_URL",
        form=LISTEN_DATABASE,
        help="With pgbouncer=true: a direct connection to the same database, for notifications of "
        "changes made on other machines. Without it they are found within half a second.",
        attribute="database_listen",
    ),
    Row(
        name="DATABASE_CONNECTIONS",
        form=forms.integer(LEAST_CONNECTIONS, 1_000),
        default="10",
        help="Connections to PostgreSQL that each worker opens at most, for everything.",
    ),
    Row(
        name="DATA_DIR",
        form=forms.DIRECTORY,
        default="data",
        help="State of this machine: generated secrets, journal, generation.",
    ),
    Row(
        name="MANAGEMENT_TOKEN",
        form=forms.secret(16),
        absent="generated",
        help="Bearer secret of /manage, 32 random characters or more: fewer are warned of. Must be "
        "given on PostgreSQL.",
    ),
    Row(
        name="ENCRYPTION_KEY",
        form=forms.ENCRYPTION_KEYS,
        absent="generated",
        help="Encrypts the upstream keys in the database. The first encrypts, all decrypt. "
        "Must be given on PostgreSQL.",
        attribute="encryption_keys",
    ),
    Row(
        name="ADMIN_USERNAME",
        form=forms.text(1, 64),
        default="admin",
        help="Name of the first administrator, made when there is none.",
    ),
    Row(
        name="ADMIN_PASSWORD",
        form=forms.text(8, 256),
        absent="generated",
        help="Password of the first administrator. Must be given on PostgreSQL while there is "
        "no administrator.",
    ),
    Row(
        name="OPENAI_API_KEY",
        form=forms.secret(1),
        help="If set on the first start: a project named default is made with it, and a token.",
    ),
    Row(
        name="OPENAI_BASE_URL",
        form=forms.BASE_URL,
        default="https://api.openai.com",
        help="Upstream of the openai provider. A trailing /v1 is stripped.",
    ),
    Row(
        name="PROVIDERS_FILE",
        form=forms.FILE,
        help="TOML that adds or overrides providers and their allowlists.",
    ),
    Row(
        name="PRICES_FILE",
        form=forms.FILE,
        help="TOML with prices of your own, in place of the price sheet's (docs/prices.md). Read "
        "again at SIGHUP and llm-proxy prices reload.",
    ),
    Row(
        name="UPSTREAM_ORIGINS",
        form=ORIGINS,
        absent="all",
        help="Origins that the base_url of a project may name, checked when it is set and at each "
        "request. OPENAI_BASE_URL and what PROVIDERS_FILE gives are allowed for projects without "
        "a base_url; other providers' own addresses have to be listed.",
    ),
    Row(
        name="UPSTREAM_AMBIENT_CREDENTIALS",
        form=forms.SWITCH,
        default="false",
        help='Whether a key may be {"source": "environment"}: the identity that this server has in '
        "AWS, Google Cloud or Azure, which every project with such a key then acts with.",
    ),
    Row(
        name="REQUEST_MAX_BYTES",
        form=forms.integer(1, 2**40),
        default="67108864",
        help="Bodies that are kept to be read: larger ones are answered 413 and not buffered.",
    ),
    Row(
        name="UPLOAD_MAX_BYTES",
        form=forms.integer(1, 2**40),
        default="536870912",
        help="Bodies that are passed on as they come (files, audio, images): larger ones are "
        "answered 413.",
    ),
    Row(
        name="BUFFERED_BODIES_MAX_BYTES",
        form=forms.integer(1, 2**40),
        default="536870912",
        help="Bytes of kept bodies at once in each worker. Beyond it: 503 overloaded.",
    ),
    Row(
        name="BODY_LEAST_RATE",
        form=forms.integer(0, 2**30),
        default="1024",
        help="Bytes per second, over any 30 s, at which a client must send a body that is kept, "
        "and every body outside /v1. Slower: 408 request_timeout. 0 asks for no rate.",
    ),
    Row(
        name="MAX_ACTIVE_REQUESTS",
        form=forms.integer(1, 1_000_000),
        default="10000",
        help="Requests at once in each worker. Beyond it: 503 overloaded, with Retry-After.",
    ),
    Row(
        name="FAIR_SHARE_TOKEN",
        form=forms.SHARE,
        default="0.5",
        help="Share of MAX_ACTIVE_REQUESTS that the requests of one token may take, at least one. "
        "Beyond it: 429 rate_limit_exceeded. 1 lifts it.",
    ),
    Row(
        name="FAIR_SHARE_PROJECT",
        form=forms.SHARE,
        default="0.75",
        help="The same for all tokens of one project.",
    ),
    Row(
        name="MAX_CONNECTIONS",
        form=forms.integer(1, 1_000_000),
        absent="what file descriptors allow, less a reserve",
        help="Client connections at once in each worker. Beyond it idle ones are closed; where "
        "there are none, new ones are answered 503 overloaded.",
    ),
    Row(
        name="MAX_CONNECTIONS_PER_ADDRESS",
        form=forms.integer(1, 1_000_000),
        help="The same for one client address (IPv6: one /64). TRUSTED_PROXIES do not count.",
    ),
    Row(
        name="CLIENT_WRITE_TIMEOUT",
        form=forms.seconds(_DAY),
        default="600",
        help="Time without progress after which a client that does not read its answer is cut off.",
    ),
    Row(
        name="CLIENT_KEEPALIVE_COMMENT",
        form=forms.seconds(_DAY),
        help="Silence after which an event stream gets a comment, so that nothing on the way takes "
        "it for dead; never one of error shape google, whose SDK would fail. The one thing that is "
        "ever added to a stream.",
    ),
    Row(
        name="UPSTREAM_CONNECT_TIMEOUT",
        form=forms.seconds(_DAY),
        default="10",
        help="Time to connect to an upstream.",
    ),
    Row(
        name="UPSTREAM_FIRST_BYTE_TIMEOUT",
        form=forms.seconds(_DAY),
        default="600",
        help="Time until an upstream begins to answer.",
    ),
    Row(
        name="UPSTREAM_IDLE_TIMEOUT",
        form=forms.seconds(_DAY),
        default="600",
        help="Time between two reads of an answer. It does not run while we hold back reading.",
    ),
    Row(
        name="GRACEFUL_SHUTDOWN_TIMEOUT",
        form=forms.seconds(_DAY),
        default="25",
        help="Time that requests have to finish after SIGTERM. The process is gone at most 3 s "
        "later.",
    ),
    Row(
        name="SHUTDOWN_DELAY",
        form=forms.seconds(_DAY, or_none=True),
        default="0",
        help="Time after SIGTERM in which requests are still served, while /ready says draining "
        "already. For routers that learn late; within GRACEFUL_SHUTDOWN_TIMEOUT.",
    ),
    Row(
        name="METER_STREAMS",
        form=forms.SWITCH,
        default="true",
        help="Ask OpenAI-style streams for their usage where the client did not.",
    ),
    Row(
        name="MIDDLEWARE",
        form=forms.FACTORIES,
        help="Code of yours that looks at requests and answers and may change them "
        "(docs/middleware.md). The first is next to the client.",
    ),
    Row(
        name="MIDDLEWARE_TIMEOUT",
        form=forms.seconds(_DAY),
        default="5",
        help="Time that each call of a middleware's request hook has. Longer: 500 "
        "middleware_failed.",
    ),
    Row(
        name="LOG_LEVEL",
        form=forms.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        default="INFO",
        help="The least severe messages that are logged.",
    ),
    Row(
        name="LOG_FORMAT",
        form=forms.choice("text", "json"),
        absent="text on a terminal, else json",
        help="Form of the log.",
    ),
    Row(
        name="LOG_REQUEST_SHARE",
        form=forms.SHARE,
        default="1",
        help="Share of the requests that get a line in the log. Failed ones always do.",
    ),
    Row(
        name="LOG_BODIES",
        form=forms.integer(0, 16_384),
        default="0",
        help="For debugging: how many bytes of each request and response body are logged, without "
        "secrets that can be recognised. What people ask and are answered is private: switch it "
        "off again.",
    ),
    Row(
        name="SENTRY_DSN",
        form=forms.DSN,
        help="Where unforeseen errors are reported, in Sentry's form. Needs sentry-sdk.",
    ),
    Row(
        name="METRICS_TOKEN",
        form=forms.secret(1),
        help="If set, /metrics wants it as bearer. Without it, /metrics is open to every client "
        "that reaches HOST.",
    ),
    Row(
        name="TRUSTED_PROXIES",
        form=forms.NETWORKS,
        help="Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    ),
    Row(
        name="DESTINATION_ORIGINS",
        form=ORIGINS,
        absent="all",
        help="Origins that the url of a destination may name, checked when it is set and at each "
        "connection.",
    ),
    Row(
        name="DESTINATION_MAX_BYTES",
        form=forms.integer(65_536, 2**40),
        default="1073741824",
        help="Bytes that wait for destinations, and bytes of the files in DATA_DIR/exports. Beyond "
        "it the oldest are dropped, which is counted and told.",
    ),
    Row(
        name="CACHE_MAX_BYTES",
        form=forms.integer(0, 2**40),
        default="268435456",
        help="Bytes on disk of answers kept for projects that have a cache, per machine. Beyond it "
        "those go that were not asked for the longest. Less than 1048576: none is kept.",
    ),
    Row(
        name="REQUEST_LOG_RETENTION_DAYS",
        form=forms.integer(1, _CENTURY),
        default="30",
        help="Days that the request log is kept.",
    ),
    Row(
        name="TOKEN_MAX_LIFETIME",
        form=forms.integer(1, _CENTURY * _DAY),
        help="Seconds. Tokens that would live longer are refused.",
    ),
)
