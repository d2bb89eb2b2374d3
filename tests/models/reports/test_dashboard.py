"""What the dashboard shows, to the last request, on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from models.db.database import connection
from models.entry import Entry
from models.ledger import apply_batch
from models.reports import dashboard
from models.reports.dashboard import ProviderState, TopConsumer
from models.reports.time_ranges import TIME_RANGE_NAMES, TimeRangeName, named
from models.usage import OVERHEAD_BOUNDS_US, TTFB_BOUNDS_US
from tests.models.rows import an_entry

pytestmark = pytest.mark.usefixtures("connected")

# Today, in the middle of a step of every span: at the end of one, the stretch before has no rest.
NOW = datetime.now(UTC).replace(hour=13, minute=47, second=30, microsecond=0)
A, B, C = (UUID(int=n) for n in (0xA, 0xB, 0xC))


def ago(**distance: float) -> int:
    return int((NOW - timedelta(**distance)).timestamp()) * 1_000_000


async def record(*entries: Entry) -> None:
    await apply_batch(uuid4().hex, 0, 1, list(entries))


@pytest.mark.parametrize("name", TIME_RANGE_NAMES)
async def test_nothing_is_all_zero(name: TimeRangeName) -> None:
    span = named(name, NOW)
    course = await dashboard.time_series(span)
    assert course.total == course.previous == dashboard.NOTHING
    assert course.steps == (dashboard.NOTHING,) * span.steps
    assert course.total.error_rate is None
    assert course.total.overhead_us(0.95) is None
    leaders = await dashboard.top_consumers(span, ("project", "model"), "cost", limit=3)
    assert leaders == {"project": [], "model": []}
    assert await dashboard.group_series(span, "token", "tokens", []) == {}
    assert await dashboard.provider_states(NOW) == []


async def test_sums_are_exact() -> None:
    await record(
        an_entry(at_us=ago(minutes=1), prompt_tokens=10**10, cached_tokens=7, cost_nanos=10**15),
        an_entry(at_us=ago(minutes=1), status=404, cost_nanos=None),
        an_entry(at_us=ago(minutes=2), status=502, completion_tokens=None, ttfb_us=None),
        an_entry(at_us=ago(minutes=3), outcome="client_left", status=200),
        an_entry(at_us=ago(minutes=3), outcome="upstream_broke", status=500),
    )
    for name in TIME_RANGE_NAMES:
        total = (await dashboard.time_series(named(name, NOW))).total
        assert (total.requests, total.errors) == (5, 4), name
        assert (total.client_errors, total.upstream_errors, total.cut_short) == (1, 2, 1)
        assert (total.prompt_tokens, total.completion_tokens) == (10**10 + 40, 20)
        assert total.tokens == 10**10 + 60
        assert total.cached_tokens == 23
        assert total.cost_nanos == 10**15 + 3 * 1500
        assert (sum(total.ttfb), sum(total.overhead)) == (4, 5)
        assert total.error_rate == 0.8


async def test_no_known_price_is_not_free() -> None:
    await record(an_entry(at_us=ago(minutes=1), cost_nanos=None))
    assert (await dashboard.time_series(named("24h", NOW))).total.cost_nanos is None


@pytest.mark.parametrize(("name", "unit"), [("1h", "minutes"), ("7d", "hours")])
async def test_every_request_is_in_one_step(name: TimeRangeName, unit: str) -> None:
    span = named(name, NOW)
    unit_length = timedelta(**{unit: 1})
    first, last = span.start, span.end - unit_length
    ats = [first - timedelta(seconds=1), first, first + span.step, last, span.end]
    await record(*[an_entry(at_us=int(at.timestamp()) * 1_000_000) for at in ats])
    course = await dashboard.time_series(span)
    assert [step for step, sums in enumerate(course.steps) if sums.requests] == [
        0, 1, span.steps - 1,
    ]  # fmt: skip
    assert course.total.requests == 3


async def test_the_span_before_is_cut_where_this_one_is() -> None:
    span = named("7d", NOW)
    inside = span.previous_end - timedelta(seconds=1)
    await record(
        an_entry(at_us=int(span.previous_start.timestamp()) * 1_000_000),
        an_entry(at_us=int(inside.timestamp()) * 1_000_000),
        an_entry(at_us=int(span.previous_end.timestamp()) * 1_000_000),
        an_entry(at_us=int(span.start.timestamp() - 1) * 1_000_000),
        an_entry(at_us=int(span.previous_start.timestamp() - 1) * 1_000_000),
    )
    course = await dashboard.time_series(span)
    assert course.previous.requests == 2
    assert course.total.requests == 0


async def test_percentiles_are_interpolated() -> None:
    # 90 of the first bucket's, 10 of the second's: the 95th is in the middle of the second.
    await record(
        *[an_entry(at_us=ago(minutes=n % 9), overhead_us=60, ttfb_us=10_000) for n in range(90)],
        *[an_entry(at_us=ago(minutes=n), overhead_us=150, ttfb_us=40_000) for n in range(10)],
    )
    for name in TIME_RANGE_NAMES:
        total = (await dashboard.time_series(named(name, NOW))).total
        low, high = OVERHEAD_BOUNDS_US[:2]
        assert total.overhead_us(0.95) == pytest.approx((low + high) / 2)
        assert total.overhead_us(0.5) == pytest.approx(low * 50 / 90)
        low, high = TTFB_BOUNDS_US[:2]
        assert total.ttfb_us(0.95) == pytest.approx((low + high) / 2)
        assert total.ttfb_us(0.9) == pytest.approx(low)


async def some_use() -> None:
    small = {"project_id": A, "token_id": A, "model": "small"}
    await record(
        *[an_entry(at_us=ago(minutes=n), **small) for n in range(4)],
        an_entry(at_us=ago(minutes=1), project_id=B, token_id=B, model="big",
                 prompt_tokens=10_000, cost_nanos=None, status=500),
        an_entry(at_us=ago(minutes=2), project_id=B, token_id=C, model="", cost_nanos=10**6),
        an_entry(at_us=ago(days=40), project_id=C),
    )  # fmt: skip


async def test_leaders_are_those_who_used_most_of_what_is_asked_for() -> None:
    await some_use()
    span = named("30d", NOW)
    by_requests = await dashboard.top_consumers(
        span, ("project", "token", "model"), "requests", limit=2
    )
    assert by_requests == {
        "project": [TopConsumer(A, 4, 0, 60, 6000, 0), TopConsumer(B, 2, 1, 10_020, 10**6, 1)],
        # Of those that used as much, the first by name.
        "token": [TopConsumer(A, 4, 0, 60, 6000, 0), TopConsumer(B, 1, 1, 10_005, None, 1)],
        "model": [TopConsumer("small", 4, 0, 60, 6000, 0), TopConsumer("", 1, 0, 15, 10**6, 0)],
    }
    by_tokens = await dashboard.top_consumers(span, ("project", "model"), "tokens", limit=5)
    assert [share.group for share in by_tokens["project"]] == [B, A]
    assert [share.group for share in by_tokens["model"]] == ["big", "small", ""]
    by_cost = await dashboard.top_consumers(span, ("token",), "cost", limit=5)
    assert [(share.group, share.cost_nanos) for share in by_cost["token"]] == [
        (C, 10**6), (A, 6000), (B, None),
    ]  # fmt: skip
    assert by_cost["token"][2].amount("cost") == 0


async def test_courses_of_groups() -> None:
    await some_use()
    span = named("1h", NOW)
    found = await dashboard.group_series(span, "project", "tokens", [A, B])
    assert set(found) == {A, B}
    assert (sum(found[A]), sum(found[B])) == (60, 10_020)
    last = span.steps - 1
    assert found[A][last - 3 :] == (15, 15, 15, 15)
    assert found[B][last - 2 :] == (15, 10_005, 0)
    models = await dashboard.group_series(span, "model", "requests", ["", "small"])
    assert (sum(models[""]), sum(models["small"])) == (1, 4)
    costs = await dashboard.group_series(named("30d", NOW), "token", "cost", [B, C])
    assert (sum(costs[B]), sum(costs[C])) == (0, 10**6)


async def test_providers_of_the_last_minutes() -> None:
    await record(
        an_entry(at_us=ago(minutes=1), status=429),
        an_entry(at_us=ago(minutes=2), status=502, outcome="upstream_unreachable"),
        an_entry(at_us=ago(minutes=3), provider="anthropic"),
        # Inside of a 200, where no status says it.
        an_entry(at_us=ago(minutes=3), provider="anthropic", outcome="upstream_error"),
        an_entry(at_us=ago(minutes=3), provider="anthropic", outcome="upstream_broke"),
        an_entry(at_us=ago(minutes=3), provider="anthropic", outcome="timeout"),
        # None of these is the upstream's.
        an_entry(at_us=ago(minutes=3), provider="anthropic", outcome="client_left"),
        an_entry(at_us=ago(minutes=3), provider="anthropic", outcome="shutdown"),
        an_entry(at_us=ago(minutes=3), provider="anthropic", outcome="upstream_broke", status=400),
        an_entry(at_us=ago(minutes=40), provider="old"),
    )
    assert await dashboard.provider_states(NOW) == [
        ProviderState("anthropic", 7, 3),
        ProviderState("openai", 2, 1),
    ]


async def test_the_version_changes_with_every_batch() -> None:
    before = await dashboard.version()
    assert await dashboard.version() == before
    await apply_batch("one", 0, 10, [an_entry()])
    after = await dashboard.version()
    await apply_batch("one", 10, 20, [an_entry()])
    assert len({before, after, await dashboard.version()}) == 3


async def test_the_request_log_is_never_read() -> None:
    await record(an_entry(at_us=ago(minutes=1)))
    await connection().execute_query("DROP TABLE request_log")
    span = named("24h", NOW)
    assert (await dashboard.time_series(span)).total.requests == 1
    assert len((await dashboard.top_consumers(span, ("model",), "requests", limit=1))["model"]) == 1
