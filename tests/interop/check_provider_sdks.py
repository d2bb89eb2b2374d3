"""Providers' own SDKs through the proxy, unchanged but for URL and key: `make interop`.

Each presents its token in its own way, is answered by an upstream of its provider's form, and
raises its own error for a refusal. What reaches the upstream has the project's key and nothing of
the client's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.fixtures.processes import bare_environment
from tests.fixtures.service import UPSTREAM_KEY, Service
from tests.interop.environments import python_environment
from tests.interop.fixtures import proxy

__all__ = ["proxy"]

_PROGRAM: Final = Path(__file__).parent / "clients" / "provider_sdks.py"
_SECONDS: Final = 120
_PACKAGES: Final = (
    "anthropic[bedrock]==2.14.0",
    "boto3==1.44.8",
    "google-genai==3.6.1",
    "groq==1.7.0",
    "mistralai==3.7.0",
    "ollama==0.6.3",
    "openai==3.57.0",
)
_USAGE: Final = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
_CHAT: Final = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Seven."},
        }
    ],
    "usage": _USAGE,
}
_CLAUDE: Final = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Seven."}],
    "usage": {"input_tokens": 7, "output_tokens": 5},
}
_GEMINI: Final = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Seven."}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12},
}
_CONVERSE: Final = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Seven."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12},
    "metrics": {"latencyMs": 1},
}
_OLLAMA: Final = {
    "model": "m",
    "created_at": "2026-11-28T00:00:00Z",
    "message": {"role": "assistant", "content": "Seven."},
    "done": True,
    "prompt_eval_count": 7,
    "eval_count": 5,
}


class Sdk(NamedTuple):
    """What it asks for, of which provider, how that is answered, and what becomes of a refusal."""

    provider: str
    path: str
    answer: dict[str, Any]
    unauthenticated: tuple[str, int | None, str | None]
    """The class that it raises, and status and code where it has them."""
    credential: str = "Authorization: Bearer"


SDKS: Final = {
    "google-genai": Sdk(
        "gemini",
        "/v1/models/{model}:generateContent",
        _GEMINI,
        ("ClientError", 401, "UNAUTHENTICATED"),
        "x-goog-api-key:",
    ),
    "boto3-converse": Sdk(
        "bedrock",
        "/model/{model}/converse",
        _CONVERSE,
        ("AccessDeniedException", None, "AccessDeniedException"),
    ),
    "anthropic-bedrock": Sdk(
        "bedrock", "/model/{model}/invoke", _CLAUDE, ("AuthenticationError", 401, None)
    ),
    "anthropic-foundry": Sdk(
        "azure-openai",
        "/anthropic/v1/messages",
        _CLAUDE,
        ("AuthenticationError", 401, None),
        "api-key:",
    ),
    "azure-openai": Sdk(
        "azure-openai",
        "/openai/deployments/{deployment}/chat/completions",
        _CHAT,
        ("AuthenticationError", 401, None),
        "api-key:",
    ),
    "mistral": Sdk("mistral", "/v1/chat/completions", _CHAT, ("SDKError", 401, None)),
    "groq": Sdk("groq", "/openai/v1/chat/completions", _CHAT, ("AuthenticationError", 401, None)),
    "ollama": Sdk("ollama", "/api/chat", _OLLAMA, ("ResponseError", 401, None)),
}
EACH: Final = pytest.mark.parametrize("name", SDKS)


class Upstream:
    """Answers everything with one JSON document, and keeps the heads that it was sent."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}
        self.heads: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the proxy ends it."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
                lengths = [int(value) for name, _, value in fields if _is_length(name)]
                await reader.readexactly(sum(lengths))
                self.heads.append(head)
                body = json.dumps(self.answer).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def _is_length(name: bytes) -> bool:
    return name.strip().lower() == b"content-length"


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    """One on a port of its own."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield upstream
    server.close()


async def ask(name: str, base_url: str, key: str) -> dict[str, Any]:
    """What the SDK saw."""
    python = python_environment("provider-sdks", *_PACKAGES)
    environ = bare_environment() | {"BASE_URL": base_url, "API_KEY": key}
    process = await asyncio.create_subprocess_exec(
        str(python), str(_PROGRAM), name, env=environ, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(_SECONDS):
        output, _ = await process.communicate()
    seen: dict[str, Any] = json.loads(output)
    sys.stderr.write(f"{name}: {seen}\n")
    return seen


@EACH
async def test_it_is_answered_and_its_usage_counted(
    proxy: Service, up: Upstream, name: str
) -> None:
    up.answer = SDKS[name].answer
    issued = await proxy.make_token(up.url, project={"provider": SDKS[name].provider})
    seen = await ask(name, proxy.url, issued.secret)
    assert seen == {"text": "Seven.", "error": None}
    (entry,) = await proxy.entries(issued.token.id, 1)
    assert (entry.endpoint, entry.usage) == (SDKS[name].path, "exact")
    assert (entry.prompt_tokens, entry.completion_tokens) == (7, 5)
    (head,) = up.heads
    assert head.count(f"\r\n{SDKS[name].credential} {UPSTREAM_KEY}\r\n".encode()) == 1
    assert head.lower().count(b"api-key") + head.lower().count(b"authorization:") == 1
    assert issued.secret.encode() not in head
    for private in (b"x-amz-", b"aws4-"):
        assert private not in head.lower()


@EACH
async def test_it_raises_its_own_error_for_a_token_that_is_none(proxy: Service, name: str) -> None:
    seen = await ask(name, proxy.url, "llmp_nothing")
    error = seen["error"]
    assert (error["kind"], error["status"], error["code"]) == SDKS[name].unauthenticated
    assert "malformed" in error["message"]


@EACH
async def test_it_does_not_repeat_what_a_retry_cannot_mend(
    proxy: Service, up: Upstream, name: str
) -> None:
    up.answer = SDKS[name].answer
    issued = await proxy.make_token(
        up.url, project={"provider": SDKS[name].provider}, max_requests=1
    )
    await ask(name, proxy.url, issued.secret)
    refused = proxy.log.count("quota_exceeded")
    seen = await ask(name, proxy.url, issued.secret)
    assert "All requests of this token have been used" in seen["error"]["message"]
    assert proxy.log.count("quota_exceeded") == refused + 1
