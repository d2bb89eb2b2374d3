"""Refusals: what the proxy answered itself, counted by the hour, and the newest of them as rows.

Neither is a ledger: a refusal costs nobody anything, so a worker sums its own up in memory and
writes the sums now and then (`telemetry/refusal_books.py`). What makes rows is bounded here, since
clients choose the names of models: a project has room for `MODELS_MAX` of them in an hour, and what
comes beyond is counted as `other`. What was refused before its token was known has no project, no
token and no model, so that any number of made-up tokens is one row for an hour and code.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from tortoise import Model, fields

from models import changes
from models.db.conditions import execute, insert, select
from models.db.database import connection, dialect, give_up_on_locks_after, run_apart
from models.ids import first_id_at
from models.text import clean_text

#: In place of a project and token that are not known: NULLs would never be the same key.
NOBODY: Final = UUID(int=0)
NOBODY_TEXT: Final = str(NOBODY)
#: So many of the newest refusals are rows of the request log.
NEWEST_MAX: Final = 10_000
#: Names of models that a project's refusals are counted by in an hour.
MODELS_MAX: Final = 200
#: What the others count as.
OTHER: Final = "other"
#: As `models.entry`: a write that waits for a lock keeps others waiting for those that it has.
_LOCK_WAIT_S: Final = 2.0

#: What one row of `RefusalHour` is about.
REFUSAL_KEY: Final = ("bucket", "project_id", "token_id", "model", "code")


class RefusalHour(Model):
    """One row per hour and `REFUSAL_KEY`, only ever added to; kept as long as the request log."""

    id = fields.BigIntField(primary_key=True)
    bucket = fields.DatetimeField()
    # `NOBODY` where the token was not known.
    project_id = fields.UUIDField()
    token_id = fields.UUIDField()
    # '' where none was known.
    model = fields.CharField(max_length=200)
    code = fields.CharField(max_length=64)

    refusals = fields.BigIntField(default=0)

    class Meta:
        table = "refusal_hour"
        unique_together = (REFUSAL_KEY,)
        indexes = (("project_id", "bucket"), ("token_id", "bucket"))


class Refusal(Model):
    """One of the newest refusals. Its id is the request's, and in order of time.

    So few are kept that no filter needs an index.
    """

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    project_id = fields.UUIDField(null=True)
    token_id = fields.UUIDField(null=True)
    provider = fields.CharField(max_length=64)
    # '' where no endpoint was matched.
    endpoint = fields.CharField(max_length=200)
    method = fields.CharField(max_length=16)
    model = fields.CharField(max_length=200)
    status = fields.SmallIntField()
    code = fields.CharField(max_length=64)
    bytes_in = fields.BigIntField(default=0)
    bytes_out = fields.BigIntField(default=0)
    duration_us = fields.BigIntField(default=0)

    class Meta:
        table = "refusal"


class Refused(msgspec.Struct, frozen=True):
    """A refusal as it is kept: ids as text, '' where they are not known."""

    id: str
    #: When the request began, Unix seconds.
    at: float
    project_id: str
    token_id: str
    provider: str
    endpoint: str
    method: str
    model: str
    status: int
    code: str
    bytes_in: int = 0
    bytes_out: int = 0
    duration_us: int = 0


class SumKey(NamedTuple):
    """Refusals that are counted together. `hour` counts from 1970; ids as text."""

    hour: int
    project_id: str
    token_id: str
    model: str
    code: str


class Batch(NamedTuple):
    """What is written together, once: by whom, and as its how-manieth, counted from 1."""

    writer: str
    number: int
    sums: Mapping[SumKey, int]
    newest: Sequence[Refused]


async def add(batch: Batch) -> None:
    """Add sums to the hours, and keep the newest as rows, in one transaction.

    A batch that was added already is left alone. Raises DatabaseUnavailable; then nothing was done,
    or all of it, and asking again is safe.
    """
    await run_apart(lambda: _add(batch))


async def _add(batch: Batch) -> None:
    await give_up_on_locks_after(_LOCK_WAIT_S)
    if not await _is_new(batch):
        return
    sums, newest = batch.sums, batch.newest
    if sums:
        bounded = await _bounded(sums)
        # Sorted, so that two workers lock the rows they share in one order.
        rows = [(_moment(key.hour * 3600), *key[1:], bounded[key]) for key in sorted(bounded)]
        await insert(*_HOUR_UPSERT, rows)
    if newest:
        await insert(_INTO_NEWEST, "ON CONFLICT (id) DO NOTHING", [_values(one) for one in newest])
        await _trim()


#: Of writers, among the positions of journals, which they are like.
_WRITER: Final = "refusals-"


async def _is_new(batch: Batch) -> bool:
    """Whether it comes for the first time; from here on it has come."""
    name = _WRITER + batch.writer
    await execute(
        "INSERT INTO journal_position (journal_id, position, updated_at) VALUES ({}, 0, {})"
        " ON CONFLICT (journal_id) DO NOTHING",
        [name, changes.now()],
    )
    # In other words than the ledger's own, whose last statement tests stop it at.
    moved = await execute(
        'UPDATE "journal_position" SET position = {}, updated_at = {}'
        " WHERE journal_id = {} AND position < {}",
        [batch.number, changes.now(), name, batch.number],
    )
    return moved == 1


_HOUR_UPSERT: Final = (
    f"refusal_hour ({', '.join(REFUSAL_KEY)}, refusals)",
    f"ON CONFLICT ({', '.join(REFUSAL_KEY)}) DO UPDATE"
    " SET refusals = refusal_hour.refusals + excluded.refusals",
)
_COLUMNS: Final = (
    "id", "at", "project_id", "token_id", "provider", "endpoint", "method", "model", "status",
    "code", "bytes_in", "bytes_out", "duration_us",
)  # fmt: skip
_INTO_NEWEST: Final = f"refusal ({', '.join(_COLUMNS)})"


def _values(one: Refused) -> tuple[Any, ...]:
    return (
        one.id,
        _moment(one.at),
        one.project_id or None,
        one.token_id or None,
        clean_text(one.provider, limit=64),
        clean_text(one.endpoint, limit=200),
        clean_text(one.method, limit=16),
        clean_text(one.model, limit=200),
        one.status,
        one.code,
        one.bytes_in,
        one.bytes_out,
        one.duration_us,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def _bounded(sums: Mapping[SumKey, int]) -> Mapping[SumKey, int]:
    """The same under names of models for which there is room."""
    named: defaultdict[int, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for key in sums:
        if key.model not in _WITHOUT_PLACE:
            named[key.hour][key.project_id].add(key.model)
    if not named:
        return sums
    if dialect() == "postgres":
        # One at a time, so that workers together give no more names room than there is.
        await connection().execute_query(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", ["llm-proxy refused models"]
        )
    room = {hour: await _room(_moment(hour * 3600), names) for hour, names in named.items()}
    found: defaultdict[SumKey, int] = defaultdict(int)
    for key, count in sums.items():
        kept = key.model in _WITHOUT_PLACE or (key.project_id, key.model) in room[key.hour]
        found[key if kept else key._replace(model=OTHER)] += count
    return found


#: Counted as they are, and taking no room.
_WITHOUT_PLACE: Final = ("", OTHER)


async def _room(bucket: datetime, named: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Which of the names of projects are counted as they are: those that were, and as many more."""
    names = sorted(set().union(*named.values()))
    of_projects = f"bucket = {{}} AND project_id IN ({', '.join(['{}'] * len(named))})"
    counted = await select(
        "SELECT project_id, COUNT(DISTINCT model) AS models FROM refusal_hour"  # noqa: S608
        f" WHERE {of_projects} AND model NOT IN ({{}}, {{}}) GROUP BY project_id",
        [bucket, *named, *_WITHOUT_PLACE],
    )
    known = await select(
        "SELECT DISTINCT project_id, model FROM refusal_hour"  # noqa: S608  (places alone)
        f" WHERE {of_projects} AND model IN ({', '.join(['{}'] * len(names))})",
        [bucket, *named, *names],
    )
    left = {str(row["project_id"]): max(0, MODELS_MAX - int(row["models"])) for row in counted}
    placed = {(str(row["project_id"]), row["model"]) for row in known}
    for project, wanted in named.items():
        new = sorted(name for name in wanted if (project, name) not in placed)
        placed.update((project, name) for name in new[: left.get(project, MODELS_MAX)])
    return placed


async def _trim() -> None:
    """Remove what is no longer among the newest, unless another worker is about it."""
    if dialect() == "postgres":
        rows = await select(
            "SELECT pg_try_advisory_xact_lock(hashtextextended({}, 0)) AS mine",
            ["llm-proxy newest refusals"],
        )
        if not rows[0]["mine"]:
            return
    await execute(
        "DELETE FROM refusal WHERE id <"
        " (SELECT id FROM refusal ORDER BY id DESC LIMIT 1 OFFSET {})",
        [NEWEST_MAX - 1],
    )


async def prune_hours(before: datetime) -> int:
    """Remove up to 1,000 counters that are older than `before`; the number removed."""
    return await execute(
        "DELETE FROM refusal_hour WHERE id IN"
        " (SELECT id FROM refusal_hour WHERE bucket < {} ORDER BY bucket LIMIT 1000)",
        [before],
    )


async def prune_writers(before: datetime) -> int:
    """Remove up to 1,000 writers that have written nothing since `before`; the number removed.

    Other than a journal, what a writer has not written ends with it.
    """
    return await execute(
        "DELETE FROM journal_position WHERE journal_id IN (SELECT journal_id FROM journal_position"
        " WHERE journal_id >= {} AND journal_id < {} AND updated_at < {} LIMIT 1000)",
        [_WRITER, _WRITER[:-1] + ".", before],
    )


async def prune_newest(before: datetime) -> int:
    """Remove up to 1,000 rows that are older than `before`; the number removed."""
    return await execute(
        "DELETE FROM refusal WHERE id IN"
        " (SELECT id FROM refusal WHERE id < {} ORDER BY id LIMIT 1000)",
        [str(first_id_at(before))],
    )
