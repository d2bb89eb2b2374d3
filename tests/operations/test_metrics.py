"""`/metrics`: right across workers, whatever clients send and however workers end."""

import asyncio
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from fake_upstream import FakeUpstream, expected_usage
from models.secrets import digest
from tests.fixtures.service import Issued, RunService, Service
from tests.operations.scraping import Scrape, scrape, scrape_settled, scrape_until
from tests.operations.tools import tool
from tests.system.streams import CHAT, held_stream

CHAT_BODY: Final[dict[str, Any]] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Three words here"}],
}
WHERE: Final = {"provider", "endpoint", "method"}
#: The contract's, and the one that tells of limits which could not be checked.
NAMES: Final[dict[str, set[str]]] = {
    "llm_proxy_requests_total": WHERE | {"status"},
    **{
        f"llm_proxy_{name}_seconds_{part}": WHERE | ({"le"} if part == "bucket" else set())
        for name in ("request_duration", "time_to_first_byte", "overhead")
        for part in ("bucket", "count", "sum")
    },
    "llm_proxy_tokens_total": {"provider", "model", "type"},
    "llm_proxy_failovers_total": {"provider", "reason"},
    "llm_proxy_budget_overshoots_total": {"limit"},
    "llm_proxy_cache_requests_total": {"result"},
    "llm_proxy_cache_saved_usd_total": set(),
    "llm_proxy_cache_bytes": set(),
    "llm_proxy_keys": {"state"},
    "llm_proxy_budget_remaining_ratio": {"scope", "id", "policy", "limit", "period"},
    "llm_proxy_tokens_expiring": {"seconds"},
    "llm_proxy_tokens_exhausted": set(),
    "llm_proxy_refusals_total": {"code"},
    "llm_proxy_project_refusals_total": {"project", "code"},
    "llm_proxy_undecided_limits_total": {"decision"},
    "llm_proxy_active_requests": set(),
    "llm_proxy_upstream_connections": set(),
    "llm_proxy_journal_pending": set(),
    "llm_proxy_journal_oldest_entry_seconds": set(),
    "llm_proxy_database_workers": {"state"},
    "llm_proxy_limits_degraded_workers": set(),
    "llm_proxy_connections": set(),
    "llm_proxy_kept_body_bytes": set(),
    "llm_proxy_connections_refused_total": {"reason"},
    "llm_proxy_connections_dropped_total": {"reason"},
    "llm_proxy_middleware_failures_total": {"middleware", "reason"},
}


def client(service: Service, issued: Issued | None) -> httpx.AsyncClient:
    """A client with connections of its own, so that it meets the worker that runs."""
    return httpx.AsyncClient(
        base_url=service.url, headers=issued.bearer if issued else {}, timeout=30
    )


def grown(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    return after.total(name, **labels) - before.total(name, **labels)


async def test_counts_of_all_workers_equal_the_requests_sent(pair: Service, issued: Issued) -> None:
    before = await scrape_settled(pair)
    each = {"200": 7, "429": 3, "500": 2}
    usage = expected_usage(CHAT, CHAT_BODY)
    tokens = {"prompt": 14 * usage.prompt, "completion": 14 * usage.completion}
    for worker in pair.workers():
        with pair.only(worker):
            async with client(pair, issued) as http:
                for status, count in each.items():
                    fake = {} if status == "200" else {"x-fake": f"status={status}"}
                    for _ in range(count):
                        answer = await http.post(CHAT, json=CHAT_BODY, headers=fake)
                        assert answer.status_code == int(status)
                await http.get("/v1/no/such/endpoint")
                await http.get("/v1/models", headers={"authorization": "Bearer llmp_wrong"})

    # A worker may be in the middle of folding its own in.
    after = await scrape_until(
        pair,
        lambda now: (
            grown(before, now, "llm_proxy_requests_total") >= 28
            and grown(before, now, "llm_proxy_tokens_total") >= sum(tokens.values())
            and now.total("llm_proxy_active_requests") == 0
        ),
    )

    where = {"provider": "openai", "endpoint": CHAT, "method": "POST"}
    for status, count in each.items():
        name = "llm_proxy_requests_total"
        assert grown(before, after, name, status=status, **where) == 2 * count
    assert grown(before, after, "llm_proxy_requests_total") == 28
    assert grown(before, after, "llm_proxy_refusals_total") == 4
    assert grown(before, after, "llm_proxy_refusals_total", code="endpoint_not_allowed") == 2
    assert grown(before, after, "llm_proxy_refusals_total", code="invalid_token") == 2
    for histogram in ("request_duration", "time_to_first_byte", "overhead"):
        assert grown(before, after, f"llm_proxy_{histogram}_seconds_count", **where) == 24
    for kind, count in tokens.items():
        labels = {"provider": "openai", "model": "gpt-4o", "type": kind}
        assert grown(before, after, "llm_proxy_tokens_total", **labels) == count
    assert after.total("llm_proxy_active_requests") == 0


async def test_kept_answers_are_counted_by_each_worker_and_used_of_quotas_alone(
    pair: Service, up: FakeUpstream
) -> None:
    cache = {"ttl_seconds": 600, "scope": "project", "only": "deterministic"}
    token = await pair.make_token(up.url, project={"cache": cache}, max_requests=4)
    before = await scrape_settled(pair)
    asked = CHAT_BODY | {"temperature": 0}
    told = []
    bodies = iter((asked, CHAT_BODY, asked, asked, asked))
    for worker, count in zip(sorted(pair.workers()), (2, 3), strict=True):
        with pair.only(worker):
            async with client(pair, token) as http:
                told += [await http.post(CHAT, json=next(bodies)) for _ in range(count)]

    assert [answer.status_code for answer in told] == [200, 200, 200, 200, 429]
    assert told[0].content == told[2].content == told[3].content
    rows = await pair.entries(token.token.id, 4)
    assert [row.cache for row in rows] == ["miss", "", "hit", "hit"]
    paid = rows[0].cost_nanos
    assert paid
    assert [(row.cost_nanos, row.saved_nanos) for row in rows[2:]] == [(0, paid)] * 2
    after = await scrape_until(
        pair,
        lambda now: (
            grown(before, now, "llm_proxy_cache_requests_total") == 4
            and now.total("llm_proxy_cache_bytes") > 0
        ),
    )
    results = {
        result: grown(before, after, "llm_proxy_cache_requests_total", result=result)
        for result in ("miss", "bypass", "hit", "collapsed")
    }
    # Until it is on disk, the other worker is given it by the flight that brought it.
    assert results.pop("collapsed") + results.pop("hit") == 2
    assert results == {"miss": 1, "bypass": 1}
    saved = grown(before, after, "llm_proxy_cache_saved_usd_total")
    assert saved == pytest.approx(2 * paid / 1e9)


async def test_no_label_holds_what_a_client_made_up(pair: Service, issued: Issued) -> None:
    before = await scrape_settled(pair)
    hostile = ["no-such-model", "claude-3-5-haiku-made-up", 'gpt-4o"} 1\nevil{x="', "x" * 5000]
    async with client(pair, issued) as http:
        for model in hostile:
            body = CHAT_BODY | {"model": model}
            assert (await http.post(CHAT, json=body)).status_code == 200
        await http.request("PROPFIND", "/v1/models")
        await http.get("/v1/models/made-up")
        await http.get(f"/v1/{issued.secret}")
        await http.get("/v1/models", headers={"authorization": f"Bearer x{issued.secret}"})

    after = await scrape_until(
        pair,
        lambda now: (
            grown(before, now, "llm_proxy_requests_total") >= 8
            and grown(before, now, "llm_proxy_tokens_total", model="other") > 0
        ),
    )

    assert after.values("llm_proxy_tokens_total", "model") <= {"gpt-4o", "other"}
    assert after.values("llm_proxy_requests_total", "method") <= {"GET", "POST", "other"}
    endpoints = {CHAT, "/v1/models", "/v1/models/{model}", "none"}
    assert after.values("llm_proxy_requests_total", "endpoint") <= endpoints
    for private in (issued.secret, digest(issued.secret), "made-up", "evil", "xxxx"):
        assert private not in after.text


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        (b"GET /v1/models HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400, "invalid_request"),
        (b"GET /nowhere?a=b HTTP/1.1\r\nhost: a\r\n\r\n", 404, "endpoint_not_allowed"),
        (
            b"PUT /health HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
            405,
            "method_not_allowed",
        ),
    ],
)
async def test_what_no_plane_gets_is_a_refusal(
    pair: Service, message: bytes, status: int, code: str
) -> None:
    before = await scrape_settled(pair)
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
    writer.write(message)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()

    assert answer.startswith(f"HTTP/1.1 {status}")
    await scrape_until(
        pair,
        lambda now: grown(before, now, "llm_proxy_refusals_total", code=code) == 1,
    )
    request_id = answer.partition("x-llm-proxy-request-id: ")[2].partition("\r\n")[0]
    assert len(request_id) == 36
    # Its line in the log, which is written after it was counted.
    deadline = time.monotonic() + 60
    while request_id not in pair.log and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert pair.log.count(request_id) == 1


async def test_names_and_labels_are_the_contracts(pair: Service, issued: Issued) -> None:
    async with client(pair, issued) as http:
        await http.post(CHAT, json=CHAT_BODY)
        await http.get("/v1/none")
    found = await scrape_until(
        pair,
        lambda now: (
            now.total("llm_proxy_refusals_total") > 0 and now.total("llm_proxy_tokens_total") > 0
        ),
    )

    names = {sample.name for sample in found.samples}
    assert names <= NAMES.keys()
    # Those have samples a second after the start, or where a key or a middleware fails, alone.
    assert names >= NAMES.keys() - {
        "llm_proxy_budget_remaining_ratio",
        "llm_proxy_tokens_exhausted",
        "llm_proxy_tokens_expiring",
        "llm_proxy_failovers_total",
        "llm_proxy_middleware_failures_total",
    }
    for sample in found.samples:
        assert set(sample.labels) == NAMES[sample.name], sample.name


@pytest.mark.timeout(400)
async def test_promtool_finds_nothing_to_say(pair: Service, issued: Issued) -> None:
    async with client(pair, issued) as http:
        await http.post(CHAT, json=CHAT_BODY)
    text = (await scrape(pair)).text

    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=text, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_sums_of_a_killed_worker_stay_and_its_levels_go(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(WEB_CONCURRENCY="2")
    issued = await service.make_token(up.url)
    victim, survivor = service.workers()
    with service.only(victim):
        async with client(service, issued) as http:
            for _ in range(3):
                await http.post(CHAT, json=CHAT_BODY)
    async with held_stream(service, issued) as stream:
        # What the victim alone knows is lost with it: it writes it down a few times a second.
        async with asyncio.timeout(60):
            while True:
                with service.only(survivor):
                    seen = await scrape(service)
                if (
                    seen.total("llm_proxy_active_requests") == 1
                    and seen.total("llm_proxy_requests_total", status="200") == 3
                ):
                    break
                await asyncio.sleep(0.05)
        assert stream.answer.status_code == 200
        for worker in (victim, survivor):
            os.kill(worker, signal.SIGKILL)

    async with asyncio.timeout(60):
        while len(service.workers() - {victim, survivor}) < 2:
            await asyncio.sleep(0.02)
    await asyncio.to_thread(service.wait_until_ready)
    up.release()

    after = await scrape_until(service, lambda now: now.total("llm_proxy_active_requests") == 0)
    assert after.total("llm_proxy_requests_total", status="200") == 3


async def test_metrics_token_is_asked_for_and_a_restart_begins_with_nothing(
    run_service: RunService,
) -> None:
    service = run_service(METRICS_TOKEN="a-token-of-the-watchers")
    right = {"authorization": "Bearer a-token-of-the-watchers"}
    async with client(service, None) as http:
        without = await http.get("/metrics")
        wrong = await http.get("/metrics", headers={"authorization": "Bearer another"})
        assert (await http.get("/v1/models")).status_code == 401

    assert (without.status_code, wrong.status_code) == (401, 401)
    assert without.headers["www-authenticate"] == "Bearer"
    assert "llm_proxy" not in without.text
    assert (await scrape(service, **right)).total("llm_proxy_requests_total") == 1

    assert service.stop() == 0
    service.start()

    assert (await scrape(service, **right)).total("llm_proxy_requests_total") == 0


async def test_health_and_ready_say_what_the_contract_says(pair: Service) -> None:
    async with client(pair, None) as http:
        health, ready, root = [await http.get(path) for path in ("/health", "/ready", "/")]

    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert set(health.json()) == {"status", "version"}
    checks = ready.json()["checks"]
    # What another test left behind may just be on its way.
    assert checks.pop("oldest_entry_seconds") >= 0
    assert ready.json() | {"checks": checks} == {
        "status": "ok",
        "checks": {
            "database": "ok",
            "limits": "ok",
            "journal": "ok",
            "draining": False,
            "connections": "ok",
        },
    }
    assert (root.status_code, root.headers["location"]) == (302, "/admin/")


async def test_http_1_0_without_host_is_answered_on_these_paths_only(pair: Service) -> None:
    async def status_of(path: str) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return int(answer.split()[1])

    answered = {path: await status_of(path) for path in ("/", "/health", "/ready", "/metrics")}
    refused = {path: await status_of(path) for path in ("/v1/models", "/manage/projects")}

    assert answered == {"/": 302, "/health": 200, "/ready": 200, "/metrics": 200}
    assert refused == {"/v1/models": 400, "/manage/projects": 400}


def test_every_metric_in_rules_and_dashboards_exists() -> None:
    deploy = Path(__file__).parents[2] / "deploy"
    files = [*deploy.rglob("*.yml"), *deploy.rglob("*.json")]
    named = {name for file in files for name in re.findall(r"llm_proxy_\w+", file.read_text())}

    assert named
    assert named <= NAMES.keys()
