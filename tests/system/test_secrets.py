"""No secret is found where it has no business: files, rows, logs, answers."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream
from models.db.database import postgres_address
from models.secrets import digest
from tests.fixtures.service import UPSTREAM_KEY, RunService, Service
from tests.system.streams import CHAT, HOLD, STREAM

SECOND_KEY = "sk-second-ZyXwVuTsRqPoNmLkJiHg"
FIRST_START_KEY = "sk-first-start-0a1b2c3d4e5f6g7h"
#: Where a secret may be: in files that only their owner reads, on SQLite alone.
KEPT_IN = ("admin-password", "encryption-key", "management-token", "default-token")
NAME = "A project that is easy to find"


class Recorder:
    """Every answer of the service, but those that hand out a new secret."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, bytes]] = []
        self.secrets: dict[str, str] = {}

    async def note(self, answer: httpx.Response) -> None:
        """An httpx hook."""
        content = await answer.aread()
        what = f"{answer.request.method} {answer.request.url}"
        try:
            if answer.request.url.path.startswith("/manage/tokens"):
                self.secrets[what] = answer.json()["token"]
                return
        except (KeyError, ValueError):
            pass
        head = b"\n".join(b"%b: %b" % field for field in answer.headers.raw)
        self.answers.append((what, head + b"\n\n" + content))


def forms(secret: str) -> tuple[bytes, ...]:
    """A secret as it could be written down."""
    raw = secret.encode()
    return raw, raw.hex().encode(), base64.b64encode(raw), quote(secret, safe="").encode()


def leaks(places: Iterable[tuple[str, bytes]], secrets: Mapping[str, str]) -> list[str]:
    """Which secret is where."""
    return [
        f"{name} in {place}"
        for place, content in places
        for name, secret in secrets.items()
        if any(form in content for form in forms(secret))
    ]


def files(service: Service) -> list[tuple[str, bytes]]:
    """Database, its write-ahead log, journal, limits, generation, output: all that there is."""
    found = [path for path in service.directory.rglob("*") if path.name not in KEPT_IN]
    if service.database.dialect == "sqlite":
        found += service.database.path.parent.glob(f"{service.database.path.name}*")
    return [(path.name, content) for path in found if (content := _content(path)) is not None]


def _content(path: Path) -> bytes | None:
    """None where it is no file, or not any more: a service removes some as it goes on."""
    try:
        return path.read_bytes()
    except (IsADirectoryError, FileNotFoundError):
        return None


async def rows(database: Database) -> list[tuple[str, bytes]]:
    """Every row of every table of a PostgreSQL database, as text (bytea as hex)."""
    connection = await asyncpg.connect(**postgres_address(database))
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname NOT IN"
            " ('pg_catalog', 'information_schema')"
        )
        return [
            (f"table {table}", row.encode())
            for (table,) in tables
            for (row,) in await connection.fetch(f'SELECT t::text FROM "{table}" t')
        ]
    finally:
        await connection.close()


async def everything_kept(service: Service) -> list[tuple[str, bytes]]:
    found = await asyncio.to_thread(files, service)
    if service.database.dialect == "postgres":
        found += await rows(service.database)
    return found


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def http(recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
    hooks: dict[str, list[Any]] = {"response": [recorder.note]}
    async with httpx.AsyncClient(event_hooks=hooks, timeout=30) as opened:
        yield opened


async def test_no_secret_is_found_anywhere(
    run_service: RunService,
    database: Database,
    up: FakeUpstream,
    recorder: Recorder,
    http: httpx.AsyncClient,
) -> None:
    service = run_service(
        database,
        LOG_LEVEL="DEBUG",
        LOG_BODIES="4000",
        LOG_FORMAT="json" if database.dialect == "sqlite" else "text",
        OPENAI_API_KEY=FIRST_START_KEY,
    )
    http.base_url = service.url
    token_id, secret = await _manage(service, http, up)
    await _use(service, http, secret, up)
    await _misuse(service, http, secret, up)
    await service.entries(token_id, 5)
    rotated = await http.post(f"/manage/tokens/{token_id}/rotate", headers=_manager(service))
    assert rotated.status_code == 200
    running = await everything_kept(service)
    settings = service.settings
    assert await asyncio.to_thread(service.stop) == 0
    stopped = await everything_kept(service)

    assert len(recorder.secrets) == 2
    assert settings.management_token is not None
    assert settings.admin_password is not None
    secrets = {
        "upstream key": UPSTREAM_KEY,
        "second upstream key": SECOND_KEY,
        "key of the first start": FIRST_START_KEY,
        "token of the first start": (service.data_dir / "default-token").read_text().strip(),
        "management token": settings.management_token,
        "administrator's password": settings.admin_password,
        "encryption key": base64.urlsafe_b64encode(settings.encryption_keys[0]).decode(),
        **{f"token of {what}": token for what, token in recorder.secrets.items()},
    }
    # The keys were in use: one of them, which the token is bound to.
    sent = up.requests[0].header("authorization")
    assert sent in (f"Bearer {UPSTREAM_KEY}".encode(), f"Bearer {SECOND_KEY}".encode())
    # What is there is seen, so what is not seen is not there.
    assert any(NAME.encode() in content for place, content in running if place != "output")
    output = dict(stopped)["output"]
    assert output.count(b"the words of a prompt") == 6
    assert b"draining" in output
    # At DEBUG, too, a log holds no rows: neither digests nor hashes of what they stand for.
    assert b"$argon2" not in output
    assert digest(secret).encode() not in output
    assert leaks(running, secrets) == []
    assert leaks(stopped, secrets) == []
    assert leaks(recorder.answers, secrets) == []


def _manager(service: Service) -> dict[str, str]:
    return {"authorization": f"Bearer {service.settings.management_token}"}


async def _manage(service: Service, http: httpx.AsyncClient, up: FakeUpstream) -> tuple[Any, str]:
    """Make a project and a token through the API, and look at everything."""
    http.headers.update(_manager(service))
    project = await http.post(
        "/manage/projects", json={"name": NAME, "api_key": UPSTREAM_KEY, "base_url": up.url}
    )
    project_id = project.json()["id"]
    await http.post(f"/manage/projects/{project_id}/keys", json={"api_key": SECOND_KEY})
    token = await http.post("/manage/tokens", json={"project_id": project_id})
    token_id = token.json()["id"]
    for path in (
        "/manage/projects",
        f"/manage/projects/{project_id}",
        "/manage/tokens",
        f"/manage/tokens/{token_id}",
        "/manage/audit",
        "/manage/usage",
        "/manage/requests",
        "/manage/docs",
        "/health",
        "/ready",
        "/metrics",
    ):
        assert (await http.get(path)).status_code == 200
    # Mistakes with secrets in them: the wrong field, no JSON at all, a name that is taken.
    for body in (
        {"name": NAME, "api_key": SECOND_KEY, "base_url": up.url},
        {"name": "x", "api_key": SECOND_KEY, "secret": SECOND_KEY},
        {"name": "x", "api_key": [SECOND_KEY]},
    ):
        assert (await http.post("/manage/projects", json=body)).status_code in (400, 409)
    garbled = await http.post("/manage/projects", content=f'{{"api_key": "{SECOND_KEY}"')
    assert garbled.status_code in (400, 415)
    del http.headers["authorization"]
    return token_id, token.json()["token"]


async def _use(service: Service, http: httpx.AsyncClient, secret: str, up: FakeUpstream) -> None:
    """Requests that are let in: five entries."""
    http.headers["authorization"] = f"Bearer {secret}"
    # A project has two keys here; the upstream takes either.
    up.api_keys = {UPSTREAM_KEY, SECOND_KEY}
    # As people do, and LOG_BODIES is on.
    prompt = f"the words of a prompt: {secret}, {UPSTREAM_KEY} {SECOND_KEY}\n"
    plain = STREAM | {"stream": False, "messages": [{"role": "user", "content": prompt * 2}]}
    assert (await http.post(CHAT, json=plain)).status_code == 200
    assert (await http.post(CHAT, json=STREAM)).status_code == 200
    # What stands beside the token is dropped.
    beside = await http.get("/v1/models", headers={"x-api-key": UPSTREAM_KEY})
    assert beside.status_code == 200
    up.api_keys = set()
    assert (await http.post(CHAT, json=plain)).status_code == 401
    left = asyncio.create_task(http.post(CHAT, json=plain, headers=HOLD))
    await up.wait_until(lambda: up.held == 1)
    left.cancel()


async def _misuse(service: Service, http: httpx.AsyncClient, secret: str, up: FakeUpstream) -> None:
    """Requests that are refused."""
    # A typing error, as somebody would paste it, in each place where it could be echoed.
    for path in ("/v1/nothing", "/nothing", "/manage/nothing", "/manage/tokens"):
        answer = await http.get(path, params={"token": secret})
        assert answer.status_code in (401, 404)
    queried = await http.get("/v1/models", params={"api_key": secret})
    assert queried.status_code == 401
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    twice = "Content-Length: 1\r\nContent-Length: 2\r\n"
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n{twice}\r\n"
    writer.write(head.encode())
    refused = await reader.read()
    writer.close()
    assert refused.startswith(b"HTTP/1.1 400")
    assert secret.encode() not in refused
