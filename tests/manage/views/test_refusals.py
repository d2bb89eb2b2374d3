"""`/manage/refusals`, and the rows of `/manage/requests?outcome=refused`"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from manage import cursors
from models.ids import first_id_at
from models.refusals import Refused
from tests.manage.entries import entry, record
from tests.models.rows import a_refusal, count_refusals, sum_key

Json = dict[str, Any]

_ONE, _OTHER = UUID(int=11), UUID(int=12)
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
_GROUPS = ("code", "project", "token", "model")


async def refuse(count: int = 1, at: datetime | None = None, **fields: Any) -> Refused:
    """So many alike, of a token unless it says otherwise, and a row of the last."""
    moment = at or datetime.now(UTC)
    place: Json = {"project_id": str(_ONE), "token_id": str(_ONE), "code": "quota_exceeded"}
    made = a_refusal(**{"at": moment.timestamp(), "status": 429} | place | fields)
    if at is not None:
        made = a_refusal(
            **{name: getattr(made, name) for name in made.__struct_fields__}
            | {"id": str(UUID(int=first_id_at(at).int | UUID(made.id).int % 2**60))}
        )
    await count_refusals({sum_key(made): count}, [made])
    return made


async def _rows(client: httpx.AsyncClient, **query: str) -> list[Json]:
    response = await client.get("/manage/refusals", params=query)
    assert response.status_code == 200, response.text
    rows: list[Json] = response.json()["data"]
    return rows


async def test_total_is_one_row_even_of_nothing(client: httpx.AsyncClient) -> None:
    (row,) = await _rows(client)
    assert list(row) == ["bucket", "refusals"]
    assert row["refusals"] == 0
    assert await _rows(client, group_by="code") == []
    assert await _rows(client, bucket="hour") == []


async def test_each_group_says_who_and_why(client: httpx.AsyncClient) -> None:
    await refuse(3, model="gpt-4o")
    await refuse(2, project_id=str(_OTHER), token_id=str(_OTHER), code="token_expired")
    await refuse(40_000, project_id="", token_id="", code="invalid_token")
    for group, field, counts in (
        ("code", "code", {"quota_exceeded": 3, "token_expired": 2, "invalid_token": 40_000}),
        ("project", "project_id", {str(_ONE): 3, str(_OTHER): 2, None: 40_000}),
        ("token", "token_id", {str(_ONE): 3, str(_OTHER): 2, None: 40_000}),
        ("model", "model", {"gpt-4o": 3, "": 40_002}),
    ):
        for bucket in ("total", "hour", "day"):
            rows = await _rows(client, group_by=group, bucket=bucket)
            assert {row[field]: row["refusals"] for row in rows} == counts
            assert {frozenset(row) for row in rows} == {frozenset(("bucket", field, "refusals"))}


async def test_filters(client: httpx.AsyncClient) -> None:
    await refuse(3, model="gpt-4o")
    await refuse(2, token_id=str(_OTHER), code="token_expired", model="o3")
    for query, count in (
        ({"project_id": str(_ONE)}, 5),
        ({"token_id": str(_OTHER)}, 2),
        ({"code": "quota_exceeded"}, 3),
        ({"model": "o3"}, 2),
        ({"code": "quota_exceeded", "token_id": str(_OTHER)}, 0),
    ):
        (row,) = await _rows(client, **query)
        assert row["refusals"] == count, query


async def test_times_are_widened_to_whole_buckets(client: httpx.AsyncClient) -> None:
    for minutes in (0, 59, 60, 13 * 60):
        await refuse(1, _NOON + timedelta(minutes=minutes))
    hours = await _rows(client, bucket="hour", **_MARCH)
    assert [(row["bucket"], row["refusals"]) for row in hours] == [
        ("2026-03-02T01:00:00Z", 1),
        ("2026-03-01T13:00:00Z", 1),
        ("2026-03-01T12:00:00Z", 2),
    ]
    days = await _rows(client, bucket="day", **_MARCH)
    assert [(row["bucket"], row["refusals"]) for row in days] == [
        ("2026-03-02T00:00:00Z", 1),
        ("2026-03-01T00:00:00Z", 3),
    ]
    narrow = {"from": "2026-03-01T12:30:00Z", "to": "2026-03-01T12:31:00Z"}
    (total,) = await _rows(client, **narrow)
    assert (total["bucket"], total["refusals"]) == ("2026-03-01T12:00:00Z", 2)


@pytest.mark.parametrize("bucket", ["total", "hour", "day"])
async def test_pages_are_the_whole_in_order(client: httpx.AsyncClient, bucket: str) -> None:
    for hour in range(4):
        for group in range(3):
            place = {"project_id": str(UUID(int=group)), "token_id": str(UUID(int=group))}
            moment = _NOON + timedelta(hours=8 * hour)
            await refuse(1, moment, code=f"code_{group}", model=f"m{group}", **place)
    for group_by in (None, *_GROUPS):
        query = {"bucket": bucket, **_MARCH} | ({"group_by": group_by} if group_by else {})
        whole = await _rows(client, **query)
        assert sum(row["refusals"] for row in whole) == 12
        paged: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await client.get("/manage/refusals", params=query | {"limit": "2"} | cursor)
            paged += answer.json()["data"]
            if answer.json()["next_cursor"] is None:
                break
            cursor = {"cursor": answer.json()["next_cursor"]}
        assert paged == whole


async def test_made_up_cursor_is_refused(client: httpx.AsyncClient) -> None:
    for group_by in (None, *_GROUPS):
        kind, noon = f"refusals:hour:{group_by}", "2026-03-01T12:00:00Z"
        places: list[tuple[str, str | None]] = [
            ("9999-12-31T23:59:59Z", "x"),
            ("2026-03-01T12:00:00+01:00", "x"),
            (noon, "\x00"),
            (noon, "x" if group_by is None else None),
        ]
        if group_by in ("project", "token"):
            places.append((noon, "x"))
        query = {"bucket": "hour"} | ({"group_by": group_by} if group_by else {})
        for place in places:
            cursor = {"cursor": cursors.encode(kind, place)}
            response = await client.get("/manage/refusals", params=query | cursor)
            assert response.status_code == 400, place


async def test_the_newest_are_in_the_request_log_where_they_are_asked_for(
    client: httpx.AsyncClient,
) -> None:
    await record(entry())
    known = await refuse(model="gpt-4o", bytes_in=9, duration_us=1500, endpoint="/v1/x")
    unknown = await refuse(project_id="", token_id="", code="invalid_token", status=401)
    usual = (await client.get("/manage/requests")).json()["data"]
    assert [row["outcome"] for row in usual] == ["complete"]
    found = (await client.get("/manage/requests", params={"outcome": "refused"})).json()["data"]
    assert list(found[0]) == list(usual[0])
    assert [row["id"] for row in found] == [unknown.id, known.id]
    told = {name: value for name, value in found[1].items() if value is not None}
    at = told.pop("at")
    assert datetime.fromisoformat(at).timestamp() == pytest.approx(known.at, abs=0.001)
    assert told == {
        "id": known.id,
        "project_id": str(_ONE),
        "token_id": str(_ONE),
        "provider": "openai",
        "endpoint": "/v1/x",
        "method": "POST",
        "model": "gpt-4o",
        "status": 429,
        "outcome": "refused",
        "usage": "exact",
        "bytes_in": 9,
        "bytes_out": 0,
        "cached": False,
        "duration_ms": 1.5,
        "refusal_code": "quota_exceeded",
    }
    assert (found[0]["project_id"], found[0]["token_id"]) == (None, None)
    # What was used is of requests that were let in alone.
    (used,) = (await client.get("/manage/usage")).json()["data"]
    assert used["requests"] == 1


async def test_refused_rows_are_filtered_and_paged(client: httpx.AsyncClient) -> None:
    made = [await refuse(1, _NOON + timedelta(minutes=n), model=f"m{n}") for n in range(3)]
    other = await refuse(1, token_id=str(_OTHER), code="token_expired", status=401)

    async def ids(**query: str) -> list[str]:
        answer = await client.get("/manage/requests", params={"outcome": "refused"} | query)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["data"]]

    assert await ids(token_id=str(_OTHER)) == [other.id]
    assert await ids(project_id=str(_ONE), model="m1") == [made[1].id]
    assert await ids(refusal_code="token_expired") == await ids(status="401") == [other.id]
    assert await ids(**_MARCH) == [one.id for one in reversed(made)]
    first = await client.get("/manage/requests", params={"outcome": "refused", "limit": "3"})
    cursor = first.json()["next_cursor"]
    assert await ids(cursor=cursor) == [made[0].id]
    # It is of another list.
    assert (await client.get("/manage/requests", params={"cursor": cursor})).status_code == 400
    alone = await client.get("/manage/requests", params={"refusal_code": "token_expired"})
    assert alone.status_code == 400
