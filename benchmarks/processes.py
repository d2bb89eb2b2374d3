"""A contender's processes: started on one core, accounted for together, surely stopped.

CPU time is what the kernel charged the processes, so it does not depend on who else was running;
wall-clock rates do.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from benchmarks.machine import on_core

#: Below those that Linux and macOS hand out by themselves.
_PORTS: Final = (10_000, 32_000)
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_SETTLE_SECONDS: Final = 10.0
_GLANCE_SECONDS: Final = 0.15
_QUIET_SHARE: Final = 0.03
_LOG_MAX_BYTES: Final = 16 * 1024 * 1024
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class CannotStart(Exception):
    """A contender did not come up; the message holds the end of what it printed."""


class _Row(NamedTuple):
    pid: int
    parent: int
    cpu_seconds: float
    rss_bytes: int


class Server:
    """A process with all that it starts. Use it as a context manager."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        core: int | None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: tuple[int, int] | None = None,
    ) -> None:
        self.port = port
        # Closed by `stop`.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        # Appended to, so that it can be cut while it is written.
        fcntl.fcntl(self._log, fcntl.F_SETFL, os.O_APPEND)
        with on_core(core):
            # A session of its own: Ctrl-C is for us, and we stop it in our own order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=dict(os.environ if env is None else env),
                cwd=cwd,
                start_new_session=True,
                user=user[0] if user else None,
                group=user[1] if user else None,
                extra_groups=[] if user else None,
            )

    def __enter__(self) -> Self:
        try:
            self._wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise CannotStart(f"{self._process.args!r} does not listen:\n{self.printed()}")

    def printed(self) -> str:
        """The end of what the processes printed."""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 4000))
        return self._log.read().decode(errors="replace")

    def cpu_seconds(self) -> float:
        """CPU time of all its living processes so far."""
        return sum(row.cpu_seconds for row in self._rows())

    def cpu_of_each(self) -> dict[int, float]:
        """The same by process, for servers whose processes come and go."""
        return {row.pid: row.cpu_seconds for row in self._rows()}

    def settle(self) -> float:
        """Wait until it does next to nothing; its CPU time by then.

        Work that was put off (a journal to be consumed, say) belongs to the requests that caused
        it, and must not fall into the window of the next contender.
        """
        self._cut_log()
        before = self.cpu_seconds()
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_GLANCE_SECONDS)
            now = self.cpu_seconds()
            if now - before < _QUIET_SHARE * _GLANCE_SECONDS:
                return now
            before = now
        return before

    def _cut_log(self) -> None:
        """A line per request, millions of times, would fill the disk."""
        if os.fstat(self._log.fileno()).st_size > _LOG_MAX_BYTES:
            os.ftruncate(self._log.fileno(), 0)

    def rss_bytes(self) -> int:
        """Resident memory of all its processes; pages that they share count for each."""
        return sum(self.rss_of_each().values())

    def rss_of_each(self) -> dict[int, int]:
        """The same by process."""
        return {row.pid: row.rss_bytes for row in self._rows()}

    def _rows(self) -> list[_Row]:
        return _descendants(self._process.pid)

    def stop(self) -> None:
        """Ask, wait, insist. Afterwards none of its processes is left."""
        started = [row.pid for row in self._rows()]
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            for row in _table():
                # Orphans of a process that could not be waited for.
                if row.pid in started and row.pid != self._process.pid:
                    with suppress(ProcessLookupError):
                        os.kill(row.pid, signal.SIGKILL)
            self._log.close()


def _descendants(root: int) -> list[_Row]:
    children: dict[int, list[_Row]] = {}
    found: list[_Row] = []
    for row in _table():
        children.setdefault(row.parent, []).append(row)
        if row.pid == root:
            found.append(row)
    for row in found:
        found.extend(children.get(row.pid, ()))
    return found


def _table() -> list[_Row]:
    """Every process of the machine that can be looked at."""
    return _from_proc() if sys.platform == "linux" else _from_ps()


def _from_proc() -> list[_Row]:
    rows = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # Behind the name, which may hold anything, brackets too: proc_pid_stat(5).
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            cpu_seconds = _cpu_clock(int(entry.name))
        except OSError:
            # It ended while we looked.
            continue
        if fields[0] != "Z":
            row = _Row(int(entry.name), int(fields[1]), cpu_seconds, int(fields[21]) * _PAGE)
            rows.append(row)
    return rows


def _cpu_clock(pid: int) -> float:
    """What clock_getcpuclockid(3) leads to: nanoseconds, where `utime` counts in hundredths."""
    return time.clock_gettime((~pid << 3) | 2)


def _from_ps() -> list[_Row]:
    command = ("ps", "-A", "-o", "pid=,ppid=,rss=,time=")
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = []
    for line in lines:
        pid, parent, kilobytes, spent = line.split()
        rows.append(_Row(int(pid), int(parent), _seconds(spent), int(kilobytes) * 1024))
    return rows


def _seconds(spent: str) -> float:
    """`ps` writes [[days-]hours:]minutes:seconds.hundredths."""
    days, _, clock = spent.rpartition("-")
    total = 0.0
    for part in clock.split(":"):
        total = total * 60 + float(part)
    return total + 86_400 * int(days or 0)


def free_port() -> int:
    """A port without a listener, and that no outgoing connection is given meanwhile."""
    while True:
        port = random.randrange(*_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
