"""The release before this one, as the database sees it: the last commit with an older schema."""

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

from migrations import schema

_ROOT: Final = Path(__file__).parents[2]


def previous(dialect: str) -> str:
    """The last commit before the newest migration of `dialect`.

    Skips where there is no such commit: in a shallow clone, or in a tree without history.
    """
    newest = max(
        (schema.LOCATION / dialect).glob("[0-9]*_*.py"),
        key=lambda path: int(path.name.partition("_")[0]),
    )
    path = newest.relative_to(_ROOT).as_posix()
    if _git("rev-parse", "--is-inside-work-tree") is None:
        pytest.skip("the release before this one is in git's history, and there is none here")
    added = _git("log", "-1", "--diff-filter=A", "--no-renames", "--format=%H", "--", path)
    # A migration that is not committed yet is newer than all that is.
    commit = f"{added.decode().strip()}^" if added else "HEAD"
    if _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") is None:
        pytest.skip(f"the commit before {path} is not here: a shallow clone, or the first one")
    return commit


def export(commit: str, directory: Path) -> None:
    """Put what a commit holds into `directory`."""
    archive = _git("archive", "--format=tar", commit)
    assert archive is not None
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(directory, filter="data")


def _git(*arguments: str) -> bytes | None:
    """What git says. None: it failed, or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
