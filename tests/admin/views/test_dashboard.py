"""`/admin/dashboard` and its shapes"""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.components import stat_tiles, svg
from admin.views import dashboard
from models.entry import Entry
from models.ledger import apply_batch
from models.reports import time_ranges
from models.reports.dashboard import NOTHING, Sums, TimeSeries
from tests.admin.conftest import BY, Browser, make_project, make_token, on_both
from tests.manage.entries import entry

PAGE = "/admin/dashboard"
SWAP = {"hx-request": "true"}


async def record(*entries: Entry) -> None:
    await apply_batch(uuid4().hex, 0, 1, list(entries))


async def test_the_first_page_leads_here(admin: Browser) -> None:
    assert (await admin.get("/admin/")).url.path == PAGE


async def test_nothing_yet_says_what_to_do(admin: Browser, viewer: Browser) -> None:
    page = (await admin.get(PAGE)).text
    assert "Nothing to show yet" in page
    assert 'href="/admin/projects/new"' in page
    assert 'href="/admin/projects/new"' not in (await viewer.get(PAGE)).text


async def test_an_idle_project_is_no_empty_start(admin: Browser) -> None:
    await make_project()
    page = (await admin.get(PAGE)).text
    assert "Nothing to show yet" not in page
    assert "No requests in this range" in page


@on_both
async def test_tags_and_end_users_have_a_table_where_there_are_any(admin: Browser) -> None:
    project = await make_project()
    ids: dict[str, Any] = {"project_id": project.id, "token_id": project.id}
    await record(entry(**ids))
    assert "top-labels" not in (await admin.get(PAGE)).text
    await record(
        entry(end_user="a <b>", tags=(("team", "search & more"), ("kind", "x")), **ids),
        entry(end_user="other", tags=(("team", "docs"),), **ids),
        entry(tags=(("team", "docs"),), cost_nanos=9_000_000_000, **ids),
    )
    page = (await admin.get(PAGE)).text
    assert "Top end users" in page
    assert "a &lt;b&gt;" in page
    assert 'href="/admin/requests?end_user=a+%3Cb%3E"' in page
    assert "end_user=other" not in page
    for range_ in ("1h", "today", "7d", "30d"):
        query = {"range": range_, "label": "tag:team", "show": "cost"}
        page = (await admin.get(PAGE, params=query)).text
        assert "Top by tag team" in page
        assert page.index(">docs<") < page.index(">search &amp; more<")
        assert 'href="/admin/requests?tag=team%3Dsearch+%26+more"' in page
    answer = await admin.get("/admin/usage/export?group_by=tag%3Ateam")
    assert [line.split(",")[1:3] for line in answer.text.splitlines()[1:]] == [
        ["search & more", "1"], ["docs", "2"],
    ]  # fmt: skip
    # A key that nobody has used is none of the choices.
    assert "Top end users" in (await admin.get(PAGE, params={"label": "tag:none"})).text


#: Any two of a range, a measure and a grouping meet: a range decides which rows are read, by a
#: grouping, and a measure what of them is drawn.
_SHOWS = ["requests", "tokens", "cost", "nonsense"]
_GROUPINGS = ["outcome", "project", "token", "model"]
_RANGES = ["1h", "today", "24h", "7d", "30d", "custom", "nonsense"]


@on_both
@pytest.mark.parametrize("range_", _RANGES)
async def test_every_range_shows_what_was_used(
    admin: Browser, range_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Today may be over before the last page is asked for.
    present = datetime.now(UTC)
    monkeypatch.setattr(dashboard, "datetime", SimpleNamespace(now=lambda _: present))
    project = await make_project("shop <b>")
    token = await make_token(project, "web <i>")
    use: dict[str, Any] = {"project_id": project.id, "token_id": token.id}
    await record(
        entry(present, **use),
        entry(present, model="big <u>", **use),
        entry(present, status=502, **use),
    )
    start = f"{present - timedelta(hours=30):%Y-%m-%dT%H:%M}"
    turn = _RANGES.index(range_) % len(_GROUPINGS)
    groupings = _GROUPINGS[turn:] + _GROUPINGS[:turn]
    for show, by in zip(_SHOWS, groupings, strict=True):
        query = {"range": range_, "from": start, "show": show, "by": by, "top": "token"}
        answer = await admin.get(PAGE, params=query)
        assert answer.status_code == 200
        assert "shop <b>" not in answer.text
        assert "big &lt;u&gt;" in answer.text
        assert "web &lt;i&gt;" in answer.text
        assert re.search(r"1 of 3 requests failed", answer.text)
        assert re.search(r'value" title="3">3</dd>', answer.text)


@pytest.mark.parametrize(
    "query",
    [
        "range=custom",
        "range=custom&from=x&to=y",
        "range=custom&from=1970-01-01&to=8999-12-31",
        "range=custom&from=2026-01-02&to=2026-01-01",
        "range=custom&from=8999-12-31T23:59:59",
        "range=custom&from=1970-01-01&to=1970-01-01",
        "range=custom&from=2026-01-01T00:00:00%2B14:00",
        "show=&by=&top=&range=",
        "show=" + "x" * 5000,
        "by=%00&top=%ff",
    ],
)
async def test_no_address_is_an_error_of_ours(admin: Browser, query: str) -> None:
    assert (await admin.get(f"{PAGE}?{query}")).status_code == 200


async def test_a_look_that_finds_nothing_new_costs_nothing(admin: Browser) -> None:
    await make_project()
    page = (await admin.get(PAGE)).text
    fresh = _fresh(page)
    assert "&amp;" not in fresh
    answer = await admin.get(fresh, headers=SWAP)
    # The minute may have turned meanwhile.
    if answer.status_code == 200:
        answer = await admin.get(_fresh(answer.text), headers=SWAP)
    assert (answer.status_code, answer.text) == (204, "")
    await record(entry())
    swap = await admin.get(fresh, headers=SWAP)
    assert swap.status_code == 200
    assert swap.text.lstrip().startswith('<div class="live" id="live"')
    assert _fresh(swap.text) != fresh


def _fresh(page: str) -> str:
    match = re.search(r'data-fresh="([^"]+)"', page)
    assert match
    return match[1]


async def test_a_range_that_is_over_is_not_looked_at_again(admin: Browser) -> None:
    over = await admin.get(f"{PAGE}?range=custom&from=2026-01-01&to=2026-01-03")
    assert 'data-seconds="0"' in over.text


# Shapes


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200))
def test_folding_keeps_the_sum(parts: list[int]) -> None:
    folded = svg.fold(parts, lambda covered: sum(value * part for value, part in covered))
    assert len(folded) == svg.BARS
    assert sum(folded) == pytest.approx(sum(parts))


@given(st.floats(0.001, 1e15))
def test_an_axis_ends_above_what_it_holds_and_not_far(value: float) -> None:
    assert value <= svg.round_up(value) * (1 + 1e-9)
    assert svg.round_up(value) <= value * 2.0001


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=60))
def test_columns_stay_in_their_box(steps: list[tuple[int, int]]) -> None:
    low, high = zip(*steps, strict=True)
    top = svg.round_up(max(map(sum, steps)))
    for column in svg.stack([("a", low), ("b", high)], len(steps), top):
        for block in column.blocks:
            assert 0 <= block.y <= block.y + block.height <= 103


# Changes


@pytest.mark.parametrize(
    ("now", "before", "text", "way"),
    [(150, 100, "50%", "up"), (80, 100, "20%", "down"), (100, 100, "0%", "same"),
     (5000, 100, "×50", "up")],
)  # fmt: skip
def test_a_change_is_told_shortly(now: int, before: int, text: str, way: str) -> None:
    course = TimeSeries(
        total=Sums(requests=now), previous=Sums(requests=before), steps=(NOTHING,) * 48
    )
    change = stat_tiles.figures(course)[0].change
    assert change is not None
    assert (change.text, change.way, change.tone) == (text, way, "neither")


def test_more_errors_are_bad_and_nothing_before_is_no_change() -> None:
    worse = TimeSeries(
        total=Sums(requests=100, errors=3), previous=Sums(requests=100, errors=1), steps=()
    )
    rate = stat_tiles.figures(worse)[1].change
    assert rate is not None
    assert (rate.text, rate.way, rate.tone) == ("2.0 pts", "up", "bad")
    first = TimeSeries(total=Sums(requests=100), previous=NOTHING, steps=())
    assert [figure.change for figure in stat_tiles.figures(first)] == [None] * 6


@on_both
async def test_what_the_cache_saved_is_shown_where_it_was_asked(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    ids: dict[str, Any] = {"project_id": project.id, "token_id": token.id}
    pages = (PAGE, f"/admin/tokens/{token.id}")
    await record(entry(**ids))
    for path in pages:
        assert "From the cache" not in (await admin.get(path)).text
    kept = [entry(cache="hit", saved_nanos=1_500_000_000, cost_nanos=0, **ids) for _ in range(3)]
    await record(entry(cache="miss", **ids), *kept)
    for path in pages:
        page = (await admin.get(path)).text
        assert "From the cache" in page
        assert 'title="3 of 4 looked for">75.0%</dd>' in page
        assert "$4.50 saved" in page
    export = (await admin.get("/admin/usage/export")).text.splitlines()
    assert export[0].endswith(",cached_requests,cache_misses,saved_usd")
    assert export[1].endswith(",3,1,4.5")


def test_the_course_of_hits_goes_by_what_was_looked_for() -> None:
    span = time_ranges.named("1h", datetime(2026, 11, 28, tzinfo=UTC))
    used = Sums(requests=9, cached_requests=1, cache_misses=3)
    steps = (used, *[NOTHING] * (span.steps - 1))
    total = Sums(requests=9, cached_requests=1, cache_misses=1)
    course = TimeSeries(total=total, previous=used, steps=steps)
    hits = stat_tiles.figures(course)[-1]
    assert (hits.value, hits.note) == ("50.0%", "$0.00 saved")
    assert hits.change is not None
    assert (hits.change.text, hits.change.way, hits.change.tone) == ("25.0 pts", "up", "neither")
    rows = stat_tiles.course_rows(span, course)
    assert [len(row.values) for row in rows] == [7] * span.steps
    assert (rows[0].values[-1], rows[1].values[-1]) == ("25.0%", "–")
    # A cache that was switched off is still told of beside the span before.
    gone = TimeSeries(total=Sums(requests=1), previous=used, steps=())
    assert stat_tiles.figures(gone)[-1].value == "–"


@pytest.mark.parametrize(
    ("unpriced", "note"), [(1, "1 request without a price"), (2, "2 requests without a price")]
)
def test_a_sum_says_how_many_requests_are_not_in_it(unpriced: int, note: str) -> None:
    total = Sums(requests=9, cost_nanos=10**9, unpriced_requests=unpriced)
    course = TimeSeries(steps=(total,), total=total, previous=NOTHING)
    (cost,) = (figure for figure in stat_tiles.figures(course) if figure.key == "cost")
    assert (cost.value, cost.note) == ("$1.00", note)


async def test_a_leaders_cost_says_what_is_not_in_it(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)

    def one(model: str, **wanted: Any) -> Entry:
        use: dict[str, Any] = {"project_id": project.id, "token_id": token.id}
        return entry(datetime.now(UTC), model=model, **use, **wanted)

    refused: dict[str, Any] = {"status": 429, "prompt_tokens": None, "completion_tokens": None}
    await record(
        one("half", cost_nanos=2_930_000_000),
        *[one("half", cost_nanos=None) for _ in range(14)],
        one("none", cost_nanos=None),
        one("idle", cost_nanos=None, **refused),
    )

    page = (await admin.get(PAGE, params={"show": "cost"})).text

    top = page[page.index('id="top-model"') :]
    cells = dict(re.findall(r">(half|none|idle)</a></td>\s*<td class=\"number\">(.*?)</td>", top))
    # What a screen reader says: no tags, and nothing that is hidden from it.
    said = {
        name: re.sub(r"<[^>]+>", " ", re.sub(r"<span aria-hidden.*?</span>", "", cell)).split()
        for name, cell in cells.items()
    }
    assert said == {
        "half": ["$2.93", "14", "requests", "without", "a", "price"],
        "none": ["no", "price", "1", "request", "without", "a", "price"],
        "idle": ["Nothing", "used"],
    }


@pytest.mark.parametrize(
    ("unpriced", "note"), [(0, "Nothing used"), (1, "No price known")], ids=["nothing", "no price"]
)
def test_a_sum_without_a_cost_says_why(unpriced: int, note: str) -> None:
    total = Sums(requests=1, cost_nanos=None, unpriced_requests=unpriced)
    course = TimeSeries(steps=(total,), total=total, previous=NOTHING)
    (cost,) = (figure for figure in stat_tiles.figures(course) if figure.key == "cost")
    assert (cost.value, cost.note) == ("–", note)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"cost_nanos": None}, "No price is known for anything"),
        ({"cost_nanos": None, "counted": False}, "Nothing in this range cost anything"),
    ],
    ids=["no price", "nothing"],
)
async def test_a_chart_without_costs_says_why(
    admin: Browser, told: dict[str, Any], said: str
) -> None:
    await record(entry(datetime.now(UTC), **told))
    assert said in (await admin.get(PAGE, params={"show": "cost"})).text


@on_both
async def test_budgets_that_are_nearly_used_up_are_listed(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project, name="spender")
    title = "Budgets nearly or wholly used up"
    assert title not in (await admin.get("/admin/dashboard")).text
    now = datetime.now(UTC)
    await record(entry(now, project_id=project.id, token_id=token.id, cost_nanos=17 * 10**8))
    # What was used before a budget is added counts, by the hour.
    two = {"limit": "usd", "amount": 2, "period": "total"}
    await token.change(by=BY, budgets=[two, {**two, "amount": 9, "period": "month"}])
    page = (await admin.get("/admin/dashboard")).text
    assert title in page
    assert f'<a href="/admin/tokens/{token.id}">spender</a>' in page
    assert "$2.00 in all: $1.70 spent, $0.30 left" in page
    assert "$9.00 a month" not in page
    await project.change(by=BY, budgets=[{**two, "amount": 1}])
    page = (await admin.get("/admin/dashboard")).text
    assert page.index("$1.00 in all") < page.index("$2.00 in all")
    assert "Used up" in page
