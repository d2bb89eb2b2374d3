"""Adding entries to the tables, exactly once."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID

import pytest

from config import Database
from models import counters, ledger, retention
from models import entry as coding
from models.db import database as connecting
from models.db.conditions import execute_many, insert, written
from models.db.database import connection, run_in_transaction
from models.entry import Parts
from models.entry_columns import by_column
from models.ids import first_id_at, new_id
from models.journal_position import JournalPosition
from models.ledger import apply_batch
from models.request_log import RequestLog
from models.tokens import Token
from models.usage import (
    UsageCounter,
    UsageHour,
    UsageMinute,
)
from tests.fixtures.forked import context_of_functions
from tests.models.rows import BY, a_project, an_entry

MAX = 2**63 - 1
ID, OTHER = (str(UUID(int=number)) for number in (7, 8))


@pytest.mark.usefixtures("connected")
async def test_a_batch_ends_up_in_the_log_the_counters_and_the_token() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    ids = {"token_id": token.id, "project_id": token.project_id}
    at = 1_790_000_000_000_000
    entries = [
        an_entry(**ids, at_us=at),
        an_entry(**ids, at_us=at + 1_000_000, status=429, cost_nanos=None, ttfb_us=None),
        an_entry(
            **ids,
            at_us=at + 2_000_000,
            status=502,
            outcome="upstream_unreachable",
            usage="unknown",
            prompt_tokens=None,
            completion_tokens=None,
            cached_tokens=None,
            reasoning_tokens=None,
            ttfb_us=70_000_000,
            overhead_us=2_000_000,
            charge="held",
            cache="miss",
        ),
        an_entry(
            **ids, at_us=at + 3_000_000, charge="none", counted=False, cache="hit", saved_nanos=700
        ),
    ]
    assert await apply_batch("j", 0, 4, entries) == 4

    counted = await UsageMinute.get()
    assert counted.bucket == datetime.fromtimestamp(at // 60_000_000 * 60, UTC)
    assert _sums(counted) == {
        "requests": 4,
        "errors": 2,
        "client_errors": 1,
        "upstream_errors": 1,
        "incomplete": 1,
        "unknown_usage_requests": 1,
        "unpriced_requests": 1,
        "charged_at_hold_requests": 1,
        "cached_requests": 1,
        "cache_misses": 1,
        "saved_nanos": 700,
        "prompt_tokens": 30,
        "completion_tokens": 15,
        "cached_tokens": 12,
        "reasoning_tokens": 0,
        "cost_nanos": 4500,
        "bytes_in": 600,
        "bytes_out": 2400,
    }
    assert (counted.ttfb_1, counted.ttfb_14) == (2, 1)
    assert (counted.overhead_1, counted.overhead_14) == (3, 1)
    hour = await UsageHour.get()
    assert (hour.requests, hour.cached_requests, hour.saved_nanos) == (4, 1, 700)
    hit = await RequestLog.get(id=entries[3].id)
    assert (hit.cached, hit.saved_nanos) == (True, 700)

    row = await RequestLog.get(id=entries[0].id)
    assert row.at == datetime.fromtimestamp(at / 1_000_000, UTC)
    assert (row.project_id, row.token_id) == (token.project_id, token.id)
    assert (row.model, row.status, row.outcome, row.cost_nanos) == ("gpt-4o", 200, "complete", 1500)
    fresh = await Token.get(id=token.id)
    assert fresh.request_count == 4
    assert fresh.last_used_at == datetime.fromtimestamp((at + 3_000_000) / 1_000_000, UTC)


@pytest.mark.usefixtures("connected")
async def test_nothing_and_zero_stay_apart_whatever_else_a_batch_has() -> None:
    """Columns that no entry of a batch has a value for are left out of the statement."""
    said = Parts(audio_input_tokens=0, image_output_tokens=7)
    plain, full = (
        an_entry(),
        an_entry(
            parts=said, end_user="u", upstream_code="c", charge="used", cache="hit", saved_nanos=0
        ),
    )
    await apply_batch("j", 0, 1, [plain])
    await apply_batch("j", 1, 3, [full, another := an_entry()])
    for entry in (plain, another):
        row = await RequestLog.get(id=entry.id)
        assert (row.audio_input_tokens, row.end_user, row.charge, row.tags) == (None,) * 4
        assert (row.cache, row.cached, row.saved_nanos) == ("", False, None)
    row = await RequestLog.get(id=full.id)
    assert (row.audio_input_tokens, row.audio_output_tokens) == (0, None)
    assert (row.image_output_tokens, row.end_user, row.upstream_code) == (7, "u", "c")
    assert (row.charge, row.attempts) == ("used", None)
    assert (row.cache, row.saved_nanos) == ("hit", 0)


def test_columns_that_a_batch_has_no_value_for_cost_nothing() -> None:
    several = [an_entry(), an_entry(model="another", answer_model="m")]
    for entries in (several[:1], several):
        into, rows, common = ledger._into_log(by_column(entries), ledger._moments)
        columns = into.partition("(")[2].removesuffix(")").split(", ")
        assert {len(row) + len(common) for row in rows} == {len(columns)}
        assert ("answer_model" in columns) == (len(entries) > 1)
        assert not {"service_tier", "tags", "cache", "web_searches"}.intersection(columns)


@pytest.mark.usefixtures("connected")
async def test_what_a_batch_has_in_common_is_stored_in_each_row() -> None:
    said = Parts(audio_input_tokens=0, image_output_tokens=7)
    alike = [an_entry(key_id=ID, answer_model="m", parts=said) for _ in range(73)]
    odd = {"project_id": ID, "token_id": OTHER, "model": "n", "status": 429, "outcome": "timeout"}
    batches = [
        alike,
        [*(an_entry(key_id=ID, parts=said) for _ in range(9)), an_entry(key_id=ID, parts=Parts(1))],
        # All but one, in each of what they have in common.
        *([*alike_ones, an_entry(**{name: value})] for name, value in odd.items()
          for alike_ones in [[an_entry(key_id=ID) for _ in range(10)]]),
        [*(an_entry(key_id=ID) for _ in range(10)), an_entry(key_id=OTHER, answer_model="n")],
        [an_entry(cached_tokens=5, reasoning_tokens=None) for _ in range(9)],
        [*(an_entry(cached_tokens=5) for _ in range(9)), an_entry(cached_tokens=6)],
    ]  # fmt: skip
    for at, batch in enumerate(batches):
        await apply_batch("j", at, at + 1, batch)
    stored = {str(row.id): row for row in await RequestLog.all()}
    entries = [entry for batch in batches for entry in batch]
    assert len(stored) == len(entries)
    for entry in entries:
        row = stored[entry.id]
        for name in ledger._NAMED:
            assert str(getattr(row, name)) == str(getattr(entry, name)), name
        assert (str(row.key_id or ""), row.answer_model or "") == (entry.key_id, entry.answer_model)
        parts = entry.parts or Parts()
        for name in Parts.__struct_fields__:
            assert getattr(row, name) == getattr(parts, name), name
        for name in ledger._COUNTED:
            assert getattr(row, name) == getattr(entry, name), name


def test_a_time_is_stored_as_the_driver_writes_it() -> None:
    times = [0, 999_999, 1_790_000_000_000_000, 1_790_000_000_000_001, 1_790_000_000_120_000]
    moments = ledger._moments(times)
    assert ledger._as_text(times) == [moment.isoformat(" ") for moment in moments]
    assert sqlite3.connect(":memory:").execute("SELECT ?", [moments[3]]).fetchone() == (
        ledger._as_text(times)[3],
    )


@pytest.mark.usefixtures("connected")
async def test_what_a_quota_gave_back_is_no_use_of_a_token() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    ids: dict[str, Any] = {"token_id": token.id, "project_id": token.project_id}
    entries = [
        an_entry(**ids),
        an_entry(**ids, given_back=True, at_us=an_entry().at_us + 1_000_000),
    ]
    await apply_batch("j", 0, 2, entries)
    fresh = await Token.get(id=token.id)
    assert (fresh.request_count, (await UsageHour.get()).requests) == (1, 2)
    assert fresh.last_used_at == datetime.fromtimestamp(entries[1].at_us / 1_000_000, UTC)


def _sums(row: UsageCounter) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*counters._SUMS, "cost_nanos")}


@pytest.mark.usefixtures("connected")
async def test_rows_that_batches_share_are_locked_in_one_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two consumers that lock them crosswise would end each other's batch as a deadlock."""
    keys: dict[str, list[list[Any]]] = {}

    async def note(sql: str, rows: list[list[Any]]) -> None:
        keys[sql.split()[1]] = rows
        await execute_many(sql, rows)

    async def note_insertion(into: str, on_conflict: str, rows: list[list[Any]]) -> None:
        keys[into.split(maxsplit=1)[0]] = rows
        await insert(into, on_conflict, rows)

    monkeypatch.setattr(ledger, "execute_many", note)
    monkeypatch.setattr(counters, "insert", note_insertion)
    start = 1_790_000_000_000_000
    entries = [
        an_entry(token_id=UUID(int=token), at_us=start + hour * 3_600_000_000)
        for token, hour in ((9, 1), (3, 2), (7, 0), (1, 1))
    ]
    await apply_batch("j", 0, 1, entries)
    tokens = [row[-1] for row in keys["token"]]
    assert tokens == sorted(tokens)
    for table in ("usage_minute", "usage_hour"):
        buckets = [tuple(row[:3]) for row in keys[table]]
        assert buckets == sorted(buckets)
        assert len(buckets) == 4


@pytest.mark.usefixtures("connected")
async def test_the_same_batch_twice_counts_once() -> None:
    entries = [an_entry(), an_entry()]
    assert await apply_batch("j", 0, 100, entries) == 100
    assert await apply_batch("j", 0, 100, entries) == 100
    assert (await UsageMinute.get()).requests == 2
    assert await apply_batch("j", 100, 200, [an_entry()]) == 200
    assert (await UsageHour.get()).requests == 3
    assert await RequestLog.all().count() == 3


@pytest.mark.usefixtures("connected")
async def test_journals_are_counted_apart_and_may_begin_anywhere() -> None:
    assert await apply_batch("a", 500, 600, [an_entry()]) == 600
    assert await apply_batch("b", 0, 10, [an_entry()]) == 10
    assert await apply_batch("a", 600, 700, []) == 700
    assert (await UsageMinute.get()).requests == 2


@pytest.mark.usefixtures("connected")
async def test_a_batch_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "_touch_tokens", fail)
        with pytest.raises(RuntimeError, match="on purpose"):
            await apply_batch("j", 0, 1, [an_entry()])
    assert await UsageMinute.all().count() == 0
    assert await RequestLog.all().count() == 0
    assert await JournalPosition.all().count() == 0
    assert await apply_batch("j", 0, 1, [an_entry()]) == 1


@pytest.mark.usefixtures("connected")
async def test_hostile_numbers_and_texts_do_not_stop_the_consumer() -> None:
    hostile = an_entry(
        model="\ud800\x00" * 500,
        endpoint="e" * 5000,
        status=10**9,
        prompt_tokens=10**40,
        completion_tokens=-5,
        cost_nanos=10**40,
        bytes_in=MAX,
        bytes_out=MAX + 1,
        ttfb_us=10**40,
        overhead_us=-1,
    )
    for position in range(3):
        await apply_batch("j", position, position + 1, [hostile] * 100)
    row = await UsageHour.get()
    assert row.requests == 300
    assert row.prompt_tokens == 300 * 10**10
    assert row.completion_tokens == 0


@pytest.mark.usefixtures("connected")
async def test_last_used_never_goes_back() -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    late = an_entry(token_id=token.id, at_us=1_800_000_000_000_000)
    early = an_entry(token_id=token.id, at_us=1_700_000_000_000_000)
    await apply_batch("j", 0, 1, [late])
    await apply_batch("j", 1, 2, [early])
    fresh = await Token.get(id=token.id)
    assert fresh.last_used_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert fresh.request_count == 2


def _consume(database: Database, entries: list[bytes], rounds: int, together: Barrier) -> None:
    async def run() -> None:
        async with connecting.open_database(database):
            together.wait(60)
            decoded = [coding.decode(line) for line in entries]
            position = 0
            while position < rounds:
                position = await apply_batch("shared", position, position + 1, decoded)

    asyncio.run(run())


def test_two_processes_that_consume_one_journal_count_it_once(database: Database) -> None:
    rounds = 30
    lines = [coding.encode(an_entry(token_id=new_id())) for _ in range(20)]
    context = context_of_functions()
    together = context.Barrier(2)
    consumers = [
        context.Process(target=_consume, args=(database, lines, rounds, together)) for _ in range(2)
    ]
    for consumer in consumers:
        consumer.start()
    for consumer in consumers:
        consumer.join()
    assert [consumer.exitcode for consumer in consumers] == [0, 0]

    async def counted() -> list[int]:
        async with connecting.open_database(database):
            rows = await UsageMinute.all()
        return [row.requests for row in rows]

    assert asyncio.run(counted()) == [rounds] * 20


@pytest.mark.usefixtures("connected")
async def test_what_the_ledger_writes_is_what_the_orm_reads_and_filters() -> None:
    """SQLite compares times as text, so both must write the very same form."""
    at = datetime(2026, 9, 21, 12, 30, tzinfo=UTC)
    await apply_batch("j", 0, 1, [an_entry(at_us=int(at.timestamp() * 1_000_000))])
    assert await UsageMinute.filter(bucket=at).count() == 1
    assert await UsageMinute.filter(bucket__gte=at, bucket__lt=at + timedelta(minutes=1)).exists()
    row = await UsageMinute.get()
    await row.save()
    assert await UsageMinute.filter(bucket=at).count() == 1


@pytest.mark.usefixtures("connected")
async def test_old_rows_go_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    lately = datetime.now(UTC)
    entries = [
        an_entry(
            id=first_id_at(moment + timedelta(milliseconds=n)),
            at_us=int(moment.timestamp() * 1_000_000),
            token_id=new_id(),
        )
        for moment in (old, lately)
        for n in range(1200)
    ]
    cutoff = lately.replace(second=0, microsecond=0) - timedelta(days=30)
    on_it = an_entry(id=first_id_at(cutoff), at_us=int(cutoff.timestamp() * 1_000_000))
    await apply_batch("j", 0, 1, [*entries, on_it])
    assert [await retention.prune_request_log(cutoff) for _ in range(3)] == [1000, 200, 0]
    assert [await retention.prune_minutes(cutoff) for _ in range(3)] == [1000, 200, 0]
    assert await RequestLog.all().count() == 1201
    assert await UsageMinute.all().count() == 1201
    assert await UsageHour.all().count() == 2401


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("column", ["", "project_id", "token_id", "model", "status"])
async def test_a_page_of_the_log_is_read_in_order(column: str) -> None:
    """No filter of the list may sort: at a million rows that would take seconds."""
    values: dict[str, Any] = {"model": "m", "status": 500}
    given = [values.get(column, str(new_id()))] if column else []
    condition = f"{column} = {{}} AND" if column else ""
    sql = written(
        f"SELECT * FROM request_log WHERE {condition} id < {{}} ORDER BY id DESC LIMIT 50"
    )
    plan = repr(await run_in_transaction(lambda: _explained(sql, [*given, str(new_id())])))
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Index" in plan or "USING INDEX" in plan


async def _explained(sql: str, values: list[Any]) -> list[dict[str, Any]]:
    if connecting.dialect() == "sqlite":
        return await connection().execute_query_dict(f"EXPLAIN QUERY PLAN {sql}", values)
    # Tables this small are rather scanned and sorted; what counts is that there is another way.
    for plan in ("seqscan", "bitmapscan", "sort"):
        await connection().execute_script(f"SET LOCAL enable_{plan} = off")
    return await connection().execute_query_dict(f"EXPLAIN {sql}", values)
