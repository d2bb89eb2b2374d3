"""A few of the random runs of `budget_runs`; a thousand are run by hand."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from config import Database
from tests.fixtures.database import database_url

ROOT: Final = Path(__file__).parents[3]
RUNS: Final = 2


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_killed_workers_charge_each_request_once_and_overspend_nothing(
    engine: str, request: pytest.FixtureRequest
) -> None:
    """While an amount changes, and a budget is added."""
    given = ["--runs", str(RUNS)]
    if engine == "postgres":
        empty: Database = request.getfixturevalue("empty_postgres_database")
        given += ["--postgres", database_url(empty)]
    command = [sys.executable, "-m", "tests.proxy.limits.budget_runs", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.count(": right\n") == RUNS, done.stderr
    assert done.returncode == 0
