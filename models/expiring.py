"""Tokens that end soon, each told of a week before and a day before, while it can be renewed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.db.conditions import Condition, select
from models.events import News, moment, tell

#: How long before its end a token is told of, the last time first.
BEFORE: Final = (timedelta(days=1), timedelta(days=7))
_STEP: Final = 200
#: The clocks of machines may differ: a key is kept for longer than its token could be found.
_MARGIN: Final = timedelta(days=1)


class After(NamedTuple):
    """Where the next step goes on, in the order of tokens' ends."""

    expires_at: datetime
    token_id: UUID


_FOUND: Final = (
    "SELECT t.id AS id, t.project_id AS project_id, t.name AS token_name, p.name AS project_name,"
    " t.expires_at AS expires_at, t.created_at AS created_at"
    " FROM token t JOIN project p ON p.id = t.project_id"
    " WHERE t.expires_at <= {{}} AND {after} AND t.revoked_at IS NULL"
    " AND p.is_active AND p.deleted_at IS NULL"
    " ORDER BY t.expires_at, t.id LIMIT {{}}"
)


async def tell_expiring(present: datetime, after: After | None = None) -> After | None:
    """Tell of some of those that were not told of yet; where to go on, None at the end.

    Each once for each end that it has and each of `BEFORE`, over all workers and machines. One that
    never was to live for so long is not told of: who made it for an hour knows. Raises
    DatabaseUnavailable.
    """
    bound = Condition("t.expires_at > {}", (present,))
    if after is not None:
        bound = Condition(
            "(t.expires_at, t.id) > ({}, {})", (after.expires_at, str(after.token_id))
        )
    rows = await _tell(present, bound, present + max(BEFORE))
    if len(rows) < _STEP:
        return None
    return After(_time(rows[-1]["expires_at"]), _uuid(rows[-1]["id"]))


async def tell_due(since: datetime, present: datetime) -> None:
    """Tell of those that came to one of `BEFORE` between two moments, as far as one step goes.

    `tell_expiring` finds the others, and those whose end has moved. Raises DatabaseUnavailable.
    """
    for before in BEFORE:
        bound = Condition("t.expires_at > {}", (since + before,))
        await _tell(present, bound, present + before)


async def _tell(
    present: datetime, bound: Condition, latest: datetime
) -> Sequence[Mapping[str, Any]]:
    """Tell of a step of those that end by `latest`; its rows."""
    rows = await select(_FOUND.format(after=bound.sql), [latest, *bound.values, _STEP])
    news = [one for row in rows if (one := _news(row, present)) is not None]
    told = await _told([one.once for one in news if one.once])
    await tell(*(one for one in news if one.once not in told))
    return rows


def is_soon(ends: datetime, created: datetime, present: datetime) -> bool:
    """Whether a token is within one of `BEFORE` of its end, and was to live for longer."""
    return any(ends - present <= before and created <= ends - before for before in BEFORE)


def _news(row: Mapping[str, Any], present: datetime) -> News | None:
    ends, created = _time(row["expires_at"]), _time(row["created_at"])
    for before in BEFORE:
        if ends - present <= before:
            if created > ends - before:
                return None
            seconds = int(before.total_seconds())
            return News(
                kind="token.expiring",
                data={
                    "token_name": row["token_name"],
                    "project_name": row["project_name"],
                    "expires_at": moment(ends),
                    "seconds_before": seconds,
                },
                project_id=str(row["project_id"]),
                token_id=str(row["id"]),
                once=f"token.expiring {row['id']} {moment(ends)} {seconds}",
                until=ends + _MARGIN,
            )
    return None


async def _told(keys: list[str]) -> set[str]:
    if not keys:
        return set()
    places = ", ".join("{}" for _ in keys)
    rows = await select(f"SELECT once FROM event_once WHERE once IN ({places})", keys)  # noqa: S608
    return {row["once"] for row in rows}


def _time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _uuid(value: UUID | str) -> UUID:
    return UUID(value) if isinstance(value, str) else value
