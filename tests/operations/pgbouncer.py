"""Debian's PgBouncer before the tests' PostgreSQL."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from config import Database
from tests.fixtures.processes import free_port
from tests.operations.tools import environment, tool

_START_SECONDS: Final = 60
#: Nothing is ignored that a client sends, and a session is handed on to the next client.
_CONFIGURATION: Final = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = trust
auth_file = {here}/users
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
server_round_robin = 1
logfile = {here}/log
"""


@contextmanager
def pgbouncer(
    database: Database, mode: Literal["transaction", "session"], *, size: int
) -> Iterator[Database]:
    """`database` behind a pooler with `size` connections to it."""
    # Not pytest's temporary directory, which only its owner may enter.
    directory = Path(tempfile.mkdtemp(prefix="llm-proxy-pgbouncer-"))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    own = free_port()
    (directory / "users").write_text(f'"{database.user}" ""\n')
    (directory / "ini").write_text(
        _CONFIGURATION.format(
            host=database.host, port=database.port, own=own, here=directory, mode=mode, size=size
        )
    )
    for path in (directory, *directory.iterdir()):
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)
    process = subprocess.Popen(
        [tool("pgbouncer"), "-q", directory / "ini"],
        cwd="/",
        env=environment(),
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    try:
        _wait_for(own, process, directory / "log")
        yield replace(database, host="127.0.0.1", port=own, pgbouncer=True)
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            said = log.read_text() if log.exists() else ""
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        else:
            return
