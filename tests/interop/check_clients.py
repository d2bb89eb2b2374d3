"""Other people's clients through the proxy: answers, counted usage, typed refusals, visible cuts.

Each client is a program below `clients/` that asks one question (`BASE_URL`, `API_KEY`, `STREAM`,
`RETRIES`) and writes what it saw: text, usage, error. `make interop`; not part of `make test`,
which does not find this file.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from fake_upstream import FakeUpstream, expected_text
from tests.fixtures.processes import bare_environment, free_port
from tests.fixtures.service import UPSTREAM_KEY, Service
from tests.interop.environments import go_client, java_client, node_client, rust_client
from tests.interop.fixtures import proxy, up

__all__ = ["proxy", "up"]

_HERE: Final = Path(__file__).parent / "clients"
_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Client:
    """A client, and what it calls the errors that it raises.

    `obeys`: it takes `x-should-retry: false` for an answer. `patience`: a `Retry-After` of more
    seconds is an error at once; None: it tries again sooner than that; inf: it waits for any time.
    `reads_5xx`: its error has our code where the status is 500 or more.
    """

    command: Callable[[], Sequence[str]]
    unauthenticated: str
    limited: str
    failed: str
    cut: str
    patience: float | None
    obeys: bool = True
    reads_5xx: bool = True


CLIENTS: Final = {
    "openai-python": Client(
        lambda: (sys.executable, str(_HERE / "openai_python.py")),
        unauthenticated="AuthenticationError",
        limited="RateLimitError",
        failed="InternalServerError",
        cut="APIConnectionError",
        patience=120,
    ),
    "openai-node": Client(
        lambda: node_client("openai-node", _HERE / "openai_node.mjs", {"openai": "7.59.0"}),
        unauthenticated="AuthenticationError",
        limited="RateLimitError",
        failed="InternalServerError",
        cut="TypeError",
        patience=None,
    ),
    "openai-go": Client(
        lambda: go_client(
            "openai-go", _HERE / "openai_go.go", {"github.com/openai/openai-go/v3": "v3.99.0"}
        ),
        unauthenticated="openai.Error",
        limited="openai.Error",
        failed="openai.Error",
        cut="*errors.errorString",
        patience=120,
    ),
    "ai-sdk": Client(
        lambda: node_client(
            "ai-sdk",
            _HERE / "ai_sdk.mjs",
            {"ai": "7.0.173", "@ai-sdk/openai-compatible": "3.0.92"},
        ),
        unauthenticated="AI_APICallError",
        limited="AI_APICallError",
        failed="AI_APICallError",
        cut="AI_APICallError",
        patience=None,
        obeys=False,
    ),
    "openai-java": Client(
        lambda: java_client(
            "openai-java", _HERE / "OpenaiJava.java", "com.openai:openai-java:4.101.0"
        ),
        unauthenticated="UnauthorizedException",
        limited="RateLimitException",
        failed="InternalServerException",
        cut="OpenAIIoException",
        patience=None,
    ),
    "async-openai": Client(
        lambda: rust_client(
            "async-openai",
            _HERE / "async_openai.rs",
            {
                # Without TLS, which takes minutes to build and is not met here.
                "async-openai": (
                    '{ version = "=0.43.0", default-features = false, '
                    'features = ["chat-completion", "middleware"] }'
                ),
                "futures": '"0.3"',
                "serde_json": '"1"',
                "tokio": '{ version = "1", features = ["rt", "macros"] }',
            },
        ),
        unauthenticated="ApiError",
        limited="ApiError",
        failed="ApiError",
        cut="StreamError",
        patience=inf,
        reads_5xx=False,
    ),
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    """Each client in turn."""
    return CLIENTS[request.param]


# answers


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_answer_is_the_same_and_its_usage_counts(
    proxy: Service, up: FakeUpstream, client: Client, stream: bool
) -> None:
    issued = await proxy.make_token(up.url)

    direct = await _ask(client, up.url, UPSTREAM_KEY, stream=stream)
    through = await _ask(client, proxy.url, issued.secret, stream=stream)

    assert direct["text"] == expected_text({})
    assert through == direct
    [row] = await proxy.entries(issued.token.id, 1)
    assert (row.outcome, row.usage) == ("complete", "exact")
    assert row.prompt_tokens == through["usage"]["prompt_tokens"]
    assert row.completion_tokens == through["usage"]["completion_tokens"]


# refusals


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_wrong_token_is_an_error_of_authentication(
    proxy: Service, client: Client, stream: bool
) -> None:
    error = (await _ask(client, proxy.url, "llmp_wrong", stream=stream))["error"]

    assert (error["kind"], error["status"]) == (client.unauthenticated, 401)
    assert error["code"] == "invalid_token"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_limited_token_is_an_error_of_the_rate(
    proxy: Service, up: FakeUpstream, client: Client, stream: bool
) -> None:
    issued = await proxy.make_token(up.url, requests_per_minute=1)
    assert (await _ask(client, proxy.url, issued.secret))["error"] is None

    error = (await _ask(client, proxy.url, issued.secret, stream=stream))["error"]

    assert (error["kind"], error["status"]) == (client.limited, 429)
    assert error["code"] == "rate_limit_exceeded"


async def test_upstream_that_is_not_there_is_an_error_of_the_server(
    proxy: Service, client: Client
) -> None:
    issued = await proxy.make_token(f"http://127.0.0.1:{free_port()}")

    error = (await _ask(client, proxy.url, issued.secret))["error"]

    assert (error["kind"], error["status"]) == (client.failed, 502)
    assert error["code"] == ("upstream_unreachable" if client.reads_5xx else None)
    # Where the body is not read, it is the message.
    assert client.reads_5xx or "upstream_unreachable" in error["message"]


async def test_what_no_retry_can_help_is_tried_again_only_by_those_known_for_it(
    proxy: Service, up: FakeUpstream, client: Client
) -> None:
    issued = await proxy.make_token(up.url, max_requests=1)
    assert (await _ask(client, proxy.url, issued.secret))["error"] is None
    before = _refusals(proxy, "quota_exceeded")

    error = (await _ask(client, proxy.url, issued.secret, retries=True))["error"]

    assert (error["status"], error["code"]) == (429, "quota_exceeded")
    assert (_refusals(proxy, "quota_exceeded") - before == 1) == client.obeys


async def test_wait_that_is_too_long_is_an_error_at_once_or_not_kept_to(
    proxy: Service, up: FakeUpstream, client: Client
) -> None:
    issued = await proxy.make_token(up.url)
    if client.patience == inf:
        pytest.skip("it waits as long as it is told")
    up.behave(f"status=429, retry-after={(client.patience or 60) + 1}")

    error = (await _ask(client, proxy.url, issued.secret, retries=True))["error"]

    assert error["status"] == 429
    assert up.count == (3 if client.patience is None else 1)


# cuts


async def test_stream_that_breaks_is_an_error(
    proxy: Service, up: FakeUpstream, client: Client
) -> None:
    issued = await proxy.make_token(up.url)
    up.behave("break=3")

    seen = await _ask(client, proxy.url, issued.secret, stream=True)

    assert seen["error"] is not None, seen
    assert seen["error"]["kind"] == client.cut
    assert seen["text"]
    assert expected_text({}).startswith(seen["text"])
    [row] = await proxy.entries(issued.token.id, 1)
    assert (row.outcome, row.usage) == ("upstream_broke", "unknown")


async def test_answer_that_breaks_is_an_error(
    proxy: Service, up: FakeUpstream, client: Client
) -> None:
    issued = await proxy.make_token(up.url)
    up.behave("break=20")

    seen = await _ask(client, proxy.url, issued.secret)

    assert seen["error"] is not None, seen
    assert not seen["text"]
    [row] = await proxy.entries(issued.token.id, 1)
    assert row.outcome == "upstream_broke"


# helpers of this file


async def _ask(
    client: Client, origin: str, secret: str, *, stream: bool = False, retries: bool = False
) -> dict[str, Any]:
    """What the client saw; it tries once, or with `retries` as often as it does by itself."""
    environ = {
        "BASE_URL": f"{origin}/v1",
        "API_KEY": secret,
        "STREAM": "yes" if stream else "no",
        "RETRIES": "default" if retries else "none",
    }
    process = await asyncio.create_subprocess_exec(
        *await asyncio.to_thread(client.command),
        env={**bare_environment(), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_SECONDS):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    seen: dict[str, Any] = json.loads(output)
    return seen


def _refusals(proxy: Service, code: str) -> float:
    """How many requests the proxy refused by this code."""
    text = httpx.get(f"{proxy.url}/metrics").text
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("llm_proxy_refusals_total") and f'code="{code}"' in line
    )
