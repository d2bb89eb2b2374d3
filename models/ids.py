"""Row ids: UUIDv7, so that their order is the order of time.

Newest first is then `ORDER BY id DESC`, a page is `WHERE id < cursor`, and a range of time is a
range of ids, all on the primary key.
"""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """An id greater than any made before it in this process."""
    return uuid7()


def first_id_at(moment: datetime) -> UUID:
    """The smallest id that a row of `moment` (millisecond resolution) can have."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80)


def made_at(row_id: UUID) -> datetime:
    """When an id of `new_id` was made, to the millisecond."""
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC)
