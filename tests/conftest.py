"""What every test gets: async tests on asyncio's own loop, and pytest-sanic's fixtures.

pytest-asyncio runs `async def` tests and fixtures. pytest-sanic 1.9.1 would too, with hooks older
than today's pytest, so pyproject.toml keeps its plugin out and its fixtures are taken from here.
Its server is written for a Sanic of 2021; `_start` and `_close` below are the bridge to today's.
"""

import asyncio
import faulthandler
import gc
import socket
from collections.abc import Generator
from functools import cache

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from httpx._transports import default as transports
from hypothesis import settings
from loguru._better_exceptions import ExceptionFormatter
from pytest_sanic.plugin import sanic_client, test_server, unused_port
from pytest_sanic.utils import TestServer
from sanic import Sanic

from models.db import database as connecting
from models.db import sessions
from proxy.upstream import pool
from tests import in_memory
from tests.fixtures import model_memo, router_memo

__all__ = ["sanic_client", "test_server", "unused_port"]

pytest_plugins = [
    "tests.rewriting",
    "tests.distribution",
    "tests.fixtures.database",
    "tests.fixtures.driving",
    "tests.fixtures.passwords",
    "tests.fixtures.service",
]

# Examples of fixed seeds, with no limit of time: neither luck nor a slow machine has a say.
settings.load_profile("ci")

# httpx gives up after five seconds where nobody says otherwise, and PostgreSQL's driver is told to:
# a machine may stand still for longer, and what does not come at all fails soon enough.
_PATIENCE_S = 60
for _phase in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, _phase, float(_PATIENCE_S))
connecting._CONNECT_TIMEOUT_S = _PATIENCE_S  # type: ignore[misc]
sessions._IDLE_IN_TRANSACTION_S = float(_PATIENCE_S)

# Every client reads all certificate authorities anew, which takes 35 ms of a core.
transports.create_ssl_context = cache(transports.create_ssl_context)  # type: ignore[attr-defined]
# So does every pool of connections to upstreams; tests of TLS make contexts of their own.
pool.tls_context = cache(pool.tls_context)  # type: ignore[attr-defined]
# Where Python's own files are, which every command and service of this process asks for its log.
ExceptionFormatter._get_lib_dirs = staticmethod(  # type: ignore[method-assign]
    cache(ExceptionFormatter._get_lib_dirs)
)
model_memo.keep()
router_memo.keep()
in_memory.keep_files_there()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: to look for garbage in it takes as long as to collect it."""
    gc.disable()
    # Ten times as seldom as usual, since what a test makes it mostly keeps until its end.
    gc.set_threshold(7000, 10, 10)
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# pytest-timeout ends a test's call, once; what then hangs in its teardown would hang the run.
_TEARDOWN_S = 200


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """End the process, with all threads' stacks, whose teardown does not end."""
    stderr = item.config.stash[fault_handler_stderr_fd_key]
    faulthandler.dump_traceback_later(_TEARDOWN_S, exit=True, file=stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
    if nextitem is None or nextitem.path != item.path:
        # Sanic keeps every app, and whoever looks for garbage would look through all of them.
        Sanic._app_registry.clear()


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    """The loop of the running test, under the name by which pytest-sanic's fixtures ask for it."""
    return asyncio.get_running_loop()


async def _start(self: TestServer) -> None:
    listener = socket.create_server((self.host, 0))
    self.port = listener.getsockname()[1]
    self.server = await self.app.create_server(sock=listener, return_asyncio_server=True)
    await self.server.startup()
    await self.server.before_start()
    await self.server.after_start()
    self.is_running = True


async def _close(self: TestServer) -> None:
    if not self.is_running:
        return
    self.is_running = False
    await self.server.before_stop()
    self.server.close()
    for connection in self.server.connections:
        connection.abort()
    await self.server.wait_closed()
    await self.server.after_stop()


# Sanic rewrites its protocol's methods for each app. In this mode it starts from the originals
# every time, which the second app of a process needs.
Sanic.test_mode = True

TestServer.start_server = _start
TestServer.close = _close
