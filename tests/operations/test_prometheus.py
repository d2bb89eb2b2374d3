"""Debian's Prometheus takes our rules, our configuration and our numbers."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.processes import free_port
from tests.fixtures.service import Issued, Service
from tests.operations.scraping import scrape_settled
from tests.operations.tools import environment, tool
from tests.system.streams import CHAT, STREAM, text_of

DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
CLIENTS, EACH = 8, 25
PATIENCE_S = 60
_FAILED = "failed"

# The first of these may have to be fetched.
pytestmark = pytest.mark.timeout(400)


def test_rules_and_configuration_are_valid() -> None:
    for kind, name in (("rules", "rules.yml"), ("config", "prometheus.yml")):
        checked = subprocess.run(
            [tool("promtool"), "check", kind, DEPLOY / name],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_alerts_come_when_they_should_and_not_before() -> None:
    tested = subprocess.run(
        [tool("promtool"), "test", "rules", Path(__file__).with_name("alerts.yml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


async def test_a_prometheus_counts_what_was_sent(
    pair: Service, issued: Issued, up: FakeUpstream, tmp_path: Path
) -> None:
    before = (await scrape_settled(pair)).total("llm_proxy_requests_total")
    async with _prometheus(pair, tmp_path) as http:
        # Scraped all the while, several times a second.
        await asyncio.gather(*(_load(pair, issued) for _ in range(CLIENTS)))

        wanted = before + CLIENTS * EACH
        async with asyncio.timeout(PATIENCE_S):
            # Asked together: while a scrape comes late, Prometheus knows none of them.
            while (counted := await _counted(http)) is None or counted[0] != wanted:
                await asyncio.sleep(0.1)
        _, by_status, timed = counted
        loaded = (await http.get("/api/v1/rules")).json()["data"]["groups"]
        failed = [line for line in (tmp_path / "log").read_text().splitlines() if _FAILED in line]

    assert by_status >= CLIENTS * EACH
    assert timed >= CLIENTS * EACH
    # No scrape failed or was refused for what it said, however slow the machine was.
    assert [line for line in failed if "deadline exceeded" not in line] == []
    assert loaded
    assert all(rule["health"] != "err" for group in loaded for rule in group["rules"])


async def _counted(http: httpx.AsyncClient) -> list[float] | None:
    """Requests, those with 200 and those that were timed, once the service is up and idle."""
    queries = (
        "sum(llm_proxy_requests_total)",
        'sum(llm_proxy_requests_total{status="200"})',
        "sum(llm_proxy_request_duration_seconds_count)",
    )
    if await _ask(http, "sum(llm_proxy_active_requests)") != 0:
        return None
    counted = [await _ask(http, query) for query in queries]
    if await _ask(http, 'up{job="llm-proxy"}') != 1:
        return None
    known = [count for count in counted if count is not None]
    return known if len(known) == len(queries) else None


async def _load(service: Service, issued: Issued) -> None:
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as http:
        for _ in range(EACH):
            answer = await http.post(CHAT, json=STREAM)
            assert answer.status_code == 200
            assert text_of(answer.content)


@asynccontextmanager
async def _prometheus(service: Service, directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Our own configuration, but for the target and how often it is asked."""
    text = (DEPLOY / "prometheus.yml").read_text()
    text = text.replace("proxy:8080", f"127.0.0.1:{service.port}").replace("15s", "300ms")
    (directory / "prometheus.yml").write_text(text)
    (directory / "rules.yml").write_text((DEPLOY / "rules.yml").read_text())
    port = free_port()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                tool("prometheus"),
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                # Where it tells of scrapes that failed, and why.
                "--log.level=debug",
            ],
            stdout=log,
            stderr=log,
            env=environment(),
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            async with asyncio.timeout(PATIENCE_S):
                while not await _is_up(http):
                    assert process.poll() is None, (directory / "log").read_text()
                    await asyncio.sleep(0.1)
            yield http
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


async def _is_up(http: httpx.AsyncClient) -> bool:
    try:
        return await _ask(http, 'up{job="llm-proxy"}') == 1
    except httpx.TransportError:
        return False


async def _ask(http: httpx.AsyncClient, query: str) -> float | None:
    answer = await http.get("/api/v1/query", params={"query": query})
    if answer.status_code != 200:
        return None
    result = answer.json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None
