"""`/manage/usage`"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from manage import cursors
from models import UsageHour
from models.reports.usage_report import GROUPS
from tests.manage.entries import HIT, entry, record

Json = dict[str, Any]

_ONE, _OTHER = UUID(int=11), UUID(int=12)
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}


async def _rows(client: httpx.AsyncClient, **query: str) -> list[Json]:
    response = await client.get("/manage/usage", params=query)
    assert response.status_code == 200, response.text
    rows: list[Json] = response.json()["data"]
    return rows


async def test_total_is_one_row_even_of_nothing(client: httpx.AsyncClient) -> None:
    (row,) = await _rows(client)
    assert list(row) == [
        "bucket",
        "requests",
        "errors",
        "unknown_usage_requests",
        "prompt_tokens",
        "completion_tokens",
        "cached_tokens",
        "reasoning_tokens",
        "total_tokens",
        "cost_usd",
        "unpriced_requests",
        "charged_at_hold_requests",
        "cached_requests",
        "cache_misses",
        "saved_usd",
    ]
    assert (row["requests"], row["total_tokens"], row["cost_usd"]) == (0, 0, None)
    assert await _rows(client, group_by="model") == []
    assert await _rows(client, bucket="hour") == []


async def test_total_adds_up(client: httpx.AsyncClient) -> None:
    await record(
        entry(),
        entry(status=429),
        entry(
            outcome="client_left",
            usage="unknown",
            prompt_tokens=None,
            cost_nanos=None,
            cache="miss",
        ),
    )
    (row,) = await _rows(client)
    row.pop("bucket")
    assert row == {
        "requests": 3,
        "errors": 2,
        "unknown_usage_requests": 1,
        "prompt_tokens": 20,
        "completion_tokens": 15,
        "cached_tokens": 12,
        "reasoning_tokens": 6,
        "total_tokens": 35,
        "cost_usd": 0.003,
        "unpriced_requests": 1,
        "charged_at_hold_requests": 0,
        "cached_requests": 0,
        "cache_misses": 1,
        "saved_usd": 0.0,
    }


async def test_buckets_are_newest_first_and_whole(client: httpx.AsyncClient) -> None:
    await record(
        *[entry(_NOON + timedelta(minutes=minutes)) for minutes in (0, 59, 60, 12 * 60, 13 * 60)]
    )
    hours = await _rows(client, bucket="hour", **_MARCH)
    assert [(row["bucket"], row["requests"]) for row in hours] == [
        ("2026-03-02T01:00:00Z", 1),
        ("2026-03-02T00:00:00Z", 1),
        ("2026-03-01T13:00:00Z", 1),
        ("2026-03-01T12:00:00Z", 2),
    ]
    days = await _rows(client, bucket="day", **_MARCH)
    assert [(row["bucket"], row["requests"]) for row in days] == [
        ("2026-03-02T00:00:00Z", 2),
        ("2026-03-01T00:00:00Z", 3),
    ]
    # Both ends are widened to the bucket.
    narrow = {"from": "2026-03-01T12:30:00Z", "to": "2026-03-01T12:31:00Z"}
    assert [row["requests"] for row in await _rows(client, bucket="hour", **narrow)] == [2]
    assert [row["requests"] for row in await _rows(client, bucket="day", **narrow)] == [3]
    (total,) = await _rows(client, **narrow)
    assert (total["bucket"], total["requests"]) == ("2026-03-01T12:00:00Z", 2)


async def test_recent_total_is_to_the_minute(client: httpx.AsyncClient) -> None:
    present = datetime.now(UTC)
    await record(entry(present - timedelta(minutes=30)), entry(present))
    (row,) = await _rows(client, **{"from": (present - timedelta(minutes=5)).isoformat()})
    assert row["requests"] == 1
    (row,) = await _rows(client, **{"from": (present - timedelta(minutes=40)).isoformat()})
    assert row["requests"] == 2


@pytest.mark.parametrize(
    ("group_by", "field", "values"),
    [
        ("project", "project_id", [str(_OTHER), str(_ONE)]),
        ("token", "token_id", [str(_OTHER), str(_ONE)]),
        ("model", "model", ["gpt-4o", ""]),
        ("endpoint", "endpoint", ["/v1/models", "/v1/chat/completions"]),
        ("key", "key_id", [str(_OTHER), str(_ONE)]),
        ("end_user", "end_user", ["u-2", "u-1"]),
        ("tag:team", "tag:team", ["search", "docs"]),
    ],
)
async def test_groups_carry_their_name(
    client: httpx.AsyncClient, group_by: str, field: str, values: list[str]
) -> None:
    await record(
        entry(
            _NOON,
            project_id=_ONE,
            token_id=_ONE,
            key_id=str(_ONE),
            end_user="u-1",
            tags=(("team", "docs"),),
        ),
        entry(
            _NOON,
            end_user="u-2",
            tags=(("team", "search"), ("feature", "rag")),
            project_id=_OTHER,
            token_id=_OTHER,
            key_id=str(_OTHER),
            model="",
            endpoint="/v1/models",
        ),
    )
    for bucket in ("total", "hour", "day"):
        rows = await _rows(client, bucket=bucket, group_by=group_by, **_MARCH)
        assert [row[field] for row in rows] == values
        assert [row["requests"] for row in rows] == [1, 1]
        others = {"project_id", "token_id", "model", "endpoint", "key_id", "end_user"} - {field}
        assert all(row.get("tag") == (row[field] if ":" in field else None) for row in rows)
        assert not others & set(rows[0])


@pytest.mark.parametrize("group_by", [None, *GROUPS, "tag:team"])
async def test_what_the_cache_saved_is_in_every_sum(
    client: httpx.AsyncClient, group_by: str | None
) -> None:
    labels: Json = {"key_id": str(_ONE), "end_user": "u-1", "tags": (("team", "docs"),)}
    await record(
        entry(_NOON, **labels, cache="miss"),
        entry(_NOON, **labels, **HIT),
        entry(_NOON + timedelta(hours=1), **labels, **HIT),
    )
    query = _MARCH | ({"group_by": group_by} if group_by else {})
    for bucket, sums in (
        ("total", [(3, 2, 1, 0.003, 0.0015)]),
        ("day", [(3, 2, 1, 0.003, 0.0015)]),
        ("hour", [(1, 1, 0, 0.0015, 0.0), (2, 1, 1, 0.0015, 0.0015)]),
    ):
        rows = await _rows(client, bucket=bucket, **query)
        names = ("requests", "cached_requests", "cache_misses", "saved_usd", "cost_usd")
        assert [tuple(row[name] for name in names) for row in rows] == sums, bucket


@pytest.mark.parametrize("group_by", ["tag", "tag:", "tag:Team", "tag:a b", "tag:" + "k" * 33, "x"])
async def test_what_is_no_group_is_refused(client: httpx.AsyncClient, group_by: str) -> None:
    answer = await client.get("/manage/usage", params={"group_by": group_by})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == ["group_by"]


async def test_filters(client: httpx.AsyncClient) -> None:
    await record(
        entry(project_id=_ONE, token_id=_ONE),
        entry(project_id=_ONE, token_id=_OTHER, model="gpt-5"),
    )
    for query, count in (
        ({"project_id": str(_ONE)}, 2),
        ({"project_id": str(_OTHER)}, 0),
        ({"token_id": str(_OTHER)}, 1),
        ({"model": "gpt-5"}, 1),
        ({"model": "gpt-5", "token_id": str(_ONE)}, 0),
    ):
        (row,) = await _rows(client, **query)
        assert row["requests"] == count, query


@pytest.mark.parametrize("bucket", ["total", "hour", "day"])
@pytest.mark.parametrize("group_by", [None, *GROUPS, "tag:team"])
async def test_pages_are_the_whole_in_order(
    client: httpx.AsyncClient, bucket: str, group_by: str | None
) -> None:
    await record(
        *[
            entry(
                _NOON + timedelta(hours=8 * hour),
                project_id=UUID(int=20 + group),
                token_id=UUID(int=30 + group),
                model=f"model-{group}",
                endpoint=f"/v1/{group}",
                key_id=str(UUID(int=40 + group)),
                end_user=f"user-{group}",
                tags=(("team", f"team-{group}"),),
            )
            for hour in range(4)
            for group in range(3)
        ]
    )
    query = {"bucket": bucket, **_MARCH} | ({"group_by": group_by} if group_by else {})
    whole = await _rows(client, **query)
    assert sum(row["requests"] for row in whole) == 12
    paged: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get("/manage/usage", params=query | {"limit": "2"} | cursor)
        paged += answer.json()["data"]
        if answer.json()["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json()["next_cursor"]}
    assert paged == whole


@pytest.mark.parametrize("bucket", ["total", "hour", "day"])
@pytest.mark.parametrize("group_by", [None, *GROUPS, "tag:team"])
async def test_made_up_cursor_is_refused(
    client: httpx.AsyncClient, bucket: str, group_by: str | None
) -> None:
    kind, noon = f"usage:{bucket}:{group_by}", "2026-03-01T12:00:00Z"
    right = str(_ONE) if group_by in ("project", "token", "key") else "x"
    places: list[tuple[str, str | None]] = [
        ("9999-12-31T23:59:59Z", right),
        ("0001-01-01T00:00:00Z", right),
        ("2026-03-01T12:00:00", right),
        ("2026-03-01T12:00:00+01:00", right),
        (noon, "\x00"),
        (noon, right if group_by is None else None),
    ]
    if group_by in ("project", "token", "key"):
        places.append((noon, "x"))
    query = {"bucket": bucket} | ({"group_by": group_by} if group_by else {})
    for place in places:
        cursor = {"cursor": cursors.encode(kind, place)}
        response = await client.get("/manage/usage", params=query | cursor)
        assert response.status_code == 400, place
        assert [d["field"] for d in response.json()["error"]["details"]] == ["cursor"]
    place = (noon, right if group_by else None)
    cursor = {"cursor": cursors.encode(kind, place)}
    assert (await client.get("/manage/usage", params=query | cursor)).status_code == 200


async def test_reads_the_counters_and_never_the_log(client: httpx.AsyncClient) -> None:
    await record(entry(_NOON))
    await UsageHour.all().update(requests=77)
    assert [row["requests"] for row in await _rows(client, bucket="day", **_MARCH)] == [77]


@pytest.mark.parametrize("path", ["/manage/usage", "/manage/requests", "/manage/audit"])
async def test_range_must_not_end_before_it_begins(client: httpx.AsyncClient, path: str) -> None:
    backwards = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
    response = await client.get(path, params=backwards)
    assert response.status_code == 400
    assert [detail["field"] for detail in response.json()["error"]["details"]] == ["to"]


async def test_what_a_key_did_is_counted_by_the_hour_and_by_all_that_filters(
    client: httpx.AsyncClient,
) -> None:
    """An entry that names no key, as of the release before, is in no such row."""
    await record(
        entry(_NOON, project_id=_ONE, token_id=_ONE, key_id=str(_ONE)),
        entry(_NOON, project_id=_ONE, token_id=_OTHER, key_id=str(_ONE), model="gpt-5"),
        entry(_NOON, project_id=_ONE, token_id=_ONE, key_id=str(_ONE), status=500),
        entry(_NOON, project_id=_ONE, token_id=_ONE),
    )
    query = {"group_by": "key", **_MARCH}
    (row,) = await _rows(client, **query, project_id=str(_ONE))
    assert (row["key_id"], row["requests"], row["errors"]) == (str(_ONE), 3, 1)
    assert (row["prompt_tokens"], row["total_tokens"]) == (30, 45)
    assert row["cost_usd"] == pytest.approx(0.0045)
    for more, count in (({"token_id": str(_OTHER)}, 1), ({"model": "gpt-5"}, 1)):
        (row,) = await _rows(client, **query, **more)
        assert row["requests"] == count
    assert await _rows(client, **query, project_id=str(_OTHER)) == []
