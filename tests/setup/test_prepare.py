"""What a start asks of files before it makes them."""

import os
from pathlib import Path

import pytest

from setup.prepare import cannot_be_made


def test_what_is_below_a_directory_of_ours_can_be_made(tmp_path: Path) -> None:
    assert cannot_be_made(tmp_path / "new" / "newer" / "x.db") is None


def test_what_is_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert cannot_be_made(tmp_path / "file" / "x.db") == f"{tmp_path / 'file'} is not a directory"


def test_what_is_below_another_s_directory_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root, as whom the tests may run, may write everywhere.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert cannot_be_made(tmp_path / "x.db") == f"{tmp_path} is not ours to write"
