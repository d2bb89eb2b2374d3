"""What upstream accounts keep for us: files, batches, stored responses, and whose they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from tortoise import Model, fields

from models.db.conditions import execute, execute_many, insert, select
from models.db.database import dialect
from models.db.sqlite_readers import for_requests
from models.text import clean_text

if TYPE_CHECKING:
    from models.entry import Entry

#: What one row is about: another project's account may give the same id.
OBJECT_KEY: Final = ("project_id", "id")
#: A longer id is none that is remembered.
ID_MAX: Final = 256
#: What upstreams themselves keep for 30 days: responses, the items in them, and those that run in
#: the background and have not been counted yet.
RESPONSE: Final = "response"
BACKGROUND: Final = "background"
FORGOTTEN: Final = (RESPONSE, "item", BACKGROUND)
FORGOTTEN_AFTER: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS: Final = "id, kind, provider, project_id, token_id, key_id, created_at"


class UpstreamObject(Model):
    """An id that an answer of an upstream created, with who asked for it and which key knows it."""

    row_id = fields.BigIntField(primary_key=True)
    # The upstream's: compared byte for byte.
    id = fields.CharField(max_length=256)
    kind = fields.CharField(max_length=32)
    provider = fields.CharField(max_length=64)
    project_id = fields.UUIDField()
    token_id = fields.UUIDField()
    key_id = fields.UUIDField()
    created_at = fields.DatetimeField()
    # Of a response in the background: when its usage was counted.
    counted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "upstream_object"
        unique_together = (OBJECT_KEY,)
        indexes = (
            ("token_id", "kind", "created_at"),
            ("kind", "created_at"),
            ("project_id", "key_id"),
        )


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What an answer says of an object, as the journal has it."""

    id: str
    kind: str
    #: The object whose answer named it, as a batch its output file: token and key are that one's.
    #: '' where the answer created it.
    parent: str = ""
    #: Whether it was deleted.
    gone: bool = False


#: Of one entry, and the bytes of their ids: they stand in one line of the journal.
TOLD_MAX: Final = 64
TOLD_MAX_BYTES: Final = 6 * 1024


def bounded(told: tuple[Kept, ...] | None) -> tuple[Kept, ...] | None:
    """What of an entry's objects every database takes."""
    if told is None:
        return None
    clean, room = [], TOLD_MAX_BYTES
    for kept in told[:TOLD_MAX]:
        room -= len(kept.id) + len(kept.parent)
        fits = is_storable(kept.id) and 0 < len(kept.kind) <= 32 and is_storable(kept.kind)
        if room >= 0 and fits and (not kept.parent or is_storable(kept.parent)):
            clean.append(kept)
    return tuple(clean) or None


class Finished(msgspec.Struct, frozen=True, array_like=True):
    """What a response used that ran in the background, as an answer says of it that shows it
    finished; the fields are those of an entry."""

    id: str
    #: When the upstream made it, Unix time; 0 where the answer does not say.
    created: int
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost_nanos: int | None
    parts: tuple[int | None, ...] | None = None
    service_tier: str = ""
    cost_source: str = ""


def storable_finished(finished: Finished | None) -> Finished | None:
    """What of it every database takes; an upstream names a model as long as it likes."""
    if finished is None or not is_storable(finished.id):
        return None
    return msgspec.structs.replace(
        finished,
        model=clean_text(finished.model, limit=200),
        service_tier=clean_text(finished.service_tier, limit=32),
        cost_source=clean_text(finished.cost_source, limit=64),
    )


class Found(NamedTuple):
    """Whose an object is, and which key knows it. Both ids are text, as in an entry."""

    key_id: str
    token_id: str


async def apply(entries: Sequence[Entry]) -> None:
    """Remember what `entries` say of objects, within the caller's transaction."""
    told = [(entry, kept) for entry in entries for kept in entry.objects or ()]
    if not told:
        return
    # In one order, so that two consumers do not wait for each other in a circle.
    told.sort(key=lambda one: (one[0].project_id, one[1].id))
    await insert(
        f"upstream_object ({_COLUMNS})",
        "ON CONFLICT (project_id, id) DO NOTHING",
        [
            (kept.id, kept.kind, entry.provider, entry.project_id, entry.token_id,
             entry.key_id, _moment(entry.at_us))
            for entry, kept in told
            if not kept.gone and not kept.parent and entry.key_id
        ],
    )  # fmt: skip
    await _inherit(told)
    await execute_many(
        "DELETE FROM upstream_object WHERE project_id = {} AND id = {}",
        [(entry.project_id, kept.id) for entry, kept in told if kept.gone],
    )


async def _inherit(told: Iterable[tuple[Entry, Kept]]) -> None:
    """Remember what belongs to an object that is known; of one that is not, nothing is known."""
    text = "" if dialect() == "sqlite" else "::text"
    moment = "" if dialect() == "sqlite" else "::timestamptz"
    await execute_many(
        f"INSERT INTO upstream_object ({_COLUMNS})"  # noqa: S608  (our own words)
        f" SELECT {{}}{text}, {{}}{text}, provider, project_id, token_id, key_id, {{}}{moment}"
        " FROM upstream_object WHERE project_id = {} AND id = {}"
        " ON CONFLICT (project_id, id) DO NOTHING",
        [
            (kept.id, kept.kind, _moment(entry.at_us), entry.project_id, kept.parent)
            for entry, kept in told
            if kept.parent and not kept.gone
        ],
    )


#: Seconds for which what nothing is known of may have been made through us.
_MADE_LATELY_S: Final = 24 * 3600


async def claim(entries: Sequence[Entry]) -> list[tuple[Entry, str]]:
    """The entries that show a response finished which nobody has counted yet, and the token that
    it is counted to; within the caller's transaction, after `apply`.

    That is the one that created it. Where its entry is still to come, from another worker, it is
    the one that asked: each is counted once.
    """
    claimed: list[tuple[Entry, str]] = []
    for entry in entries:
        if entry.finished is None or not is_storable(entry.finished.id):
            continue
        one, at = [entry.project_id, entry.finished.id], _moment(entry.at_us)
        if _is_lately(entry, entry.finished):
            await insert(
                f"upstream_object ({_COLUMNS})",
                "ON CONFLICT (project_id, id) DO NOTHING",
                [
                    (entry.finished.id, BACKGROUND, entry.provider, entry.project_id,
                     entry.token_id, entry.key_id, at)
                ],
            )  # fmt: skip
        if await execute(
            "UPDATE upstream_object SET counted_at = {} WHERE project_id = {} AND id = {}"
            " AND kind = {} AND counted_at IS NULL",
            [at, *one, BACKGROUND],
        ):
            rows = await select(
                "SELECT token_id FROM upstream_object WHERE project_id = {} AND id = {}", one
            )
            claimed.append((entry, str(rows[0]["token_id"])))
    return claimed


def _is_lately(entry: Entry, finished: Finished) -> bool:
    since = entry.at_us // 1_000_000 - finished.created
    return bool(entry.key_id) and since < _MADE_LATELY_S


@for_requests
async def find(wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Found]:
    """Those that are known of (project, id). Raises DatabaseUnavailable."""
    by_project: defaultdict[str, list[str]] = defaultdict(list)
    for project_id, object_id in wanted:
        by_project[project_id].append(object_id)
    found: dict[tuple[str, str], Found] = {}
    for project_id, ids in by_project.items():
        value: Any = ids
        among = "= ANY({}::text[])"
        if dialect() == "sqlite":
            among, value = "IN (SELECT value FROM json_each({}))", json.dumps(ids)
        rows = await select(
            "SELECT id, key_id, token_id FROM upstream_object"  # noqa: S608  (our own words)
            f" WHERE project_id = {{}} AND id {among}",
            [project_id, value],
        )
        for row in rows:
            found[project_id, row["id"]] = Found(str(row["key_id"]), str(row["token_id"]))
    return found


@for_requests
async def known_to_others(keys: Sequence[tuple[str, str]]) -> set[str]:
    """Of (project, its only key), the projects of which another key, gone by now, knows objects.

    Raises DatabaseUnavailable.
    """
    other = (
        "EXISTS (SELECT 1 FROM upstream_object WHERE upstream_object.project_id = given.project_id"
        " AND upstream_object.key_id {} given.key_id)"
    )
    if dialect() == "sqlite":
        values: list[Any] = [json.dumps(keys)]
        given = (
            "(SELECT json_extract(value, '$[0]') AS project_id,"
            " json_extract(value, '$[1]') AS key_id FROM json_each({}))"
        )
    else:
        values = [[project for project, _ in keys], [key for _, key in keys]]
        given = "(SELECT * FROM unnest({}::uuid[], {}::uuid[]) AS pair(project_id, key_id))"
    # Both ways round, since no index finds what is not equal.
    rows = await select(
        f"SELECT project_id FROM {given} AS given"  # noqa: S608  (our own words)
        f" WHERE {other.format('<')} OR {other.format('>')}",
        values,
    )
    return {str(row["project_id"]) for row in rows}


async def forget(before: datetime) -> int:
    """Forget up to 1,000 responses from before that time, and what they held; their number.

    Call again, after a pause, while it returns more than 0.
    """
    return await execute(
        "DELETE FROM upstream_object WHERE row_id IN (SELECT row_id FROM upstream_object"
        " WHERE kind IN ({}, {}, {}) AND created_at < {} LIMIT 1000)",
        [*FORGOTTEN, before],
    )


#: What an id is of, by how OpenAI's and Anthropic's begin.
_PREFIXES: Final = (
    ("file-", "file"),
    ("file_", "file"),
    ("batch_", "batch"),
    ("msgbatch_", "batch"),
    ("resp_", "response"),
    ("conv_", "conversation"),
    ("cntr_", "container"),
    ("container_", "container"),
    ("vs_", "vector_store"),
    ("video_", "video"),
    ("upload_", "upload"),
    ("chatcmpl-", "completion"),
)


def kind_of(object_id: str, otherwise: str = "object") -> str:
    """What an id is of, where it shows."""
    return next((kind for start, kind in _PREFIXES if object_id.startswith(start)), otherwise)


def is_storable(object_id: str) -> bool:
    """Whether an upstream's id can be remembered: printable ASCII without a space, and short."""
    return (
        0 < len(object_id) <= ID_MAX
        and object_id.isascii()
        and object_id.isprintable()
        and " " not in object_id
    )


def _moment(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)
