"""`llm-proxy doctor`: is everything that the configuration names there, and fit to be used?

It looks and changes nothing. What it finds is one line each, and the worst of them decides the
exit code; that an upstream's name does not resolve may be the network's fault and is only said.
"""

import asyncio
import socket
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import typer

import config
from cli import output, session
from cli.command_table import examples, verb
from cli.doctor_places import leading_to, named, places
from cli.findings import Finding, failed, fine, warning
from cli.options import Json
from config import ConfigError, Problems, Settings, split_base_url
from config.generated import read_generated
from migrations import schema
from models import AdminUser, Destination, UpstreamKey
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.db import database
from models.errors import (
    CorruptCiphertext,
    DatabaseDamaged,
    DatabaseUnavailable,
    UnknownEncryptionKey,
)
from proxy.middleware.loading import load as load_middlewares
from proxy.pricing import price_file
from proxy.providers.catalog import BUILT_IN
from proxy.providers.files import configured, upstreams
from proxy.providers.provider import Provider
from server import descriptors
from setup.prepare import cannot_be_made, given_key_is_unused
from telemetry import sentry

app = verb()

_OTHERS: Final = 0o077
#: Bytes that no file system keeps beside a file's name.
_BLOCK: Final = 65_536
_RESOLVE_SECONDS: Final = 5.0
#: Names that are looked up at a time: each takes a thread.
_RESOLVED_AT_ONCE: Final = 8


@app.command(epilog=examples("llm-proxy doctor", "llm-proxy doctor --json"))
def doctor(*, as_json: Json = False) -> None:
    """Check the configuration and what it names, and say what is wrong.

    Exit code 0 fine (there may be warnings), 1 something does not work,
    2 the configuration cannot be used.
    """
    problems = Problems()
    try:
        settings = read_generated(session.load())
        with problems:
            providers = configured(settings)
        with problems:
            prices = price_file.read(settings.prices_file)
        with problems:
            sentry.check(settings)
        with problems:
            middlewares = load_middlewares(settings)
        problems.tell()
    except ConfigError as exc:
        if not as_json:
            raise
        findings = [failed("configuration", problem, code=2) for problem in exc.problems]
    else:
        findings = [
            *asyncio.run(_examine(settings, providers)),
            *[fine("middleware", says) for says in map(str, middlewares)],
            *[warning("prices", says) for says in price_file.strangers(prices, providers)],
        ]
    _print(findings, as_json=as_json)
    raise typer.Exit(max(finding.code for finding in findings))


def _print(findings: Sequence[Finding], *, as_json: bool) -> None:
    rows = [
        {"check": finding.about, "status": finding.status, "message": finding.message}
        for finding in findings
    ]
    if as_json:
        output.print_json({"ok": not any(finding.code for finding in findings), "checks": rows})
        return
    for row in rows:
        output.result("{status:8} {check:15} {message}".format_map(row))


async def _examine(settings: Settings, providers: Mapping[str, Provider]) -> list[Finding]:
    allowed = upstreams(settings, providers)
    #: Base URLs, and the projects that lead there.
    leading: dict[str, list[str]] = {}
    return [
        fine("configuration", "every value can be used"),
        *[warning(about, says) for about, says in config.weaknesses(settings)],
        *[warning(about, says) for about, says in config.unknown_names()],
        *_data_directory(settings),
        _open_files(settings),
        *[finding async for finding in _database(settings, allowed, leading)],
        *await _resolving(providers, leading),
    ]


def _data_directory(settings: Settings) -> list[Finding]:
    where = settings.data_dir
    if not where.exists():
        return [fine("data directory", f"{where} is made on the first start")]
    try:
        with tempfile.TemporaryFile(dir=where, buffering=0) as file:
            # A full disk lets a file be made, and nothing be written into it.
            file.write(bytes(_BLOCK))
    except OSError as exc:
        return [failed("data directory", f"{where} cannot be written to: {exc.strerror}")]
    found = [_mode(path) for path in (where, *sorted(where.iterdir()))]
    return [finding for finding in found if finding] or [
        fine("data directory", f"{where} can be written to, and is private")
    ]


def _open_files(settings: Settings) -> Finding:
    """Whether a worker can have as many connections as the settings say."""
    have = descriptors.allowed()
    about, enough = "open files", f"the limit of {have.limit} is enough for {have.connections}"
    # Each request has a connection to its client and one to its upstream.
    if (settings.max_connections or 0) > have.connections:
        short = f"MAX_CONNECTIONS is {settings.max_connections}"
    elif settings.max_connections is None and 2 * settings.max_active_requests > have.limit:
        short = f"MAX_ACTIVE_REQUESTS is {settings.max_active_requests}"
    else:
        return fine(about, f"{enough} connections in each worker")
    return warning(
        about,
        f"{short}, and {enough} connections in each worker: raise the hard limit (ulimit -Hn, "
        "LimitNOFILE=) or lower the setting",
    )


def _mode(path: Path) -> Finding | None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        # A running server's, which makes and removes files.
        return None
    if not mode & _OTHERS:
        return None
    private = "700" if path.is_dir() else "600"
    return warning("data directory", f"{path} is open to other users: chmod {private} {path}")


async def _database(
    settings: Settings, allowed: Upstreams, leading: dict[str, list[str]]
) -> AsyncIterator[Finding]:
    wanted = settings.database
    try:
        if wanted.dialect == "sqlite" and not wanted.path.exists():
            yield _missing(wanted.path)
            return
        state = await schema.state(wanted)
        yield _schema(state, automatic=wanted.dialect == "sqlite")
        if state.standing in ("current", "ahead"):
            async with _connected(settings):
                yield await _keys(settings)
                if (unused := await _given_key(settings)) is not None:
                    yield unused
                yield await _administrators(settings)
                async for finding in places(allowed):
                    yield finding
                leading |= await leading_to(allowed.own)
    except OSError as exc:
        yield failed("database", f"{wanted.place}: {exc.strerror}", code=2)
    except DatabaseDamaged as exc:
        yield failed("database", f"cannot be used: {exc}")
    except DatabaseUnavailable as exc:
        yield failed("database", f"{wanted.place} cannot be reached: {exc}", code=2)
    except sqlite3.DatabaseError as exc:
        yield failed("database", f"{wanted.place} cannot be used: {exc}")


def _missing(path: Path) -> Finding:
    if (why := cannot_be_made(path)) is not None:
        return failed("database", f"{path} cannot be made: {why}", code=2)
    return fine("database", f"{path} is made on the first start")


def _schema(state: schema.SchemaState, *, automatic: bool) -> Finding:
    pending = ", ".join(state.pending)
    match state.standing:
        case "current":
            return fine("database", "reachable and up to date")
        case "ahead":
            return fine("database", "reachable; a newer release has migrated it, which is fine")
        case "contracted":
            return failed("database", "a newer release has changed it: this one cannot use it")
        case "behind" if automatic:
            return warning("database", f"behind, and migrated on the next start ({pending})")
        case "behind":
            return failed("database", f"behind ({pending}). Run: llm-proxy migrate")


async def _keys(settings: Settings) -> Finding:
    """Whether ENCRYPTION_KEY opens every stored API key."""
    if not settings.encryption_keys:
        count = await UpstreamKey.all().count()
        if not count:
            return fine("encryption", "the key is made with the first project")
        return failed("encryption", f"the key of {count} stored API keys is gone from DATA_DIR")
    ring = KeyRing(settings.encryption_keys)
    closed = outdated = count = 0
    async for key in UpstreamKey.all().order_by("id"):
        count += 1
        outdated += key.encryption_key_id != ring.newest
        try:
            ring.decrypt(key.ciphertext, key.id)
        except (UnknownEncryptionKey, CorruptCiphertext):
            closed += 1
    async for destination in Destination.filter(ciphertext__isnull=False):
        outdated += destination.encryption_key_id != ring.newest
        try:
            destination.opened(ring)
        except (UnknownEncryptionKey, CorruptCiphertext):
            return failed(
                "encryption",
                f"the secrets of the destination {destination.name} do not open: ENCRYPTION_KEY",
            )
    if closed:
        return failed("encryption", f"{closed} of {count} API keys do not open: ENCRYPTION_KEY")
    if outdated:
        return warning(
            "encryption", f"{outdated} rows use an older key. Run: llm-proxy encryption rotate"
        )
    return fine("encryption", f"all {count} stored API keys open")


async def _given_key(settings: Settings) -> Finding | None:
    if not settings.encryption_keys:
        return None
    says = await given_key_is_unused(settings, KeyRing(settings.encryption_keys))
    return None if says is None else warning("OPENAI_API_KEY", says)


async def _administrators(settings: Settings) -> Finding:
    count = await AdminUser.filter(is_active=True).count()
    if count:
        return fine("administrators", f"{count} may sign in")
    if settings.database.dialect == "postgres" and settings.admin_password is None:
        return failed(
            "administrators",
            "ADMIN_PASSWORD: must be given on PostgreSQL while there is no administrator",
            code=2,
        )
    return fine("administrators", "the first one is made on the first start")


def _used(providers: Mapping[str, Provider]) -> list[Provider]:
    """OpenAI, and what PROVIDERS_FILE names: other built-in ones may well be of no interest."""
    return [
        provider
        for name, provider in providers.items()
        if provider.own_base_url is not None
        and (name == "openai" or provider != BUILT_IN.get(name))
    ]


async def _resolving(
    providers: Mapping[str, Provider], leading: Mapping[str, list[str]]
) -> list[Finding]:
    """Whether the hosts of providers and projects resolve, each asked for once."""
    hosts: defaultdict[str, list[str]] = defaultdict(list)
    for provider in _used(providers):
        hosts[split_base_url(provider.base_url).host].append(provider.name)
    for base_url, projects in leading.items():
        hosts[split_base_url(base_url).host] += [f"project {name}" for name in projects]
    at_once = asyncio.Semaphore(_RESOLVED_AT_ONCE)

    async def resolve(host: str, names: list[str]) -> Finding:
        said = f"{named(dict.fromkeys(names))}: {host}"
        try:
            async with at_once, asyncio.timeout(_RESOLVE_SECONDS):
                await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            return warning("upstream", f"{said} does not resolve from here now")
        return fine("upstream", f"{said} resolves")

    return list(await asyncio.gather(*map(resolve, hosts.keys(), hosts.values())))


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[None]:
    await database.connect(settings.database)
    try:
        yield
    finally:
        await database.disconnect()
