"""Whatever a client's headers, parameters and paths hold, no plane answers 500 or waits."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from config import Database, Settings, load
from models import Token
from telemetry import scrapes
from tests.admin.conftest import BY, make_project, serving
from tests.server.malformed import HEADERS, VALUES, asking, status_of

_MANAGEMENT: Final = b"m" * 32
_UNKNOWN: Final = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def settings(sqlite_database: Database, tmp_path: Path) -> Settings:
    environ = {"DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": "127.0.0.1"}
    return replace(
        load(environ, None),
        database=sqlite_database,
        encryption_keys=(b"k" * 32,),
        management_token=_MANAGEMENT.decode(),
    )


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    """The whole app; nothing listens where its project sends requests."""
    async with serving(settings) as address:
        yield address


@pytest.fixture
async def secret(url: str) -> bytes:
    """Of a token that is bound to an address and whose project lists origins."""
    project = await make_project(
        base_url="http://127.0.0.1:1", allowed_origins=["https://a.example"]
    )
    _, secret = await Token.issue(project, by=BY, allowed_ips=["127.0.0.1", "10.0.0.0/8"])
    return secret.encode()


async def test_no_header_is_a_500_on_any_plane(
    url: str, secret: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else each of the askers for /metrics would wait for a second of its own.
    monkeypatch.setattr(scrapes, "_EVERY", 0.0)
    names = (*HEADERS, "traceparent", "x-api-key", "cookie")
    known = {
        "/v1/models": b"Bearer " + secret,
        "/manage/projects": b"Bearer " + _MANAGEMENT,
    }
    for value in VALUES:
        for path in (*known, "/", "/health", "/ready", "/metrics", "/nowhere", "/manage/docs"):
            headers = dict.fromkeys(names, value)
            assert await status_of(url, asking(path, headers=headers)) != 500, (path, value)
            if path not in known:
                continue
            # Let in, as far as those go that would keep it out.
            for kept_out in ("x-api-key", "origin", "x-forwarded-for"):
                headers.pop(kept_out, None)
            headers["authorization"] = known[path]
            assert await status_of(url, asking(path, headers=headers)) != 500, (path, value)
            one = {"authorization": known[path], "x-forwarded-for": value, "origin": value}
            asked = {"access-control-request-method": value}
            for method, more in (("GET", {}), ("OPTIONS", asked)):
                head = asking(path, method, one | more)
                assert await status_of(url, head) != 500, (path, method, value)


async def test_no_parameter_or_path_is_a_500(url: str, secret: bytes) -> None:
    for value in VALUES:
        text = quote(value)
        place = text.replace("/", "%2F").replace(".", "x")[:2000]
        parameters = (
            "cursor", "limit", "q", "from", "to", "project_id", "token_id", "status", "bucket",
            "group_by", "is_active",
        )  # fmt: skip
        for path, bearer in (
            *((f"/manage/projects?{name}={text}", _MANAGEMENT) for name in parameters),
            *((f"/manage/usage?{name}={text}", _MANAGEMENT) for name in parameters),
            (f"/manage/requests?status={text}&from={text}&cursor={text}", _MANAGEMENT),
            (f"/manage/audit?{text}", _MANAGEMENT),
            (f"/manage/tokens/{place}", _MANAGEMENT),
            (f"/v1/models/{place}?{text}", secret),
            (f"/v1/{place}", secret),
            (f"/{place}?{text}", b"x"),
        ):
            head = asking(path, headers={"authorization": b"Bearer " + bearer})
            assert await status_of(url, head) != 500, path


async def test_no_body_is_waited_for_where_none_is_taken(url: str, secret: bytes) -> None:
    right = b"Bearer " + _MANAGEMENT
    for method, path, bearer, status in (
        ("GET", "/", b"", 302),
        ("GET", "/health", b"", 200),
        ("GET", "/ready", b"", 200),
        ("GET", "/metrics", b"", 200),
        ("POST", "/health", b"", 405),
        ("POST", "/nowhere", b"", 404),
        ("GET", "/admin/login", b"", 200),
        ("GET", "/admin/static/nothing.css", b"", 404),
        ("POST", "/admin/projects", b"", 303),
        ("GET", "/manage/docs", b"", 200),
        ("POST", "/manage/docs", b"", 405),
        ("POST", "/manage/projects", b"", 401),
        ("POST", "/manage/projects", b"Bearer wrong", 401),
        ("POST", "/manage/nowhere", right, 404),
        ("PUT", "/manage/projects", right, 405),
        ("PATCH", f"/manage/projects/{_UNKNOWN[:-1]}", right, 404),
        ("GET", "/manage/projects", right, 200),
        ("POST", "/v1/chat/completions", b"", 401),
        ("POST", "/v1/nowhere", b"Bearer " + secret, 404),
    ):
        head = asking(path, method, {"authorization": bearer, "content-length": b"100"})
        assert await status_of(url, head) == status, (method, path)
