"""Numbers of what was given anew, which all workers of a machine see."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from proxy.cache.renewals import Renewals
from tests.proxy.cache.made import key


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Renewals, Renewals]]:
    with (
        closing(Renewals(tmp_path / "renewals")) as one,
        closing(Renewals(tmp_path / "renewals")) as other,
    ):
        yield one, other


def test_what_one_worker_tells_another_sees_at_once(both: tuple[Renewals, Renewals]) -> None:
    one, other = both
    before = other.of(key(1)), other.of(key(2**248))
    one.tell(key(2**248))
    assert other.of(key(1)) == before[0]
    assert other.of(key(2**248)) != before[1]
    assert other.of(key(2**248)) == one.of(key(2**248))


def test_a_full_disk_kills_no_worker(
    both: tuple[Renewals, Renewals], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = both

    def is_full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwrite", is_full)
    one.tell(key(1))
    # Where it were written to by its map, the kernel would end the process.
    assert one._view.readonly
