"""Who is alive on this machine, also at the moments in which it is hard to tell."""

import os
import threading
from pathlib import Path

import pytest

from proxy.limits.worker_locks import WorkerLocks


def test_who_just_begins_is_not_taken_for_dead(tmp_path: Path) -> None:
    """Between its creation and its lock a file looks like that of a dead worker."""
    beginning, looking = WorkerLocks(tmp_path, "beginning"), WorkerLocks(tmp_path, "looking")
    found: list[str] = []
    with beginning.register():
        (tmp_path / "created").touch()
        look = threading.Thread(target=lambda: found.extend(looking.stale()))
        look.start()
        look.join(0.05)
        assert look.is_alive()
        (tmp_path / "created").unlink()
    look.join()
    assert found == []
    beginning.unregister()


def test_who_could_not_begin_leaves_nothing(tmp_path: Path) -> None:
    worker, other = WorkerLocks(tmp_path, "worker"), WorkerLocks(tmp_path, "other")
    with pytest.raises(ValueError, match="on purpose"), worker.register():
        raise ValueError("on purpose")
    assert not other.is_alive("worker")
    assert list(tmp_path.iterdir()) == []


def test_in_doubt_a_worker_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of file descriptors, say: the slots of the living must not be given away."""
    (tmp_path / "dead").touch()

    def too_many(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", too_many)
        assert WorkerLocks(tmp_path, "other").is_alive("dead")
    assert not WorkerLocks(tmp_path, "other").is_alive("dead")


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_looking_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "dead").touch()
    locks = WorkerLocks(tmp_path, "other")
    before = open_descriptors()
    for _ in range(3):
        assert not locks.is_alive("dead")
        assert locks.stale() == ["dead"]
    assert open_descriptors() == before
