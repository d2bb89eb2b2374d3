"""What surrounds a command that works on the database: settings, schema, connection, actor.

`translated` is the one seam where the data room's errors become the command line's.
"""

import asyncio
import inspect
import os
import pwd
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, Final, ParamSpec

from tortoise.exceptions import ValidationError

import config
from cli import details, output
from cli.errors import CommandError, NotFound, Unreachable, WrongUsage
from config import Database, Settings
from models import Actor, Project, Token
from models.crypto import KeyRing
from models.errors import DatabaseDamaged, DatabaseNotOpened, DatabaseUnavailable, ModelError
from models.spending import Use, limited
from proxy.limits.engines import limit_records
from proxy.limits.spending import StoredSpending
from setup import prepare as bootstrap
from telemetry import logs

P = ParamSpec("P")

#: Commands that may be the first ones on a database.
_MAKING: Final = ("create", "import_")


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with, while the database is connected."""

    settings: Settings
    actor: Actor

    def ring(self) -> KeyRing:
        """The encryption keys; on SQLite made now if there were none. Raises ConfigError."""
        settings, made = config.generate_missing(self.settings)
        output.show_generated(made, settings.data_dir)
        return KeyRing(settings.encryption_keys)

    @property
    def spending(self) -> StoredSpending:
        """What is used of limits."""
        return StoredSpending(partial(limit_records, self.settings))

    async def used(self, *rows: Token | Project) -> Sequence[Use | None]:
        """What is used of the budgets of each; None where that cannot be read now."""
        uses = await self.spending.of([limited(row) for row in rows])
        return uses if uses is not None else [None] * len(rows)

    @property
    def longest_lifetime(self) -> timedelta | None:
        """TOKEN_MAX_LIFETIME."""
        seconds = self.settings.token_max_lifetime
        return None if seconds is None else timedelta(seconds=seconds)


def with_database(
    command: Callable[Concatenate[Session, P], Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Make an async command that works on the database one that Typer can run."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        settings = load()

        async def whole() -> None:
            async with _session(settings, command.__name__) as session:
                await command(session, *args, **kwargs)

        # What start-up tells about migrations is for a server's log.
        logs.configure("WARNING", "text")
        with translated(settings.database):
            asyncio.run(whole())

    # Typer makes options of the parameters; the session is none.
    signature = inspect.signature(command)
    _, *parameters = signature.parameters.values()
    vars(run)["__signature__"] = signature.replace(parameters=parameters)
    return run


def load() -> Settings:
    """The configuration; with -v it is said which database it names. Raises ConfigError."""
    settings = config.load()
    details.detail(f"Database: {settings.database.place}")
    return settings


@contextmanager
def translated(used: Database) -> Iterator[None]:
    """Raise CommandError for what the data room raises on purpose, and for a damaged file."""
    try:
        yield
    except DatabaseDamaged as exc:
        raise CommandError(f"The database cannot be used: {exc}") from exc
    except DatabaseUnavailable as exc:
        if type(exc) in (DatabaseUnavailable, DatabaseNotOpened):
            raise Unreachable(f"The database {used.place} cannot be reached: {exc}.") from exc
        raise CommandError(f"The database is unavailable: {exc}") from exc
    except ModelError as exc:
        raise CommandError(str(exc)) from exc
    except ValidationError as exc:
        # What is stored was judged before: this is a text that is looked for.
        raise NotFound("Nothing has so long a name.") from exc
    except sqlite3.DatabaseError as exc:
        raise CommandError(f"The database cannot be used: {exc}") from exc


@asynccontextmanager
async def _session(settings: Settings, command: str) -> AsyncIterator[Session]:
    async with AsyncExitStack() as stack:
        if settings.database.dialect == "sqlite" and not _is_there(
            "DATABASE_URL", settings.database.path
        ):
            settings = _without_database(settings, command, stack)
        await prepare(settings.database)
        try:
            await stack.enter_async_context(bootstrap.connected(settings))
        except OSError as exc:
            # Without it a running server would miss a revocation until it next asks the database.
            raise WrongUsage(f"DATA_DIR: {exc.filename}: {exc.strerror}.") from exc
        yield Session(settings, actor())


def _is_there(name: str, place: Path) -> bool:
    try:
        return place.exists()
    except OSError as exc:
        raise WrongUsage(f"{name}: {place}: {exc.strerror}.") from exc


def _without_database(settings: Settings, command: str, stack: AsyncExitStack) -> Settings:
    """Where there is no database only a command that makes something makes one; the others find
    an empty one, of which nothing is left."""
    path = settings.database.path
    for name, place in (("DATABASE_URL", path), ("DATA_DIR", settings.data_dir)):
        if not _is_there(name, place) and (why := bootstrap.cannot_be_made(place)) is not None:
            raise WrongUsage(f"{name}: {place} cannot be made: {why}.")
    if command in _MAKING:
        details.detail(f"There was no database at {path}: one is made.")
        return settings
    said = (
        f"There is no database at {path}. Is this the server's directory, and are DATABASE_URL "
        "and DATA_DIR the server's?"
    )
    if command == "export":
        raise CommandError(said)
    output.say(f"Warning: {said}")
    empty = Path(stack.enter_context(TemporaryDirectory()))
    database = replace(settings.database, path=empty / path.name)
    return replace(settings, data_dir=empty, database=database)


async def prepare(wanted: Database) -> None:
    """See to it that this release can work with the database; SQLite is migrated if it is behind.

    Raises WrongUsage naming the way out, DatabaseUnavailable.
    """
    try:
        await bootstrap.fit_schema(wanted)
    except bootstrap.CannotServe as exc:
        raise WrongUsage(str(exc)) from exc


def actor() -> Actor:
    """Who runs the command, for the audit."""
    return Actor(name=f"cli:{_user()}")


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # Containers often run under a number that has no name.
        return str(os.getuid())
