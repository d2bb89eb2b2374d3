"""Objects that an administrator says whose they are: those that are older than the index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from models import audit, changes, generation
from models.audit import Actor
from models.db.conditions import execute, insert, select
from models.db.database import dialect, in_one_transaction
from models.errors import NotOfTheProject
from models.objects import UpstreamObject, kind_of
from models.projects import Project
from models.tokens import Token
from models.upstream_keys import UpstreamKey

#: Of a project whose objects are no single token's.
NO_TOKEN: Final = UUID(int=0)
#: Ids that the trail shows of one adoption.
_SHOWN: Final = 50


class Adopted(NamedTuple):
    """How many ids are remembered now, and how many were before and stay as they are."""

    adopted: int
    known: int


@in_one_transaction
async def adopt(
    project: Project,
    ids: Sequence[str],
    *,
    by: Actor,
    key_id: UUID | None = None,
    token_id: UUID | None = None,
    kind: str | None = None,
) -> Adopted:
    """Remember that a key of the project knows these ids, and that a token made them.

    Without `key_id` it is the project's only key; without `token_id` they are the project's, and
    no token's. An id that is known stays whose it is. Raises NotOfTheProject.
    """
    keys = await UpstreamKey.filter(project_id=project.id).order_by("id")
    key = _key(keys, key_id)
    if token_id is not None and not await Token.exists(id=token_id, project_id=project.id):
        raise NotOfTheProject("The project has no token with this id.", "token_id")
    wanted = sorted(set(ids))
    known = await _known(project.id, wanted)
    fresh = [one for one in wanted if one not in known]
    if fresh:
        present = changes.now()
        owner = token_id or NO_TOKEN
        await insert(
            "upstream_object (id, kind, provider, project_id, token_id, key_id, created_at)",
            "ON CONFLICT (project_id, id) DO NOTHING",
            [
                (one, kind or kind_of(one), key.provider or project.provider, str(project.id),
                 str(owner), str(key.id), present)
                for one in fresh
            ],
        )  # fmt: skip
        told: dict[str, tuple[Any, Any]] = {
            "ids": (None, fresh[:_SHOWN]),
            "count": (None, len(fresh)),
            "key_id": (None, key.id),
            "token_id": (None, token_id),
        }
        await audit.record(by, "object.adopt", "project", project.id, told)
        # With one key left, whether others know objects is a part of a grant.
        await generation.bump("project", project.id)
    return Adopted(len(fresh), len(known))


def _key(keys: Sequence[UpstreamKey], key_id: UUID | None) -> UpstreamKey:
    if key_id is None:
        if len(keys) != 1:
            raise NotOfTheProject(
                "The project has several keys, or none: name the one that knows them.", "key_id"
            )
        return keys[0]
    for key in keys:
        if key.id == key_id:
            return key
    raise NotOfTheProject("The project has no key with this id.", "key_id")


@in_one_transaction
async def move(project: Project, from_key: UUID, to_key: UUID, *, by: Actor) -> int:
    """Have another key of the project know all that a key knew which is gone; how many they are.

    It has to be one of the same account. Raises NotOfTheProject.
    """
    keys = await UpstreamKey.filter(project_id=project.id).order_by("id")
    key = _key(keys, to_key)
    if any(one.id == from_key for one in keys):
        raise NotOfTheProject("This key is there, and knows its objects itself.", "from_key_id")
    moved = await execute(
        "UPDATE upstream_object SET key_id = {} WHERE project_id = {} AND key_id = {}",
        [str(key.id), str(project.id), str(from_key)],
    )
    if moved:
        told: dict[str, tuple[Any, Any]] = {
            "key_id": (from_key, key.id),
            "count": (None, moved),
        }
        await audit.record(by, "object.move", "project", project.id, told)
        await generation.bump("project", project.id)
    return moved


async def _known(project_id: UUID, ids: Sequence[str]) -> set[str]:
    value: Any = list(ids)
    among = "= ANY({}::text[])"
    if dialect() == "sqlite":
        among, value = "IN (SELECT value FROM json_each({}))", json.dumps(value)
    rows = await select(
        f"SELECT id FROM upstream_object WHERE project_id = {{}} AND id {among}",  # noqa: S608
        [str(project_id), value],
    )
    return {row["id"] for row in rows}


async def listed(
    project_id: UUID, *, limit: int, after: str | None = None, named: str | None = None
) -> list[UpstreamObject]:
    """Up to `limit` objects of a project, in order of their ids, or the one that is named."""
    rows = UpstreamObject.filter(project_id=project_id)
    if named is not None:
        rows = rows.filter(id=named)
    if after is not None:
        rows = rows.filter(id__gt=after)
    return await rows.order_by("id").limit(limit)
