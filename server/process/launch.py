"""`serve`: from an environment to supervised workers.

The supervisor prepares the database, binds the port and starts workers as `python -m
server.process.worker_main`; each builds its own app from the same environment.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import termios
from collections.abc import Callable, Mapping
from typing import Final

import uvloop
from loguru import logger

from config import (
    ConfigError,
    Problems,
    Settings,
    generate_missing,
    load,
    unknown_names,
    weaknesses,
)
from models.errors import DatabaseUnavailable
from proxy.middleware.loading import load as load_middlewares
from proxy.providers.files import configured
from server import descriptors
from server.process.supervisor import CANNOT_START, Supervisor, python
from setup import prepare
from setup.first_steps import first_steps
from telemetry import logs, sentry, snapshots

_RETRY_SECONDS: Final = 1.0


def serve(announce: Callable[[], None] = lambda: None) -> int:
    """Run the service until a signal stops it; the process's exit code.

    `announce` is called once connections are accepted.
    """
    descriptors.raise_limit()
    try:
        settings, made = generate_missing(load())
        strangers = _read_files(settings)
        sock = _bind(settings)
    except ConfigError as error:
        return _cannot_start(*error.problems)
    logs.configure(settings.log_level, settings.log_format)
    for weakness in (*weaknesses(settings), *unknown_names()):
        logger.warning("{}", weakness.says)
    for stranger in strangers:
        logger.warning("{}", stranger)
    snapshots.forget(settings.data_dir / "metrics")
    return uvloop.run(_serve(settings, sock, made, announce))


def _read_files(settings: Settings) -> list[str]:
    """What to warn of in them. Raises ConfigError with all that no worker could start with, which
    is told of here, once."""
    problems, files = Problems(), (settings.providers_file, settings.prices_file)
    providers = prices = None
    if any(files):
        # What is built in is the workers' own, and takes as long to read as a tenth of this start.
        with problems:
            providers = configured(settings)
    if settings.prices_file is not None:
        # Late: nothing else here knows of prices, and they take as long again to load.
        from proxy.pricing import price_file, watch  # noqa: PLC0415

        with problems:
            prices = watch.read_and_keep(settings.prices_file, settings.data_dir)
    with problems:
        sentry.check(settings)
    with problems:
        load_middlewares(settings)
    problems.tell()
    return [] if providers is None or prices is None else price_file.strangers(prices, providers)


def _cannot_start(*problems: str) -> int:
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return CANNOT_START


def _bind(settings: Settings) -> socket.socket:
    """The listening socket that all workers share. Raises ConfigError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(descriptors.current().backlog)
        sock.setblocking(False)
    except OSError as error:
        raise ConfigError(
            (
                f"HOST, PORT: cannot listen on {settings.host}:{settings.port} "
                f"({error.strerror}). Allowed: a free address of this machine.",
            )
        ) from error
    return sock


async def _serve(
    settings: Settings,
    sock: socket.socket,
    made: Mapping[str, str],
    announce: Callable[[], None],
) -> int:
    try:
        prepared = await prepare.prepare(settings)
        late = None
    except prepare.CannotServe as error:
        return _cannot_start(str(error))
    except DatabaseUnavailable as error:
        # A platform may start us before its database. /ready says so until it answers.
        logger.warning(
            "database {} unreachable at start, retrying: {}", settings.database.place, error
        )
        prepared, late = prepare.Prepared(is_first=False), lambda: _prepare_late(settings)
    _show_once(made, prepared)

    def on_ready() -> None:
        logger.info("listening on http://{}:{}", _shown_host(settings.host), settings.port)
        _tell_first_steps(settings, prepared)
        announce()

    terminal = sys.stderr.fileno() if sys.stderr.isatty() else None
    supervisor = Supervisor(
        python("server.process.worker_main", "--control={control}"),
        sock,
        count=settings.web_concurrency,
        drain_seconds=settings.graceful_shutdown_timeout,
        on_ready=on_ready,
        background=late,
        on_hangup=lambda: _hang_up(settings, supervisor.stop, terminal=terminal),
    )
    return await supervisor.run()


def _hang_up(settings: Settings, stop: Callable[[], None], *, terminal: int | None) -> None:
    """SIGHUP: the prices are to be read again, or the terminal that we were started in is closed.

    Then no one can see or stop us there any more, and the next start needs our port.
    """
    if terminal is not None and _is_gone(terminal):
        stop()
    else:
        from proxy.pricing import watch  # noqa: PLC0415

        watch.ask(settings.data_dir)


def _is_gone(terminal: int) -> bool:
    try:
        termios.tcgetattr(terminal)
    except termios.error:
        return True
    return False


async def _prepare_late(settings: Settings) -> int | None:
    """Prepare the database once it answers; an exit code where it cannot be served."""
    while True:
        await asyncio.sleep(_RETRY_SECONDS)
        try:
            prepared = await prepare.prepare(settings)
        except DatabaseUnavailable:
            continue
        except prepare.CannotServe as error:
            return _cannot_start(str(error))
        logger.info("database reachable: start completed")
        _tell_first_steps(settings, prepared)
        return None


def _tell_first_steps(settings: Settings, prepared: prepare.Prepared) -> None:
    """After the first start; on a terminal as lines of their own, which no time stands before."""
    if not prepared.is_first:
        return
    lines = first_steps(settings, prepared, local_url(settings.host, settings.port))
    if sys.stderr.isatty():
        sys.stderr.write("\n" + "".join(f"  {line}\n" for line in lines) + "\n")
        return
    for line in lines:
        logger.info("{}", line)


def local_url(host: str, port: int) -> str:
    """Where this machine reaches what listens there."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return f"http://{_shown_host(everywhere.get(host, host))}:{port}"


def _show_once(made: Mapping[str, str], prepared: prepare.Prepared) -> None:
    """Secrets that were just made go to a terminal or nowhere: a log would keep them."""
    lines = [f"{name}: {secret}" for name, secret in made.items()]
    if prepared.default_token is not None:
        lines.append(f"token of the project default: {prepared.default_token}")
    if not lines or not sys.stderr.isatty():
        return
    sys.stderr.write("\nGenerated now, shown only once (also kept in DATA_DIR, mode 0600):\n")
    for line in lines:
        sys.stderr.write(f"  {line}\n")
    sys.stderr.write("\n")


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
