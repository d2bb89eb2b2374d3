"""What waits for destinations: a row for each item and destination, until it was delivered.

Rows are written in the transaction that stores what they are of, so that neither is there without
the other, and are removed one by one: a transaction that commits late, on whatever machine, is
sent late and not lost. What is sent is read from the request log and the events at that moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

import msgspec
from tortoise import Model, fields

from models import generation
from models.db.conditions import execute, insert, select
from models.event_kinds import TRACES

if TYPE_CHECKING:
    from models.destinations import Destination
    from models.entry import Entry
    from models.events import Event

REQUEST: Final = "request"
EVENT: Final = "event"
#: An event that is no row of its own: its item is the request.
REQUEST_FAILED: Final = "request.failed"

#: No item is said to be larger, so that the number of rows says how large all can be at most.
SIZE_MAX: Final = 4096
#: Bytes of a request as it is sent, but for its texts, and of an event but for its data.
_REQUEST_SIZE: Final = 900
_EVENT_SIZE: Final = 250
#: Seconds for which what was said of subscribers is good: it is said about once a second.
_FRESH_S: Final = 5.0
_INTO: Final = "outbox (destination_id, kind, item_id, at, size)"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: The rows of one destination, given twice, in the order of (destination_id, id). Were it an
#: equality, PostgreSQL might look for the few of one along the ids, past the many of another.
OF_ONE: Final = "destination_id >= {} AND destination_id <= {}"
#: How many of those that wait for one destination are counted; one more stands for any number.
COUNTED_MAX: Final = 10_000


class OutboxItem(Model):
    """One item that one destination is to get. No foreign key ties it to either."""

    # In order of writing: the order in which a destination gets them.
    id = fields.BigIntField(primary_key=True)
    destination_id = fields.UUIDField()
    # `request`: a row of the request log. `event`: an event, or a request that failed.
    kind = fields.CharField(max_length=8)
    item_id = fields.UUIDField()
    at = fields.DatetimeField()
    # Of what will be sent, about, in bytes.
    size = fields.IntField()

    class Meta:
        table = "outbox"
        indexes = (("destination_id", "id"),)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a destination; of more than `COUNTED_MAX`, the oldest and one more."""

    count: int
    size: int
    oldest: datetime | None


async def waiting(destinations: Collection[UUID]) -> dict[UUID, Waiting]:
    """What waits for each of these. Raises DatabaseUnavailable."""
    return {one: await _waiting(one) for one in destinations}


async def _waiting(destination_id: UUID) -> Waiting:
    rows = await select(
        "SELECT count(*) AS waiting, COALESCE(sum(size), 0) AS size"  # noqa: S608  (our own words)
        f" FROM (SELECT size FROM outbox WHERE {OF_ONE}"
        " ORDER BY destination_id, id LIMIT {}) AS first",
        [str(destination_id), str(destination_id), COUNTED_MAX + 1],
    )
    oldest = await waiting_items(destination_id, 1)
    at = oldest[0].at if oldest else None
    return Waiting(int(rows[0]["waiting"]), int(rows[0]["size"]), at)


async def waiting_items(destination_id: UUID, limit: int) -> list[OutboxItem]:
    """The oldest of those that wait, in order. Raises DatabaseUnavailable."""
    found = OutboxItem.filter(
        destination_id__gte=destination_id, destination_id__lte=destination_id
    )
    return await found.order_by("destination_id", "id").limit(limit)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A destination, as far as it decides what is put into the outbox."""

    id: str
    requests: bool
    events: frozenset[str] | None
    """None: all."""
    only: Mapping[str, str]

    @classmethod
    def of(cls, destination: Destination) -> Self:
        """As its row says."""
        return cls.made(
            str(destination.id),
            destination.kind,
            requests=destination.requests,
            events=destination.events,
            only=destination.only,
        )

    @classmethod
    def made(
        cls,
        destination_id: str,
        kind: str,
        *,
        requests: bool,
        events: Iterable[str] | None,
        only: Mapping[str, str] | None,
    ) -> Self:
        """As the columns of its row say."""
        if kind in TRACES:
            events = ()
        return cls(
            destination_id, requests, None if events is None else frozenset(events), only or {}
        )

    def wants_request(self, entry: Entry) -> bool:
        """Whether it is to get this request."""
        return self.requests and self._passes_request(entry)

    def wants_failure(self, entry: Entry) -> bool:
        """Whether it is to be told of this request, which failed."""
        return self._wants(REQUEST_FAILED) and self._passes_request(entry)

    def wants_event(self, event: Event) -> bool:
        """Whether it is to be told of this event; one without the id that it asks for is none."""
        return self._wants(event.kind) and self._passes(event.project_id, event.token_id)

    def _wants(self, kind: str) -> bool:
        return self.events is None or kind in self.events

    def _passes_request(self, entry: Entry) -> bool:
        return self.only.get("outcome", entry.outcome) == entry.outcome and self._passes(
            entry.project_id, entry.token_id
        )

    def _passes(self, project_id: UUID | str | None, token_id: UUID | str | None) -> bool:
        given = (("project_id", project_id), ("token_id", token_id))
        return all(self.only.get(name) in (None, str(value)) for name, value in given)


class _Known:
    """Who subscribes, as this process read it last. Written by its loop, read by the ledger's
    thread as well."""

    subscribers: tuple[Subscriber, ...] = ()
    read_at = float("-inf")
    generation = 0


def know(destinations: Iterable[Destination], asked_at: float, seen: int) -> None:
    """Take these for all that are active, so that the ledger need not ask for a while, or until
    something changes on this machine.

    `asked_at`, `seen`: when the database was asked for them, by `time.monotonic`, and what
    `generation.seen` said before.
    """
    _Known.subscribers = tuple(map(Subscriber.of, destinations))
    _Known.read_at, _Known.generation = asked_at, seen


def forget() -> None:
    """Nobody says any more who subscribes: the ledger asks."""
    _Known.read_at = float("-inf")


async def _subscribers() -> tuple[Subscriber, ...]:
    if monotonic() - _Known.read_at < _FRESH_S and generation.seen() == _Known.generation:
        return _Known.subscribers
    rows = await select(
        "SELECT id, kind, requests, events, filter FROM destination WHERE is_active ORDER BY id"
    )
    return tuple(
        Subscriber.made(
            str(row["id"]),
            row["kind"],
            requests=bool(row["requests"]),
            events=_json(row["events"]),
            only=_json(row["filter"]),
        )
        for row in rows
    )


def _json(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


async def put_requests(entries: Sequence[Entry], is_failure: Callable[[Entry], bool]) -> None:
    """Have these requests sent to whoever wants them, within the caller's transaction."""
    rows: list[tuple[Any, ...]] = []
    subscribers = await _subscribers()
    # Asked for by each, and made when they are asked for.
    made = list(entries) if subscribers else ()
    for one in subscribers:
        for entry in made:
            values = (entry.id, _EPOCH + timedelta(microseconds=entry.at_us), _request_size(entry))
            if one.wants_request(entry):
                rows.append((one.id, REQUEST, *values))
            if one.wants_failure(entry) and is_failure(entry):
                rows.append((one.id, EVENT, *values))
    await insert(_INTO, "", rows)


async def put_events(events: Sequence[Event]) -> None:
    """Have these events sent to whoever wants them, within the caller's transaction."""
    if not events:
        return
    rows = [
        (one.id, EVENT, str(event.id), event.at, _event_size(event))
        for one in await _subscribers()
        for event in events
        if one.wants_event(event)
    ]
    await insert(_INTO, "", rows)


def _request_size(entry: Entry) -> int:
    texts = len(entry.model) + len(entry.endpoint) + len(entry.answer_model) + len(entry.end_user)
    texts += sum(len(name) + len(value) + 6 for name, value in entry.tags or ())
    return min(SIZE_MAX, _REQUEST_SIZE + texts + 90 * len(entry.attempts or ()))


def _event_size(event: Event) -> int:
    return min(SIZE_MAX, _EVENT_SIZE + len(msgspec.json.encode(event.data)))


async def retry_now(destination_id: UUID) -> None:
    """Try again at once: whatever stood in the way may be mended."""
    await execute(
        "UPDATE destination_state SET retry_at = NULL WHERE destination_id = {}",
        [str(destination_id)],
    )
