"""Each built-in provider against an upstream of its form: where a request goes, with which key, and
what is read of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from config import Database
from proxy.providers.catalog import BUILT_IN
from tests.proxy.planes import a_plane
from tests.proxy.scripted import Peer, a_client

CHAT: Final = {"model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
MESSAGE: Final = {
    "type": "message",
    "model": "m",
    "content": [],
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
GEMINI: Final = {
    "modelVersion": "m",
    "usageMetadata": {
        "promptTokenCount": 3,
        "candidatesTokenCount": 1,
        "thoughtsTokenCount": 1,
        "totalTokenCount": 5,
    },
}
CONVERSE: Final = {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}
OLLAMA: Final = {"model": "m", "done": True, "prompt_eval_count": 3, "eval_count": 2}
BEARER: Final = "Authorization: Bearer"
PLACE: Final = "/v1/projects/p/locations/l/publishers"


class Recipe(NamedTuple):
    """A request as a client makes it, and the answer; `upstream` where the path there differs."""

    provider: str
    path: str
    answer: dict[str, Any] = CHAT
    key: str = BEARER
    upstream: str = ""


RECIPES: Final = (
    Recipe("openai", "/v1/chat/completions"),
    Recipe("anthropic", "/v1/messages", MESSAGE, "x-api-key:"),
    Recipe("gemini-openai", "/v1/chat/completions", upstream="/chat/completions"),
    Recipe("gemini", "/v1beta/models/m:generateContent", GEMINI, "x-goog-api-key:"),
    Recipe("azure-openai", "/openai/deployments/m/chat/completions", CHAT, "api-key:"),
    Recipe("azure-openai", "/anthropic/v1/messages", MESSAGE, "api-key:"),
    Recipe("bedrock", "/model/eu.m%3A0/converse", CONVERSE),
    Recipe("bedrock", "/model/m/invoke", MESSAGE),
    Recipe("bedrock-mantle", "/openai/v1/chat/completions"),
    Recipe("vertex", f"{PLACE}/google/models/m:generateContent", GEMINI),
    Recipe("vertex", f"{PLACE}/anthropic/models/m@2025:rawPredict", MESSAGE),
    Recipe("openrouter", "/v1/chat/completions"),
    Recipe("groq", "/openai/v1/chat/completions"),
    Recipe("mistral", "/v1/fim/completions"),
    Recipe("deepseek", "/chat/completions"),
    Recipe("xai", "/v1/chat/completions"),
    Recipe("together", "/v1/chat/completions"),
    Recipe("fireworks", "/v1/chat/completions", upstream="/inference/v1/chat/completions"),
    Recipe("zai", "/v1/chat/completions", upstream="/api/paas/v4/chat/completions"),
    Recipe("moonshot", "/v1/chat/completions"),
    Recipe("perplexity", "/chat/completions"),
    Recipe("ollama", "/api/chat", OLLAMA),
    Recipe("vllm", "/v1/chat/completions"),
    Recipe("llama-cpp", "/v1/chat/completions"),
    Recipe("lm-studio", "/v1/chat/completions"),
)


def test_every_provider_has_one() -> None:
    assert {recipe.provider for recipe in RECIPES} == set(BUILT_IN)


async def test_a_request_arrives_as_its_provider_wants_it_and_its_usage_is_read(
    tmp_path: Path, sqlite_database: Database
) -> None:
    heads: list[bytes] = []
    answers: list[bytes] = []

    async def answer(peer: Peer) -> None:
        heads.append(await peer.request())
        body = answers.pop()
        await peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )

    async with a_plane(tmp_path, sqlite_database) as plane:
        plane.upstream.follow(answer)
        for recipe in RECIPES:
            answers.append(json.dumps(recipe.answer).encode())
            _, secret = await plane.token(project={"provider": recipe.provider})
            client = await plane.serve(a_client("POST", secret=secret, path=recipe.path))
            assert client.status == 200, (recipe, client.content)
            head = heads[-1].decode()
            assert head.startswith(f"POST {recipe.upstream or recipe.path} HTTP/1.1\r\n"), recipe
            assert f"\r\n{recipe.key} sk-upstream-key-0123456789\r\n" in head, recipe
            assert secret not in head, recipe
            entry = plane.entries()[-1]
            assert (entry.provider, entry.usage) == (recipe.provider, "exact"), recipe
            assert (entry.prompt_tokens, entry.completion_tokens) == (3, 2), recipe
