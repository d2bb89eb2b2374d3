"""What must be true before requests are served: a schema that fits, keys that decrypt, a first
administrator, and, where the environment gives a key, a first project with a token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

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
from models.errors import CorruptCiphertext, DatabaseDamaged, NameTaken, UnknownEncryptionKey
from models.generation import GenerationFile
from models.spending import spent_by
from proxy.admissions import NodeFiles
from proxy.limits.engines import limit_records
from proxy.limits.spending import StoredSpending
from proxy.limits.store import NewerSchema

_ACTOR: Final = Actor(name="system")


class CannotServe(Exception):
    """Something an operator has to mend first; the message says how. Exit code 2."""


async def prepare(settings: Settings) -> list[str]:
    """Bring the database into a state that can be served; what there is to tell, line by line.

    Raises CannotServe, or models.errors.DatabaseUnavailable when there is none to be reached.
    """
    ring = KeyRing(settings.encryption_keys)
    try:
        await fit_schema(settings.database)
        async with connected(settings):
            await check_keys(ring)
            await limit_records(settings).check()
            await _first_administrator(settings)
            return await _first_project(settings, ring)
    except DatabaseDamaged as exc:
        raise CannotServe(
            f"DATABASE_URL: {settings.database.path} cannot be used ({exc}). Restore a backup."
        ) from exc
    except NewerSchema as exc:
        raise CannotServe(f"DATA_DIR: {exc}") from exc


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


async def fit_schema(wanted: Database) -> None:
    """See to it that this release can work with the database; SQLite is migrated if it is behind.

    Raises CannotServe naming the way out, DatabaseUnavailable.
    """
    if wanted.dialect == "sqlite":
        wanted.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = await schema.state(wanted)
    if state.standing == "behind":
        if wanted.dialect == "postgres":
            raise CannotServe(
                f"The database is behind by {len(state.pending)} migration(s). "
                "Run 'llm-proxy migrate' (or 'python -m cli migrate') first."
            )
        for name in await schema.upgrade(wanted):
            logger.info("applied migration {}", name)
        state = await schema.state(wanted)
    if state.standing == "contracted":
        raise CannotServe(
            "The database was migrated by a newer release that this one cannot work with "
            f"({state.unknown[-1]}). Run that release, or restore a backup."
        )


async def check_keys(ring: KeyRing) -> None:
    """Decrypt every stored upstream key, and every secret of a destination, once. Raises
    CannotServe where one cannot be."""
    async for key in UpstreamKey.all():
        _check("an upstream key", ring, key.ciphertext, key.id)
    async for destination in Destination.filter(ciphertext__isnull=False):
        _check("a destination's secret", ring, destination.ciphertext or "", destination.id)


def _check(noun: str, ring: KeyRing, ciphertext: str, row_id: UUID) -> None:
    try:
        ring.decrypt(ciphertext, row_id)
    except UnknownEncryptionKey as exc:
        raise CannotServe(
            f"ENCRYPTION_KEY: {noun} in the database was encrypted with another key "
            f"({ciphertext.split(':')[1]}). Put that key back, behind the new one if you rotate."
        ) from exc
    except CorruptCiphertext as exc:
        raise CannotServe(
            f"{noun[0].upper()}{noun[1:]} in the database is damaged: {exc}."
        ) from exc


async def _first_administrator(settings: Settings) -> None:
    if await AdminUser.exists():
        return
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
        return
    logger.info("created the first administrator {}", settings.admin_username)


async def _first_project(settings: Settings, ring: KeyRing) -> list[str]:
    """The project `default` with a token, where a key is given and no project was ever made."""
    if settings.openai_api_key is None or await Project.exists():
        return []
    try:
        project = await Project.create_with_key(
            name="default", provider="openai", api_key=settings.openai_api_key, ring=ring, by=_ACTOR
        )
    except NameTaken:
        return []
    longest = settings.token_max_lifetime
    end = None if longest is None else datetime.now(UTC) + timedelta(seconds=longest)
    _, secret = await Token.issue(project, name="default", expires_at=end, by=_ACTOR)
    path = settings.data_dir / "default-token"
    write_secret(path, secret)
    logger.info("created project default; its token is in {}", path)
    return [f"token of the project default: {secret}"]


def write_secret(path: Path, secret: str) -> None:
    """A file of mode 0600 that only its owner can read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(secret + "\n", encoding="ascii")
