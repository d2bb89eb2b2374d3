"""Pages stay right while rows are added, and are read from an index."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.manage.conftest import Make
from tests.manage.entries import entry, record

Json = dict[str, Any]


async def _walk(
    client: httpx.AsyncClient,
    path: str,
    between: Callable[[], Awaitable[object]],
    **query: str,
) -> list[str]:
    """The ids of all pages of 2, with something happening before each next page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = await client.get(path, params={"limit": "2", **query, **cursor})
        assert response.status_code == 200, response.text
        page = response.json()
        found += [row["id"] for row in page["data"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["data"]) == 2
        cursor = {"cursor": page["next_cursor"]}
        await between()


async def test_projects_and_tokens_added_meanwhile_do_not_move_the_rest(
    client: httpx.AsyncClient, make_project: Make, make_token: Make
) -> None:
    projects = [await make_project() for _ in range(5)]
    expected = [project["id"] for project in reversed(projects)]
    assert await _walk(client, "/manage/projects", make_project) == expected

    async def another() -> object:
        return await make_token(project_id=projects[0]["id"])

    tokens = [await another() for _ in range(4)]
    expected = [token["id"] for token in reversed(tokens)]  # type: ignore[index]
    query = {"project_id": projects[0]["id"], "status": "active"}
    assert await _walk(client, "/manage/tokens", another, **query) == expected


async def test_requests_and_audit_added_meanwhile_do_not_move_the_rest(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    entries = [entry() for _ in range(5)]
    await record(*entries)
    expected = [str(made.id) for made in reversed(entries)]
    assert await _walk(client, "/manage/requests", lambda: record(entry())) == expected

    for _ in range(2):
        await make_project()
    before = (await client.get("/manage/audit")).json()["data"]
    assert len(before) == 4
    assert await _walk(client, "/manage/audit", make_project) == [row["id"] for row in before]


async def test_default_is_fifty_and_the_most_is_two_hundred(client: httpx.AsyncClient) -> None:
    await record(*[entry() for _ in range(201)])
    for limit, count in ((None, 50), ("1", 1), ("200", 200)):
        query = {} if limit is None else {"limit": limit}
        page = (await client.get("/manage/requests", params=query)).json()
        assert len(page["data"]) == count
        assert page["next_cursor"]


async def test_cursor_of_another_list_is_refused(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    for _ in range(2):
        await make_project()
    cursor = (await client.get("/manage/projects?limit=1")).json()["next_cursor"]
    for path in ("/manage/tokens", "/manage/usage", "/manage/audit", "/manage/requests"):
        response = await client.get(path, params={"cursor": cursor})
        assert response.status_code == 400, path
    for damaged in (cursor[:-1], cursor + "A", cursor[::-1], cursor + "="):
        response = await client.get("/manage/projects", params={"cursor": damaged})
        assert response.status_code == 400, damaged
