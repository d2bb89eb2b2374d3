"""The way of entries into the tables: exactly once into the request log, the counters, the token.

A worker's journal says how far it has come; the batch that moves on from there is one transaction.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import msgspec

from models import changes, counters, objects, outbox
from models.db.conditions import execute, execute_many, insert, select
from models.db.database import dialect, give_up_on_locks_after, run_apart
from models.entry import Entry, Parts, attempts_as_json, storable, tags_as_json
from models.events import is_failure
from models.model_names import IsListed, nothing_is_listed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOG_COLUMNS: Final = (
    "id", "at", "project_id", "token_id", "provider", "endpoint", "method", "model", "status",
    "outcome", "usage", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
    "cost_nanos", "bytes_in", "bytes_out", "ttfb_us", "duration_us", "overhead_us",
    *Parts.__struct_fields__, "service_tier", "answer_model", "cost_source", "upstream_code",
    "key_id", "attempts", "charge", "refusal_code", "tags", "end_user", "cache",
    "saved_nanos",
)  # fmt: skip
_COUNT_USE: Final = (
    "UPDATE token SET request_count = request_count + {},"
    " last_used_at = CASE WHEN last_used_at > {} THEN last_used_at ELSE {} END WHERE id = {}"
)

#: Charges the budgets of entries, within the transaction that counts them.
Charging: TypeAlias = Callable[[Sequence[Entry]], Awaitable[None]]


async def apply_batch(
    journal_id: str,
    start: int,
    end: int,
    entries: Sequence[Entry],
    *,
    is_listed: IsListed = nothing_is_listed,
    charge: Charging | None = None,
) -> int:
    """Add the entries between two positions of a journal to the database, exactly once.

    One transaction moves the journal's position from `start` to `end` and adds everything up. If
    the position is not `start`, the batch was applied before, and nothing is done. Returns
    the position that holds now. A journal never seen begins wherever its first batch does.
    Names of models that are not listed are bounded in the counters, as `model_names` says. `charge`
    charges budgets in the same transaction.
    Raises DatabaseUnavailable; then nothing was done, or all of it, and asking again is safe.
    """
    return await run_apart(
        lambda: _apply(journal_id, start, end, entries, is_listed=is_listed, charge=charge)
    )


#: A batch that waits for one row keeps others, of all machines, waiting for those that it has.
_LOCK_WAIT_S: Final = 2.0


async def _apply(
    journal_id: str,
    start: int,
    end: int,
    entries: Sequence[Entry],
    *,
    is_listed: IsListed,
    charge: Charging | None,
) -> int:
    await give_up_on_locks_after(_LOCK_WAIT_S)
    position = await _claim(journal_id, start)
    if position != start:
        return position
    if entries:
        entries = [storable(entry) for entry in entries]
        moment = _Seconds().moment if dialect() == "sqlite" else _moment
        await objects.apply(entries)
        booked = [_booked(*claimed) for claimed in await objects.claim(entries)]
        # In the row of its own token's answer that showed it, too.
        shown = {one.id: one for one in booked}
        rows = [_log_values(_shown_in(shown, entry), moment) for entry in entries]
        into, rows = _into_log(rows)
        await insert(into, "ON CONFLICT (id) DO NOTHING", rows)
        await outbox.put_requests(entries, is_failure)
        await counters.add(entries, is_listed, booked)
        await _touch_tokens(entries)
        if charge is not None:
            # The last, since decisions wait for the rows that it locks.
            await charge(entries)
    await execute(
        "UPDATE journal_position SET position = {}, updated_at = {} WHERE journal_id = {}",
        [end, changes.now(), journal_id],
    )
    return end


def _booked(entry: Entry, token_id: str) -> Entry:
    """An entry that shows a response finished, as what that used is counted to a token."""
    finished = entry.finished
    if finished is None:
        return entry
    return storable(
        msgspec.structs.replace(
            entry,
            token_id=token_id,
            model=finished.model,
            usage="exact",
            counted=True,
            answer_model="",
            parts=None if finished.parts is None else Parts(*finished.parts),
            **{name: getattr(finished, name) for name in _OF_FINISHED},
        )
    )


#: What an entry and a finished response have in common.
_OF_FINISHED: Final = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_nanos",
    "service_tier", "cost_source",
)  # fmt: skip


def _shown_in(booked: Mapping[str, Entry], entry: Entry) -> Entry:
    found = booked.get(entry.id)
    return entry if found is None or found.token_id != entry.token_id else found


async def _claim(journal_id: str, start: int) -> int:
    """The journal's position, locked until we commit."""
    await execute(
        "INSERT INTO journal_position (journal_id, position, updated_at) VALUES ({}, {}, {})"
        " ON CONFLICT (journal_id) DO NOTHING",
        [journal_id, start, changes.now()],
    )
    # SQLite has no row locks and needs none: its transactions are one at a time.
    lock = " FOR UPDATE" if dialect() == "postgres" else ""
    rows = await select(
        f"SELECT position FROM journal_position WHERE journal_id = {{}}{lock}",  # noqa: S608
        [journal_id],
    )
    return int(rows[0]["position"])


_NO_PARTS: Final = (None,) * len(Parts.__struct_fields__)


#: The entry's fields that are columns as they stand, one behind the other.
_FIRST: Final = Entry.__struct_fields__.index("project_id")
_BEHIND: Final = Entry.__struct_fields__.index("overhead_us") + 1


def _log_values(entry: Entry, moment: Callable[[int], Any]) -> tuple[Any, ...]:
    return (
        entry.id,
        moment(entry.at_us),
        *msgspec.structs.astuple(entry)[_FIRST:_BEHIND],
        *(_NO_PARTS if entry.parts is None else msgspec.structs.astuple(entry.parts)),
        entry.service_tier or None,
        entry.answer_model or None,
        entry.cost_source or None,
        entry.upstream_code or None,
        entry.key_id or None,
        None if entry.attempts is None else attempts_as_json(entry.attempts),
        entry.charge or None,
        entry.refusal_code or None,
        None if entry.tags is None else tags_as_json(entry.tags),
        entry.end_user or None,
        entry.cache,
        entry.saved_nanos,
    )


#: The first of the columns that most requests have nothing for.
_OPTIONAL: Final = _LOG_COLUMNS.index("overhead_us") + 1


def _into_log(rows: Sequence[tuple[Any, ...]]) -> tuple[str, list[tuple[Any, ...]]]:
    """The log's columns and their values, but for columns for which no row has one: they are NULL,
    or empty, all the same, and a third of all."""
    # By column, without a step of Python's for each value.
    columns = list(zip(*rows, strict=True))
    nothing = (None,) * len(rows), ("",) * len(rows)
    said = [place for place in range(_OPTIONAL, len(columns)) if columns[place] not in nothing]
    names = [*_LOG_COLUMNS[:_OPTIONAL], *(_LOG_COLUMNS[place] for place in said)]
    values = [*columns[:_OPTIONAL], *(columns[place] for place in said)]
    return f"request_log ({', '.join(names)})", list(zip(*values, strict=True))


class _Seconds(dict[int, str]):
    """Times as SQLite has them, whose second is written once in a batch."""

    def __missing__(self, second: int) -> str:
        text = self[second] = _moment(second * 1_000_000).isoformat(" ")[:19]
        return text

    def moment(self, at_us: int) -> str:
        """As a `datetime` of the same time is stored."""
        second, rest = divmod(at_us, 1_000_000)
        return f"{self[second]}.{rest:06}+00:00" if rest else f"{self[second]}+00:00"


async def _touch_tokens(entries: Sequence[Entry]) -> None:
    """Count uses, as quotas do, and note when the last request came, used or not."""
    uses: defaultdict[str, int] = defaultdict(int)
    latest: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        uses[entry.token_id] += not entry.given_back
        latest[entry.token_id] = max(latest[entry.token_id], entry.at_us)
    # In order of id, as `Project` locks them, so that neither waits in a circle.
    await execute_many(
        _COUNT_USE,
        [
            [count, _moment(latest[token_id]), _moment(latest[token_id]), token_id]
            for token_id, count in sorted(uses.items())
        ],
    )


def _moment(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)
