"""`llm-proxy backup` and `llm-proxy restore`: SQLite as one file, and back."""

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Annotated

import typer
from tortoise.exceptions import OperationalError

from cli import output
from cli.command_table import examples, verb
from cli.errors import CommandError, WrongUsage
from cli.options import Yes
from cli.prompts import confirm
from cli.session import actor, load
from config import Database, Settings
from config.generated import read_generated
from migrations import schema
from models import audit
from models.audit import Changes
from models.crypto import KeyRing
from models.db import backup as backups
from models.db import database
from models.errors import ModelError
from proxy.limits.backup_table import LimitsInBackup
from proxy.limits.engines import limit_records
from proxy.limits.store import LimitsUnavailable
from telemetry import logs

app = verb()
restoring = verb()

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", dir_okay=False)]
Overwrite = Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")]


@app.command(epilog=examples("llm-proxy backup /backups/llm-proxy-$(date +%F).db"))
def backup(file: File, force: Overwrite = False) -> None:
    """Write the database into FILE, while servers go on (SQLite).

    With it: projects, tokens, users, usage, the request log, the audit, and
    what is used of limits. Not with it: the encryption key, without which the
    API keys in it cannot be read (keep it elsewhere), and entries
    that are still in DATA_DIR/journal.
    """
    settings = _settings('pg_dump --format=custom --file=FILE "$DATABASE_URL"')
    if file.exists() and not force:
        raise CommandError(f"{file} exists already. Use --force to replace it.")
    source = settings.database.path
    if not source.exists():
        raise CommandError(f"There is no database at {source}.")
    try:
        size = backups.write(source, LimitsInBackup(limit_records(settings)), file)
    except (sqlite3.DatabaseError, backups.UnusableBackup, LimitsUnavailable, OSError) as exc:
        raise CommandError(f"No backup was made: {exc}") from exc
    try:
        shown = {"file": (None, str(file)), "bytes": (None, size)}
        _record(settings.database, "database.backup", shown)
    except (ModelError, OperationalError) as exc:
        raise CommandError(
            f"{file} is complete, but its line in the audit could not be written: {exc}"
        ) from exc
    output.result(str(file))
    output.say(f"{size} bytes. Not in it: ENCRYPTION_KEY{_where_the_key_is(settings)}.")


@restoring.command(epilog=examples("llm-proxy restore /backups/llm-proxy-2027-01-31.db --yes"))
def restore(file: File, yes: Yes = False) -> None:
    """Put what backup wrote in the place of the database (SQLite).

    No server may be running on it. The database that was there is kept beside
    it, under another name. A backup of an older release is migrated at the next start.
    """
    settings = _settings('pg_restore --clean --if-exists --dbname="$DATABASE_URL" FILE')
    target = settings.database.path
    if not file.exists():
        raise CommandError(f"There is no {file}.")
    try:
        with backups.unpacked(file, target) as draft:
            _check_schema(draft)
            confirm(f"Replace {target} by {file}?", yes=yes)
            needed = backups.encryption_keys(draft)
            # Within it, so that no restored database is without its row.
            _record_restoration(draft, file)
            kept = backups.place(draft, target, LimitsInBackup(limit_records(settings)))
        # Its epochs are of an earlier time: answers that were purged since would be given again.
        shutil.rmtree(settings.data_dir / "cache", ignore_errors=True)
    except backups.UnusableBackup as exc:
        raise CommandError(f"{file} cannot be restored: {exc}.") from exc
    except backups.InUse as exc:
        raise CommandError(f"{exc} is in use. Stop the server first.") from exc
    except OSError as exc:
        raise CommandError(f"{exc.filename}: {exc.strerror}.") from exc
    output.result(str(target))
    if kept is not None:
        output.say(f"The previous database is now {kept}.")
    _tell_missing_keys(settings, needed)


def _settings(instead: str) -> Settings:
    """Raises WrongUsage where the database is PostgreSQL, which has better means of its own."""
    settings = read_generated(load())
    if settings.database.dialect != "sqlite":
        raise WrongUsage(f"This is for SQLite. On PostgreSQL: {instead}")
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings


def _where_the_key_is(settings: Settings) -> str:
    file = settings.data_dir / "encryption-key"
    return f" ({file}; keep a copy elsewhere)" if file.exists() else ""


def _check_schema(draft: Path) -> None:
    state = asyncio.run(schema.state(Database(dialect="sqlite", path=draft)))
    if state.standing == "contracted":
        raise backups.UnusableBackup(f"it is of a newer release ({state.unknown[-1]})")


def _record_restoration(draft: Path, file: Path) -> None:
    try:
        _record(
            Database(dialect="sqlite", path=draft),
            "database.restore",
            {"file": (None, str(file))},
        )
    except (ModelError, OperationalError) as exc:
        raise backups.UnusableBackup(str(exc)) from exc


def _record(where: Database, action: str, changes: Changes) -> None:
    """Leave a row in the audit of a database. Raises ModelError, OperationalError."""

    async def whole() -> None:
        async with database.open_database(where):
            await audit.record(actor(), action, "database", None, changes)

    logs.configure("WARNING", "text")
    asyncio.run(whole())


def _tell_missing_keys(settings: Settings, needed: set[str]) -> None:
    ring = KeyRing(settings.encryption_keys) if settings.encryption_keys else ()
    missing = sorted(key for key in needed if key not in ring)
    if missing:
        output.say(
            f"ENCRYPTION_KEY: API keys in it need another key ({', '.join(missing)})."
            " Bring that key back before you start the server."
        )
