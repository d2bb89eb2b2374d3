"""`/manage/projects/{id}/objects`"""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from models import AuditEvent
from tests.manage.conftest import Make


async def test_older_objects_are_adopted_and_listed(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    path = f"/manage/projects/{project['id']}/objects"
    response = await client.post(path, json={"ids": ["file-1", "resp_1", "file-2"]})
    assert (response.status_code, response.json()) == (200, {"adopted": 3, "known": 0})
    again = await client.post(path, json={"ids": ["file-1"], "kind": "batch"})
    assert again.json() == {"adopted": 0, "known": 1}
    first = (await client.get(path, params={"limit": 2})).json()
    assert [row["id"] for row in first["data"]] == ["file-1", "file-2"]
    row = first["data"][0]
    assert list(row) == [
        "id", "kind", "provider", "key_id", "token_id", "created_at", "counted_at",
    ]  # fmt: skip
    assert (row["kind"], row["provider"], row["key_id"], row["token_id"]) == (
        "file", "openai", project["keys"][0]["id"], None,
    )  # fmt: skip
    rest = await client.get(path, params={"limit": 2, "cursor": first["next_cursor"]})
    assert [row["id"] for row in rest.json()["data"]] == ["resp_1"]
    assert rest.json()["next_cursor"] is None
    one = await client.get(path, params={"id": "resp_1"})
    assert [(row["id"], row["kind"]) for row in one.json()["data"]] == [("resp_1", "response")]
    event = await AuditEvent.filter(action="object.adopt").get()
    assert event.target_id == project["id"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"ids": []}, "ids"),
        ({"ids": ["a b"]}, "ids.0"),
        ({"ids": ["a" * 257]}, "ids.0"),
        ({"ids": ["a"], "kind": "A"}, "kind"),
        ({"ids": ["a"], "key_id": str(uuid4())}, "key_id"),
        ({"ids": ["a"], "token_id": str(uuid4())}, "token_id"),
        ({"ids": ["a"], "owner": "x"}, "owner"),
    ],
)
async def test_what_cannot_be_adopted_is_told_by_field(
    client: httpx.AsyncClient, make_project: Make, sent: dict[str, Any], field: str
) -> None:
    project = await make_project()
    response = await client.post(f"/manage/projects/{project['id']}/objects", json=sent)
    assert response.status_code == 400
    (detail,) = response.json()["error"]["details"]
    assert detail["field"] == field
    assert "pattern" not in detail["message"]


async def test_objects_of_no_project_are_not_there(client: httpx.AsyncClient) -> None:
    path = f"/manage/projects/{uuid4()}/objects"
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, json={"ids": ["a"]})).status_code == 404


async def test_objects_of_a_key_that_is_gone_are_moved(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    at = f"/manage/projects/{project['id']}"
    old = project["keys"][0]["id"]
    await client.post(f"{at}/objects", json={"ids": ["file-1"]})
    new = (await client.post(f"{at}/keys", json={"api_key": "sk-second-key-5678"})).json()["id"]
    sent = {"from_key_id": old, "key_id": new}
    refused = await client.post(f"{at}/objects/move", json=sent)
    assert refused.status_code == 400
    assert [one["field"] for one in refused.json()["error"]["details"]] == ["from_key_id"]
    await client.delete(f"{at}/keys/{old}")
    assert (await client.post(f"{at}/objects/move", json=sent)).json() == {"moved": 1}
    (row,) = (await client.get(f"{at}/objects")).json()["data"]
    assert row["key_id"] == new
