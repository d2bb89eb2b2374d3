"""What is asked for at a terminal, on a real one."""

import contextlib
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from models import UpstreamKey
from tests.cli.running import API_KEY, CommandLine
from tests.fixtures.commands import start_at_terminal
from tests.fixtures.forked import Forked


@dataclass
class Terminal:
    """A command at a terminal of its own."""

    process: "Forked | subprocess.Popen[bytes]"
    master: int
    _read: bytearray = field(default_factory=bytearray)

    @property
    def seen(self) -> str:
        """What was on the screen so far; a character may have come in part."""
        return self._read.decode(errors="replace")

    def read_until(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        deadline = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            try:
                self._read += os.read(self.master, 4096)
            except OSError:
                # The other end has been closed: nothing more will come.
                break
        assert text in self.seen

    def type(self, text: str) -> None:
        """As a person would."""
        os.write(self.master, text.encode())

    def end(self) -> int:
        """The exit code, with the screen read to its end."""
        with contextlib.suppress(OSError):
            while chunk := os.read(self.master, 4096):
                self._read += chunk
        return self.process.wait(60)


def at_terminal(
    cli: CommandLine, *words: str, is_forked: bool = True
) -> contextlib.AbstractContextManager[Terminal]:
    """Run a command with a terminal for its input, output and errors."""
    return python_at_terminal(cli, "-m", "cli", *words, is_forked=is_forked)


@contextlib.contextmanager
def python_at_terminal(cli: CommandLine, *words: str, is_forked: bool = True) -> Iterator[Terminal]:
    """Run Python with a terminal for its input, output and errors."""
    master, slave = pty.openpty()
    environ = cli.environment(TERM="xterm")
    process = start_at_terminal(
        *words, cwd=cli.directory, environ=environ, terminal=slave, is_forked=is_forked
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_api_key_is_typed_unseen(cli_on_sqlite: CommandLine) -> None:
    with at_terminal(cli_on_sqlite, "project", "create", "--name", "docs") as terminal:
        terminal.read_until("API key: ")
        terminal.type(f"{API_KEY}\n")
        assert terminal.end() == 0
        assert API_KEY not in terminal.seen
    assert cli_on_sqlite.on_database(lambda: UpstreamKey.all().count()) == 1


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("no\n", 1)])
def test_the_destructive_is_asked_about(cli_on_sqlite: CommandLine, answer: str, code: int) -> None:
    cli_on_sqlite.project()
    with at_terminal(cli_on_sqlite, "project", "delete", "docs") as terminal:
        terminal.read_until("[y/N] ")
        terminal.type(answer)
        assert terminal.end() == code
    assert cli_on_sqlite("project", "show", "docs").code == 1 - code


def test_ctrl_c_at_a_question_exits_130_quietly(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    words = ("project", "delete", "docs")
    with at_terminal(cli_on_sqlite, *words, is_forked=False) as terminal:
        terminal.read_until("[y/N] ")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.seen
    assert cli_on_sqlite("project", "show", "docs").code == 0


# Ctrl-C just before the question, and just as it is on the screen.
INTERRUPTED = """
import asyncio, io, signal, sys
from cli import prompts

class Screen(io.StringIO):
    def flush(self):
        signal.raise_signal(signal.SIGINT)

async def ask():
    if sys.argv[1] == "before":
        signal.raise_signal(signal.SIGINT)
    else:
        sys.stderr = Screen()
    prompts.confirm("Really?", yes=False)

try:
    asyncio.run(ask())
except KeyboardInterrupt:
    sys.stderr = sys.__stderr__
    print("interrupted")
"""


@pytest.fixture
def sigint_ignored() -> Iterator[None]:
    """As in a suite that runs under `nohup`."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.usefixtures("sigint_ignored")
@pytest.mark.parametrize("moment", ["before", "as shown"])
def test_ctrl_c_is_heard_at_any_moment(cli_on_sqlite: CommandLine, moment: str) -> None:
    with python_at_terminal(cli_on_sqlite, "-c", INTERRUPTED, moment) as terminal:
        assert terminal.end() == 0
        assert "interrupted" in terminal.seen


def test_passwords_that_differ_change_nothing(cli_on_sqlite: CommandLine) -> None:
    with at_terminal(cli_on_sqlite, "admin", "create", "--username", "alice") as terminal:
        terminal.read_until("Password: ")
        terminal.type("correct horse battery\n")
        terminal.read_until("again: ")
        terminal.type("wrong horse battery\n")
        assert terminal.end() == 1
    assert cli_on_sqlite("admin", "list", "--json").json["data"] == []


def test_generated_secrets_are_shown_once_on_a_terminal(fresh: CommandLine) -> None:
    words = ("project", "create", "--name", "docs", "--api-key", API_KEY)
    with at_terminal(fresh, *words) as terminal:
        assert terminal.end() == 0
        key = (fresh.directory / "data" / "encryption-key").read_text().strip()
        assert f"ENCRYPTION_KEY={key}" in terminal.seen
    with at_terminal(fresh, "key", "add", "--project", "docs", "--api-key", API_KEY) as again:
        assert again.end() == 0
        assert key not in again.seen
