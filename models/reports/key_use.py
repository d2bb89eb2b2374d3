"""When a project's upstream keys were last used, out of the hour counters."""

from datetime import datetime
from typing import Final
from uuid import UUID

from models.db.conditions import select
from models.db.database import dialect

#: Rows of counters that are looked through, newest first: one for each hour, key, token and model.
_MOST_ROWS: Final = 5_000


async def last_used(project_id: UUID) -> dict[UUID, datetime]:
    """The beginning of the hour in which each key was last used, as far as the newest 5,000 rows of
    its project's counters go back; a key that is missing was not used since."""
    rows = await select(
        "SELECT value, max(bucket) AS bucket FROM (SELECT value, bucket FROM usage_dimension"
        " WHERE project_id = {} AND dimension = 'key' ORDER BY bucket DESC LIMIT {}) AS newest"
        " GROUP BY value",
        [str(project_id), _MOST_ROWS],
    )
    read = datetime.fromisoformat if dialect() == "sqlite" else (lambda bucket: bucket)
    return {UUID(row["value"]): read(row["bucket"]) for row in rows}
