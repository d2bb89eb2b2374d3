"""The way of entries into the tables: exactly once into the request log, the counters, the token.

A worker's journal says how far it has come; the batch that moves on from there is one transaction.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import Any, Final, TypeAlias

import msgspec

from models import changes, counters, objects, outbox, request_tag
from models.columns import Columns, is_one, kinds, times
from models.db.conditions import execute, execute_many, insert, select
from models.db.database import dialect, give_up_on_locks_after, run_apart
from models.db.giving_way import give_way
from models.entry import Entry, Parts, attempts_as_json, storable, tags_as_json
from models.entry_columns import all_storable, by_column
from models.events import is_failure
from models.model_names import IsListed, nothing_is_listed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COUNT_USE: Final = (
    "UPDATE token SET request_count = request_count + {},"
    " last_used_at = CASE WHEN last_used_at > {} THEN last_used_at ELSE {} END WHERE id = {}"
)

#: Times in microseconds as the database has them.
_Moments: TypeAlias = Callable[[Sequence[int]], Sequence[Any]]
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
        entries, columns = all_storable(entries)
        give_way()
        booked = await _take_objects(entries, columns)
        logged = columns
        if booked:
            # In the row of its own token's answer that showed it, too.
            shown = {one.id: one for one in booked}
            logged = by_column([_shown_in(shown, entry) for entry in entries])
        moments: _Moments = _as_text if dialect() == "sqlite" else _moments
        into, rows, common = _into_log(logged, moments)
        give_way()
        await insert(into, "ON CONFLICT (id) DO NOTHING", rows, common)
        if any(columns["tags"]):
            await request_tag.put((one.id, dict(one.tags or ())) for one in entries)
        await outbox.put_requests(entries, is_failure)
        await counters.add(entries, columns, is_listed, booked)
        await _touch_tokens(columns, moments)
        if charge is not None:
            # The last, since decisions wait for the rows that it locks.
            await charge(list(entries))
    await execute(
        "UPDATE journal_position SET position = {}, updated_at = {} WHERE journal_id = {}",
        [end, changes.now(), journal_id],
    )
    return end


async def _take_objects(entries: Sequence[Entry], columns: Columns) -> list[Entry]:
    """Remember what they say of objects; those that are counted once more, as they are then."""
    if any(columns["objects"]):
        await objects.apply(entries)
    if not any(columns["finished"]):
        return []
    return [_booked(*claimed) for claimed in await objects.claim(entries)]


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


#: The entry's fields that are columns as they stand: what kind of request it was, and numbers.
_NAMED: Final = (
    "project_id", "token_id", "provider", "endpoint", "method", "model", "status", "outcome",
    "usage",
)  # fmt: skip
_COUNTED: Final = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_nanos",
    "bytes_in", "bytes_out", "ttfb_us", "duration_us", "overhead_us",
)  # fmt: skip
#: Of them, those that are 0 in most batches.
_SELDOM: Final = ("cached_tokens", "reasoning_tokens")
#: Those of which most requests have none, as the log has them where a request has one.
_TEXTS: Final = (
    "service_tier", "answer_model", "cost_source", "upstream_code", "key_id", "charge",
    "refusal_code", "end_user",
)  # fmt: skip


_LOG_COLUMNS: Final = (
    "id", "at", *_NAMED, *_COUNTED, *Parts.__struct_fields__, *_TEXTS, "attempts", "tags", "cache",
    "saved_nanos",
)  # fmt: skip


def _into_log(columns: Columns, moments: _Moments) -> tuple[str, list[tuple[Any, ...]], list[Any]]:
    """The log's columns and their values, row by row and, of the last, those that all rows have in
    common; but for columns for which no row has one: they are NULL, or empty, all the same, and a
    third of all."""
    told: dict[str, Sequence[Any]] = {"id": columns["id"], "at": moments(columns["at_us"])}
    common: dict[str, Any] = {}
    found, numbers = kinds(columns, _NAMED), {name: columns[name] for name in _COUNTED}
    said, parts = _said(columns), _said_parts(columns["parts"])
    if len(found) == 1:
        # Where requests are alike, most texts are the same, and a text is dear to hand over.
        common = dict(zip(_NAMED, *found, strict=True))
        for name in _TEXTS:
            if name in said and is_one(said[name]):
                common[name] = said.pop(name)[0]
        if all(map(is_one, parts.values())):
            common |= {name: column[0] for name, column in parts.items()}
            parts = {}
        if all(is_one(numbers[name]) for name in _SELDOM):
            common |= {name: numbers.pop(name)[0] for name in _SELDOM}
    else:
        told |= {name: columns[name] for name in _NAMED}
    told |= numbers | parts | said
    rows = list(zip(*told.values(), strict=True))
    return f"request_log ({', '.join((*told, *common))})", rows, list(common.values())


def _said_parts(column: Sequence[Parts | None]) -> dict[str, Sequence[int | None]]:
    """Parts by name, of which at least one row has a value."""
    if is_one(column):
        numbers = msgspec.structs.astuple(column[0] or _NO_PARTS)
        told: Iterable[Sequence[int | None]] = ((one,) * len(column) for one in numbers)
    else:
        told = zip(*(msgspec.structs.astuple(one or _NO_PARTS) for one in column), strict=True)
    by_name = zip(Parts.__struct_fields__, told, strict=True)
    return {name: numbers for name, numbers in by_name if numbers.count(None) < len(numbers)}


def _said(further: Columns) -> dict[str, Sequence[Any]]:
    """The other columns by name, of which at least one row has a value."""
    said: dict[str, Sequence[Any]] = {}
    for name in _TEXTS:
        if any(texts := further[name]):
            said[name] = texts if all(texts) else [text or None for text in texts]
    for name, as_json in (("attempts", attempts_as_json), ("tags", tags_as_json)):
        if (column := further[name]).count(None) < len(column):
            said[name] = [None if one is None else as_json(one) for one in column]
    if any(further["cache"]):
        said["cache"] = further["cache"]
    saved = further["saved_nanos"]
    if saved.count(None) < len(saved):
        said["saved_nanos"] = saved
    return said


_NO_PARTS: Final = Parts()


def _as_text(at_us: Sequence[int]) -> list[str]:
    """Times as SQLite has them, as `datetime`s of them are stored."""
    # The last digits are the microseconds, which are left out where there are none.
    return times(at_us, _second, "+00:00").replace(".000000", "").split(",")


def _second(at: datetime) -> str:
    return at.isoformat(" ")[:19]


def _moments(at_us: Sequence[int]) -> list[datetime]:
    return list(map(_moment, at_us))


async def _touch_tokens(columns: Columns, moments: _Moments) -> None:
    """Count uses, as quotas do, and note when the last request came, used or not."""
    token_ids = columns["token_id"]
    if is_one(token_ids):
        uses = {token_ids[0]: len(token_ids) - sum(columns["given_back"])}
        latest = {token_ids[0]: max(columns["at_us"])}
    else:
        uses = Counter(token_ids)
        uses.subtract(compress(token_ids, columns["given_back"]))
        latest = dict.fromkeys(token_ids, 0)
        for token_id, at_us in zip(token_ids, columns["at_us"], strict=True):
            if at_us > latest[token_id]:  # noqa: PLR1730  (a call for each would take five times as long)
                latest[token_id] = at_us
    at = dict(zip(latest, moments(list(latest.values())), strict=True))
    # In order of id, as `Project` locks them, so that neither waits in a circle.
    await execute_many(
        _COUNT_USE,
        [[count, at[token_id], at[token_id], token_id] for token_id, count in sorted(uses.items())],
    )


def _moment(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)
