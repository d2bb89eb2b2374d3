"""Both lines of the Procfile, performed as a platform does it.

Only requirements.txt is installed; PostgreSQL is Debian's and takes TLS alone; every process has an
empty disk; nginx ends TLS in front.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import pytest

from fake_upstream import FakeUpstream, expected_text
from tests.fixtures.processes import free_port
from tests.fixtures.sdks import openai
from tests.fixtures.service import GIVEN, UPSTREAM_KEY
from tests.operations.certificate import make_certificate
from tests.operations.nginx import nginx
from tests.operations.platform import Dyno, Platform
from tests.operations.tls_postgres import tls_postgres
from tests.system.streams import STREAM

pytestmark = pytest.mark.timeout(400)

#: nginx asks from this address, and it alone is believed.
ROUTER: Final = "127.0.0.2"
#: A client's, that nginx tells of.
CLIENT: Final = "127.0.0.3"
OPERATOR: Final = {"authorization": f"Bearer {GIVEN['MANAGEMENT_TOKEN']}"}


class Deployed(NamedTuple):
    """A platform with its releases done and its web process ready."""

    platform: Platform
    releases: list[tuple[int, str]]
    direct: str
    public: str
    trust: ssl.SSLContext


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Release twice at once, then web."""
    directory = tmp_path_factory.mktemp("platform")
    with ExitStack() as stack:
        url = stack.enter_context(tls_postgres())
        configuration = {
            **GIVEN,
            "DATABASE_URL": f"{url}?sslmode=require&channel_binding=prefer",
            "TRUSTED_PROXIES": f"{ROUTER}/32",
            "WEB_CONCURRENCY": "2",
        }
        platform = Platform(directory, configuration)
        at_once = [platform.run("release") for _ in range(2)]
        for release in at_once:
            stack.callback(release.tear_down)
        releases = [(release.wait(), release.log) for release in at_once]
        port = free_port()
        web = platform.run("web", PORT=str(port))
        stack.callback(web.tear_down)
        web.wait_until_ready(port)
        files = make_certificate(directory)
        public = stack.enter_context(
            nginx(directory / "nginx", files, upstream=port, source=ROUTER)
        )
        trust = ssl.create_default_context(cafile=str(files.certificate))
        yield Deployed(platform, releases, f"http://127.0.0.1:{port}", public, trust)


async def make_token(deployed: Deployed, upstream: FakeUpstream, **limits: Any) -> str:
    """Through the management API, as there is no shell on this platform."""
    async with httpx.AsyncClient(
        base_url=deployed.public, verify=deployed.trust, headers=OPERATOR, timeout=60
    ) as http:
        project = await http.post(
            "/manage/projects",
            json={"name": uuid4().hex, "api_key": UPSTREAM_KEY, "base_url": upstream.url},
        )
        assert project.status_code == 201, project.text
        token = await http.post(
            "/manage/tokens", json={"project_id": project.json()["id"], **limits}
        )
        assert token.status_code == 201, token.text
    secret: str = token.json()["token"]
    return secret


def test_two_releases_at_once_migrate_once(deployed: Deployed) -> None:
    assert [code for code, _ in deployed.releases] == [0, 0], deployed.releases
    migrations = [
        line for _, log in deployed.releases for line in log.splitlines() if ".py" in line
    ]
    assert migrations
    assert len(migrations) == len(set(migrations))


async def test_database_is_reached_with_tls_alone(deployed: Deployed) -> None:
    async with httpx.AsyncClient(base_url=deployed.direct) as http, asyncio.timeout(60):
        # The worker that answers may have just begun, and another one been asked before.
        while (ready := await http.get("/ready")).status_code != 200:
            await asyncio.sleep(0.05)

    assert ready.json()["checks"]["database"] == "ok"


async def test_openai_client_streams_through_tls_and_nginx(
    deployed: Deployed, up: FakeUpstream
) -> None:
    secret = await make_token(deployed, up)
    transport = openai.DefaultAsyncHttpxClient(verify=deployed.trust, timeout=60)
    async with openai.AsyncOpenAI(
        base_url=f"{deployed.public}/v1", api_key=secret, http_client=transport
    ) as client:
        stream = await client.chat.completions.create(**STREAM, extra_headers={"x-fake": "hold"})
        chunks = aiter(stream)
        # It arrives while the upstream still waits: nginx holds nothing back.
        first = await asyncio.wait_for(anext(chunks), 60)
        up.release()
        text = "".join(
            [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
        )

    assert (first.choices[0].delta.content or "") + text == expected_text(STREAM)


async def test_client_address_is_believed_from_the_router_alone(
    deployed: Deployed, up: FakeUpstream
) -> None:
    secret = await make_token(deployed, up, allowed_ips=[CLIENT])
    claim = {"authorization": f"Bearer {secret}", "x-forwarded-for": CLIENT}

    async def status(url: str, source: str) -> int:
        transport = httpx.AsyncHTTPTransport(local_address=source, verify=deployed.trust)
        async with httpx.AsyncClient(base_url=url, transport=transport, timeout=60) as http:
            return (await http.get("/v1/models", headers=claim)).status_code

    assert await status(deployed.public, CLIENT) == 200
    # The same claim, by somebody else: nginx adds the truth at its end.
    assert await status(deployed.public, "127.0.0.1") == 403
    # And by somebody who goes past nginx.
    assert await status(deployed.direct, "127.0.0.1") == 403


async def test_sign_in_behind_nginx_on_a_port_of_its_own(deployed: Deployed) -> None:
    """A browser says which origin a form is of, with the port: nginx must not take it off Host."""
    async with httpx.AsyncClient(
        base_url=deployed.public, verify=deployed.trust, timeout=60
    ) as browser:
        page = await browser.get("/admin/login")
        (csrf,) = re.findall(r'name="csrf" value="(\w+)"', page.text)
        form = {"csrf": csrf, "username": "admin", "password": GIVEN["ADMIN_PASSWORD"]}
        signed_in = await browser.post(
            "/admin/login", data=form, headers={"origin": deployed.public}
        )
    assert (signed_in.status_code, signed_in.headers.get("location")) == (303, "/admin/")


@pytest.fixture
def another_web(deployed: Deployed) -> Iterator[tuple[Dyno, str]]:
    """A web process of the same release that a test may end, and where it listens."""
    port = free_port()
    web = deployed.platform.run("web", PORT=str(port))
    try:
        web.wait_until_ready(port)
        yield web, f"http://127.0.0.1:{port}"
    finally:
        web.tear_down()


async def test_sigterm_lets_a_stream_finish_and_exits_0(
    deployed: Deployed, another_web: tuple[Dyno, str], up: FakeUpstream
) -> None:
    web, url = another_web
    secret = await make_token(deployed, up)
    async with (
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=secret, timeout=60) as client,
        httpx.AsyncClient(base_url=url, timeout=30) as http,
    ):
        stream = await client.chat.completions.create(**STREAM, extra_headers={"x-fake": "hold"})
        chunks = aiter(stream)
        await anext(chunks)
        web.stop()
        async with asyncio.timeout(60):
            while not await _is_draining(http):
                await asyncio.sleep(0.05)
        up.release()
        rest = [chunk async for chunk in chunks]

    assert rest[-1].choices[0].finish_reason == "stop"
    assert await asyncio.to_thread(web.wait) == 0, web.log
    assert "Traceback" not in web.log


async def _is_draining(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/ready")).status_code == 503
    except httpx.TransportError:
        # The worker that has no stream ends, and the one that asked may be on its connection.
        return False
