"""What a platform with a Procfile does: install the requirements, run its lines."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from tests.fixtures.processes import free_port

ROOT: Final = Path(__file__).parents[2]
_START_SECONDS: Final = 90.0
#: What is compiled already goes along, which the processes of a platform would each do anew.
_NOT_DEPLOYED: Final = shutil.ignore_patterns(".*", "data", "tests", "benchmarks", "*.egg-info")


def requirements() -> Path:
    """A virtual environment with requirements.txt and nothing else; kept while the file is."""
    wanted = ROOT / "requirements.txt"
    seed = wanted.read_bytes() + sys.version.encode()
    name = f"llm-proxy-platform-{os.getuid()}-{hashlib.sha256(seed).hexdigest()[:16]}"
    environment = Path(tempfile.gettempdir()) / name
    environment.mkdir(exist_ok=True)
    # Others run what is in it; somebody else's directory of this name is refused here.
    environment.chmod(0o755)
    with (environment / "lock").open("w") as lock:
        # Sessions of several people may want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (environment / "complete").exists():
            # With our own pip: to install one there takes four seconds of a core.
            pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", environment]
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
            subprocess.run([*pip, "install", "--quiet", "-r", wanted], check=True)
            (environment / "complete").touch()
    return environment


def procfile() -> dict[str, str]:
    """The lines, by their names."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


class Platform:
    """A checkout, its requirements, and the configuration that all processes share."""

    def __init__(self, directory: Path, configuration: Mapping[str, str]) -> None:
        self._directory = directory
        self._checkout = directory / "app"
        shutil.copytree(ROOT, self._checkout, ignore=_NOT_DEPLOYED)
        self._path = f"{requirements() / 'bin'}:/usr/bin:/bin"
        self._configuration = dict(configuration)
        self._started = 0

    def run(self, line: str, **environ: str) -> "Dyno":
        """Start what the Procfile has under this name; its disk is empty."""
        self._started += 1
        data = self._directory / f"disk-{self._started}"
        data.mkdir()
        environ = {"PATH": self._path, "DATA_DIR": str(data), **self._configuration, **environ}
        return Dyno(procfile()[line], self._checkout, environ, data.with_suffix(".log"))


class Dyno:
    """One process of the platform, with all that it started."""

    def __init__(self, command: str, cwd: Path, environ: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                # A shell that becomes the command, as on Heroku: the exit code is the server's.
                ["/bin/bash", "-c", command],
                cwd=cwd,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """All that it said."""
        return self._log.read_text(errors="replace")

    def wait(self) -> int:
        """Its exit code."""
        return self._process.wait(timeout=90)

    def stop(self) -> None:
        """SIGTERM to every process, as Heroku does."""
        os.killpg(self._process.pid, signal.SIGTERM)

    def tear_down(self) -> None:
        """Leave nothing running."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        sys.stderr.write(self.log)

    def wait_until_ready(self, port: int) -> None:
        """As a router does, before it sends requests."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            try:
                if httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)


__all__ = ["Dyno", "Platform", "free_port", "procfile"]
