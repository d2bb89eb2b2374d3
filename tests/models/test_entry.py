"""Entries: what a journal holds of them, and what every database takes."""

import gc
from typing import Any, Literal, get_args

import msgspec
import pytest

from models import counters
from models import entry as coding
from models.entry import Entry, Parts
from tests.models.rows import an_entry


def test_an_entry_survives_its_journal() -> None:
    entry = an_entry(model="gpt-4o\n“quoted”", ttfb_us=None, cost_nanos=None)
    line = coding.encode(entry)
    assert b"\n" not in line
    assert coding.decode(line) == entry


@pytest.mark.parametrize("outcome", get_args(coding.Outcome))
def test_a_line_and_the_entry_that_it_has_are_one(outcome: coding.Outcome) -> None:
    """Both at the bound of a line, and beyond it."""
    for model in ("gpt-4o", "\ud800", "m" * 15_000, "m" * 20_000):
        entry = an_entry(model=model, outcome=outcome)
        line, written = coding.line_of(entry)
        assert len(line) <= coding.LINE_MAX_BYTES
        assert line.count(b"\n") == line.endswith(b"\n") == 1
        assert coding.decode(line) == written
        assert (written is entry) == (model in ("gpt-4o", "m" * 15_000))


def test_nothing_stays_in_memory_of_lines_that_were_made() -> None:
    """Every request has one: a worker would grow for as long as it runs."""
    clean, mended = an_entry(), an_entry(model="\ud800")
    coding.line_of(clean)
    coding.line_of(mended)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(500):
        coding.line_of(clean)
        coding.line_of(mended)
    gc.collect()
    assert len(gc.get_objects()) < before + 100


def test_a_line_of_the_first_version_is_still_read() -> None:
    """Written down: a journal on disk outlives the release that wrote it."""
    line = (
        b'[1,"01a208bc-1050-74bc-a7e0-bd6234514a72",1790000000000000,'
        b'"00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002",'
        b'"openai","/v1/chat/completions","POST","gpt-4o",200,"complete","exact",'
        b"10,5,4,0,1500,150,600,30000,90000,150,true]"
    )
    entry = coding.decode(line)
    assert entry == an_entry(id=entry.id)
    assert str(entry.id) == "01a208bc-1050-74bc-a7e0-bd6234514a72"


#: As releases before have them: which words each takes in which field, and in no field another.
_OUTCOMES_BEFORE = Literal[
    "complete", "client_left", "upstream_broke", "upstream_unreachable", "timeout", "revoked",
    "shutdown",
]  # fmt: skip
_WORDS_BEFORE = {
    "outcome": {*get_args(_OUTCOMES_BEFORE)},
    "newer_outcome": {*get_args(_OUTCOMES_BEFORE), "upstream_error", None},
}


@pytest.mark.parametrize("outcome", get_args(coding.Outcome))
def test_the_releases_before_can_read_every_outcome(outcome: coding.Outcome) -> None:
    """Of another they would say that the journal is damaged, and never count the request."""
    entry = an_entry(outcome=outcome)
    line = coding.encode(entry)
    told = dict(zip(Entry.__struct_fields__, msgspec.json.decode(line), strict=True))
    for field, words in _WORDS_BEFORE.items():
        assert told[field] in words
    assert (told["outcome"] == "complete") is (outcome == "complete")
    assert coding.decode(line) == entry
    assert coding.decode_lines(line + b"\n" + line + b"\n") == [entry, entry]


def test_an_outcome_of_a_newer_release_is_what_that_release_has_it_taken_for() -> None:
    entry = an_entry(outcome="client_left", later_outcome="eclipsed")
    line = coding.encode(entry)
    assert coding.decode(line) == an_entry(id=entry.id, outcome="client_left")
    assert coding.decode_lines(line + b"\n") == [coding.decode(line)]


def test_a_middleware_that_failed_is_an_error_and_no_upstreams() -> None:
    for status in (200, 500):
        totals = counters.Totals()
        totals.add(an_entry(status=status, outcome="middleware_failed"))
        added = dict(zip(counters._ADDED, totals.added, strict=True))
        assert (added["errors"], added["upstream_errors"], added["client_errors"]) == (1, 0, 0)


def test_a_usage_without_parts_takes_no_room_for_them() -> None:
    nothing, something = an_entry(), an_entry(parts=Parts(web_searches=2))
    assert len(coding.encode(nothing)) < len(coding.encode(something)) - 30
    assert coding.decode(coding.encode(something)) == something


@pytest.mark.parametrize(
    ("told", "unpriced"),
    [
        ({"cost_nanos": 0}, False),
        ({"cost_nanos": None}, True),
        ({"cost_nanos": None, "counted": False}, False),
        ({"cost_nanos": None, "usage": "unknown", "prompt_tokens": None}, True),
        (
            {
                "cost_nanos": None, "prompt_tokens": None, "completion_tokens": None,
                "parts": Parts(audio_seconds=9),
            },
            True,
        ),
    ],
)  # fmt: skip
def test_a_request_is_unpriced_where_it_used_something_of_unknown_cost(
    told: dict[str, Any], unpriced: bool
) -> None:
    totals = counters.Totals()
    totals.add(an_entry(**told))
    assert totals.added[counters._ADDED.index("unpriced_requests")] == unpriced


@pytest.mark.parametrize("field", ["id", "project_id", "token_id", "key_id"])
def test_a_line_whose_id_no_database_stores_is_damaged(field: str) -> None:
    """Its batch would be refused for ever, also where it comes with many others."""
    text = an_entry().id
    # An upstream's key need not be known.
    nothing = () if field == "key_id" else ("",)
    for wrong in (*nothing, "x" * 36, text.upper(), text[1:], f"{text}\n{text}"):
        line = coding.encode(an_entry(**{field: wrong}))
        with pytest.raises(msgspec.DecodeError):
            coding.decode(line)
        with pytest.raises(msgspec.DecodeError):
            coding.decode_lines(b"\n".join((coding.encode(an_entry()), line)))


NOTHING_STATED = {
    "usage": "unknown", "prompt_tokens": None, "completion_tokens": None, "cached_tokens": None,
    "reasoning_tokens": None, "cost_nanos": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "counts"),
    [(400, 0), (429, 0), (500, 0), (503, 0), (502, 1), (504, 1), (200, 1), (0, 1)],
)
def test_what_was_refused_without_stating_usage_used_nothing(status: int, counts: int) -> None:
    totals = counters.Totals()
    totals.add(an_entry(status=status, **NOTHING_STATED))
    for column in ("unknown_usage_requests", "unpriced_requests"):
        assert totals.added[counters._ADDED.index(column)] == counts
    stated = counters.Totals()
    stated.add(an_entry(status=status, **NOTHING_STATED | {"prompt_tokens": 3}))
    for column in ("unknown_usage_requests", "unpriced_requests"):
        assert stated.added[counters._ADDED.index(column)] == 1


def test_what_a_middleware_kept_from_the_client_was_served_all_the_same() -> None:
    totals = counters.Totals()
    totals.add(an_entry(status=500, outcome="middleware_failed", **NOTHING_STATED))
    assert totals.added[counters._ADDED.index("unknown_usage_requests")] == 1


def test_text_that_no_database_stores_is_cleaned() -> None:
    entry = coding.decode(coding.encode(an_entry(model="a\ud800b")))
    assert entry.model == "a\N{REPLACEMENT CHARACTER}b"
    assert coding.storable(an_entry(model="a\x00b")).model == "a\N{REPLACEMENT CHARACTER}b"
    assert len(coding.storable(an_entry(model="m" * 1000)).model) == 200
