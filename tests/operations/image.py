"""The Dockerfile's steps by hand, for want of a container engine: what it copies, what it runs, and
as whom. Of the base image, only what it shares with any Debian is here: this system's own /usr.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.operations.platform import ROOT, requirements

#: Mounts what follows as SOURCE:TARGET:ro|rw, makes the root read-only and goes there for good.
_ENTER: Final = """
root=$1; shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    source=${1%%:*}; rest=${1#*:}; target=$root${rest%%:*}
    mount --bind "$source" "$target"
    [ "${rest#*:}" = rw ] || mount -o remount,bind,ro "$target"
    shift
done
shift
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
"""
_OF_THE_SYSTEM: Final = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/sbin", "/usr")


class Instruction(NamedTuple):
    """One of the Dockerfile, continued lines joined."""

    name: str
    value: str


def instructions() -> Iterator[Instruction]:
    """All of them, of all stages, in order."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text())
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, value = line.partition(" ")
            yield Instruction(name, value.strip())


class Image:
    """The last stage: its settings, and its files in `directory`."""

    def __init__(self, directory: Path) -> None:
        found = list(instructions())
        last = max(n for n, one in enumerate(found) if one.name == "FROM")
        self._last: Final = found[last:]
        self.environ = dict(
            pair.split("=", 1) for value in self._values("ENV") for pair in value.split()
        )
        self.environ["PATH"] = self.environ["PATH"].replace("$PATH", "/usr/bin:/bin")
        self._command = [*json.loads(self._value("ENTRYPOINT")), *json.loads(self._value("CMD"))]
        self._check = json.loads(self._value("HEALTHCHECK").partition(" CMD ")[2])
        self._root = directory / "root"
        self._sources = {"/opt/venv": requirements(), sys.base_prefix: Path(sys.base_prefix)}
        self._sources |= {name: Path(name) for name in _OF_THE_SYSTEM if Path(name).is_dir()}
        self.data = directory / "data"
        self.data.mkdir(mode=0o700)
        for target in (*self._sources, "/data", "/proc", "/tmp"):
            (self._root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
        self.project = self._root / self._value("WORKDIR").lstrip("/")
        copy_context(self.project)

    @property
    def user(self) -> int:
        """By number."""
        return int(self._value("USER"))

    def serve(self, log: Path, **environ: str) -> "subprocess.Popen[bytes]":
        """The entry point, with the command that is there when none is given."""
        with log.open("wb") as output:
            return subprocess.Popen(
                self._inside(self._command, environ), stdout=output, stderr=output
            )

    def is_healthy(self, **environ: str) -> bool:
        """What the health check says."""
        return subprocess.run(self._inside(self._check, environ), check=False).returncode == 0

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Something else, in the same place and as the same user."""
        return subprocess.run(
            self._inside(command, {}), capture_output=True, text=True, check=False
        )

    def _inside(self, command: "list[str] | tuple[str, ...]", environ: dict[str, str]) -> list[str]:
        mounts = [f"{source}:{target}:ro" for target, source in self._sources.items()]
        user = str(self.user)
        return [
            "unshare", "--mount", "--propagation=private", "/bin/sh", "-eu", "-c", _ENTER, "enter",
            str(self._root), *mounts, f"{self.data}:/data:rw", "--",
            "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all", "--bounding-set=-all",
            "env", "-i", f"--chdir={self._value('WORKDIR')}", "HOME=/nonexistent",
            *(f"{name}={value}" for name, value in (self.environ | environ).items()),
            *command,
        ]  # fmt: skip

    def _values(self, name: str) -> list[str]:
        return [one.value for one in self._last if one.name == name]

    def _value(self, name: str) -> str:
        (value,) = self._values(name)
        return value


def copy_context(target: Path) -> None:
    """What `COPY .` takes: everything that .dockerignore names with a `!`."""
    first, *rest = (ROOT / ".dockerignore").read_text().split()
    wanted = [line.removeprefix("!") for line in rest if line.startswith("!")]
    unwanted = [line.removeprefix("**/") for line in rest if line.startswith("**/")]
    assert first == "*"
    assert len(rest) == len(wanted) + len(unwanted)
    target.mkdir(parents=True)
    for name in wanted:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*unwanted))
        else:
            shutil.copy2(ROOT / name, target / name)
