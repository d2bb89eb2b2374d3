"""Counters keep a bounded number of tags and end users; the request log keeps them all."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import pytest

from config import Database
from models import label_values
from models.db.conditions import execute, select
from models.db.database import run_in_transaction
from models.entry import Entry
from models.ledger import apply_batch
from models.objects import Finished
from models.request_log import RequestLog
from models.retention import prune_request_log
from models.usage import UsageDimension, UsageValue
from tests.models.rows import an_entry

pytestmark = pytest.mark.usefixtures("connected")
_HOUR_US = 3_600_000_000
_WAITS = (
    "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def _take(*entries: Entry) -> None:
    await apply_batch(str(uuid4()), 0, 1, entries)


async def _counted(dimension: str, **wanted: object) -> dict[str, int]:
    counted = Counter[str]()
    for row in await UsageDimension.filter(dimension=dimension, **wanted):
        counted[row.value] += row.requests
    return dict(counted)


async def test_each_tag_and_end_user_is_counted_by_the_hour() -> None:
    tags = (("team", "search"), ("feature", "rag"))
    await _take(
        an_entry(tags=tags, end_user="u-1"),
        an_entry(tags=tags[:1], end_user="u-2", model="o3"),
        an_entry(tags=tags[:1], at_us=1_790_000_000_000_000 + _HOUR_US, status=500),
        an_entry(),
    )
    teams = await UsageDimension.filter(dimension="tag:team").order_by("bucket", "model")
    assert [(row.value, row.model, row.requests, row.errors) for row in teams] == [
        ("search", "gpt-4o", 1, 0), ("search", "o3", 1, 0), ("search", "gpt-4o", 1, 1),
    ]  # fmt: skip
    assert [(row.cost_nanos, row.prompt_tokens) for row in teams] == [(1500, 10)] * 3
    assert await _counted("tag:feature") == {"rag": 1}
    assert await _counted("end_user") == {"u-1": 1, "u-2": 1}
    # A key of an upstream is counted beside them, as before.
    assert await _counted("key") == {}


async def test_rows_of_the_log_have_them_and_are_found_by_them_until_they_go() -> None:
    tagged = an_entry(tags=(("a", "1"), ("team", "sea=rch")), end_user="u-1")
    await _take(tagged, an_entry())
    row = await RequestLog.get(id=tagged.id)
    assert (row.tags, row.end_user) == ({"a": "1", "team": "sea=rch"}, "u-1")
    assert await RequestLog.filter(tags__isnull=True, end_user__isnull=True).count() == 1
    found = await select("SELECT tag, request_id FROM request_tag ORDER BY tag")
    assert [(one["tag"], str(one["request_id"])) for one in found] == [
        ("a=1", tagged.id), ("team=sea=rch", tagged.id),
    ]  # fmt: skip
    assert await prune_request_log(row.at.replace(year=row.at.year + 1)) == 2
    assert await select("SELECT tag FROM request_tag") == []


async def test_the_release_before_writes_rows_without_them() -> None:
    await _take(an_entry(tags=(("a", "1"),)))
    await execute("DELETE FROM request_log")
    assert await select("SELECT tag FROM request_tag") == []


async def test_values_beyond_the_bound_are_other_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_values, "VALUES_MAX", 3)
    for user in ("a", "b", "other", "c", "d", "e", "a", "d"):
        await _take(an_entry(end_user=user, tags=(("team", user),)))
    later = an_entry(end_user="d", at_us=1_790_000_000_000_000 + 99 * _HOUR_US)
    await _take(later)
    assert await _counted("end_user") == {"a": 2, "b": 1, "c": 1, "other": 5}
    assert await _counted("tag:team") == {"a": 2, "b": 1, "c": 1, "other": 4}
    # Another project, and another key, have places of their own.
    await _take(an_entry(end_user="d", project_id=UUID(int=9), tags=(("feature", "d"),)))
    assert await _counted("end_user", project_id=UUID(int=9)) == {"d": 1}
    assert (await RequestLog.get(id=later.id)).end_user == "d"


async def test_several_values_in_one_batch_share_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label_values, "VALUES_MAX", 3)
    await _take(*[an_entry(end_user=user) for user in "aabcbdde"])
    assert await _counted("end_user") == {"a": 2, "b": 2, "c": 1, "other": 3}


async def test_keys_beyond_the_bound_are_in_the_log_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_values, "KEYS_MAX", 2)
    tags = (("a", "1"), ("b", "1"), ("c", "1"))
    entry = an_entry(tags=tags)
    await _take(entry)
    assert [await _counted(f"tag:{key}") for key in "abc"] == [{"1": 1}, {"1": 1}, {}]
    assert await UsageValue.filter(dimension="tag:c").count() == 0
    assert (await RequestLog.get(id=entry.id)).tags == dict(tags)


async def test_what_a_response_used_in_the_background_counts_with_what_shows_it() -> None:
    finished = Finished("resp_1", 1_790_000_000, "o3", 7, 3, 0, 0, 900, None, "", "us")
    shows = an_entry(
        method="GET", counted=False, usage="exact", prompt_tokens=None, completion_tokens=None,
        cost_nanos=None, finished=finished, end_user="u-1",
    )  # fmt: skip
    await _take(shows)
    rows = await UsageDimension.filter(dimension="end_user")
    assert sum(row.requests for row in rows) == 1
    assert sum(row.prompt_tokens for row in rows) in (0, 7)


async def test_a_value_that_another_has_placed_meanwhile_counts_as_itself(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_values, "VALUES_MAX", 2)
    project = str(UUID(int=5))
    placed, go_on = asyncio.Event(), asyncio.Event()

    async def place() -> None:
        await label_values.places([(project, "end_user", user) for user in "ab"])
        placed.set()
        await go_on.wait()

    first = asyncio.create_task(run_in_transaction(place))
    await placed.wait()
    entries = [an_entry(project_id=project, end_user=user) for user in "abc"]
    second = asyncio.create_task(_take(*entries))
    while connected.dialect == "postgres":
        (row,) = await select(_WAITS)
        if row["waiting"]:
            break
    go_on.set()
    await asyncio.gather(first, second)
    assert await _counted("end_user") == {"a": 1, "b": 1, "other": 1}


async def test_ten_thousand_values_have_a_place_whoever_asks_first() -> None:
    """Two consumers at once, as two workers or machines are."""
    project, journals = UUID(int=5), (str(uuid4()), str(uuid4()))
    users = 10_040

    async def consume(journal: str, first: int) -> None:
        position = 0
        for start in range(first, users, 2 * 500):
            batch = [
                an_entry(project_id=project, end_user=f"u-{number}")
                for number in range(start, min(start + 1000, users), 2)
            ]
            position = await apply_batch(journal, position, position + 1, batch)

    await asyncio.gather(*(consume(journal, at) for at, journal in enumerate(journals)))
    assert await UsageValue.filter(project_id=project, dimension="end_user").count() == 10_000
    counted = await _counted("end_user", project_id=project)
    assert len(counted) == 10_001
    assert counted.pop("other") == users - 10_000
    assert set(counted.values()) == {1}
    assert await RequestLog.filter(project_id=project, end_user__isnull=False).count() == users
