"""The shape of every answer, for whatever is sent."""

import asyncio
import json
import socket
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from loguru import logger

from config import Database
from models.db import database as connecting
from models.errors import DatabaseUnavailable
from tests.manage.conftest import MANAGEMENT_TOKEN, Make

_JSON = {"content-type": "application/json"}


def _error(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert UUID(response.headers["x-llm-proxy-request-id"]).version == 7
    assert list(response.json()) == ["error"]
    error: dict[str, Any] = response.json()["error"]
    assert error["code"] == code
    assert error["message"]
    return error


async def test_answers_are_kept_by_no_cache_and_read_by_no_other_origin(
    client: httpx.AsyncClient,
) -> None:
    origin = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    for method in ("GET", "OPTIONS"):
        for path in ("/manage/projects", "/manage/docs"):
            response = await client.request(method, path, headers=origin)
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-content-type-options"] == "nosniff"
            assert not [name for name in response.headers if name.startswith("access-control")]


async def test_unknown_paths(client: httpx.AsyncClient) -> None:
    for path in ("/manage", "/manage/", "/manage/nowhere", "/manage/projects/x/y/z"):
        for method in ("GET", "POST", "PUT"):
            _error(await client.request(method, path), 404, "not_found")


async def test_other_methods_are_named(client: httpx.AsyncClient) -> None:
    for path, allowed in (
        ("/manage/projects", "GET, HEAD, POST"),
        (f"/manage/projects/{uuid4()}", "DELETE, GET, HEAD, PATCH"),
        (f"/manage/tokens/{uuid4()}/rotate", "POST"),
        ("/manage/usage", "GET, HEAD"),
    ):
        for method in ("PUT", "OPTIONS", "TRACE", "PROPFIND"):
            response = await client.request(method, path)
            _error(response, 405, "method_not_allowed")
            assert response.headers["allow"] == allowed


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    whole = await client.get("/manage/projects")
    head = await client.head("/manage/projects")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b'{"name": "a",}',
        b'{"name": "\xff", "api_key": "sk-x"}',
        b'{"name": "a", "name": "b", "api_key": "sk-x"}',
        b'{"name": "a", "api_key": "sk-x", "requests_per_minute": NaN}',
        b'{"name": "a", "api_key": "sk-x", "requests_per_minute": 1e999}',
        b'{"name": "a", "api_key": "sk-x", "requests_per_minute": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xef\xbb\xbf{}",
        b'{"\\ud800": 1}',
        b"[]",
        b'"text"',
        b"null",
        b"1",
        b"{} {}",
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_body_that_cannot_be_read(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/manage/projects", content=body, headers=_JSON)
    error = _error(response, 400, "invalid_request")
    assert [detail["field"] for detail in error["details"]] == ["body"]
    assert all(set(detail) == {"field", "message"} for detail in error["details"])
    # Names of ours tell the caller nothing.
    assert "ProjectCreation" not in response.text


async def test_hostile_field_names_are_sent_back_fit_to_read(client: httpx.AsyncClient) -> None:
    body = {"nul\x00": 1, "\u202e": 1, "x" * 5000: 1} | {f"field-{n}": 1 for n in range(500)}
    response = await client.post(
        "/manage/projects", content=json.dumps(body).encode(), headers=_JSON
    )
    error = _error(response, 400, "invalid_request")
    assert 1 < len(error["details"]) <= 100
    assert all(len(detail["field"]) <= 200 for detail in error["details"])


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_body_of_another_type(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post(
        "/manage/projects", content=b"{}", headers={"content-type": content_type}
    )
    _error(response, 415, "unsupported_media_type")


async def test_parameters_of_the_content_type_do_not_matter(client: httpx.AsyncClient) -> None:
    body = b'{"name": "a", "api_key": "sk-x"}'
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    response = await client.post("/manage/projects", content=body, headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_too_large_a_body(client: httpx.AsyncClient) -> None:
    body = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'

    async def chunks() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for content in (body, chunks()):
        response = await client.post("/manage/projects", content=content, headers=_JSON)
        _error(response, 413, "request_too_large")
    # The largest that is taken is read, and refused for what is in it.
    fits = body[: 1024 * 1024 - 2] + b'"}'
    response = await client.post("/manage/projects", content=fits, headers=_JSON)
    _error(response, 400, "invalid_request")


async def test_chunked_body_is_read(client: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        yield b'{"name": "chunked", '
        yield b'"api_key": "sk-x"}'

    response = await client.post("/manage/projects", content=chunks(), headers=_JSON)
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1e2", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=10&limit=20", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=WyJwcm9qZWN0cyIsIngiXQ", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=" + "A" * 2000, "cursor"),
        ("cursor=WyJ0b2tlbnMiLCJ4Il0", "cursor"),
        ("surprise=1", "surprise"),
        ("q=%00", "q"),
        ("q=%ED%A0%80", "query"),
        ("q=%ff", "query"),
        ("q=" + "x" * 201, "q"),
        ("is_active=yes", "is_active"),
        ("is_active=1", "is_active"),
        ("q", "query"),
        ("&".join(f"p{n}=1" for n in range(100)), "query"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bad_parameter_is_named(client: httpx.AsyncClient, query: str, field: str) -> None:
    response = await client.get(f"/manage/projects?{query}")
    error = _error(response, 400, "invalid_request")
    assert [detail["field"] for detail in error["details"]] == [field]


async def test_all_bad_parameters_are_named_at_once(client: httpx.AsyncClient) -> None:
    response = await client.get("/manage/requests?limit=0&cursor=x&status=-1&from=a&surprise=1")
    error = _error(response, 400, "invalid_request")
    fields = [detail["field"] for detail in error["details"]]
    assert sorted(fields) == ["cursor", "from", "limit", "status", "surprise"]


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-03-01",
        "from=2026-03-01T00:00:00",
        "from=0001-01-01T00:00:00%2B05:00",
        "to=9999-12-31T23:59:59Z",
        "to=2026-02-30T00:00:00Z",
        "bucket=week",
        "group_by=provider",
        "project_id=x",
        "token_id=",
        "start=2026-03-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bad_parameter_of_usage(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/manage/usage?{query}")
    error = _error(response, 400, "invalid_request")
    assert [detail["field"] for detail in error["details"]] == [query.partition("=")[0]]


async def test_parameters_of_what_takes_a_body_are_refused(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    path = f"/manage/projects/{project['id']}?force=1"
    for method in ("PATCH", "DELETE", "GET"):
        error = _error(await client.request(method, path), 400, "invalid_request")
        assert [detail["field"] for detail in error["details"]] == ["force"]


async def test_refusal_before_the_body_closes_the_connection_and_says_so(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /manage/projects HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: 1000000\r\nexpect: 100-continue\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close\r\n" in head
    writer.close()


async def test_unread_connection_does_not_hold_up_others(
    url: str, client: httpx.AsyncClient
) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(
            b"POST /manage/projects HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 10\r\nauthorization: Bearer "
            + MANAGEMENT_TOKEN.encode()
            + b"\r\n\r\n{"
        )
        assert (await client.get("/manage/projects")).status_code == 200


async def test_without_a_database_it_says_so(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("connection refused to postgres://secret")

    monkeypatch.setattr("models.queries.lists.page", away)
    response = await client.get("/manage/projects")
    _error(response, 503, "database_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert "secret" not in response.text


async def test_mistake_of_ours_is_told_in_shape_and_logged_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("internal detail")

    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    monkeypatch.setattr("models.queries.lists.page", broken)
    response = await client.get("/manage/projects")
    logger.remove(sink)
    _error(response, 500, "internal_error")
    assert "internal detail" not in response.text
    (line,) = [line for line in lines if "ZeroDivisionError" in line]
    assert response.headers["x-llm-proxy-request-id"] in line
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_gone_postgres_server_is_a_503(
    connected: Database, client: httpx.AsyncClient
) -> None:
    await connecting.disconnect()
    await connecting.connect(replace(connected, port=1))
    _error(await client.get("/manage/tokens"), 503, "database_unavailable")
