"""Which of a project's kept answers are still current: those of its cache's epoch.

The epoch stands in the key of every kept answer. A new one puts all others out of reach on every
machine, as soon as the generation is known there, whoever keeps the project's own row locked.
"""

import time
from collections.abc import Collection
from typing import Final
from uuid import UUID

from tortoise import Model, fields

from models import revocations
from models.db.conditions import execute, select
from models.db.database import dialect

#: Fields of a project or a key that say where answers come from.
VOIDED_BY: Final = frozenset({"provider", "base_url", "v1_prefix"})


class ProjectCache(Model):
    """A project without a row is in its first epoch, 0."""

    project_id = fields.UUIDField(primary_key=True, generated=False)
    epoch = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "project_cache"


async def empty(project_id: UUID) -> None:
    """Begin another epoch, within the transaction of what makes the answers void."""
    # The time, so that a database that is restored to what it was before does not come back to an
    # epoch of which machines may have answers.
    larger = "max" if dialect() == "sqlite" else "greatest"
    await execute(
        "INSERT INTO project_cache (project_id, epoch) VALUES ({}, {})"  # noqa: S608
        " ON CONFLICT (project_id)"
        f" DO UPDATE SET epoch = {larger}(project_cache.epoch + 1, excluded.epoch)",
        [str(project_id), time.time_ns() // 1000],
    )


async def epochs(projects: Collection[UUID]) -> dict[UUID, int]:
    """The epochs of those of these that are in another than their first."""
    rows = await ProjectCache.filter(project_id__in=projects)
    return {row.project_id: row.epoch for row in rows}


async def current() -> dict[UUID, int]:
    """The epoch of every project that keeps answers now. Raises DatabaseUnavailable."""
    waiting = await revocations.waiting()
    rows = await select(
        "SELECT id, coalesce(epoch, 0) AS epoch FROM project"
        " LEFT JOIN project_cache ON project_id = id"
        " WHERE cache IS NOT NULL AND is_active AND deleted_at IS NULL"
    )
    found = {UUID(str(row["id"])): int(row["epoch"]) for row in rows}
    return {project: epoch for project, epoch in found.items() if project not in waiting}
