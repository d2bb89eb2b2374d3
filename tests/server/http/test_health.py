"""What `/ready` says of limits, over the whole application."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest

from config import Database
from server.http.health import Readiness
from tests.server.door import open_door


async def test_limits_that_cannot_be_counted_show_and_recover_without_requests(
    sqlite_template: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_PROBE_S", "_PROBE_AGAIN_S"):
        monkeypatch.setattr(f"proxy.limits.health.{name}", 0.01)
    async with (
        open_door(sqlite_template, tmp_path) as door,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}") as client,
    ):
        assert await ready(client) == (200, "ok", "ok")
        holder = sqlite3.connect(tmp_path / "data" / "limits.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        while await ready(client) != (200, "degraded", "degraded"):
            await asyncio.sleep(0.05)
        holder.execute("ROLLBACK")
        holder.close()
        while await ready(client) != (200, "ok", "ok"):
            await asyncio.sleep(0.05)


async def ready(client: httpx.AsyncClient) -> tuple[int, str, str]:
    answer = await client.get("/ready")
    body = answer.json()
    return answer.status_code, body["status"], body["checks"]["limits"]


def test_requests_still_go_where_only_limited_tokens_are_refused() -> None:
    checks = Readiness(database="ok", limits="degraded", journal="ok", draining=False)
    assert (checks.serves, checks.status) == (True, "degraded")
