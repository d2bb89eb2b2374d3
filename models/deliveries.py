"""How deliveries go: who makes them, what has been delivered, and what was not.

One machine at a time delivers to a destination, as a lease in its row says, by the database's
clock. What a machine that lost its lease delivers all the same is delivered twice, never lost.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from models import changes
from models.db.conditions import execute, execute_many, select
from models.db.database import dialect, run_in_transaction
from models.outbox import OF_ONE, SIZE_MAX
from models.text import clean_text

#: For how long a machine that says nothing keeps others away.
LEASE_S: Final = 8.0
_LONGEST_ERROR: Final = 300
#: Rows that one transaction drops.
_STEP: Final = 1000
#: Of DESTINATION_MAX_BYTES, what is left of what waits once some of it had to be dropped.
_KEPT_SHARE: Final = 0.95


class Claimed(NamedTuple):
    """A destination that is ours to deliver to, and how often in a row that has failed."""

    failures: int


async def due() -> list[UUID]:
    """The active destinations for which something waits that may be sent now.

    Raises DatabaseUnavailable.
    """
    now, value = _in(0)
    rows = await select(
        "SELECT destination.id FROM destination LEFT JOIN destination_state"  # noqa: S608  (ours)
        " ON destination_state.destination_id = destination.id"
        f" WHERE is_active AND (retry_at IS NULL OR retry_at <= {now})"
        " AND (SELECT outbox.id FROM outbox WHERE outbox.destination_id >= destination.id"
        " AND outbox.destination_id <= destination.id"
        " ORDER BY outbox.destination_id, outbox.id LIMIT 1) IS NOT NULL",
        [value],
    )
    return [UUID(str(row["id"])) for row in rows]


async def claim(destination_id: UUID, owner: str) -> Claimed | None:
    """Become the one who delivers, or go on being it; None while another machine does.

    Raises DatabaseUnavailable.
    """
    until, until_value = _in(LEASE_S)
    now, now_value = _in(0)
    await execute(
        "INSERT INTO destination_state (destination_id) VALUES ({})"
        " ON CONFLICT (destination_id) DO NOTHING",
        [str(destination_id)],
    )
    rows = await select(
        f"UPDATE destination_state SET owner = {{}}, leased_until = {until}"  # noqa: S608
        " WHERE destination_id = {}"
        f" AND (leased_until IS NULL OR owner = {{}} OR leased_until < {now}) RETURNING failures",
        [owner, until_value, str(destination_id), owner, now_value],
    )
    return Claimed(int(rows[0]["failures"])) if rows else None


async def release(destination_id: UUID, owner: str) -> None:
    """Let another machine deliver at once, also where the caller is being cancelled. Who delivered
    last stays: there are the files, for one."""
    await run_in_transaction(
        lambda: execute(
            "UPDATE destination_state SET leased_until = NULL"
            " WHERE destination_id = {} AND owner = {}",
            [str(destination_id), owner],
        )
    )


async def took(
    destination_id: UUID, rows: Sequence[int], *, delivered: int, dropped: int = 0, why: str = ""
) -> None:
    """Note that these rows of the outbox are done with: delivered, or dropped because of `why`.

    Raises DatabaseUnavailable; then nothing is noted.
    """
    present = changes.now()

    async def write() -> None:
        await execute_many("DELETE FROM outbox WHERE id = {}", [[row] for row in rows])
        if delivered:
            await execute(
                "UPDATE destination_state SET delivered = delivered + {}, last_delivered_at = {},"
                " failures = 0, failing_since = NULL, retry_at = NULL WHERE destination_id = {}",
                [delivered, present, str(destination_id)],
            )
        if dropped:
            await _count_dropped(destination_id, dropped, why, present)

    await run_in_transaction(write)


async def failed(destination_id: UUID, why: str, *, retry_in: float | None) -> None:
    """Note that nothing could be delivered; None: nothing more is tried by itself."""
    at, value = ("{}", None) if retry_in is None else _in(retry_in)
    present = changes.now()
    values = [present, value, clean_text(why, limit=_LONGEST_ERROR), present, str(destination_id)]
    await run_in_transaction(
        lambda: execute(
            "UPDATE destination_state SET failures = failures + 1,"  # noqa: S608  (our own words)
            f" failing_since = COALESCE(failing_since, {{}}), retry_at = {at},"
            " last_error = {}, last_error_at = {} WHERE destination_id = {}",
            values,
        )
    )


async def _count_dropped(destination_id: UUID, dropped: int, why: str, present: datetime) -> None:
    await execute(
        "INSERT INTO destination_state (destination_id) VALUES ({})"
        " ON CONFLICT (destination_id) DO NOTHING",
        [str(destination_id)],
    )
    await execute(
        "UPDATE destination_state SET dropped = dropped + {}, last_dropped_at = {},"
        " last_error = {}, last_error_at = {} WHERE destination_id = {}",
        [dropped, present, clean_text(why, limit=_LONGEST_ERROR), present, str(destination_id)],
    )


class Bound:
    """Keeps what waits, for all destinations together, within a number of bytes.

    All of it is summed up only once the rows that came since the last sum could have passed it.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._size = 0
        self._newest = 0

    async def enforce(self) -> Counter[UUID]:
        """Drop the oldest of what is beyond the bound; how many, by destination.

        Raises DatabaseUnavailable.
        """
        dropped: Counter[UUID] = Counter()
        # Each by itself: SQLite would look at all of them for both at once.
        ends = (
            await select(
                "SELECT (SELECT min(id) FROM outbox) AS oldest,"
                " (SELECT max(id) FROM outbox) AS newest"
            )
        )[0]
        if ends["newest"] is None:
            return dropped
        before = max(self._newest, int(ends["oldest"]) - 1)
        known = self._size if self._newest >= int(ends["oldest"]) else 0
        if known + (int(ends["newest"]) - before) * SIZE_MAX <= self._max:
            return dropped
        total = (await select("SELECT COALESCE(sum(size), 0) AS size FROM outbox"))[0]
        self._size, self._newest = int(total["size"]), int(ends["newest"])
        if self._size <= self._max:
            return dropped
        while self._size > self._max * _KEPT_SHARE:
            gone, size = await run_in_transaction(self._drop_some)
            if not gone:
                break
            self._size -= size
            dropped += gone
        return dropped

    async def _drop_some(self) -> tuple[Counter[UUID], int]:
        excess = self._size - self._max * _KEPT_SHARE
        # Rows that are being delivered are not waited for.
        unlocked = " FOR UPDATE SKIP LOCKED" if dialect() == "postgres" else ""
        rows = await select(
            "SELECT id, destination_id, size FROM outbox"  # noqa: S608  (our own words)
            f" ORDER BY id LIMIT {_STEP}{unlocked}"
        )
        gone: Counter[UUID] = Counter()
        ids: list[list[Any]] = []
        size = 0
        for row in rows:
            if size >= excess:
                break
            size += int(row["size"])
            ids.append([row["id"]])
            gone[UUID(str(row["destination_id"]))] += 1
        await execute_many("DELETE FROM outbox WHERE id = {}", ids)
        present = changes.now()
        why = "more waits than DESTINATION_MAX_BYTES allows: the oldest were dropped"
        for destination_id, number in sorted(gone.items()):
            await _count_dropped(destination_id, number, why, present)
        return gone, size


async def forget_orphans() -> int:
    """Remove up to 1,000 rows of what waits for destinations that are gone; call again while it
    returns more than 0. Raises DatabaseUnavailable."""
    await execute(
        "DELETE FROM destination_state WHERE NOT EXISTS"
        " (SELECT 1 FROM destination WHERE destination.id = destination_state.destination_id)"
    )
    # Each destination for which something waits is found by one look into the index.
    rows = await select(
        "WITH RECURSIVE waiting(destination_id) AS ("
        " SELECT * FROM (SELECT destination_id FROM outbox ORDER BY destination_id LIMIT 1) AS one"
        " UNION ALL SELECT (SELECT outbox.destination_id FROM outbox"
        " WHERE outbox.destination_id > waiting.destination_id"
        " ORDER BY outbox.destination_id LIMIT 1) FROM waiting"
        " WHERE waiting.destination_id IS NOT NULL)"
        " SELECT destination_id FROM waiting WHERE destination_id IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM destination WHERE destination.id = waiting.destination_id)"
    )
    removed = 0
    for row in rows:
        removed += await execute(
            "DELETE FROM outbox WHERE id IN"  # noqa: S608  (our own words)
            f" (SELECT id FROM outbox WHERE {OF_ONE} ORDER BY destination_id, id LIMIT {{}})",
            [str(row["destination_id"]), str(row["destination_id"]), _STEP],
        )
    return removed


def _in(seconds: float) -> tuple[str, Any]:
    """The database's clock so many seconds from now: an expression, and its value."""
    if dialect() == "postgres":
        return "clock_timestamp() + make_interval(secs => {})", float(seconds)
    # As a `datetime` is stored, so that the two compare as text.
    return (
        "(strftime('%Y-%m-%d %H:%M:%f', 'now', {}) || '000+00:00')",
        f"{seconds:+.3f} seconds",
    )
