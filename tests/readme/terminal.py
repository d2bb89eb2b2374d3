"""A program in a terminal: what it shows, what is typed, how it ends."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Final

_ROWS_AND_COLUMNS: Final = (50, 250)
_SECONDS: Final = 300.0
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Terminal:
    """A terminal that is wide enough for every line, and what was seen in it so far."""

    def __init__(self, command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *_ROWS_AND_COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command, cwd=cwd, env=dict(environ), stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )  # fmt: skip
        os.close(theirs)
        self._seen = b""
        self._answers: dict[str, str] = {}

    @property
    def text(self) -> str:
        """What was seen, without colours."""
        return _COLOURS.sub("", self._seen.decode(errors="replace")).replace("\r", "")

    def answer(self, question: str, answer: str) -> None:
        """Type this when that is asked."""
        self._answers[question] = answer

    def read_until(self, wanted: re.Pattern[str]) -> bool:
        """Whether it was seen before the program ended, or within five minutes."""
        deadline = time.monotonic() + _SECONDS
        while not wanted.match(self.text):
            if time.monotonic() > deadline or not self._read(deadline):
                return wanted.match(self.text) is not None
        return True

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.write(self._ours, b"\x03")

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        deadline = time.monotonic() + _SECONDS
        while self._read(deadline):
            if time.monotonic() > deadline:
                self.kill()
        code = self._process.wait()
        os.close(self._ours)
        return code

    def kill(self) -> None:
        """End it, with all that it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self, deadline: float) -> bool:
        """Take in what is there; False once the program has closed the terminal."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return True
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:
            # How Linux says that nobody has the other end any more.
            return False
        self._seen += piece
        for question in [one for one in self._answers if self.text.endswith(one)]:
            os.write(self._ours, self._answers.pop(question).encode() + b"\n")
        return bool(piece)
