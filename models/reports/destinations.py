"""How deliveries to destinations go: for the API, the pages and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from models.destinations import Destination, DestinationState
from models.outbox import COUNTED_MAX, Waiting, waiting

#: `failing`: the last try failed, and another follows.
Standing: TypeAlias = Literal["active", "failing", "inactive"]

_NEVER: Final = DestinationState(delivered=0, dropped=0, failures=0)
_NOTHING: Final = Waiting(0, 0, None)


@dataclass(frozen=True, slots=True)
class DestinationHealth:
    """How deliveries to one destination go."""

    state: Standing
    delivered: int
    dropped: int
    """Refused by the receiver, or beyond DESTINATION_MAX_BYTES."""
    waiting: int
    """Of more than `COUNTED_MAX`, one more."""
    waiting_since: datetime | None
    last_delivered_at: datetime | None
    last_dropped_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    failing_since: datetime | None
    next_try_at: datetime | None

    @property
    def waiting_text(self) -> str:
        """How many wait, for people."""
        many = self.waiting > COUNTED_MAX
        return f"more than {COUNTED_MAX:,}" if many else f"{self.waiting:,}"


async def health(rows: Sequence[Destination]) -> list[DestinationHealth]:
    """Of each of these, in their order. Raises DatabaseUnavailable."""
    ids = [row.id for row in rows]
    states = {
        state.destination_id: state
        for state in await DestinationState.filter(destination_id__in=ids)
    }
    queued = await waiting(ids)
    return [_of(row, states.get(row.id, _NEVER), queued.get(row.id, _NOTHING)) for row in rows]


def _of(row: Destination, state: DestinationState, queued: Waiting) -> DestinationHealth:
    fails = row.is_active and state.failures > 0
    return DestinationHealth(
        state="failing" if fails else "active" if row.is_active else "inactive",
        delivered=state.delivered,
        dropped=state.dropped,
        waiting=queued.count,
        waiting_since=queued.oldest,
        last_delivered_at=state.last_delivered_at,
        last_dropped_at=state.last_dropped_at,
        last_error=state.last_error,
        last_error_at=state.last_error_at,
        failing_since=state.failing_since if fails else None,
        next_try_at=state.retry_at if fails else None,
    )


async def failing(limit: int) -> list[tuple[Destination, DestinationHealth]]:
    """Active destinations whose last try failed, the longest failing first.

    Raises DatabaseUnavailable.
    """
    ids = await Destination.filter(is_active=True).values_list("id", flat=True)
    states = (
        await DestinationState.filter(destination_id__in=ids, failures__gt=0)
        .order_by("failing_since", "destination_id")
        .limit(limit)
    )
    found = {row.id: row for row in await Destination.filter(
        id__in=[state.destination_id for state in states]
    )}  # fmt: skip
    rows = [found[state.destination_id] for state in states if state.destination_id in found]
    return list(zip(rows, await health(rows), strict=True))
