"""Which tags and end users counters are kept for: clients choose them, and the rows stay for good.

A project has room for 100 keys of tags, and for 10,000 values of each key and as many end users;
what comes beyond them is counted as `other`, and a key beyond them not at all. The request log has
them all. Who has a place stands in `usage_value` and is decided in the transaction that counts,
one at a time for a project and key: it is the same for all workers and machines, and none keeps
anything of it in memory.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final, TypeAlias

from models.db.conditions import insert, select
from models.db.database import connection, dialect
from models.labels import Tags
from models.model_names import OTHER

#: Values of a key, and end users, of a project.
VALUES_MAX: Final = 10_000
#: Keys of a project.
KEYS_MAX: Final = 100

#: A project, a dimension (`tag:team`, `end_user`) and a value of it.
Value: TypeAlias = tuple[str, str, str]

END_USER: Final = "end_user"
_PREFIX: Final = "tag:"
#: The dimension whose values are keys: it has places and no counters.
_KEYS: Final = "tag"


def dimensions(tags: Tags | None, end_user: str) -> Iterator[tuple[str, str]]:
    """Each dimension that a request counts in, and its value there."""
    for key, value in tags or ():
        yield _PREFIX + key, value
    if end_user:
        yield END_USER, end_user


async def places(wanted: Iterable[Value]) -> dict[Value, str | None]:
    """As what each value counts, within the caller's transaction; None where its key does not."""
    values: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    keys: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for project_id, dimension, value in wanted:
        values[project_id, dimension].append(value)
        if dimension.startswith(_PREFIX):
            keys[project_id][dimension.removeprefix(_PREFIX)] = None
    # Sorted, so that two consumers wait for what they share in one order.
    without_keys = {
        (project_id, _PREFIX + key)
        for project_id, named in sorted(keys.items())
        for key in await _without(project_id, _KEYS, [*named], KEYS_MAX)
    }
    found: dict[Value, str | None] = {}
    for (project_id, dimension), named in sorted(values.items()):
        counts = (project_id, dimension) not in without_keys
        rest = await _without(project_id, dimension, named, VALUES_MAX) if counts else set()
        for value in named:
            placed = OTHER if value in rest else value
            found[project_id, dimension, value] = placed if counts else None
    return found


async def _without(project_id: str, dimension: str, wanted: list[str], most: int) -> set[str]:
    """Give values a place while there is one; those that get none."""
    wanted = [value for value in wanted if value != OTHER]
    known = await _known(project_id, dimension, wanted)
    if len(known) == len(wanted):
        return set()
    if await _taken(project_id, dimension) < most:
        await _alone(project_id, dimension)
        # Others may have given places before they let us.
        known = await _known(project_id, dimension, wanted)
        room = max(0, most - await _taken(project_id, dimension))
        first = [value for value in wanted if value not in known][:room]
        await insert(
            "usage_value (project_id, dimension, value)",
            "ON CONFLICT (project_id, dimension, value) DO NOTHING",
            [(project_id, dimension, value) for value in first],
        )
        known = known.union(first)
    return set(wanted) - known


async def _known(project_id: str, dimension: str, wanted: Collection[str]) -> set[str]:
    value: Collection[str] | str = wanted
    among = "= ANY({}::text[])"
    if dialect() == "sqlite":
        among, value = "IN (SELECT value FROM json_each({}))", json.dumps([*wanted])
    rows = await select(
        "SELECT value FROM usage_value"  # noqa: S608  (our own words)
        f" WHERE project_id = {{}} AND dimension = {{}} AND value {among}",
        [project_id, dimension, value],
    )
    return {row["value"] for row in rows}


async def _taken(project_id: str, dimension: str) -> int:
    (row,) = await select(
        "SELECT count(*) AS taken FROM usage_value WHERE project_id = {} AND dimension = {}",
        [project_id, dimension],
    )
    return int(row["taken"])


async def _alone(project_id: str, dimension: str) -> None:
    """Until the transaction ends no other one gives a place there. SQLite writes one at a time."""
    if dialect() == "postgres":
        await connection().execute_query(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            [f"llm-proxy label values {project_id} {dimension}"],
        )
