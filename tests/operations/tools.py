"""Programs of Debian's that tests check against: found in the system, or fetched for the tests."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import pytest

_INSTALL: Final = Path(__file__).with_name("install.sh")
_FETCHED: Final = Path(tempfile.gettempdir()) / f"llm-proxy-test-tools-{os.getuid()}"
_PACKAGE: Final = {
    "nginx": "nginx",
    "pgbouncer": "pgbouncer",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "initdb": "postgresql",
    "postgres": "postgresql",
    "psql": "postgresql",
    "systemd-analyze": "systemd",
}
_FETCH_SECONDS: Final = 300


@cache
def tool(name: str) -> str:
    """The path of a program.

    Where it can neither be found nor fetched, the test is skipped, and fails under CI=true.
    """
    if (found := _find(name, Path("/"))) is not None:
        return found
    _FETCHED.mkdir(exist_ok=True)
    with (_FETCHED / "lock").open("w") as lock:
        # Test processes that run at once share the place: none may take half of a package for one,
        # or another's downloads away.
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetched = subprocess.run(
            [_INSTALL, _FETCHED, _PACKAGE[name]],
            capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS,
        )  # fmt: skip
    if (found := _find(name, _FETCHED)) is not None:
        return found
    reason = f"{name} of the package {_PACKAGE[name]} cannot be had here: {fetched.stderr.strip()}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _find(name: str, root: Path) -> str | None:
    places = os.get_exec_path() if root == Path("/") else []
    places += [str(root / "usr/bin"), str(root / "usr/sbin")]
    places += map(str, sorted(root.glob("usr/lib/postgresql/*/bin"), reverse=True))
    return shutil.which(name, path=os.pathsep.join(places))


def environment() -> dict[str, str]:
    """What a fetched program needs beside the tests' own environment: its libraries, its units."""
    places = ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/*-linux-gnu*/systemd")
    libraries = [str(path) for place in places for path in _FETCHED.glob(place)]
    return os.environ | {
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        # The empty place at the end stands for the system's own.
        "SYSTEMD_UNIT_PATH": f"{_FETCHED / 'lib/systemd/system'}:",
    }
