"""The wheel: everything is in it, and it starts where nothing of the tree is."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx
import pytest

from config import VERSION
from tests.fixtures.processes import bare_environment, free_port

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS: Final = [
    name.removesuffix("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
]
_IGNORED: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


def files_of(directory: Path) -> set[Path]:
    """What the rooms below `directory` hold, without what Python compiled."""
    found = {
        path.relative_to(directory)
        for room in ROOMS
        for path in (directory / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    return found | {Path("app.py")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the project was installed, through a wheel that was built from a copy of it."""
    source = tmp_path_factory.mktemp("source")
    target = tmp_path_factory.mktemp("installed")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=_IGNORED)
    for name in ("app.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    # As a test run leaves it, which is not to be carried along.
    (source / "admin" / "__pycache__").mkdir()
    (source / "admin" / "__pycache__" / "stale.cpython-311.pyc").touch()
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
            "--no-build-isolation", "--no-compile", f"--target={target}", str(source),
        ],
        check=True, capture_output=True, env=bare_environment(),
    )  # fmt: skip
    return target


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """An empty directory."""
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    return directory


def test_every_file_of_the_tree_is_in_it_and_nothing_else(installed: Path) -> None:
    assert files_of(installed) == files_of(ROOT)
    top = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    # What ran from there before, in another order of these tests, was compiled.
    assert top - {"__pycache__"} == {*ROOMS, "app.py", "bin"}


def test_the_readme_names_what_it_claims() -> None:
    (said,) = re.findall(
        r"claims the top-level names\n(.*?)\.\n", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert set(re.findall(r"`(\w+)`", said)) == {*ROOMS, "app"}


@pytest.fixture
def environment(installed: Path) -> dict[str, str]:
    """The wheel and the dependencies of the tests' environment, whose `.pth` files, that of the
    project installed in place among them, are not read from a path like this."""
    (packages,) = [path for path in sys.path if path.endswith("site-packages")][:1]
    path = os.pathsep.join((str(installed), packages))
    return {**bare_environment(), "PYTHONPATH": path, "PORT": str(free_port())}


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Until `/ready` says so; pytest shows what the process wrote where it ends before."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(params=["module", "command"])
def served(
    request: pytest.FixtureRequest, installed: Path, environment: dict[str, str], elsewhere: Path
) -> Iterator[str]:
    """`serve` from an empty directory; the installed command also where an `app.py` lies."""
    words = ["-m", "cli"]
    if request.param == "command":
        words = [str(installed / "bin" / "llm-proxy")]
        for name in ("app.py", "config.py"):
            (elsewhere / name).write_text("raise SystemExit('somebody else’s')\n")
    process = subprocess.Popen(
        # Not the virtual environment's: it would find the tree.
        [sys._base_executable, *words, "serve"],  # type: ignore[attr-defined]
        cwd=elsewhere, env=environment,
    )  # fmt: skip
    url = f"http://127.0.0.1:{environment['PORT']}"
    try:
        wait_until_ready(process, url)
        yield url
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_it_serves_from_elsewhere(served: str, elsewhere: Path) -> None:
    with httpx.Client(base_url=served) as http:
        assert http.get("/health").json() == {"status": "ok", "version": VERSION}
        page = http.get("/admin/login")
        assert page.status_code == 200
        assets = re.findall(r'(?:href|src)="(/admin/static/[^"]+)"', page.text)
        assert {Path(asset.partition("?")[0]).suffix for asset in assets} >= {".css", ".js"}
        for asset in assets:
            assert http.get(asset).status_code == 200, asset
        assert http.get("/manage/docs").status_code == 200
    assert (elsewhere / "data" / "llm-proxy.db").is_file()
