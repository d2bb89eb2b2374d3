"""The plane as `create_app` carries it, beside the others and with the whole front door."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app import create_app
from config import Settings
from proxy.journal import consumer
from server import resources
from tests.manage.conftest import MANAGEMENT_TOKEN, served


@pytest.fixture
async def whole(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application, which may write."""
    headers = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}
    async with (
        served(create_app(settings=settings)) as url,
        httpx.AsyncClient(base_url=url, headers=headers) as client,
    ):
        yield client


async def test_plane_is_carried_by_the_application(whole: httpx.AsyncClient) -> None:
    body = {"name": "wired", "api_key": "sk-the-upstream-key-0001"}
    project = await whole.post("/manage/projects", json=body)
    assert project.status_code == 201
    token = await whole.post("/manage/tokens", json={"project_id": project.json()["id"]})
    assert token.status_code == 201
    # What the plane made is in force on the data plane at the next request.
    answer = await _ask(whole, token.json()["token"])
    assert answer.status_code == 404
    await whole.patch(f"/manage/projects/{project.json()['id']}", json={"is_active": False})
    answer = await _ask(whole, token.json()["token"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "project_inactive")
    await whole.delete(f"/manage/tokens/{token.json()['id']}")
    answer = await _ask(whole, token.json()["token"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_revoked")


async def _ask(client: httpx.AsyncClient, secret: str) -> httpx.Response:
    """A request that no allowlist lets through, so that no upstream is needed."""
    return await client.get("/v1/nowhere", headers={"authorization": f"Bearer {secret}"})


async def test_every_refusal_keeps_the_shape_of_the_plane(whole: httpx.AsyncClient) -> None:
    for method in ("TRACE", "PROPFIND", "OPTIONS", "PUT"):
        response = await whole.request(method, "/manage/projects")
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD, POST"
        assert response.json()["error"]["code"] == "method_not_allowed"
    for path in ("/manage", "/manage/", "/manage/nowhere"):
        response = await whole.get(path)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    response = await whole.head("/manage/projects")
    assert (response.status_code, response.content) == (200, b"")
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_finished_requests_show_at_once(
    whole: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the worker that is asked; nothing but the question brings them here."""
    monkeypatch.setattr(consumer, "_CONSUME_EVERY_S", 3600)
    monkeypatch.setattr(resources, "_CATCH_UP", 3600)
    body = {"name": "counted", "api_key": "sk-x", "base_url": "http://127.0.0.1:1"}
    project = (await whole.post("/manage/projects", json=body)).json()
    token = (await whole.post("/manage/tokens", json={"project_id": project["id"]})).json()
    answer = await whole.get("/v1/models", headers={"authorization": f"Bearer {token['token']}"})
    assert answer.status_code == 502
    (row,) = await _used(whole)
    assert (row["token_id"], row["requests"], row["errors"]) == (token["id"], 1, 1)
    answer = await whole.get("/v1/models", headers={"authorization": f"Bearer {token['token']}"})
    logged = (await whole.get("/manage/requests", params={"status": "502"})).json()["data"]
    assert len(logged) == 2
    assert logged[0]["id"] == answer.headers["x-llm-proxy-request-id"]


async def _used(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/manage/usage", params={"group_by": "token"})
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows
