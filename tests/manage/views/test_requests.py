"""`/manage/requests`"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from models.entry import Parts
from tests.manage.entries import HIT, entry, record

Json = dict[str, Any]

_ONE, _OTHER = UUID(int=11), UUID(int=12)
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_requests_have_the_fields_of_the_contract(client: httpx.AsyncClient) -> None:
    parts = Parts(cache_write_tokens=3, web_searches=2)
    labels: Json = {"tags": (("team", "search"),), "end_user": "u-1"}
    made = entry(_NOON, parts=parts, service_tier="flex", charge="used", **labels)
    await record(made)
    response = await client.get("/manage/requests")
    assert response.status_code == 200
    assert response.json() == {
        "data": [
            {
                "id": str(made.id),
                "at": "2026-03-01T12:00:00Z",
                "project_id": str(made.project_id),
                "token_id": str(made.token_id),
                "provider": "openai",
                "endpoint": "/v1/chat/completions",
                "method": "POST",
                "model": "gpt-4o",
                "status": 200,
                "outcome": "complete",
                "usage": "exact",
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "cached_tokens": 4,
                "reasoning_tokens": 2,
                "cost_usd": 0.0015,
                "bytes_in": 100,
                "bytes_out": 200,
                "ttfb_ms": 1.5,
                "duration_ms": 2.5,
                "overhead_ms": 0.25,
                "cache_write_tokens": 3,
                "cache_write_1h_tokens": None,
                "audio_input_tokens": None,
                "audio_output_tokens": None,
                "image_input_tokens": None,
                "image_output_tokens": None,
                "web_searches": 2,
                "audio_seconds": None,
                "service_tier": "flex",
                "answer_model": None,
                "cost_source": None,
                "upstream_code": None,
                "key_id": None,
                "attempts": None,
                "charge": "used",
                "refusal_code": None,
                "tags": {"team": "search"},
                "end_user": "u-1",
                "cached": False,
                "saved_usd": None,
            }
        ],
        "next_cursor": None,
    }


async def test_requests_are_filtered(client: httpx.AsyncClient) -> None:
    entries = [
        entry(_NOON, project_id=_ONE, end_user="u 1", tags=(("team", "a=b"),), **HIT),
        entry(_NOON + timedelta(hours=1), token_id=_OTHER, status=500, tags=(("team", "search"),)),
        entry(
            _NOON + timedelta(hours=2), model="gpt-5", outcome="client_left", upstream_code="a b"
        ),
    ]
    await record(*entries)

    async def found(**query: str) -> list[int]:
        response = await client.get("/manage/requests", params=query)
        assert response.status_code == 200, response.text
        known = [str(made.id) for made in entries]
        return [known.index(row["id"]) for row in response.json()["data"]]

    assert await found() == [2, 1, 0]
    assert await found(project_id=str(_ONE)) == [0]
    assert await found(token_id=str(_OTHER)) == [1]
    assert await found(model="gpt-5") == [2]
    assert await found(status="500") == [1]
    assert await found(outcome="client_left") == [2]
    assert await found(upstream_code="a b") == [2]
    assert await found(upstream_code="a") == []
    assert await found(tag="team=a=b") == [0]
    assert await found(tag=" team = search ", status="500") == [1]
    assert await found(tag="team=search", status="404") == []
    assert await found(end_user="u 1") == [0]
    assert await found(cached="true") == [0]
    assert await found(cached="false", model="gpt-4o") == [1]
    for name, text in (
        ("upstream_code", "a b"), ("tag", "team=search"), ("end_user", "u 1"), ("cached", "true"),
    ):  # fmt: skip
        refused = {"outcome": "refused", name: text}
        assert (await client.get("/manage/requests", params=refused)).status_code == 400
    assert (await client.get("/manage/requests", params={"cached": "hit"})).status_code == 400
    for text in ("team", "team=", "Team=search", "=search", "team=\u202ex"):
        answer = await client.get("/manage/requests", params={"tag": text})
        assert [one["field"] for one in answer.json()["error"]["details"]] == ["tag"]
    assert await found(**{"from": "2026-03-01T13:00:00Z"}) == [2, 1]
    assert await found(to="2026-03-01T13:00:00Z") == [0]
    assert await found(**{"from": "2026-03-01T14:00:00+01:00", "status": "500"}) == [1]
