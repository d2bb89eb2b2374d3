"""What is installed for what: serving needs a fifth of what the tests do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.processes import bare_environment

ROOT = Path(__file__).parents[2]
#: Whatever says, or does, how the service is deployed.
RECIPES = [
    ROOT / "Dockerfile",
    ROOT / "Procfile",
    ROOT / "app.json",
    ROOT / "railway.json",
    ROOT / "render.yaml",
    ROOT / "docs" / "deployment.md",
    *(path for path in (ROOT / "deploy").rglob("*") if path.is_file()),
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What make looks at, in a directory where nothing is installed."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def would_do(clone: Path, target: str) -> str:
    """What make would do, which it is not let do."""
    done = subprocess.run(
        ["make", "--dry-run", target],
        cwd=clone,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("target", ["run", "demo", "runtime"])
def test_what_serves_installs_only_what_serving_needs_and_says_so(clone: Path, target: str) -> None:
    done = would_do(clone, target)
    assert "Installing what serving needs into .venv, about a minute" in done
    assert re.search(r"install\.sh .* requirements\.txt$", done, re.MULTILINE)
    assert "requirements-dev" not in done


@pytest.mark.parametrize("target", ["install", "test", "check", "bench"])
def test_what_develops_installs_everything(clone: Path, target: str) -> None:
    done = would_do(clone, target)
    assert re.search(r"install\.sh .* requirements-dev\.txt$", done, re.MULTILINE)


def test_nothing_is_installed_twice(clone: Path) -> None:
    (clone / ".venv").mkdir()
    for stamp in (".serves", ".installed"):
        (clone / ".venv" / stamp).touch()
    assert "install.sh" not in would_do(clone, "run") + would_do(clone, "check")


def test_a_locked_package_of_the_runtime_is_the_same_one_in_development() -> None:
    """So that a clone that serves and then tests installs nothing anew."""
    wanted, beside = (
        set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert wanted <= beside


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.name))
def test_no_deployment_installs_development_tools(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"make (install|test|check|bench)\b|requirements-dev", text)
