"""Plays the README as it stands: a clean clone, an empty environment, each command and its output.

    make readme             on 127.0.0.1:8080, as it is written
    make readme ARGS='--port 18080'

It fails on a command that fails, on output that is not as written, on a page that does not answer,
and where the demo's first streamed answer comes later than a minute after the clone, or what was
installed takes more than 200 MB. OpenAI is the bundled fake upstream. Not part of `make test`: it
installs what serving needs anew.
"""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.readme.blocks import Command, commands
from tests.readme.terminal import Terminal

_ROOT: Final = Path(__file__).parents[2]
_MOST_SECONDS: Final = 60.0
_MOST_BYTES: Final = 200 * 1000 * 1000
_API_KEY: Final = "sk-of-somebody-who-plays-the-readme"
#: How this machine reaches packages, and where it keeps those it had: no part of the project.
_OF_THE_MACHINE: Final = re.compile(r"(?:PIP|UV|SSL|REQUESTS)_[A-Z_]+|(?i:https?|no)_proxy")
_SERVING: Final = ("make run", "make demo")
#: Played by everybody who changes something; here it is only looked whether there is such a target.
_TOO_LONG: Final = ("make test",)


class NotAsWritten(Exception):
    """The README says something else than what happens."""


class Player:
    """Somebody with a shell in `clone`."""

    def __init__(self, clone: Path, home: Path, port: int) -> None:
        self._clone = clone
        self._home = home
        self._port = port
        self._began = time.monotonic()
        self._variables = home / "variables"
        self._variables.touch()
        self._server: tuple[Command, Terminal] | None = None
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TERM": "xterm",
            "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
            "UV_CACHE_DIR": str(Path.home() / ".cache" / "uv"),
            **{name: it for name, it in os.environ.items() if _OF_THE_MACHINE.fullmatch(name)},
        }

    def play(self, page: str) -> None:
        """All of it, in its order. Raises NotAsWritten."""
        for one in commands(page.replace("127.0.0.1:8080", f"127.0.0.1:{self._port}")):
            if isinstance(one, str):
                self._program(one)
            elif one.line.partition("#")[0].strip() in _SERVING:
                self._serve(one)
            else:
                self._type(one)
        for url in dict.fromkeys(re.findall(r"`(http://127\.0\.0\.1:8080/[^`]*)`", page)):
            self._visit(url.replace(":8080", f":{self._port}"))
        self.stop()

    def stop(self) -> None:
        """Ctrl-C, where something serves. Raises NotAsWritten where it ends badly."""
        if self._server is None:
            return
        command, terminal = self._server
        self._server = None
        terminal.interrupt()
        # The server exits 0; make, which had the signal too, by it.
        if (code := terminal.wait()) not in (0, -signal.SIGINT, 128 + signal.SIGINT):
            raise NotAsWritten(f"{command.line}: exit code {code} after Ctrl-C\n{terminal.text}")

    def kill(self) -> None:
        """Leave nothing running."""
        if self._server is not None:
            self._server[1].kill()

    def _serve(self, command: Command) -> None:
        self.stop()
        _say(f"$ {command.line}")
        # The port is the page's, unless another one was asked for.
        with (self._clone / ".env").open("a") as settings:
            settings.write(f"PORT={self._port}\n")
        terminal = Terminal(["/bin/bash", "-c", command.line], self._clone, self._environ)
        self._server = (command, terminal)
        if not terminal.read_until(command.expected(whole=False)):
            raise NotAsWritten(_difference(command, terminal.text))
        if (tried := re.search(r"^curl .*$", terminal.text, re.MULTILINE)) is not None:
            self._first_answer(tried[0])

    def _first_answer(self, line: str) -> None:
        process = subprocess.Popen(
            ["/bin/bash", "-c", f"{line} --silent"],
            stdout=subprocess.PIPE, cwd=self._clone, env=self._environ,
        )  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline()
        seconds = time.monotonic() - self._began
        rest = process.stdout.read()
        process.wait()
        if not first.startswith(b"data: ") or not rest.endswith(b"data: [DONE]\n\n"):
            raise NotAsWritten(f"The demo's request is not answered: {first + rest!r}")
        taken = sum(
            path.lstat().st_size for path in (self._clone / ".venv").rglob("*") if path.is_file()
        )
        _say(f"  {seconds:.1f} s from the clone to the first streamed answer")
        _say(f"  {taken / 1e6:.0f} MB installed")
        if seconds > _MOST_SECONDS or taken > _MOST_BYTES:
            raise NotAsWritten(f"More than {_MOST_SECONDS:.0f} s or {_MOST_BYTES / 1e6:.0f} MB.")

    def _type(self, command: Command) -> None:
        line = command.line.replace("sk-…", _API_KEY)
        if line.partition("#")[0].strip() in _TOO_LONG:
            line = line.replace("make ", "make --dry-run ", 1)
        _say(f"$ {line}")
        # What one line exports, the next one has.
        script = f"set -a; . {self._variables}; set +a\n{line}\ncode=$?\n"
        script += f"export -p | grep -E ' (LLM_PROXY|OPENAI)_' > {self._variables}; exit $code"
        terminal = Terminal(["/bin/bash", "-c", script], self._clone, self._environ)
        terminal.answer("API key: ", _API_KEY)
        code = terminal.wait()
        if code != 0:
            raise NotAsWritten(f"{line}: exit code {code}\n{terminal.text}")
        if command.output and not command.expected(whole=True).match(terminal.text):
            raise NotAsWritten(_difference(command, terminal.text))
        if line.startswith("curl ") and '"choices"' not in terminal.text:
            raise NotAsWritten(f"{line}: not an answer\n{terminal.text}")

    def _program(self, text: str) -> None:
        _say("a Python program")
        token = (self._clone / "data" / "default-token").read_text().strip()
        # Its libraries are the reader's own; ours have them for the tests.
        done = subprocess.run(
            [sys.executable, "-I", "-c", text.replace("llmp_…", token)],
            cwd=self._home, env=self._environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0 or not done.stdout.strip():
            raise NotAsWritten(f"{text}\n{done.stdout}{done.stderr}")

    def _visit(self, url: str) -> None:
        _say(f"a look at {url}")
        with urllib.request.urlopen(url, timeout=30) as answer:
            if answer.status != 200:
                raise NotAsWritten(f"{url}: {answer.status}")


@contextmanager
def _upstream(clone: Path) -> Iterator[str]:
    """OpenAI's place is taken by the clone's own fake upstream, run by us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fake_upstream", "--port", "0"],
        cwd=clone, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rpartition(" ")[2]
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Play it; the exit code."""
    parser = argparse.ArgumentParser(prog="make readme", description="Play the README.")
    parser.add_argument("--port", type=int, default=8080, help="another one than it says")
    port = parser.parse_args().port
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.stderr.write(f"Something listens on 127.0.0.1:{port}: use ARGS='--port N'.\n")
            return 2
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-proxy-")))
        clone, home = directory / "llm-proxy", directory / "home"
        home.mkdir()
        url = stack.enter_context(_upstream(_ROOT))
        player = Player(clone, home, port)
        subprocess.run(["git", "clone", "--quiet", _ROOT, clone], check=True)
        (clone / ".env").write_text(f"OPENAI_BASE_URL={url}\n")
        try:
            player.play((clone / "README.md").read_text(encoding="utf-8"))
        except NotAsWritten as exc:
            sys.stderr.write(f"\nNot as written. {exc}\n")
            return 1
        finally:
            player.kill()
    _say("The README is as it says.")
    return 0


def _difference(command: Command, text: str) -> str:
    written = "\n".join(command.output)
    return f"{command.line}\n--- written\n{written}\n--- seen\n{text}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
