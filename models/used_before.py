"""What was used in a time, from the hour counters: where a budget begins that was added late."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from models.db.conditions import Condition, between, every, select

_HOUR_US: Final = 3_600_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Used(NamedTuple):
    """What requests of one endpoint and model came to."""

    endpoint: str
    model: str
    cost_nanos: int
    tokens: int


async def used_between(
    owner: Literal["token", "project"], owner_id: str, start_us: int, until_us: int | None
) -> list[Used]:
    """What a token or a project used in a time. An hour that the time cuts counts whole."""
    start = None if start_us <= 0 else _moment(start_us // _HOUR_US * _HOUR_US)
    until = None if until_us is None else _moment(until_us)
    owned = Condition(f"{owner}_id = {{}}", (owner_id,))
    condition = every([owned, *between("bucket", start, until)])
    rows = await select(
        "SELECT endpoint, model, CAST(sum(coalesce(cost_nanos, 0)) AS bigint) AS cost_nanos,"  # noqa: S608
        " CAST(sum(prompt_tokens + completion_tokens) AS bigint) AS tokens"
        f" FROM usage_hour WHERE {condition.sql} GROUP BY endpoint, model",
        condition.values,
    )
    return [Used(**row) for row in rows]


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
