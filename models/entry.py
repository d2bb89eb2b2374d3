"""The ledger entry: what is kept about one request that was let in, and where it ends up.

An entry is written to the journal by a worker, and from there, exactly once, into the counters,
the request log and the token it belongs to. Its layout on disk is `ENTRY_VERSION`'s: a journal
written before an upgrade is still read after it, so fields are only ever added, at the end, with
a default.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import msgspec

from models import changes, counters, objects
from models.db.conditions import execute, execute_many, insert, select
from models.db.database import dialect, give_up_on_locks_after, run_apart
from models.ids import is_id, is_known_id
from models.model_names import IsListed, nothing_is_listed
from models.objects import Finished, Kept
from models.request_log import was_refused
from models.text import clean_text

ENTRY_VERSION: Final = 1

Outcome: TypeAlias = Literal[
    "complete",
    "client_left",
    "upstream_error",
    "upstream_broke",
    "upstream_unreachable",
    "timeout",
    "revoked",
    "shutdown",
]
UsageQuality: TypeAlias = Literal["exact", "unknown"]
Charge: TypeAlias = Literal["used", "held", "none"]


class Parts(msgspec.Struct, frozen=True, array_like=True):
    """Parts of the tokens, and what else is charged; each None where it was not reported.

    An entry has none of them where nothing of this was reported, as with most requests: a journal
    need not say so ten times.
    """

    #: Those for an hour included.
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    image_input_tokens: int | None = None
    image_output_tokens: int | None = None
    web_searches: int | None = None
    audio_seconds: int | None = None


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One try of a request that was tried at several accounts."""

    key_id: str
    #: The answer's; 0 where none came.
    status: int
    #: Why none came: a word of ours; '' where one did.
    error: str
    ms: int


class Entry(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One request. Times are integer microseconds, money is integer nano-dollars."""

    version: int = ENTRY_VERSION
    #: The request's id (UUIDv7), which is also in the response. This and the other ids are text:
    #: a `UUID` is made and written in ten times the time.
    id: str
    #: When the request began, Unix time.
    at_us: int
    project_id: str
    token_id: str
    provider: str
    #: The allowlist pattern that matched (`/v1/models/{model}`), not the path: it is a label.
    endpoint: str
    method: str
    #: '' where no model was named.
    model: str
    #: The status sent to the client; 0 where none was.
    status: int
    outcome: Outcome
    usage: UsageQuality
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    #: None where no price is known, which is not the same as free.
    cost_nanos: int | None
    bytes_in: int
    bytes_out: int
    #: None where no byte of an answer came.
    ttfb_us: int | None
    duration_us: int
    #: The part of the duration that was ours rather than the upstream's.
    overhead_us: int
    #: False for requests that create nothing (polling a stored response): they carry no usage,
    #: and do not count towards `unknown_usage_requests`.
    counted: bool
    parts: Parts | None = None
    #: What the answer says of itself: the tier it was served in, and its model where that is
    #: another than `model`. '' where it does not.
    service_tier: str = ""
    answer_model: str = ""
    #: Where the cost comes from; '' where there is none.
    cost_source: str = ""
    #: The upstream's own code of an error; '' where it gave none.
    upstream_code: str = ""
    #: In a journal, the outcome where the release before does not know its word: see `encode`.
    newer_outcome: Outcome | None = None
    #: The account whose answer it was, or that was tried last; '' where none was.
    key_id: str = ""
    #: Each try, where there were several.
    attempts: tuple[Attempt, ...] | None = None
    #: Whether its quota was given back, since nothing of it went upstream: it is no use of a token.
    given_back: bool = False
    #: What budgets were charged: what it used, what it held, or nothing. '' where it has none.
    charge: Charge | Literal[""] = ""
    #: What the answer says of objects that the account keeps.
    objects: tuple[Kept, ...] | None = None
    #: What a response used in the background that this answer shows finished: it is counted once,
    #: however many answers show it, so that it stands beside what this request used.
    finished: Finished | None = None

    @property
    def used_nothing(self) -> bool:
        """Whether it used no tokens: by its nature, or as it was refused and stated no usage."""
        if not self.counted:
            return True
        stated = (self.prompt_tokens, self.completion_tokens, self.parts) != (None, None, None)
        return not stated and was_refused(self.status)

    @property
    def unpriced(self) -> bool:
        """Whether it used something, or may have, and what it cost is not known."""
        return self.cost_nanos is None and not self.used_nothing


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Entry)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

#: No honest number comes near these; beyond them a sum of many could leave 64 bits.
_MOST_TOKENS: Final = 10**10
_MOST_NANOS: Final = 10**15
_MOST_BYTES: Final = 2**50
_MOST_US: Final = 10**13
_MOST_ATTEMPTS: Final = 16

_LOG_COLUMNS: Final = (
    "id", "at", "project_id", "token_id", "provider", "endpoint", "method", "model", "status",
    "outcome", "usage", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
    "cost_nanos", "bytes_in", "bytes_out", "ttfb_us", "duration_us", "overhead_us",
    *Parts.__struct_fields__, "service_tier", "answer_model", "cost_source", "upstream_code",
    "key_id", "attempts", "charge",
)  # fmt: skip
_INTO_LOG: Final = f"request_log ({', '.join(_LOG_COLUMNS)})"
_COUNT_USE: Final = (
    "UPDATE token SET request_count = request_count + {},"
    " last_used_at = CASE WHEN last_used_at > {} THEN last_used_at ELSE {} END WHERE id = {}"
)


#: Outcomes that the release before does not know, and what it is to take each for.
_NEWER_OUTCOMES: Final[dict[Outcome, Outcome]] = {"upstream_error": "upstream_broke"}


def encode(entry: Entry) -> bytes:
    """One line of JSON, without its newline.

    After a rollback the release before reads it, and a word that it does not know would stop it.
    """
    if entry.outcome in _NEWER_OUTCOMES:
        entry = msgspec.structs.replace(
            entry, outcome=_NEWER_OUTCOMES[entry.outcome], newer_outcome=entry.outcome
        )
    try:
        return _encoder.encode(entry)
    except UnicodeEncodeError:
        # A lone surrogate, which JSON bodies can hold as an escape and UTF-8 cannot.
        return _encoder.encode(storable(entry))


def decode(line: bytes) -> Entry:
    """What `encode` made, of this version or an earlier one. Raises msgspec.DecodeError."""
    return _checked(_decoder.decode(line))


def decode_lines(lines: bytes) -> list[Entry]:
    """The same of many lines, in half of the time; one that is damaged fails all."""
    entries: list[Entry] = _decoder.decode_lines(lines)
    # The same few projects, tokens and keys in each: asked about once.
    known = {entry.project_id for entry in entries} | {entry.token_id for entry in entries}
    known |= {entry.key_id for entry in entries if entry.key_id}
    if not (all(map(is_known_id, known)) and all(is_id(entry.id) for entry in entries)):
        raise msgspec.ValidationError("an id is no UUID")
    return [entry if entry.newer_outcome is None else _checked(entry) for entry in entries]


def _checked(entry: Entry) -> Entry:
    if not (is_id(entry.id) and is_known_id(entry.project_id) and is_known_id(entry.token_id)):
        # PostgreSQL would refuse the whole batch, again and again.
        raise msgspec.ValidationError("an id is no UUID")
    if entry.key_id and not is_known_id(entry.key_id):
        raise msgspec.ValidationError("the id of a key is no UUID")
    if entry.newer_outcome is None:
        return entry
    return msgspec.structs.replace(entry, outcome=entry.newer_outcome, newer_outcome=None)


def storable(entry: Entry) -> Entry:
    """`entry` with texts and numbers that every database takes."""
    if _fits(entry):
        return entry
    return msgspec.structs.replace(
        entry,
        provider=clean_text(entry.provider, limit=64),
        endpoint=clean_text(entry.endpoint, limit=200),
        method=clean_text(entry.method, limit=16),
        model=clean_text(entry.model, limit=200),
        status=_within(entry.status, 999) or 0,
        prompt_tokens=_within(entry.prompt_tokens, _MOST_TOKENS),
        completion_tokens=_within(entry.completion_tokens, _MOST_TOKENS),
        cached_tokens=_within(entry.cached_tokens, _MOST_TOKENS),
        reasoning_tokens=_within(entry.reasoning_tokens, _MOST_TOKENS),
        parts=None if entry.parts is None else _bounded(entry.parts),
        service_tier=clean_text(entry.service_tier, limit=32),
        answer_model=clean_text(entry.answer_model, limit=200),
        cost_source=clean_text(entry.cost_source, limit=64),
        upstream_code=clean_text(entry.upstream_code, limit=64),
        cost_nanos=_within(entry.cost_nanos, _MOST_NANOS),
        bytes_in=_within(entry.bytes_in, _MOST_BYTES) or 0,
        bytes_out=_within(entry.bytes_out, _MOST_BYTES) or 0,
        ttfb_us=_within(entry.ttfb_us, _MOST_US),
        duration_us=_within(entry.duration_us, _MOST_US) or 0,
        overhead_us=_within(entry.overhead_us, _MOST_US) or 0,
        attempts=None if entry.attempts is None else _clean_attempts(entry.attempts),
        objects=objects.bounded(entry.objects),
    )


def _clean_attempts(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(
            clean_text(attempt.key_id, limit=36),
            _within(attempt.status, 999) or 0,
            clean_text(attempt.error, limit=64),
            _within(attempt.ms, _MOST_US) or 0,
        )
        for attempt in attempts[:_MOST_ATTEMPTS]
    )


def _bounded(parts: Parts) -> Parts:
    return Parts(
        **{name: _within(getattr(parts, name), _MOST_TOKENS) for name in Parts.__struct_fields__}
    )


#: Texts that have been seen to be clean; few, but for models, which clients name. None is longer
#: than `storable` lets it be, so that all together are 8 MB at most, and 1 MB in life.
_CLEAN_MAX: Final = 4_096
_LIMITS: Final = (64, 200, 16, 200, 32, 200, 64, 64)
_clean: set[tuple[str, ...]] = set()


def _fits(entry: Entry) -> bool:
    """Whether nothing has to be mended, as is nearly always so."""
    texts = (
        entry.provider, entry.endpoint, entry.method, entry.model,
        entry.service_tier, entry.answer_model, entry.cost_source, entry.upstream_code,
    )  # fmt: skip
    if texts not in _clean:
        if any(clean_text(t, limit=n) != t for t, n in zip(texts, _LIMITS, strict=True)):
            return False
        if len(_clean) >= _CLEAN_MAX:
            _clean.clear()
        _clean.add(texts)
    return (
        0 <= entry.status <= 999
        and 0 <= (entry.prompt_tokens or 0) <= _MOST_TOKENS
        and 0 <= (entry.completion_tokens or 0) <= _MOST_TOKENS
        and 0 <= (entry.cached_tokens or 0) <= _MOST_TOKENS
        and 0 <= (entry.reasoning_tokens or 0) <= _MOST_TOKENS
        and 0 <= (entry.cost_nanos or 0) <= _MOST_NANOS
        and 0 <= entry.bytes_in <= _MOST_BYTES
        and 0 <= entry.bytes_out <= _MOST_BYTES
        and 0 <= (entry.ttfb_us or 0) <= _MOST_US
        and 0 <= entry.duration_us <= _MOST_US
        and 0 <= entry.overhead_us <= _MOST_US
        and (entry.parts is None or _are_counts(entry.parts))
        and (entry.attempts is None or entry.attempts == _clean_attempts(entry.attempts))
        and (entry.objects is None or entry.objects == objects.bounded(entry.objects))
    )


def _are_counts(parts: Parts) -> bool:
    counts = [count for count in msgspec.structs.astuple(parts) if count]
    return not counts or (min(counts) > 0 and max(counts) <= _MOST_TOKENS)


def _within(number: int | None, most: int) -> int | None:
    return None if number is None else max(0, min(number, most))


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
        await insert(_INTO_LOG, "ON CONFLICT (id) DO NOTHING", rows)
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
    )


def attempts_as_json(attempts: tuple[Attempt, ...]) -> str:
    """As the request log has them: each with either a status or an error."""
    rows = [
        {
            "key_id": attempt.key_id,
            **({"error": attempt.error} if attempt.error else {"status": attempt.status}),
            "ms": attempt.ms,
        }
        for attempt in attempts
    ]
    return _encoder.encode(rows).decode()


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
