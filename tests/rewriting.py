"""Assertions of a whole run's files, rewritten once, by all its processes together.

pytest rewrites what it imports, so that a failure shows its values, and keeps that beside the file,
unless Python is told to keep nothing. Processes that begin together, each with the same file, would
each rewrite all of them, for half of what collecting takes.
"""

from pathlib import Path
from typing import Final

import pytest
from _pytest.assertion import rewrite

_TESTS: Final = Path(__file__).parent


def pytest_sessionstart(session: pytest.Session) -> None:
    """Rewrite this process's share, before all of them collect everything."""
    config = session.config
    process: dict[str, object] | None = getattr(config, "workerinput", None)
    everything = [Path(argument).resolve() for argument in config.args] == [_TESTS]
    state = config.stash.get(rewrite.assertstate_key, None)
    if process is None or state is None or not everything:
        return
    number, count = int(str(process["workerid"])[2:]), int(str(process["workercount"]))
    for file in sorted(_TESTS.rglob("test_*.py"))[number::count]:
        kept = rewrite.get_cache_dir(file) / f"{file.stem}{rewrite.PYC_TAIL}"
        if rewrite._read_pyc(file, kept) is None and rewrite.try_makedirs(kept.parent):
            source, code = rewrite._rewrite_test(file, config)
            rewrite._write_pyc(state, code, source, kept)
