"""What somebody has to do something about: of each kind a few, by queries that are bounded.

What needs a person is what will not mend itself, or soon refuses requests that are let in now.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from models import changes
from models.bindings import Upstreams, place_of
from models.db.conditions import select
from models.expiring import BEFORE, is_soon
from models.reports import destinations
from models.token_status import end, has_key, is_inactive

MatterKind: TypeAlias = Literal[
    "project_without_key",
    "key_suspended",
    "key_misplaced",
    "project_inactive",
    "token_exhausted",
    "destination_failing",
    "key_resting",
    "token_expiring",
]

_ANY: Final = Upstreams()
#: Of each kind.
MOST: Final = 5
#: How soon a token has to end.
SOON: Final = max(BEFORE)
#: How long a key has to rest on: shorter rests are a busy upstream's everyday.
_RESTS: Final = timedelta(seconds=10)
#: For how long back refusals count.
_ASKED: Final = timedelta(hours=24)
#: Rows of one kind that are looked at, the newest; of tokens, those that end soonest.
_LOOKED_AT: Final = 2_000
_PROJECTS_LOOKED_AT: Final = 10_000


class _Place(NamedTuple):
    """What a key says of where it goes."""

    provider: str | None
    base_url: str | None


class Matter(NamedTuple):
    """One thing. `owner` is the project of a token or key, `name` what the thing is called."""

    kind: MatterKind
    id: UUID
    name: str
    owner: UUID | None = None
    owner_name: str = ""
    #: Since when, or of what ends, when it does.
    at: datetime | None = None
    #: How often, or why in the words of another service.
    times: int = 0
    note: str = ""


async def matters(upstreams: Upstreams = _ANY) -> list[Matter]:
    """At most one more than `MOST` of each kind, the most pressing first.

    `upstreams` says where keys may be sent. Raises DatabaseUnavailable.
    """
    present = changes.now()
    found = [matter for look in _LOOKS for matter in await look(present)]
    return [*await _misplaced(upstreams), *found]


async def _misplaced(upstreams: Upstreams) -> list[Matter]:
    """Keys that are in use and are sent nowhere, as the environment says now."""
    rows = await select(
        "SELECT k.id, k.label, k.hint, k.bound_to, k.provider, k.base_url, p.id AS owner,"
        " p.name AS owner_name, p.provider AS owner_provider, p.base_url AS owner_base_url"
        " FROM upstream_key k JOIN project p ON p.id = k.project_id"
        " WHERE k.in_use AND p.is_active ORDER BY k.id DESC LIMIT {}",
        [_LOOKED_AT],
    )
    found = []
    for row in rows:
        key = _Place(row["provider"], row["base_url"])
        place = place_of(key, row["owner_provider"], row["owner_base_url"])
        if not upstreams.fits(row["bound_to"], *place):
            note = f"it was entered for {row['bound_to'] or 'no address'}"
        elif not upstreams.allows(*place):
            note = "UPSTREAM_ORIGINS leaves out its address"
        else:
            continue
        found.append(_of_key("key_misplaced", {**row, "at": None, "note": note}))
        if len(found) > MOST:
            break
    return found


async def _without_key(present: datetime) -> list[Matter]:
    """Projects whose tokens would be let in, if they had a key."""
    rows = await select(
        "SELECT id, name FROM"  # noqa: S608  (our own names)
        " (SELECT id, name, is_active FROM project WHERE deleted_at IS NULL"
        " ORDER BY id DESC LIMIT {}) AS project"
        f" WHERE NOT ({is_inactive('project.id').sql}) AND NOT ({has_key('project.id').sql})"
        " AND EXISTS (SELECT 1 FROM token WHERE token.project_id = project.id"
        f" AND revoked_at IS NULL AND {end()} > {{}}) LIMIT {{}}",
        [_PROJECTS_LOOKED_AT, present, MOST + 1],
    )
    return [Matter("project_without_key", _id(row["id"]), row["name"]) for row in rows]


async def _suspended(_present: datetime) -> list[Matter]:
    rows = await select(
        "SELECT k.id, k.label, k.hint, p.id AS owner, p.name AS owner_name,"
        " s.suspended_at AS at, s.last_error AS note FROM key_state s"
        " JOIN upstream_key k ON k.id = s.key_id JOIN project p ON p.id = k.project_id"
        " WHERE s.suspended_at IS NOT NULL AND k.in_use AND p.is_active"
        " ORDER BY s.suspended_at DESC LIMIT {}",
        [MOST + 1],
    )
    return [_of_key("key_suspended", row) for row in rows]


async def _resting(present: datetime) -> list[Matter]:
    rows = await select(
        "SELECT k.id, k.label, k.hint, p.id AS owner, p.name AS owner_name,"
        " MAX(r.until) AS at, MAX(r.reason) AS note FROM"
        " (SELECT key_id, until, reason FROM key_rest WHERE until > {}"
        " ORDER BY until DESC LIMIT {}) AS r"
        " JOIN upstream_key k ON k.id = r.key_id JOIN project p ON p.id = k.project_id"
        " WHERE k.in_use AND p.is_active GROUP BY k.id, k.label, k.hint, p.id, p.name"
        " ORDER BY MAX(r.until) DESC LIMIT {}",
        [present + _RESTS, _LOOKED_AT, MOST + 1],
    )
    return [_of_key("key_resting", row) for row in rows]


def _of_key(kind: MatterKind, row: dict[str, Any]) -> Matter:
    return Matter(
        kind,
        _id(row["id"]),
        row["label"] or row["hint"],
        _id(row["owner"]),
        row["owner_name"],
        _moment(row["at"]),
        note=row["note"] or "",
    )


async def _inactive(present: datetime) -> list[Matter]:
    """Inactive projects whose tokens are still asked with."""
    rows = await select(
        "SELECT p.id, p.name, SUM(r.refusals) AS count FROM refusal_hour r"
        " JOIN project p ON p.id = r.project_id"
        " WHERE r.bucket >= {} AND r.code = 'project_inactive'"
        " AND NOT p.is_active AND p.deleted_at IS NULL"
        " GROUP BY p.id, p.name ORDER BY SUM(r.refusals) DESC, p.id LIMIT {}",
        [present - _ASKED, MOST + 1],
    )
    return [
        Matter("project_inactive", _id(row["id"]), row["name"], times=int(row["count"]))
        for row in rows
    ]


async def _exhausted(present: datetime) -> list[Matter]:
    rows = await select(
        "SELECT token.id, token.name, hint, p.id AS owner, p.name AS owner_name,"  # noqa: S608
        " e.at, e.why AS note FROM (SELECT id, subject_id, at, why FROM exhausted"
        " WHERE kind = 'token' ORDER BY id DESC LIMIT {}) AS e"
        " JOIN token ON token.id = e.subject_id JOIN project p ON p.id = token.project_id"
        f" WHERE revoked_at IS NULL AND {end()} > {{}} AND p.is_active"
        " ORDER BY e.id DESC LIMIT {}",
        # One may have used up its requests and a budget.
        [_LOOKED_AT, present, 2 * (MOST + 1)],
    )
    found = {_id(row["id"]): _of_token("token_exhausted", row) for row in reversed(rows)}
    return list(reversed(found.values()))[: MOST + 1]


async def _expiring(present: datetime) -> list[Matter]:
    """Those that events tell of, too: what lives for an hour always ends soon."""
    rows = await select(
        "SELECT t.id, t.name, t.hint, p.id AS owner, p.name AS owner_name,"  # noqa: S608
        " t.expires_at AS at, t.created_at FROM"
        " (SELECT id, name, hint, project_id, expires_at, created_at FROM token"
        f" WHERE revoked_at IS NULL AND {end()} > {{}} AND {end()} <= {{}}"
        f" ORDER BY {end()} LIMIT {{}}) AS t"
        " JOIN project p ON p.id = t.project_id WHERE p.is_active ORDER BY t.expires_at, t.id",
        [present, present + SOON, _LOOKED_AT],
    )
    found = (
        _of_token("token_expiring", row)
        for row in rows
        if (ends := _moment(row["at"])) and (made := _moment(row["created_at"]))
        if is_soon(ends, made, present)
    )
    return [matter for matter, _ in zip(found, range(MOST + 1), strict=False)]


def _of_token(kind: MatterKind, row: dict[str, Any]) -> Matter:
    return Matter(
        kind,
        _id(row["id"]),
        row["name"] or row["hint"],
        _id(row["owner"]),
        row["owner_name"],
        _moment(row["at"]),
        note=row.get("note", ""),
    )


async def _failing(_present: datetime) -> list[Matter]:
    return [
        Matter(
            "destination_failing",
            row.id,
            row.name,
            at=health.failing_since,
            note=health.last_error or "",
        )
        for row, health in await destinations.failing(MOST + 1)
    ]


_LOOKS: Final[Sequence[Callable[[datetime], Awaitable[list[Matter]]]]] = (
    _without_key, _suspended, _inactive, _exhausted, _failing, _resting, _expiring,
)  # fmt: skip


def _id(stored: UUID | str) -> UUID:
    return stored if isinstance(stored, UUID) else UUID(str(stored))


def _moment(stored: datetime | str | None) -> datetime | None:
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return None if moment is None else moment.astimezone(UTC)
