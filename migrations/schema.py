"""The schema's state, and bringing it up to date, for `serve`, `doctor` and `migrate`.

A database is *behind* when a file shipped here was not applied, and *ahead* when something was
applied that is not shipped here: a newer release has migrated it. That is fine, since migrations
only add; it is refused once a newer one is marked as contracting, by `contract` in its name.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
from aerich import Command
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from config import Database
from migrations.locking import LockedCommand
from models.db.database import adopt_models, tortoise_config

#: `behind` outranks the rest: a database both behind and ahead needs migrating before anything.
Standing: TypeAlias = Literal["current", "behind", "ahead", "contracted"]

LOCATION: Final = Path(__file__).parent


class SchemaState(msgspec.Struct, frozen=True):
    """Migration files by what became of them, in order."""

    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """Whether this release can work with the database."""
        if self.pending:
            return "behind"
        if any("contract" in name for name in self.unknown):
            return "contracted"
        return "ahead" if self.unknown else "current"


def aerich_config(database: Database) -> dict[str, Any]:
    """Tortoise's configuration with Aerich's own table, and no time limit on statements."""
    config = tortoise_config(database, command_timeout=None, bounded=False)
    config["apps"][database.dialect]["models"].append("aerich.models")
    return config


async def state(database: Database) -> SchemaState:
    """Compare what was applied with what is shipped. Raises DatabaseUnavailable."""
    shipped = _shipped(database.dialect)
    config = aerich_config(database)
    # Every command asks this first, and taking in the models takes longer than asking.
    config["apps"][database.dialect]["models"] = ["aerich.models"]
    adopt_models(database.dialect)
    async with TortoiseContext() as context:
        await context.init(config=config)
        try:
            applied = await Command.get_applied_migrations(database.dialect)
        except OperationalError:
            # No table of Aerich's: nothing was ever applied.
            applied = []
    return SchemaState(
        pending=tuple(name for name in shipped if name not in applied),
        unknown=tuple(name for name in reversed(applied) if name not in shipped),
    )


def _shipped(dialect: str) -> list[str]:
    """The names of the migration files, in order."""
    names = (path.name for path in (LOCATION / dialect).glob("[0-9]*_*.py"))
    return sorted(names, key=lambda name: int(name.partition("_")[0]))


async def upgrade(database: Database) -> list[str]:
    """Apply what is pending, under the lock; the names of the files applied.

    Raises DatabaseUnavailable, and whatever a migration failed with.
    """
    async with _command(database) as command:
        return await command.upgrade()


@asynccontextmanager
async def _command(database: Database) -> AsyncIterator[Command]:
    config = aerich_config(database)
    adopt_models(database.dialect)
    # A context of our own: Aerich would otherwise take, and close, a running server's connections.
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with LockedCommand(config, app=database.dialect, location=str(LOCATION)) as command:
            yield command
