"""Who is let in, who is slowed down, and what the audit trail says about it."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from types import SimpleNamespace

import httpx
import pytest

from config import Database, Settings
from manage import throttle as throttling
from manage.auth import identify
from manage.throttle import WrongTokenThrottle
from models import Actor, AuditEvent, ManagementToken
from tests.manage.conftest import MANAGEMENT_TOKEN, serving

_CLI = Actor(name="cli:tester")


def _bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {MANAGEMENT_TOKEN}"},
        {"authorization": MANAGEMENT_TOKEN},
        {"authorization": f"Bearer {MANAGEMENT_TOKEN} x"},
        {"authorization": f"Bearer {MANAGEMENT_TOKEN[:-1]}"},
        {"authorization": f"Bearer {MANAGEMENT_TOKEN.upper()}"},
        {"authorization": "Bearer llmpm_" + "0" * 46},
        {"authorization": "Bearer llmpm_"},
        {"x-api-key": MANAGEMENT_TOKEN},
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_without_the_token_nothing_is_told(
    stranger: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for method, path in (
        ("GET", "/manage/projects"),
        ("POST", "/manage/projects"),
        ("GET", "/manage/there/is/no/such/path"),
        ("OPTIONS", "/manage/projects"),
    ):
        response = await stranger.request(method, path, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["error"]["code"] == "unauthorized"
        assert "details" not in response.json()["error"]


async def test_bytes_that_are_no_text_are_no_token(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/manage/projects", headers=[(b"authorization", b"Bearer \xff")])
    assert response.status_code == 401


async def test_scheme_is_case_insensitive(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get(
        "/manage/projects", headers={"authorization": f"bEARER  {MANAGEMENT_TOKEN}"}
    )
    assert response.status_code == 200


async def test_named_token_acts_under_its_name(stranger: httpx.AsyncClient) -> None:
    token, secret = await ManagementToken.issue(name="deployer", scope="write", by=_CLI)
    body = {"name": "one", "api_key": "sk-x"}
    response = await stranger.post("/manage/projects", json=body, headers=_bearer(secret))
    assert response.status_code == 201
    event = await AuditEvent.get(action="project.create")
    assert event.actor == "management:deployer"
    await token.revoke(by=_CLI)
    response = await stranger.get("/manage/projects", headers=_bearer(secret))
    assert response.status_code == 401


async def test_what_is_no_token_by_its_checksum_asks_no_database(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await ManagementToken.issue(name="deployer", scope="read", by=_CLI)
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    caller = await identify(secret, MANAGEMENT_TOKEN)
    assert caller is not None
    assert caller.name == "management:deployer"

    async def asked(_secret: str) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(ManagementToken, "presented", asked)
    for guess in (wrong, secret[len("llmpm_") :], "word"):
        assert await identify(guess, MANAGEMENT_TOKEN) is None


async def test_read_scope_may_only_look(stranger: httpx.AsyncClient) -> None:
    _, secret = await ManagementToken.issue(name="viewer", scope="read", by=_CLI)
    for method in ("GET", "HEAD"):
        response = await stranger.request(method, "/manage/projects", headers=_bearer(secret))
        assert response.status_code == 200
    for method, path in (
        ("POST", "/manage/projects"),
        ("PATCH", "/manage/tokens/x"),
        ("DELETE", "/manage/tokens/x"),
        ("PUT", "/manage/projects"),
        ("POST", "/manage/nowhere"),
    ):
        response = await stranger.request(method, path, headers=_bearer(secret))
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "forbidden"
    refused = await AuditEvent.filter(outcome="refused").order_by("id").first()
    assert refused is not None
    assert (refused.actor, refused.action) == ("management:viewer", "management.refuse")
    assert refused.target_id == "POST /manage/projects"


class Sleep:
    """In the place of asyncio's for the throttle: notes the seconds, and lasts until `over`."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self.over.wait()


@pytest.fixture
def sleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleep]:
    slept = Sleep()
    monkeypatch.setattr(throttling, "asyncio", SimpleNamespace(sleep=slept))
    yield slept
    slept.over.set()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_wrong_tokens_are_slowed_and_right_ones_never(sleep: Sleep, url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def knock(secret: str) -> int:
            response = await client.get("/manage/projects", headers=_bearer(secret))
            if response.status_code == 429:
                assert int(response.headers["retry-after"]) > 0
            return response.status_code

        assert [await knock("wrong") for _ in range(3)] == [401, 401, 401]
        assert sleep.asked == []
        flood = [asyncio.create_task(knock("wrong")) for _ in range(40)]
        async with asyncio.timeout(60):
            while sum(task.done() for task in flood) < 36:
                await asyncio.sleep(0.01)
        # Some are held back, which is nothing to the right one.
        assert len(sleep.asked) == 4
        assert await knock(MANAGEMENT_TOKEN) == 200
        assert sum(task.done() for task in flood) == 36
        sleep.over.set()
        assert set(await asyncio.gather(*flood)) == {401, 429}


async def test_slowing_grows_and_is_forgotten(sleep: Sleep) -> None:
    clock = [0.0]
    throttle = WrongTokenThrottle(lambda: clock[0])
    sleep.over.set()
    assert [await throttle.hold_back("192.0.2.1") for _ in range(3)] == [None] * 3
    assert sleep.asked == []
    for _ in range(5):
        await throttle.hold_back("192.0.2.1")
    assert sleep.asked == [0.1, 0.2, 0.4, 0.8, 1.0]
    # Somebody else is not concerned …
    await throttle.hold_back("192.0.2.2")
    # … nor is the first, later.
    clock[0] = 3600
    await throttle.hold_back("192.0.2.1")
    assert len(sleep.asked) == 5


async def test_memory_of_failures_is_bounded() -> None:
    # By a clock that stands still: a try that is forgotten in part is held back for less.
    throttle = WrongTokenThrottle(lambda: 0.0)
    for number in range(10_000):
        await throttle.hold_back(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(throttle._failures) == 4096
    # One customer's /64 is one client.
    for number in range(3):
        await throttle.hold_back(f"2001:db8::{number}")
    before = time.monotonic()
    await throttle.hold_back("2001:db8::ffff")
    assert time.monotonic() - before >= 0.1


async def test_failed_call_is_audited_without_what_was_presented(
    stranger: httpx.AsyncClient,
) -> None:
    response = await stranger.post(
        "/manage/projects?x=query-secret", headers=_bearer("presented-secret")
    )
    event = await AuditEvent.get()
    assert (event.actor, event.action, event.outcome) == (
        "anonymous",
        "management.refuse",
        "failed",
    )
    assert (event.target_type, event.target_id) == ("management", "POST /manage/projects")
    assert event.changes == {"status": [None, 401], "code": [None, "unauthorized"]}
    assert event.ip == "127.0.0.1"
    assert event.request_id == response.headers["x-llm-proxy-request-id"]
    await stranger.get("/manage/path-secret")
    last = await AuditEvent.all().order_by("-id").first()
    assert last is not None
    assert last.target_id is None


async def test_flood_of_refusals_does_not_fill_the_disk(stranger: httpx.AsyncClient) -> None:
    for _ in range(60):
        assert (await stranger.get("/manage/projects")).status_code == 401
    assert await AuditEvent.all().count() == 20


async def test_a_flood_hides_nothing_that_somebody_else_is_refused(
    stranger: httpx.AsyncClient,
) -> None:
    _, secret = await ManagementToken.issue(name="viewer", scope="read", by=_CLI)
    taken = {"name": "taken", "api_key": "sk-x"}
    await stranger.post("/manage/projects", json=taken, headers=_bearer(MANAGEMENT_TOKEN))
    for headers, status, lines in (
        ({}, 401, 20),
        (_bearer(secret), 403, 20),
        (_bearer(MANAGEMENT_TOKEN), 409, 30),
    ):
        for _ in range(30):
            response = await stranger.post("/manage/projects", json=taken, headers=headers)
            assert response.status_code == status
        found = await AuditEvent.filter(action="management.refuse")
        assert sum(event.changes["status"] == [None, status] for event in found) == lines


async def test_address_is_the_clients_behind_a_trusted_proxy(
    connected: Database, settings: Settings
) -> None:
    headers = _bearer(MANAGEMENT_TOKEN) | {"x-forwarded-for": "203.0.113.9, 192.0.2.7"}
    for trusted, address in (((ip_network("127.0.0.0/8"),), "192.0.2.7"), ((), "127.0.0.1")):
        wanted = replace(settings, trusted_proxies=trusted)
        async with serving(wanted) as url, httpx.AsyncClient(base_url=url) as client:
            body = {"name": address, "api_key": "sk-x"}
            await client.post("/manage/projects", json=body, headers=headers)
        event = await AuditEvent.filter(action="project.create").order_by("-id").first()
        assert event is not None
        assert event.ip == address
