"""What is told of as it happens: the newest events, for the page and for destinations.

An event is stored in the transaction that stores what it is about, or not at all. What may be told
once only has a key of its own, which is kept for as long as it could be told again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

import msgspec
from tortoise import Model, fields

from models import changes, outbox
from models.db.conditions import execute, insert, select
from models.db.database import run_apart
from models.event_kinds import EventKind
from models.ids import first_id_at, new_id
from models.text import in_stored_order

if TYPE_CHECKING:
    from models.request_log import RequestLog

#: So many of the newest events are kept.
KEPT: Final = 100_000

#: Of one statement.
_KEYS_AT_ONCE: Final = 100

_encoder: Final = msgspec.json.Encoder()


class Event(Model):
    """One event. Its id is in order of time, and the same wherever it is sent."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField()
    kind = fields.CharField(max_length=24)
    project_id = fields.UUIDField(null=True)
    token_id = fields.UUIDField(null=True)
    key_id = fields.UUIDField(null=True)
    data = fields.JSONField[dict[str, Any]](default=dict)

    class Meta:
        table = "event"
        indexes = (("kind", "id"),)


class EventOnce(Model):
    """That something was told, so that it is not told again; for ever where there is no `until`."""

    once = fields.CharField(primary_key=True, max_length=320)
    until = fields.DatetimeField(null=True, db_index=True)

    class Meta:
        table = "event_once"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told. `once` lets it in once, over all workers and machines, for as long as
    it could come again: `until`, or for ever."""

    kind: EventKind
    data: Mapping[str, Any]
    project_id: UUID | str | None = None
    token_id: UUID | str | None = None
    key_id: UUID | str | None = None
    once: str | None = None
    until: datetime | None = None
    id: UUID = field(default_factory=new_id)
    at: datetime = field(default_factory=changes.now)


async def tell(*news: News) -> list[Event]:
    """Store what was not told before, within the transaction around it; those that are stored.

    Raises DatabaseUnavailable.
    """
    if not news:
        return []
    return await run_apart(lambda: _tell(news))


async def _tell(news: tuple[News, ...]) -> list[Event]:
    told = [_event(one) for one in await _new_ones(news)]
    # Not as the models write: that needs a loop, and the ledger writes in the database's thread.
    await insert("event (id, at, kind, project_id, token_id, key_id, data)", "", [*map(_row, told)])
    await outbox.put_events(told)
    return told


def _row(event: Event) -> list[Any]:
    ids = (event.project_id, event.token_id, event.key_id)
    return [
        str(event.id),
        event.at,
        event.kind,
        *(None if one is None else str(one) for one in ids),
        _encoder.encode(event.data).decode(),
    ]


def _event(news: News) -> Event:
    return Event(
        id=news.id,
        at=news.at,
        kind=news.kind,
        project_id=_uuid(news.project_id),
        token_id=_uuid(news.token_id),
        key_id=_uuid(news.key_id),
        data=_in_order(news.data),
    )


def _in_order(data: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        name: _in_order(value) if isinstance(value, Mapping) else value
        for name, value in data.items()
    }
    return in_stored_order(inner)


def _uuid(given: UUID | str | None) -> UUID | None:
    return UUID(given) if isinstance(given, str) else given


async def _new_ones(news: Sequence[News]) -> list[News]:
    """Those that may be told: of several with one key the first."""
    first: dict[str, News] = {}
    for one in news:
        if one.once is not None:
            first.setdefault(one.once, one)
    let_in = await _let_in([*first.values()])
    found = []
    for one in news:
        if one.once in let_in:
            let_in.remove(one.once)
            found.append(one)
        elif one.once is None:
            found.append(one)
    return found


async def _let_in(news: Sequence[News]) -> set[str | None]:
    """The keys that were not there before."""
    found: set[str | None] = set()
    for start in range(0, len(news), _KEYS_AT_ONCE):
        some = news[start : start + _KEYS_AT_ONCE]
        places = ", ".join("({}, {})" for _ in some)
        rows = await select(
            f"INSERT INTO event_once (once, until) VALUES {places}"  # noqa: S608
            " ON CONFLICT (once) DO NOTHING RETURNING once",
            [value for one in some for value in (one.once, one.until)],
        )
        found.update(row["once"] for row in rows)
    return found


#: How requests end that failed for no doing of the client or of ours.
_FAILED: Final = ("upstream_error", "upstream_broke", "upstream_unreachable", "timeout")


class Ended(Protocol):
    """A request that was let in: a ledger entry, or its row."""

    @property
    def status(self) -> int:
        """The status sent to the client."""

    @property
    def outcome(self) -> str:
        """How it ended."""


def is_failure(request: Ended) -> bool:
    """Whether it is a `request.failed`: no whole answer came, or one that is an error."""
    if request.outcome in _FAILED:
        return True
    return request.outcome == "complete" and request.status >= 400


def failure_data(row: "RequestLog") -> dict[str, Any]:
    """What `request.failed` says of a request, out of its row."""
    return {
        "request_id": str(row.id),
        "provider": row.provider,
        "endpoint": row.endpoint,
        "method": row.method,
        "model": row.model or None,
        "status": row.status or None,
        "outcome": row.outcome,
        "upstream_code": row.upstream_code,
        "duration_ms": row.duration_us / 1000,
        "tags": row.tags,
        "end_user": row.end_user,
    }


def moment(at: datetime) -> str:
    """A time as events say it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def prune(before: datetime) -> int:
    """Remove up to 1,000 events that are older than `before`, or not among the newest `KEPT`.

    Call again, after a pause, while it returns more than 0.
    """
    oldest = str(first_id_at(before))
    beyond = await select(f"SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET {KEPT}")  # noqa: S608
    if beyond:
        oldest = max(oldest, str(beyond[0]["id"]))
    return await execute(
        "DELETE FROM event WHERE id IN"
        " (SELECT id FROM event WHERE id <= {} ORDER BY id LIMIT 1000)",
        [oldest],
    )


async def forget(present: datetime) -> int:
    """Remove up to 1,000 keys of what cannot be told again; call again as with `prune`."""
    return await execute(
        "DELETE FROM event_once WHERE once IN"
        " (SELECT once FROM event_once WHERE until < {} ORDER BY until LIMIT 1000)",
        [present],
    )
