"""Every refusal that a client can get, each provoked once by a real client at one real service."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from config import Settings
from models import Project, Token
from models.crypto import KeyRing
from models.secrets import generate
from proxy.middleware import View
from server.http import body
from tests.fixtures.processes import free_port
from tests.fixtures.service import BY, UPSTREAM_KEY
from tests.server.door import Door

CHAT: Final = "/v1/chat/completions"
#: What the service is started with: room for three requests, and little patience.
ENVIRON: Final = {
    "MAX_ACTIVE_REQUESTS": "3",
    "FAIR_SHARE_TOKEN": "1",
    "FAIR_SHARE_PROJECT": "1",
    "REQUEST_MAX_BYTES": "5000",
    "UPSTREAM_FIRST_BYTE_TIMEOUT": "0.3",
    "LOG_FORMAT": "json",
    "MIDDLEWARE": "tests.system.provoked:middleware",
}
_BODY: Final[dict[str, Any]] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Hi"}],
    "max_tokens": 1000,
}
#: An answer that no client may be given.
_AMBIGUOUS: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi\n"


class _Refusing:
    """A middleware that does what a tag says."""

    async def request(self, view: View) -> None:
        match view.tags.get("middleware"):
            case "fails":
                raise ValueError(view.headers.get("user-agent"))
            case "refuses":
                view.refuse(403, "middleware_refused", "It was refused.")


def middleware(_: Settings) -> _Refusing:
    """As MIDDLEWARE names it."""
    return _Refusing()


@dataclass(frozen=True, slots=True)
class Provoked:
    """One refusal as its client saw it, and whose it is; None where that was not known."""

    code: str
    status: int
    request_id: str
    token: Token | None
    model: str


@dataclass
class Provoker:
    """Asks at `door`; `found` has what was refused, by code, and `secrets` what nobody may read."""

    door: Door
    http: httpx.AsyncClient
    ring: KeyRing
    found: dict[str, Provoked] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=lambda: [UPSTREAM_KEY])

    async def issue(
        self, name: str, project: dict[str, Any] | None = None, **limits: Any
    ) -> tuple[Token, dict[str, str]]:
        """A token in a project of its own, both called so, and how it is presented."""
        wanted: dict[str, Any] = {
            "provider": "openai", "base_url": self.door.up.url, "api_key": UPSTREAM_KEY,
        } | (project or {})  # fmt: skip
        owner = await Project.create_with_key(
            name=f"project of {name}", ring=self.ring, by=BY, **wanted
        )
        token, secret = await Token.issue(owner, by=BY, name=name, **limits)
        self.secrets.append(secret)
        return token, {"authorization": f"Bearer {secret}"}

    async def ask(
        self,
        code: str,
        token: Token | None = None,
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        path: str = CHAT,
        model: str = "",
        **content: Any,
    ) -> None:
        """Have one request refused with `code`."""
        sent = content or ({"json": _BODY} if method == "POST" else {})
        answer = await self.http.request(method, path, headers=headers, **sent)
        self.note(code, token, model, answer.status_code, dict(answer.headers))

    def note(
        self, code: str, token: Token | None, model: str, status: int, headers: dict[str, str]
    ) -> None:
        """Keep what was answered, which has to be this refusal."""
        assert headers.get("x-llm-proxy-error") == code, (code, status, headers)
        request_id = headers["x-llm-proxy-request-id"]
        self.found[code] = Provoked(code, status, request_id, token, model)

    @asynccontextmanager
    async def held(self, headers: dict[str, str]) -> AsyncIterator[None]:
        """While this lasts, a stream runs."""
        fake = headers | {"x-fake": "hold"}
        async with self.http.stream(
            "POST", CHAT, json=_BODY | {"stream": True}, headers=fake
        ) as answer:
            assert answer.status_code == 200
            yield


async def provoke(provoker: Provoker, patch: pytest.MonkeyPatch) -> None:
    """All of them."""
    for step in (_tokens, _rules, _middleware, _limits, _budgets, _bodies, _upstreams, _service):
        await step(provoker, patch)


async def _tokens(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    ask, issue = provoker.ask, provoker.issue
    await ask("missing_token")
    made_up = generate()
    provoker.secrets.append(made_up)
    await ask("invalid_token", None, {"authorization": f"Bearer {made_up}"})
    past = datetime.now(UTC) - timedelta(seconds=1)
    await ask("token_expired", *await issue("expired", expires_at=past))
    token, headers = await issue("revoked")
    await token.revoke(by=BY)
    await ask("token_revoked", token, headers)
    token, headers = await issue("inactive")
    await (await Project.get(id=token.project_id)).deactivate(by=BY)
    await ask("project_inactive", token, headers)
    await ask("ip_not_allowed", *await issue("elsewhere", allowed_ips=["192.0.2.0/24"]))
    token, headers = await issue("page", {"allowed_origins": ["https://a.example"]})
    await ask("origin_not_allowed", token, headers | {"origin": "https://b.example"})


async def _rules(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    ask, issue = provoker.ask, provoker.issue
    token, headers = await issue("models", allowed_models=["gpt-4o"])
    await ask("model_not_allowed", token, headers, model="o3", json=_BODY | {"model": "o3"})
    await ask("invalid_request", token, headers, content=b"{")
    await ask("endpoint_not_allowed", token, headers, method="GET", path="/v1/nothing")
    await ask("method_not_allowed", token, headers, method="DELETE")
    token, headers = await issue("unmetered", {"unmetered": "refuse"})
    batch = {"input_file_id": "file-1", "endpoint": CHAT, "completion_window": "24h"}
    await ask("not_meterable", token, headers, path="/v1/batches", json=batch)
    token, headers = await issue("isolated", {"isolation": "token"})
    await ask("object_not_found", token, headers, method="GET", path="/v1/files/file-of-others")


async def _middleware(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    for code, tag in (("middleware_failed", "fails"), ("middleware_refused", "refuses")):
        token, headers = await provoker.issue(tag, tags={"middleware": tag})
        await provoker.ask(code, token, headers)


async def _limits(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    for code, limit in (
        ("rate_limit_exceeded", "requests_per_minute"),
        ("quota_exceeded", "max_requests"),
    ):
        limits: dict[str, Any] = {limit: 1}
        token, headers = await provoker.issue(code, **limits)
        answer = await provoker.http.post(CHAT, json=_BODY, headers=headers)
        assert answer.status_code == 200, answer.text
        await provoker.ask(code, token, headers, model="gpt-4o")


async def _budgets(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    for code, limit, amount, period in (
        ("budget_exceeded", "usd", 0.000001, "day"),
        ("tokens_per_minute_exceeded", "tokens", 10, "minute"),
        ("budget_rate_exceeded", "usd", 0.000001, "hour"),
    ):
        budget = {"limit": limit, "amount": amount, "period": period}
        token, headers = await provoker.issue(code, budgets=[budget])
        await provoker.ask(code, token, headers, model="gpt-4o")
    # Room for one such request, and not for two.
    budget = {"limit": "tokens", "amount": 1_700, "period": "day"}
    token, headers = await provoker.issue("budget_held", budgets=[budget])
    async with provoker.held(headers):
        await provoker.ask("budget_held", token, headers, model="gpt-4o")
    provoker.door.up.release()


async def _bodies(provoker: Provoker, patch: pytest.MonkeyPatch) -> None:
    token, headers = await provoker.issue("bodies", allowed_models=["gpt-4o"])
    await provoker.ask("request_too_large", token, headers, content=b" " * 6_000)
    patch.setattr(body, "BODY_STALL", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", provoker.door.port)
    writer.write(
        f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: {headers['authorization']}\r\n"
        "content-type: application/json\r\ncontent-length: 50\r\n\r\n{".encode()
    )
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    writer.close()
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    provoker.note("request_timeout", token, "", int(lines[0].split()[1]), fields)
    patch.undo()


async def _upstreams(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    ask, issue = provoker.ask, provoker.issue
    nowhere = {"base_url": f"http://127.0.0.1:{free_port()}"}
    await ask("upstream_unreachable", *await issue("unreachable", nowhere), model="gpt-4o")
    async with await asyncio.start_server(_ambiguous, "127.0.0.1", 0) as server:
        place = {"base_url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
        await ask("upstream_protocol_error", *await issue("protocol", place), model="gpt-4o")
    token, headers = await issue("silent")
    await ask("upstream_timeout", token, headers | {"x-fake": "hold"}, model="gpt-4o")
    provoker.door.up.release()
    token, headers = await issue("keyless")
    for key in await (await Project.get(id=token.project_id)).current_keys():
        await key.remove(by=BY)
    await ask("no_upstream_key", token, headers, model="gpt-4o")
    # The server's own identity, which it is not allowed to use.
    ambient = {"provider": "vertex", "api_key": json.dumps({"source": "environment"})}
    token, headers = await issue("ambient", ambient)
    path = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent"
    content = {"contents": [{"parts": [{"text": "Hi"}]}]}
    await ask(
        "upstream_auth_unavailable",
        token,
        headers,
        path=path,
        model="gemini-2.5-flash",
        json=content,
    )


async def _ambiguous(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_AMBIGUOUS)
    await writer.drain()
    writer.close()


async def _service(provoker: Provoker, _: pytest.MonkeyPatch) -> None:
    ask, issue, door = provoker.ask, provoker.issue, provoker.door
    await ask("loop_detected", None, {"x-llm-proxy-hops": "4"})
    upgrade = {"connection": "upgrade", "upgrade": "websocket"}
    await ask("upgrade_required", None, upgrade, method="GET", path="/v1/responses")
    token, headers = await issue("many")
    async with AsyncExitStack() as running:
        for _number in range(3):
            await running.enter_async_context(provoker.held(headers))
        await ask("overloaded", None, headers)
    door.up.release()
    token, headers = await issue("limited", max_requests=10)
    limits = door.app.ctx.settings.data_dir / "limits.db"
    with closing(sqlite3.connect(limits, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        await ask("database_unavailable", token, headers, model="gpt-4o")
    plane = door.app.ctx.data_plane
    assert plane is not None
    plane.draining = True
    await ask("shutting_down", None, headers)
    plane.draining = False
