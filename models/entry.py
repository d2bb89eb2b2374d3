"""The ledger entry: what is kept about one request that was let in.

A worker writes it to the journal, from where `ledger` brings it into the tables. Its layout on
disk is `ENTRY_VERSION`'s: a journal written before an upgrade is still read after it, so fields
are only ever added, at the end, with a default.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias, cast, get_args

import msgspec

from models import objects
from models.cache_rule import Looked
from models.columns import Columns, fit_32_bits, is_one, kinds
from models.ids import is_id, is_known_id
from models.labels import END_USER_MAX, Tags, clean_tags
from models.objects import Finished, Kept
from models.request_log import was_refused
from models.text import clean_text

ENTRY_VERSION: Final = 1
#: No line is longer, its newline included: see `line_of`.
LINE_MAX_BYTES: Final = 16 * 1024

Outcome: TypeAlias = Literal[
    "complete",
    "client_left",
    "upstream_error",
    "upstream_broke",
    "upstream_unreachable",
    "timeout",
    "revoked",
    "shutdown",
    "middleware_failed",
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


#: Answers after which an upstream may have done the work, and be asked for it again.
_MAY_BE_BILLED: Final = (408, 409, 504)


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One try of a request that was tried at several accounts."""

    key_id: str
    #: The answer's; 0 where none came.
    status: int
    #: Why none came: a word of ours; '' where one did.
    error: str
    ms: int

    @property
    def may_be_billed(self) -> bool:
        """Whether its account, though it was given up, may have done the work."""
        return self.error == "abandoned" or self.status in _MAY_BE_BILLED


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
    #: In a journal, the outcome where a release before this field does not know its word: see
    #: `encode`. No more words: one that a release does not know here, it takes for damage.
    newer_outcome: Literal["upstream_error", "middleware_failed"] | None = None
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
    #: Why the proxy answered it itself after it was let in; '' where it did not.
    refusal_code: str = ""
    #: What it is tagged with, in one order, and the end user whom it is for; '' where that is not
    #: said.
    tags: Tags | None = None
    end_user: str = ""
    #: As `Looked`, but any text: a word that this release does not know would stop the journal.
    cache: str = ""
    #: What the kept answer had cost when it came from upstream; None but for a hit.
    saved_nanos: int | None = None
    #: In a journal, the outcome where the release before does not know its word; any text, so that
    #: the release before may not know it here either. '' where it does: see `encode`.
    later_outcome: str = ""

    @property
    def entry(self) -> "Entry":
        """Itself: one that is like an earlier one may be kept as an `Again`."""
        return self

    @property
    def used_nothing(self) -> bool:
        """Whether it used no tokens: by its nature, or as it was refused and stated no usage."""
        if not self.counted:
            return True
        stated = (self.prompt_tokens, self.completion_tokens, self.parts) != (None, None, None)
        return not stated and was_refused(self.status, self.outcome)

    @property
    def unpriced(self) -> bool:
        """Whether it used something, or may have, and what it cost is not known."""
        return self.cost_nanos is None and not self.used_nothing


_encoder: Final = msgspec.json.Encoder()
#: Of a list alone: of whatever else it keeps the iterator for ever
#: (findings/msgspec-keeps-the-iterator-of-encoded-lines.sh).
encode_lines: Final = cast(Callable[[list[Any]], bytes], _encoder.encode_lines)
_decoder: Final = msgspec.json.Decoder(Entry)

#: No honest number comes near these; beyond them a sum of many could leave 64 bits.
_MOST_TOKENS: Final = 10**10
_MOST_NANOS: Final = 10**15
_MOST_BYTES: Final = 2**50
_MOST_US: Final = 10**13
_MOST_ATTEMPTS: Final = 16
_CACHE_RESULTS: Final = frozenset(get_args(Looked))

#: Outcomes that a release before does not know, what it is to take each for, and the fields that
#: have the word itself.
_NEWER_OUTCOMES: Final[dict[Outcome, dict[str, str]]] = {
    "upstream_error": {"outcome": "upstream_broke", "newer_outcome": "upstream_error"},
    "middleware_failed": {"outcome": "client_left", "later_outcome": "middleware_failed"},
}
_OUTCOMES: Final = frozenset(get_args(Outcome))


def encode(entry: Entry) -> bytes:
    """One line of JSON, without its newline.

    After a rollback the release before reads it, and a word that it does not know would stop it.
    """
    return line_of(entry)[0][:-1]


def line_of(entry: Entry) -> tuple[bytes, Entry]:
    """The same with its newline, and the entry as `decode` gives it back: in memory it is no longer
    than on disk, whatever a client or an upstream names."""
    told = entry
    if entry.outcome in _NEWER_OUTCOMES:
        told = msgspec.structs.replace(entry, **_NEWER_OUTCOMES[entry.outcome])
    try:
        line = encode_lines([told])
    except UnicodeEncodeError:
        # A lone surrogate, which JSON bodies can hold as an escape and UTF-8 cannot.
        pass
    else:
        if len(line) <= LINE_MAX_BYTES:
            return line, entry
    return encode_lines([storable(told)]), storable(entry)


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
    return [
        entry if entry.newer_outcome is None and not entry.later_outcome else _checked(entry)
        for entry in entries
    ]


def _checked(entry: Entry) -> Entry:
    if not (is_id(entry.id) and is_known_id(entry.project_id) and is_known_id(entry.token_id)):
        # PostgreSQL would refuse the whole batch, again and again.
        raise msgspec.ValidationError("an id is no UUID")
    if entry.key_id and not is_known_id(entry.key_id):
        raise msgspec.ValidationError("the id of a key is no UUID")
    if entry.newer_outcome is None and not entry.later_outcome:
        return entry
    # A word of a newer release, after a rollback: what that release has us take it for stands.
    word = entry.newer_outcome or entry.later_outcome
    outcome = word if word in _OUTCOMES else entry.outcome
    return msgspec.structs.replace(entry, outcome=outcome, newer_outcome=None, later_outcome="")


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
        refusal_code=clean_text(entry.refusal_code, limit=64),
        cost_nanos=_within(entry.cost_nanos, _MOST_NANOS),
        bytes_in=_within(entry.bytes_in, _MOST_BYTES) or 0,
        bytes_out=_within(entry.bytes_out, _MOST_BYTES) or 0,
        ttfb_us=_within(entry.ttfb_us, _MOST_US),
        duration_us=_within(entry.duration_us, _MOST_US) or 0,
        overhead_us=_within(entry.overhead_us, _MOST_US) or 0,
        attempts=None if entry.attempts is None else _clean_attempts(entry.attempts),
        objects=objects.bounded(entry.objects),
        finished=objects.storable_finished(entry.finished),
        tags=None if entry.tags is None else clean_tags(entry.tags),
        end_user=clean_text(entry.end_user, limit=END_USER_MAX),
        cache=entry.cache if entry.cache in _CACHE_RESULTS else "",
        saved_nanos=_within(entry.saved_nanos, _MOST_NANOS),
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
_LIMITS: Final = {
    "provider": 64, "endpoint": 200, "method": 16, "model": 200, "service_tier": 32,
    "answer_model": 200, "cost_source": 64, "upstream_code": 64, "refusal_code": 64,
}  # fmt: skip
_texts_of: Final = attrgetter(*_LIMITS)
_clean: set[tuple[str, ...]] = set()


def _fits(entry: Entry) -> bool:
    """Whether nothing has to be mended, as is nearly always so."""
    texts = _texts_of(entry)
    if texts not in _clean:
        if any(clean_text(t, limit=n) != t for t, n in zip(texts, _LIMITS.values(), strict=True)):
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
        and (entry.finished is None or entry.finished == objects.storable_finished(entry.finished))
        and (entry.tags is None or entry.tags == clean_tags(entry.tags))
        and (not entry.end_user or _is_clean(entry.end_user))
        and entry.cache in _CACHE_RESULTS
        and 0 <= (entry.saved_nanos or 0) <= _MOST_NANOS
    )


def all_fit(columns: Columns) -> bool:
    """Whether nothing has to be mended, as far as that is seen quickly: no text is new, no number
    takes more than 32 bits, and what is rare is not there."""
    if not _clean.issuperset(kinds(columns, _LIMITS)):
        return False
    if any(columns[name].count(absent) < len(columns[name]) for name, absent in _RARE.items()):
        return False
    if not all(fit_32_bits(columns[name]) for name in _NUMBERS):
        return False
    parts = columns["parts"]
    return (
        max(columns["status"]) <= 999
        and _CACHE_RESULTS.issuperset(columns["cache"])
        and all(map(_are_counts, filter(None, parts[:1] if is_one(parts) else set(parts))))
    )


_RARE: Final = {"end_user": "", **dict.fromkeys(("attempts", "objects", "finished", "tags"))}
#: What is bounded of an entry; but for the status more than 32 bits hold.
_NUMBERS: Final = (
    "status", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
    "cost_nanos", "bytes_in", "bytes_out", "ttfb_us", "duration_us", "overhead_us", "saved_nanos",
)  # fmt: skip


def _is_clean(end_user: str) -> bool:
    return clean_text(end_user, limit=END_USER_MAX) == end_user


def _are_counts(parts: Parts) -> bool:
    counts = [count for count in msgspec.structs.astuple(parts) if count]
    return not counts or (min(counts) > 0 and max(counts) <= _MOST_TOKENS)


def _within(number: int | None, most: int) -> int | None:
    return None if number is None else max(0, min(number, most))


def tags_as_json(tags: Tags) -> str:
    """As the request log has them."""
    return _encoder.encode(dict(tags)).decode()


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
