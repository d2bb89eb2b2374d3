"""What the proxy refuses in its own name: status, code, shape and headers of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from fake_upstream import FakeUpstream
from models.secrets import generate
from tests.fixtures.processes import free_port
from tests.fixtures.sdks import openai
from tests.fixtures.service import BY, Issued, Service

CHAT = "/v1/chat/completions"
PAYLOAD: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
async def anonymous(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client that presents nothing by itself."""
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as opened:
        yield opened


def assert_refused(answer: httpx.Response, status: int, code: str, *, retry: bool = False) -> None:
    """The answer is a refusal of ours, in OpenAI's shape."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert error["message"]
    assert answer.headers["x-llm-proxy-error"] == code
    assert answer.headers.get("x-should-retry") == (None if retry else "false")
    assert UUID(answer.headers["x-llm-proxy-request-id"]).version == 7
    assert answer.headers["server-timing"].startswith("upstream;dur=")


async def test_no_token(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post(CHAT, json=PAYLOAD)

    assert_refused(answer, 401, "missing_token")
    assert answer.headers["www-authenticate"] == "Bearer"


def flawed(secret: str, flaw: str) -> str:
    """`secret` with one thing wrong."""
    match flaw:
        case "no token at all":
            return "sk-proj-abcdefghijklmnop"
        case "cut":
            return secret[:-1]
        case "mistyped":
            return secret[:10] + ("a" if secret[10] != "a" else "b") + secret[11:]
        case "wrong checksum":
            return secret[:-1] + ("0" if secret[-1] != "0" else "1")
        case "another prefix":
            return generate("llmpm_")
        case _:
            return generate()


@pytest.mark.parametrize(
    "flaw",
    ["no token at all", "cut", "mistyped", "wrong checksum", "another prefix", "unknown"],
)
async def test_flawed_token(
    anonymous: httpx.AsyncClient, issued: Issued, up: FakeUpstream, flaw: str
) -> None:
    authorization = {"authorization": f"Bearer {flawed(issued.secret, flaw)}"}

    answer = await anonymous.post(CHAT, json=PAYLOAD, headers=authorization)

    assert_refused(answer, 401, "invalid_token")
    assert up.heads == 0


@pytest.mark.parametrize("header", ["x-api-key", "api-key"])
async def test_the_other_two_headers_carry_a_token_as_well(
    anonymous: httpx.AsyncClient, issued: Issued, header: str
) -> None:
    assert (await anonymous.get("/v1/models", headers={header: issued.secret})).status_code == 200
    assert_refused(
        await anonymous.get("/v1/models", headers={header: "sk-x"}), 401, "invalid_token"
    )


async def test_two_credentials_must_agree(anonymous: httpx.AsyncClient, issued: Issued) -> None:
    same = await anonymous.get("/v1/models", headers=issued.bearer | {"api-key": issued.secret})
    different = await anonymous.get("/v1/models", headers=issued.bearer | {"api-key": generate()})

    assert same.status_code == 200
    assert_refused(different, 400, "invalid_request")


async def test_expired_token(
    service: Service, anonymous: httpx.AsyncClient, up: FakeUpstream
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    issued = await service.make_token(up.url, expires_at=past)

    answer = await anonymous.get("/v1/models", headers=issued.bearer)

    assert_refused(answer, 401, "token_expired")


async def test_revoked_token(service: Service, http: httpx.AsyncClient, issued: Issued) -> None:
    async with service.models():
        await issued.token.revoke(by=BY)

    assert_refused(await http.get("/v1/models"), 401, "token_revoked")


async def test_inactive_project(service: Service, http: httpx.AsyncClient, issued: Issued) -> None:
    async with service.models():
        await issued.project.deactivate(by=BY)
    assert_refused(await http.get("/v1/models"), 403, "project_inactive")

    async with service.models():
        await issued.project.activate(by=BY)
    assert (await http.get("/v1/models")).status_code == 200


async def test_deleted_project(service: Service, http: httpx.AsyncClient, issued: Issued) -> None:
    async with service.models():
        await issued.project.erase(by=BY)

    # Deleting revokes, and revocation outranks.
    assert_refused(await http.get("/v1/models"), 401, "token_revoked")


async def test_project_without_a_key(
    service: Service, http: httpx.AsyncClient, issued: Issued
) -> None:
    async with service.models():
        async for key in issued.project.keys:
            await key.remove(by=BY)

    answer = await http.get("/v1/models")

    assert_refused(answer, 503, "no_upstream_key", retry=False)
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/fine_tuning/jobs"),
        ("GET", "/v1/organization/users"),
        ("POST", "/v1/chat"),
        ("POST", "/v1/chat/completions/extra"),
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("POST", "/v1/Chat/Completions"),
        ("POST", "/v1/messages"),
    ],
)
async def test_path_off_the_list(
    http: httpx.AsyncClient, up: FakeUpstream, method: str, path: str
) -> None:
    answer = await http.request(method, path)

    if path == "/v1/":
        # An empty segment could mean one thing to us and another to the upstream.
        assert_refused(answer, 400, "invalid_request")
    else:
        assert_refused(answer, 404, "endpoint_not_allowed")
    assert up.heads == 0


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", CHAT, "POST"),
        ("DELETE", "/v1/models/gpt-4o", "GET, HEAD"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("HEAD", CHAT, "POST"),
        ("OPTIONS", CHAT, "POST"),
        ("TRACE", CHAT, "POST"),
        ("PURGE", CHAT, "POST"),
    ],
)
async def test_method_off_the_list(
    http: httpx.AsyncClient, up: FakeUpstream, method: str, path: str, allow: str
) -> None:
    answer = await http.request(method, path)

    assert answer.headers["allow"] == allow
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (405, b"")
    else:
        assert_refused(answer, 405, "method_not_allowed")
    assert up.heads == 0


async def test_tokens_own_endpoints(
    service: Service, anonymous: httpx.AsyncClient, up: FakeUpstream
) -> None:
    issued = await service.make_token(up.url, allowed_endpoints=["GET /v1/models", CHAT])

    assert (await anonymous.get("/v1/models", headers=issued.bearer)).status_code == 200
    chat = await anonymous.post(CHAT, json=PAYLOAD, headers=issued.bearer)
    assert chat.status_code == 200
    off = await anonymous.get("/v1/models/gpt-4o", headers=issued.bearer)
    assert_refused(off, 404, "endpoint_not_allowed")


async def test_refusals_come_in_the_contracts_order(
    service: Service, anonymous: httpx.AsyncClient, up: FakeUpstream
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired = await service.make_token(up.url, project={"is_active": True}, expires_at=past)
    async with service.models():
        await expired.project.deactivate(by=BY)

    # The token before its project, and both before the endpoint.
    answer = await anonymous.get("/v1/nothing", headers=expired.bearer)
    assert_refused(answer, 401, "token_expired")


async def test_unreachable_upstream(service: Service, anonymous: httpx.AsyncClient) -> None:
    issued = await service.make_token(f"http://127.0.0.1:{free_port()}")

    answer = await anonymous.post(CHAT, json=PAYLOAD, headers=issued.bearer)

    assert_refused(answer, 502, "upstream_unreachable", retry=True)
    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.status, entry.outcome) == (502, "upstream_unreachable")


async def test_upstream_that_hangs_up_before_its_answer(
    service: Service, http: httpx.AsyncClient, issued: Issued, up: FakeUpstream
) -> None:
    answer = await http.post(CHAT, json=PAYLOAD, headers={"x-fake": "break=head"})

    assert_refused(answer, 502, "upstream_unreachable", retry=True)
    # A POST that may have reached the upstream is not repeated.
    assert up.heads == 1
    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.status, entry.outcome, entry.usage) == (502, "upstream_unreachable", "unknown")


async def test_upstream_that_speaks_no_http(http: httpx.AsyncClient, up: FakeUpstream) -> None:
    up.script(CHAT, [b"SMTP ready\r\n\r\n"])

    answer = await http.post(CHAT, json=PAYLOAD)

    assert_refused(answer, 502, "upstream_protocol_error", retry=True)


async def test_refusals_leave_no_entry(
    service: Service, http: httpx.AsyncClient, issued: Issued
) -> None:
    await http.get("/v1/fine_tuning/jobs")
    await http.get("/v1/models")

    # The journal's consumer takes entries in order, so one of the first would be here by now.
    (entry,) = await service.entries(issued.token.id, 1)
    assert entry.endpoint == "/v1/models"


@pytest.mark.parametrize("attempt", range(5))
async def test_a_large_upload_with_a_bad_token_reads_its_answer(
    service: Service, attempt: int
) -> None:
    """Closed with unread input, the connection would be reset and take the answer with it."""
    large = "word " * (1024 * 1024)
    async with openai.AsyncOpenAI(
        base_url=f"{service.url}/v1", api_key=generate(), max_retries=0, timeout=30
    ) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": large}]
            )

    assert caught.value.code == "invalid_token"


async def test_a_large_upload_to_a_path_off_the_list_reads_its_answer(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/v1/fine_tuning/jobs", content=b"x" * 5_000_000)

    assert_refused(answer, 404, "endpoint_not_allowed")
