"""The command line in a directory of its own, on a database of its own."""

from functools import cache
from pathlib import Path

import pytest

from cli import command_table
from config import Database
from tests.cli.running import CommandLine
from tests.fixtures.database import database_url

# Typer makes a noun's verbs out of functions, a fifth of a command; a process runs one in life.
command_table.load_command = cache(command_table.load_command)


@pytest.fixture
def fresh(tmp_path: Path) -> CommandLine:
    """As in a fresh clone: nothing configured, nothing there."""
    return CommandLine(tmp_path, {})


@pytest.fixture
def cli(database: Database, tmp_path: Path) -> CommandLine:
    """On a migrated database; runs once on each backend."""
    return configured(database, tmp_path)


@pytest.fixture
def cli_on_sqlite(sqlite_database: Database, tmp_path: Path) -> CommandLine:
    """On a migrated SQLite database, where the backend does not matter."""
    return configured(sqlite_database, tmp_path)


@pytest.fixture
def cli_on_empty_postgres(empty_postgres_database: Database, tmp_path: Path) -> CommandLine:
    """On a PostgreSQL database with nothing in it."""
    return configured(empty_postgres_database, tmp_path)


def configured(database: Database, directory: Path) -> CommandLine:
    return CommandLine(
        directory,
        {
            "DATABASE_URL": database_url(database),
            "ENCRYPTION_KEY": "A" * 43,
            "MANAGEMENT_TOKEN": "m" * 32,
            "ADMIN_PASSWORD": "p" * 16,
        },
    )
