"""What there is, in a few numbers: keys by what they are good for, tokens that end soon."""

from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from models.db.conditions import select
from models.db.database import dialect
from models.expiring import BEFORE

KeyUse: TypeAlias = Literal["active", "inactive", "resting", "suspended"]
KEY_USES: Final[tuple[KeyUse, ...]] = get_args(KeyUse)

#: Rows that are counted at most.
COUNTED_MAX: Final = 10_000


class Stock(NamedTuple):
    """What there is; a number that would be greater than `COUNTED_MAX` is that."""

    #: Those of active projects.
    keys: dict[KeyUse, int]
    #: By seconds: those that end within so many, and were to live for longer.
    expiring: dict[int, int]
    exhausted: int


_KEYS: Final = """
SELECT count(*) AS counted, CASE WHEN NOT k.in_use THEN 'inactive'
    WHEN s.suspended_at IS NOT NULL THEN 'suspended'
    WHEN EXISTS (SELECT 1 FROM key_rest r WHERE r.key_id = k.id AND r.until > {}) THEN 'resting'
    ELSE 'active' END AS state
FROM upstream_key k JOIN project p ON p.id = k.project_id
LEFT JOIN key_state s ON s.key_id = k.id
WHERE p.is_active AND p.deleted_at IS NULL
GROUP BY 2
"""
_EXPIRING: Final = (
    "SELECT count(*) AS counted FROM"
    " (SELECT 1 FROM token t JOIN project p ON p.id = t.project_id"
    " WHERE t.expires_at > {{}} AND t.expires_at <= {{}} AND t.revoked_at IS NULL"
    " AND p.is_active AND p.deleted_at IS NULL AND {lived} LIMIT {{}}) AS found"
)
#: That a token was to live for so many days.
_LIVED: Final = {
    "sqlite": "julianday(t.expires_at) - julianday(t.created_at) >= {}",
    "postgres": "t.expires_at - t.created_at >= {} * interval '1 day'",
}
_EXHAUSTED: Final = (
    "SELECT count(*) AS counted FROM"
    " (SELECT DISTINCT subject_id FROM exhausted WHERE kind = 'token' LIMIT {}) AS found"
)


async def stock(present: datetime) -> Stock:
    """What there is at `present`. Raises DatabaseUnavailable."""
    keys: dict[KeyUse, int] = dict.fromkeys(KEY_USES, 0)
    for row in await select(_KEYS, [present]):
        keys[row["state"]] = row["counted"]
    expiring = {}
    counting = _EXPIRING.format(lived=_LIVED[dialect()])
    for before in BEFORE:
        values: list[Any] = [present, present + before, float(before.days), COUNTED_MAX]
        expiring[int(before.total_seconds())] = await _counted(counting, values)
    return Stock(keys, expiring, await _counted(_EXHAUSTED, [COUNTED_MAX]))


async def _counted(sql: str, values: list[Any]) -> int:
    (row,) = await select(sql, values)
    return int(row["counted"])
