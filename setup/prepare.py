"""What must be true before requests are served: a schema that fits, keys that decrypt, a first
administrator, and, where the environment gives a key, a first project with a token."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from loguru import logger

from config import Database, Settings
from migrations import schema
from models import (
    Actor,
    AdminUser,
    Destination,
    Project,
    Token,
    UpstreamKey,
    admissions,
    exhaustion,
    generation,
)
from models.crypto import KeyRing
from models.db import database
from models.errors import (
    CorruptCiphertext,
    DatabaseDamaged,
    DatabaseNotOpened,
    NameTaken,
    UnknownEncryptionKey,
)
from models.generation import GenerationFile
from models.spending import spent_by
from proxy.admissions import NodeFiles
from proxy.limits.engines import limit_records
from proxy.limits.spending import StoredSpending
from proxy.limits.store import NewerSchema

#: The file in DATA_DIR that has the first token.
FIRST_TOKEN: Final = "default-token"  # noqa: S105  (a file)
_DEFAULT: Final = "default"
_ACTOR: Final = Actor(name="system")


class CannotServe(Exception):
    """Something an operator has to mend first; the message says how. Exit code 2."""


class Prepared(NamedTuple):
    """What `prepare` found and made."""

    is_first: bool
    """Whether this is the first start: it made the first administrator."""
    default_token: str | None = None
    """The secret of the project that this start made of OPENAI_API_KEY."""


async def prepare(settings: Settings) -> Prepared:
    """Bring the database into a state that can be served.

    Raises CannotServe, or models.errors.DatabaseUnavailable when there is none to be reached.
    """
    ring = KeyRing(settings.encryption_keys)
    try:
        await fit_schema(settings.database)
        async with connected(settings):
            await check_keys(ring)
            await limit_records(settings).check()
            is_first = await _first_administrator(settings)
            token = await _first_project(settings, ring)
            if (says := await given_key_is_unused(settings, ring)) is not None:
                logger.warning("{}", says)
            return Prepared(is_first, token)
    except DatabaseDamaged as exc:
        raise CannotServe(
            f"DATABASE_URL: {settings.database.path} cannot be used ({exc}). Restore a backup."
        ) from exc
    except NewerSchema as exc:
        raise CannotServe(f"DATA_DIR: {exc}") from exc
    except DatabaseNotOpened as exc:
        # It does not come back by itself, as a server does.
        raise CannotServe(f"DATABASE_URL: {settings.database.place}: {exc}.") from exc
    except OSError as exc:
        raise CannotServe(f"DATA_DIR: {exc.filename}: {exc.strerror}.") from exc


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[None]:
    """The models, connected; changes tick this machine's generation."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = GenerationFile(settings.data_dir / "generation")
    generation.configure(file)
    records = limit_records(settings)
    admissions.configure(NodeFiles(settings.data_dir, records))
    exhaustion.configure(spent_by(StoredSpending(lambda: records)))
    await database.connect(settings.database)
    try:
        yield
    finally:
        await database.disconnect()
        generation.configure(None)
        admissions.configure(None)
        exhaustion.configure(None)
        file.close()


def cannot_be_made(path: Path) -> str | None:
    """Why a start could not make this file or directory, which is not there; None if it could.

    Raises OSError where that cannot be seen.
    """
    above = next(one for one in path.absolute().parents if one.exists())
    if not above.is_dir():
        return f"{above} is not a directory"
    return None if os.access(above, os.W_OK | os.X_OK) else f"{above} is not ours to write"


async def fit_schema(wanted: Database) -> None:
    """See to it that this release can work with the database; SQLite is migrated if it is behind.

    Raises CannotServe naming the way out, DatabaseUnavailable.
    """
    if wanted.dialect == "sqlite":
        try:
            wanted.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise CannotServe(f"DATABASE_URL: {exc.filename}: {exc.strerror}.") from exc
    state = await schema.state(wanted)
    if state.standing == "behind":
        if wanted.dialect == "postgres":
            raise CannotServe(
                f"The database is behind by {len(state.pending)} migration(s). "
                "Run 'llm-proxy migrate' (or 'python -m cli migrate') first."
            )
        if applied := await schema.upgrade(wanted):
            logger.info("applied {} migration(s), the last one {}", len(applied), applied[-1])
        state = await schema.state(wanted)
    if state.standing == "contracted":
        raise CannotServe(
            "The database was migrated by a newer release that this one cannot work with "
            f"({state.unknown[-1]}). Run that release, or restore a backup."
        )


async def check_keys(ring: KeyRing) -> None:
    """Decrypt everything that is stored encrypted once. Raises CannotServe where an upstream key
    cannot be; a destination that nothing can be sent to is no reason to serve nobody."""
    async for key in UpstreamKey.all():
        try:
            ring.decrypt(key.ciphertext, key.id)
        except UnknownEncryptionKey as exc:
            raise CannotServe(
                "ENCRYPTION_KEY: an upstream key in the database was encrypted with another key "
                f"({key.encryption_key_id}). Put that key back, behind the new one if you rotate."
            ) from exc
        except CorruptCiphertext as exc:
            raise CannotServe(f"An upstream key in the database is damaged: {exc}.") from exc
    async for destination in Destination.filter(ciphertext__isnull=False):
        try:
            destination.opened(ring)
        except (UnknownEncryptionKey, CorruptCiphertext) as exc:
            logger.warning(
                "ENCRYPTION_KEY: the secrets of the destination {} do not open, and nothing is "
                "sent there: {}",
                destination.name,
                exc,
            )


async def given_key_is_unused(settings: Settings, ring: KeyRing) -> str | None:
    """What to say where OPENAI_API_KEY is none of the keys of the project that was made of one."""
    if settings.openai_api_key is None:
        return None
    keys = await UpstreamKey.filter(project__live_name=_DEFAULT).order_by("id")
    if not keys:
        return None
    try:
        if settings.openai_api_key in [ring.decrypt(key.ciphertext, key.id) for key in keys]:
            return None
    except (UnknownEncryptionKey, CorruptCiphertext):
        return None
    return (
        f"OPENAI_API_KEY is no key of the project {_DEFAULT}, and is not used: it is read at the "
        f"first start alone. To use it: llm-proxy key add --project {_DEFAULT} --api-key-env "
        "OPENAI_API_KEY"
    )


async def _first_administrator(settings: Settings) -> bool:
    """Whether there was none, and this call made one."""
    if await AdminUser.exists():
        return False
    if settings.admin_password is None:
        raise CannotServe(
            "ADMIN_PASSWORD: must be given while there is no administrator. "
            "Allowed: 8 to 256 characters."
        )
    try:
        await AdminUser.create_with_password(
            username=settings.admin_username, password=settings.admin_password, by=_ACTOR
        )
    except NameTaken:
        # Another process, starting at the same time, was first.
        return False
    logger.info("created the first administrator {}", settings.admin_username)
    return True


async def _first_project(settings: Settings, ring: KeyRing) -> str | None:
    """Make the project `default` with a token, whose secret this is, where a key is given and no
    project was ever made."""
    if settings.openai_api_key is None or await Project.exists():
        return None
    try:
        project = await Project.create_with_key(
            name=_DEFAULT, provider="openai", api_key=settings.openai_api_key, ring=ring, by=_ACTOR
        )
    except NameTaken:
        return None
    longest = settings.token_max_lifetime
    end = None if longest is None else datetime.now(UTC) + timedelta(seconds=longest)
    _, secret = await Token.issue(project, name=_DEFAULT, expires_at=end, by=_ACTOR)
    path = settings.data_dir / FIRST_TOKEN
    write_secret(path, secret)
    logger.info("created project {}; its token is in {}", _DEFAULT, path)
    return secret


def write_secret(path: Path, secret: str) -> None:
    """A file of mode 0600 that only its owner can read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(secret + "\n", encoding="ascii")
