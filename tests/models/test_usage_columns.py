"""A usage column stands in every place that the recipe in `docs/architecture.md` names."""

import json
from typing import Any, Final
from uuid import UUID

import pytest
from msgspec import ValidationError

from manage.schemas.requests import RequestView
from manage.schemas.usage import UsageView
from models import counters, ledger
from models import entry as entries
from models.entry import Attempt, Entry, Parts
from models.entry_columns import by_column
from models.reports.dashboard import Sums
from models.reports.usage_report import UsageRow
from models.request_log import RequestLog
from models.usage import USAGE_KEY, UsageCounter
from tests.models.rows import an_entry

#: What the journal needs of an entry and the log does not, and what they call the same thing.
_OF_THE_JOURNAL: Final = {
    "version",
    "counted",
    "parts",
    "newer_outcome",
    "later_outcome",
    "given_back",
    "objects",
    "finished",
}
_RENAMED: Final = {"at_us": "at"}
#: Counted for the dashboard alone, or not shown yet.
_NOT_REPORTED: Final = {"client_errors", "upstream_errors", "incomplete", "bytes_in", "bytes_out"}
_NOT_ON_THE_DASHBOARD: Final = {
    "unknown_usage_requests", "charged_at_hold_requests",
    "reasoning_tokens", "incomplete", "bytes_in", "bytes_out",
}  # fmt: skip


def _summed() -> set[str]:
    columns: set[str] = set(UsageCounter._meta.db_fields)
    return {
        name for name in columns - {"id", *USAGE_KEY} if not name.startswith(("ttfb_", "overhead_"))
    }


def _stored(entry: Entry) -> dict[str, Any]:
    """What the log has of it, by column."""
    into, (row,), common = ledger._into_log(by_column([entry]), ledger._moments)
    columns = into.partition("(")[2].removesuffix(")").split(", ")
    return dict(zip(columns, (*row, *common), strict=True))


def test_every_field_of_an_entry_is_a_column_of_the_request_log() -> None:
    fields = {*Entry.__struct_fields__, *Parts.__struct_fields__} - _OF_THE_JOURNAL
    columns = {_RENAMED.get(name, name) for name in fields}
    assert columns == set(ledger._LOG_COLUMNS) == set(RequestLog._meta.db_fields)


def test_the_values_of_a_row_stand_in_the_order_of_its_columns() -> None:
    entry = an_entry(
        parts=Parts(**{name: 7 + at for at, name in enumerate(Parts.__struct_fields__)}),
        service_tier="flex", answer_model="m-2", cost_source="us", upstream_code="c",
        key_id=UUID(int=7), charge="held", refusal_code="upstream_timeout", end_user="u-1",
        cache="hit", saved_nanos=9,
    )  # fmt: skip
    values = _stored(entry)
    # What it was tried at and tagged with is JSON there.
    for name in set(ledger._LOG_COLUMNS) - {"at", "attempts", "tags"}:
        holder = entry.parts if name in Parts.__struct_fields__ else entry
        assert str(values[name]) == str(getattr(holder, name)), name


def test_what_was_not_reported_is_null() -> None:
    values = dict.fromkeys(ledger._LOG_COLUMNS) | _stored(an_entry())
    later = (*Parts.__struct_fields__, "service_tier", "answer_model", "cost_source")
    labels = ("refusal_code", "tags", "end_user")
    rest = (*later, *labels, "upstream_code", "key_id", "attempts", "charge")
    assert {values[name] for name in rest} == {None}


def test_every_number_of_an_entry_is_bounded() -> None:
    """An upstream says what it likes, and a sum that leaves 64 bits would stop every batch."""
    entry = an_entry(saved_nanos=7)
    numbers = [
        name
        for name in Entry.__struct_fields__
        if isinstance(getattr(entry, name), int)
        and name not in {"version", "at_us", "counted", "given_back"}
    ]
    for name in numbers:
        for hostile in (10**40, -1):
            stored = getattr(entries.storable(an_entry(**{name: hostile})), name)
            assert 0 <= stored < 2**53, name


@pytest.mark.parametrize("name", Parts.__struct_fields__)
@pytest.mark.parametrize("hostile", [10**40, -1])
def test_every_part_of_an_entry_is_bounded(name: str, hostile: int) -> None:
    stored = entries.storable(an_entry(parts=Parts(**{name: hostile}))).parts
    assert stored is not None
    assert 0 <= getattr(stored, name) < 2**53


def test_every_counter_is_summed_in_the_report_and_on_the_dashboard() -> None:
    summed = _summed()
    assert set(UsageRow.__struct_fields__) - {"bucket", "group"} == summed - _NOT_REPORTED
    shown = set(Sums.__struct_fields__) - {"ttfb", "overhead"}
    assert shown == summed - _NOT_ON_THE_DASHBOARD


@pytest.mark.parametrize(
    ("cache", "counted"),
    [("hit", (1, 0, 7)), ("miss", (0, 1, 0)), ("", (0, 0, 0))],
)
def test_what_the_cache_did_is_counted(cache: str, counted: tuple[int, ...]) -> None:
    totals = counters.Totals()
    totals.add(an_entry(cache=cache, saved_nanos=7 if cache == "hit" else None))
    found = dict(zip(counters._ADDED, totals.added, strict=True))
    assert (found["cached_requests"], found["cache_misses"], found["saved_nanos"]) == counted


def test_every_token_count_of_an_entry_is_counted() -> None:
    """Each alone, so that two that were taken for one another show."""
    nothing: dict[str, Any] = {
        name: None for name in Entry.__struct_fields__ if name.endswith("_tokens")
    }
    for name in nothing:
        totals = counters.Totals()
        totals.add(an_entry(**nothing | {name: 7}))
        counted = dict(zip(counters._ADDED, totals.added, strict=True))
        assert {column for column in nothing if counted[column]} == {name}


def test_the_management_api_gives_out_what_is_stored() -> None:
    """Times go out in milliseconds, money in dollars."""
    usage = {name.replace("_nanos", "_usd") for name in UsageRow.__struct_fields__}
    assert usage - {"bucket", "group"} <= set(UsageView.model_fields)
    log = {
        f"{name.removesuffix('_us')}_ms" if name.endswith("_us") else
        "cached" if name == "cache" else name.replace("_nanos", "_usd")
        for name in ledger._LOG_COLUMNS
    }  # fmt: skip
    assert log == set(RequestView.model_fields)


def test_each_attempt_is_stored_with_what_came_of_it_alone() -> None:
    key = UUID(int=7)
    attempts = (Attempt(str(key), 429, "", 12), Attempt(str(key), 0, "unreachable", 3))
    stored = _stored(an_entry(attempts=attempts))["attempts"]
    assert json.loads(stored) == [
        {"key_id": str(key), "status": 429, "ms": 12},
        {"key_id": str(key), "error": "unreachable", "ms": 3},
    ]
    hostile = (Attempt(str(key), 10**40, "x" * 999, -1),) * 99
    mended = entries.storable(an_entry(attempts=hostile)).attempts
    assert mended is not None
    assert mended[0] == Attempt(str(key), 999, "x" * 64, 0)
    assert len(mended) < 20


def test_a_line_of_the_release_before_names_no_account() -> None:
    line = entries.encode(an_entry())
    names = Entry.__struct_fields__
    before = json.loads(line)[: names.index("key_id")]
    read = entries.decode(json.dumps(before).encode())
    assert (read.key_id, read.attempts, read.charge) == ("", None, "")
    with pytest.raises(ValidationError):
        entries.decode(entries.encode(an_entry(key_id="no id")))


def test_labels_are_read_both_ways_by_the_release_before() -> None:
    labelled = an_entry(tags=(("team", "search"), ("feature", "x")), end_user="u-1")
    line = entries.encode(labelled)
    assert entries.decode(line) == labelled
    # It takes the fields that it knows, and writes no others.
    before = json.loads(line)[: Entry.__struct_fields__.index("tags")]
    read = entries.decode(json.dumps(before).encode())
    assert (read.tags, read.end_user) == (None, "")


def test_what_the_cache_did_is_read_both_ways_by_the_release_before() -> None:
    hit = an_entry(cache="hit", saved_nanos=7)
    line = entries.encode(hit)
    assert entries.decode(line) == hit
    before = json.loads(line)[: Entry.__struct_fields__.index("cache")]
    read = entries.decode(json.dumps(before).encode())
    assert (read.cache, read.saved_nanos) == ("", None)


def test_a_word_of_a_later_cache_stops_no_journal() -> None:
    read = entries.decode(entries.encode(an_entry(cache="revalidated")))
    assert entries.storable(read).cache == ""


def test_hostile_labels_of_a_journal_are_bounded() -> None:
    tags = tuple((f"k{number}", "v\x00" * 99) for number in range(99))
    mended = entries.storable(an_entry(tags=(("Bad key", "v"), *tags), end_user="\ud800" * 999))
    assert mended.tags is not None
    assert len(mended.tags) == 20
    assert {len(value) for _, value in mended.tags} == {64}
    assert "\x00" not in mended.tags[0][1]
    assert mended.end_user == "\ufffd" * 128
    assert entries.storable(mended) is mended
