"""What a profile by py-spy says of a worker, by the innermost function of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import shares
from benchmarks.contenders import ROOT

_LOOP = "main (server/process/worker_main.py:25);run (uvloop/__init__.py:38)"


def test_a_sample_counts_for_the_innermost_function_of_ours() -> None:
    assert shares.shares(
        (
            f"{_LOOP};handle (proxy/handler.py:99);update (proxy/usage/accumulator.py:9) 3\n",
            f"{_LOOP};append (/srv/proxy/journal/writer.py:9);dump (/x/site-packages/a/b.py:1) 2\n",
            f"{_LOOP} 4\n",
        )
    ) == {"usage": 3, "journal": 2, shares.OTHERS: 4}


def test_threads_that_wait_take_no_time() -> None:
    assert not shares.shares(
        (
            "_bootstrap (threading.py:1002);_worker (concurrent/futures/thread.py:81) 900",
            "run (threading.py:982);_connection_worker_thread (aiosqlite/core.py:48) 900",
            "_run (proxy/limits/sqlite_checkpoint.py:50);wait (threading.py:629) 900",
        )
    )


@pytest.mark.parametrize("beginning", [beginning for beginning, _ in shares.ROOMS])
def test_every_room_is_there(beginning: str) -> None:
    assert list(ROOT.glob(f"{beginning}*"))


def test_the_table_has_the_largest_part_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "profile.txt"
    profile.write_text(
        f"{_LOOP};f (proxy/limits/sqlite.py:1) 1\n{_LOOP};g (telemetry/metrics.py:2) 3\n",
        encoding="utf-8",
    )
    shares.main(profile)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == ["| metrics and log lines | 75% |", "| limits | 25% |"]
