"""Removing what is older than it has to be, in steps small enough to delay no request."""

from datetime import datetime, timedelta
from typing import Final

from models.db.conditions import execute, select
from models.ids import first_id_at

#: How long the minute counters are kept.
MINUTES_KEPT: Final = timedelta(hours=48)


async def prune_request_log(before: datetime) -> int:
    """Remove up to 1,000 rows of the request log that are older than `before`; the number removed.

    Call again, after a pause, while it returns more than 0.
    """
    # By id, which is in order of time: no other index is needed for it.
    removed = await select(
        "DELETE FROM request_log WHERE id IN"
        " (SELECT id FROM request_log WHERE id < {} ORDER BY id LIMIT 1000) RETURNING id",
        [str(first_id_at(before))],
    )
    # SQLite would count what its trigger removes of `request_tag`, too.
    return len(removed)


async def prune_minutes(before: datetime) -> int:
    """Remove up to 1,000 minute counters that are older than `before`; the number removed."""
    return await execute(
        "DELETE FROM usage_minute WHERE id IN"
        " (SELECT id FROM usage_minute WHERE bucket < {} ORDER BY bucket LIMIT 1000)",
        [before],
    )
