"""Revocations whose row another transaction keeps locked: in force at once, written later.

A machine that vanished in the middle of a batch, or an operator's open transaction, keeps rows
locked for seconds or hours, and a revocation must not wait for either. So what cannot be locked
within `_LOCK_WAIT_S` is written into a table of its own, which nothing else locks. Every read of
what a token, a project or a key may do looks there first; any worker carries out what is written
there once the rows are free. SQLite has no row locks: there the table stays empty.

The release before reads the rows alone. It refuses such a token as expired, since its secrets end
with the revocation, and goes on with streams, inactive projects and removed keys until the rows are
free.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from tortoise import Model, fields
from tortoise.expressions import Q, Subquery

from models.db.conditions import execute, select
from models.db.database import connection, dialect, run_in_transaction

if TYPE_CHECKING:
    from models.projects import Project
    from models.tokens import Token
    from models.upstream_keys import UpstreamKey

#: What becomes of the row: `token` is revoked, `project` inactive, `deletion` a project's, and
#: `key` an upstream key that is removed.
RevocationKind: TypeAlias = Literal["token", "project", "deletion", "key"]

#: How long a revocation waits for a row, in seconds. The journal's consumer locks rows for
#: milliseconds.
_LOCK_WAIT_S: Final = 0.3
_LOOK_EVERY_S: Final = 0.02
_NOT_WRITTEN_DOWN: Final = "id NOT IN (SELECT subject_id FROM revocation)"


class Revocation(Model):
    """One that waits for the lock of its row. `at` is when it came into force."""

    subject_id = fields.UUIDField(primary_key=True, generated=False)
    kind = fields.CharField(max_length=16)
    at = fields.DatetimeField()

    class Meta:
        table = "revocation"


async def waiting() -> dict[UUID, Revocation]:
    """Those that wait, by their row's id; nearly always none.

    Read it before the rows: a revocation that is carried out in between is in the rows then.
    """
    return {found.subject_id: found for found in await Revocation.all()}


def waits(kind: RevocationKind) -> Q:
    """For queries: rows to which this waits to be done."""
    return Q(id__in=Subquery(Revocation.filter(kind=kind).values("subject_id")))


def not_waiting() -> Q:
    """For queries of tokens: those whose revocation does not wait."""
    return ~waits("token")


async def show_tokens(tokens: Iterable["Token"]) -> None:
    """Make tokens that were read say that they are revoked, where that waits for their rows."""
    found = await waiting()
    for token in tokens if found else ():
        if token.id in found and token.revoked_at is None:
            token.revoked_at = found[token.id].at


async def show_projects(projects: Iterable["Project"]) -> None:
    """The same for projects; what is to be deleted has a `deleted_at`."""
    found = await waiting()
    for project in projects if found else ():
        if project.id in found:
            project.is_active = False
            if found[project.id].kind == "deletion" and project.deleted_at is None:
                project.deleted_at = found[project.id].at


async def hide_removed(keys: Iterable["UpstreamKey"]) -> None:
    """Make keys whose removal waits say that they are inactive."""
    found = await waiting()
    for key in keys if found else ():
        key.is_active = key.is_active and key.id not in found


async def lock(table: Literal["project", "upstream_key"], row: UUID) -> bool:
    """Lock a row until the transaction ends, unless another one holds it; whether it was locked.

    A row that does not exist cannot be locked either.
    """
    if dialect() == "sqlite":
        return True

    async def locked() -> int:
        return len(
            await connection().execute_query_dict(
                f"SELECT id FROM {table} WHERE id = $1 FOR UPDATE SKIP LOCKED",  # noqa: S608
                [row],
            )
        )

    return await _while_locked(locked, _never_done) > 0


async def revoke_tokens(at: datetime, *, by: Literal["id", "project_id"], owner: UUID) -> int:
    """Revoke the token with this id, or a project's; how many were not revoked before."""
    open_ones = f"{by} = {{}} AND revoked_at IS NULL AND {_NOT_WRITTEN_DOWN}"

    async def revoke() -> int:
        return await execute(
            "UPDATE token SET revoked_at = {} WHERE id IN"  # noqa: S608
            f" (SELECT id FROM token WHERE {open_ones} ORDER BY id{_free()})",
            [at, str(owner)],
        )

    async def rest() -> bool:
        return bool(await select(f"SELECT id FROM token WHERE {open_ones} LIMIT 1", [owner]))  # noqa: S608

    if dialect() == "sqlite":
        return await revoke()
    revoked = await _while_locked(revoke, rest)
    return revoked + await _write_down("token", f"FROM token WHERE {open_ones}", at, owner)


async def deactivate(project: UUID, at: datetime) -> None:
    """Write down that a project whose row is locked is inactive."""
    await _write_down("project", "FROM project WHERE id = {}", at, project)


async def delete(project: UUID, at: datetime) -> None:
    """Write down that a project whose row is locked is deleted."""
    await Revocation.filter(subject_id=project).delete()
    await _write_down("deletion", "FROM project WHERE id = {}", at, project)


async def remove_keys(at: datetime, *, by: Literal["id", "project_id"], owner: UUID) -> int:
    """Erase the key with this id, or a project's; how many are gone, or will be."""
    present = f"{by} = {{}} AND {_NOT_WRITTEN_DOWN}"

    async def remove() -> int:
        return await execute(
            "DELETE FROM upstream_key WHERE id IN"  # noqa: S608
            f" (SELECT id FROM upstream_key WHERE {present} ORDER BY id{_free()})",
            [str(owner)],
        )

    async def rest() -> bool:
        return bool(await select(f"SELECT id FROM upstream_key WHERE {present} LIMIT 1", [owner]))  # noqa: S608

    if dialect() == "sqlite":
        return await remove()
    removed = await _while_locked(remove, rest)
    return removed + await _write_down("key", f"FROM upstream_key WHERE {present}", at, owner)


def _free() -> str:
    return " FOR UPDATE SKIP LOCKED" if dialect() == "postgres" else ""


async def _never_done() -> bool:
    return True


async def _while_locked(
    step: Callable[[], Awaitable[int]], rest: Callable[[], Awaitable[bool]]
) -> int:
    """Repeat `step` until `rest` says that no row is left, or `_LOCK_WAIT_S` is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _LOCK_WAIT_S
    done = 0
    while True:
        done += await step()
        if (done and rest is _never_done) or loop.time() >= deadline or not await rest():
            return done
        await asyncio.sleep(_LOOK_EVERY_S)


async def _write_down(kind: RevocationKind, rows: str, at: datetime, owner: UUID) -> int:
    written = await select(
        f"INSERT INTO revocation (subject_id, kind, at)"
        f" SELECT id, '{kind}', {{}}::timestamptz {rows}"
        " ON CONFLICT (subject_id) DO NOTHING RETURNING subject_id",
        [at, owner],
    )
    if written and kind == "token":
        # For the release before, which does not look here. A rotation may hold one of them.
        await connection().execute_query(
            "UPDATE token_secret SET expires_at = $1 WHERE id IN (SELECT id FROM token_secret"
            " WHERE token_id = ANY($2::uuid[]) AND (expires_at IS NULL OR expires_at > $1)"
            " ORDER BY id FOR UPDATE SKIP LOCKED)",
            [at, [row["subject_id"] for row in written]],
        )
    return len(written)


async def complete() -> int:
    """Carry out those whose rows are free now; how many still wait. Raises DatabaseUnavailable."""
    if not await select("SELECT 1 FROM revocation LIMIT 1"):
        return 0
    await run_in_transaction(complete_here)
    return await Revocation.all().count()


async def complete_here() -> None:
    """The same, within the transaction around the caller."""
    for change, done in _COMPLETIONS:
        await connection().execute_query(change.format(free=_free()))
        await connection().execute_query(f"DELETE FROM revocation WHERE {done}")  # noqa: S608


_AT: Final = "(SELECT at FROM revocation WHERE subject_id = {}.id)"
_WAITS: Final = "SELECT subject_id FROM revocation WHERE kind = '{}'"


def _rows(table: str, kind: RevocationKind) -> str:
    return f"id IN (SELECT id FROM {table} WHERE id IN ({_WAITS.format(kind)}) ORDER BY id{{free}})"  # noqa: S608


#: Statements that carry a kind out, and what is true of those that were carried out.
_COMPLETIONS: Final = (
    (
        f"UPDATE token SET revoked_at = {_AT.format('token')}"  # noqa: S608
        f" WHERE revoked_at IS NULL AND {_rows('token', 'token')}",
        "kind = 'token' AND subject_id NOT IN (SELECT id FROM token WHERE revoked_at IS NULL)",
    ),
    (
        f"UPDATE project SET is_active = false, updated_at = {_AT.format('project')}"  # noqa: S608
        f" WHERE {_rows('project', 'project')}",
        "kind = 'project' AND subject_id NOT IN (SELECT id FROM project WHERE is_active)",
    ),
    (
        f"UPDATE project SET is_active = false, live_name = NULL,"  # noqa: S608
        f" deleted_at = {_AT.format('project')}, updated_at = {_AT.format('project')}"
        f" WHERE {_rows('project', 'deletion')}",
        "kind = 'deletion' AND subject_id NOT IN (SELECT id FROM project WHERE deleted_at IS NULL)",
    ),
    (
        f"DELETE FROM upstream_key WHERE {_rows('upstream_key', 'key')}",  # noqa: S608
        "kind = 'key' AND subject_id NOT IN (SELECT id FROM upstream_key)",
    ),
)
