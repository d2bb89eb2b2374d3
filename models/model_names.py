"""Which models counters are kept for: clients choose the names, and hour counters stay for good.

Names that the price list has are few. Of all others a project has room for 200 in an hour; what
comes beyond them is counted as `other`, unless an allow list names it. The request log keeps every
name. Whether a name has a place is decided in the transaction that counts it, one at a time for a
project and hour, so that it is the same for all workers and machines and for a batch tried again.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import msgspec

from models.db.conditions import select
from models.db.database import after_commit, connection, dialect
from models.tokens import Token

if TYPE_CHECKING:
    from models.entry import Entry

#: Names of a project and hour that the price list does not have.
UNLISTED_MAX: Final = 200
#: What the others count as.
OTHER: Final = "other"
#: Names that are counted as they are and take no room.
_WITHOUT_PLACE: Final = ("", OTHER)
#: Hours that are remembered, of all projects; some 5 MB where every name is as long as can be.
_REMEMBERED_MAX: Final = 64
_HOUR_US: Final = 3_600_000_000

#: Whether a provider's model stands in the price list under this very name.
IsListed: TypeAlias = Callable[[str, str], bool]
#: A project, an hour as `_Hour` numbers it, a provider, a model, and the token that asked for it.
Named: TypeAlias = tuple[str, int, str, str, str]


class _Hour(NamedTuple):
    """A project's; `number` counts from 1970."""

    project_id: str
    number: int

    @property
    def bucket(self) -> datetime:
        return datetime.fromtimestamp(self.number * 3600, UTC)


#: Unlisted names that have a place, as of the last transaction of ours that asked for one. Names
#: never lose theirs, and where there is no room left no name gets one.
_placed: OrderedDict[_Hour, frozenset[str]] = OrderedDict()


def nothing_is_listed(_provider: str, _model: str) -> bool:
    """Where there is no price list."""
    return False


async def beyond(named: Iterable[Named], is_listed: IsListed) -> Mapping[_Hour, set[str]]:
    """The names that have no place, where there are any, within the caller's transaction."""
    new: defaultdict[_Hour, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for project, number, provider, model, token in named:
        hour = _Hour(project, number)
        if model in _placed.get(hour, ()) or model in _WITHOUT_PLACE:
            continue
        if not is_listed(provider, model):
            new[hour][model].add(token)
    # Sorted, so that two consumers wait for their hours in one order.
    without = {hour: await _place(hour, new[hour], is_listed) for hour in sorted(new)}
    return {hour: names for hour, names in without.items() if names}


def bounded(entries: Sequence["Entry"], without: Mapping[_Hour, set[str]]) -> list["Entry"]:
    """`entries` as they are to be counted, where those names have no place."""
    return [
        msgspec.structs.replace(entry, model=OTHER)
        if entry.model in without.get(_hour(entry), ())
        else entry
        for entry in entries
    ]


def _hour(entry: "Entry") -> _Hour:
    return _Hour(entry.project_id, entry.at_us // _HOUR_US)


async def _place(hour: _Hour, wanted: dict[str, set[str]], is_listed: IsListed) -> set[str]:
    """Give names of tokens a place while there is one; those that get none."""
    placed = _placed.get(hour, frozenset())
    if len(placed) < UNLISTED_MAX:
        placed = await _read(hour, is_listed)
    new = [name for name in wanted if name not in placed]
    room = max(0, UNLISTED_MAX - len(placed))
    first, rest = new[:room], new[room:]
    allowed = await _allowed(rest, {token for name in rest for token in wanted[name]})
    found = placed.union(first, allowed)
    after_commit(lambda: _remember(hour, found))
    return set(rest) - allowed


async def _read(hour: _Hour, is_listed: IsListed) -> frozenset[str]:
    """The names that have a place; no other transaction gives one until ours has ended."""
    if dialect() == "postgres":
        await connection().execute_query(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            [f"llm-proxy model names {hour.project_id} {hour.number}"],
        )
    rows = await select(
        "SELECT DISTINCT provider, model FROM usage_hour WHERE project_id = {} AND bucket = {}",
        [hour.project_id, hour.bucket],
    )
    return frozenset(
        row["model"]
        for row in rows
        if row["model"] not in _WITHOUT_PLACE and not is_listed(row["provider"], row["model"])
    )


async def _allowed(names: Iterable[str], tokens: set[str]) -> set[str]:
    """Which of the names stand in an allow list of these tokens, or of their projects."""
    if not tokens:
        return set()
    allowed: set[str] = set()
    for lists in await Token.filter(id__in=tokens).values_list(
        "allowed_models", "project__allowed_models"
    ):
        for entries in lists:
            allowed.update(entries or ())
    return allowed.intersection(names)


def _remember(hour: _Hour, names: frozenset[str]) -> None:
    _placed[hour] = names | _placed.pop(hour, frozenset())
    if len(_placed) > _REMEMBERED_MAX:
        _placed.popitem(last=False)
