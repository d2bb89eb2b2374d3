"""Paths that providers' own SDKs ask for, as they were seen on the wire, and where they lead."""

from __future__ import annotations

import pytest

from config import parse_base_url
from proxy.providers.catalog import BUILT_IN
from proxy.upstream.target import address_of

ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123"
VERTEX = "/v1beta1/projects/P/locations/L/publishers"


@pytest.mark.parametrize(
    ("name", "asked", "upstream", "dialect", "model"),
    [
        ("gemini-openai", "POST /v1/chat/completions", "/chat/completions", "chat", None),
        ("gemini-openai", "GET /v1/models/gemini-x", "/models/gemini-x", "none", "gemini-x"),
        *(
            ("gemini", f"POST /{version}/{path}", "", dialect, model)
            for version in ("v1", "v1beta")
            for path, dialect, model in (
                ("models/gemini-2.5-flash:generateContent", "gemini", "gemini-2.5-flash"),
                ("models/gemini-2.5-flash:streamGenerateContent", "gemini", "gemini-2.5-flash"),
                ("models/m:embedContent", "gemini", "m"),
                ("models/m:batchEmbedContents", "gemini", "m"),
                ("models/m:countTokens", "none", "m"),
                ("tunedModels/a%20b:1:generateContent", "gemini", "a b:1"),
            )
        ),
        ("gemini", "GET /v1/models", "", "none", None),
        ("gemini", "GET /v1beta/models/m", "", "none", "m"),
        (
            "azure-openai",
            "POST /openai/deployments/gpt%204%2Fo.1/chat/completions", "",
            "chat",
            "gpt 4/o.1",
        ),
        ("azure-openai", "POST /openai/responses", "", "responses", None),
        ("azure-openai", "GET /openai/models", "", "none", None),
        ("azure-openai", "POST /openai/v1/responses", "", "responses", None),
        ("azure-openai", "POST /v1/responses", "/openai/v1/responses", "responses", None),
        ("azure-openai", "POST /anthropic/v1/messages", "", "messages", None),
        (
            "bedrock",
            "POST /model/us.anthropic.x-v1:0/invoke", "",
            "invoke",
            "us.anthropic.x-v1:0",
        ),
        (
            "bedrock",
            f"POST /model/{ARN}/converse-stream", "",
            "converse",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        ),
        ("bedrock", "POST /model/m/count-tokens", "", "none", "m"),
        ("bedrock-mantle", "POST /openai/v1/responses", "", "responses", None),
        (
            "bedrock-mantle",
            "POST /anthropic/v1/messages", "",
            "messages",
            None,
        ),
        (
            "vertex",
            f"POST {VERTEX}/google/models/gemini-x:streamGenerateContent", "",
            "gemini",
            "gemini-x",
        ),
        (
            "vertex",
            f"POST {VERTEX}/anthropic/models/claude-x@2025:rawPredict", "",
            "messages",
            "claude-x@2025",
        ),
        (
            "vertex",
            f"POST {VERTEX}/mistralai/models/m:streamRawPredict", "",
            "generic",
            "m",
        ),
        (
            "vertex",
            f"POST {VERTEX}/anthropic/models/count-tokens:rawPredict", "",
            "none",
            None,
        ),
        (
            "vertex",
            "POST /v1/publishers/google/models/m:generateContent", "",
            "gemini",
            "m",
        ),
        *(
            ("vertex", f"POST {place}/google/models/m:{verb}", "", "none", "m")
            for place in ("/v1beta1/projects/p/locations/l/publishers", "/v1beta1/publishers")
            for verb in ("countTokens", "computeTokens")
        ),
        ("groq", "POST /openai/v1/chat/completions", "", "chat", None),
        ("groq", "POST /v1/chat/completions", "/openai/v1/chat/completions", "chat", None),
        ("mistral", "POST /v1/fim/completions", "", "chat", None),
        ("mistral", "POST /v1/ocr", "", "generic", None),
        ("deepseek", "POST /chat/completions", "", "chat", None),
        ("fireworks", "POST /v1/chat/completions", "/inference/v1/chat/completions", "chat", None),
        ("zai", "POST /v1/chat/completions", "/api/paas/v4/chat/completions", "chat", None),
        ("zai", "POST /api/anthropic/v1/messages", "", "messages", None),
        ("perplexity", "POST /chat/completions", "", "chat", None),
        ("perplexity", "POST /search", "", "generic", None),
        ("perplexity", "POST /v1/responses", "", "responses", None),
        ("ollama", "POST /api/chat", "", "ollama", None),
        ("openrouter", "GET /v1/models/a/b:free", "", "none", "a/b:free"),
        *(
            (name, "POST /v1/chat/completions", "", "chat", None)
            for name in ("openai", "openrouter", "mistral", "deepseek", "xai", "together",
                         "moonshot", "ollama", "vllm", "llama-cpp", "lm-studio")
        ),
    ],
)  # fmt: skip
def test_what_an_sdk_asks_for_and_where_it_leads(
    name: str, asked: str, upstream: str, dialect: str, model: str | None
) -> None:
    """`upstream` is the path there, where it is another."""
    method, _, path = asked.partition(" ")
    provider = BUILT_IN[name]
    route = provider.match(path.encode())[method]
    assert (route.dialect, route.model_in(path.encode())) == (dialect, model)
    address = address_of("http://127.0.0.1:1", provider.v1_prefix)
    assert address.path_for(path.encode()) == (upstream or path).encode()


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        # Uploads go past the proxy.
        ("gemini", "POST", "/upload/v1beta/files"),
        ("gemini", "POST", "/v1beta/cachedContents"),
        ("gemini", "POST", "/v1beta/models/m"),
        ("ollama", "DELETE", "/api/delete"),
        ("ollama", "POST", "/api/pull"),
        ("groq", "DELETE", "/openai/v1/models/m"),
        ("azure-openai", "POST", "/openai/v1/fine_tuning/jobs"),
        ("bedrock", "POST", "/model/a/b/converse"),
        ("vertex", "POST", "/v1/projects/p/locations/l/endpoints/e:predict"),
        ("moonshot", "GET", "/v1/users/me/balance"),
        ("openrouter", "GET", "/v1/credits"),
        ("openrouter", "GET", "/v1/key"),
    ],
)
def test_what_is_off(name: str, method: str, path: str) -> None:
    assert method not in BUILT_IN[name].match(path.encode())


def test_whoever_has_no_address_of_its_own_is_run_by_its_operator_or_has_parts_to_fill_in() -> None:
    open_ones = {name for name, one in BUILT_IN.items() if one.own_base_url is None}
    assert open_ones == {
        "azure-openai", "bedrock", "bedrock-mantle", "vertex",
        "ollama", "vllm", "llama-cpp", "lm-studio",
    }  # fmt: skip


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_base_url_that_ends_in_what_creates_something_is_refused(name: str) -> None:
    """Those that users paste from an API's documentation."""
    often = (
        "/chat/completions", "/completions", "/embeddings", "/v1/messages", "/v1/responses",
        "/images/generations", "/audio/speech", "/api/chat", "/converse", "/invoke",
        ":generateContent",
    )  # fmt: skip
    for endpoint in BUILT_IN[name].endpoints:
        if endpoint.method == "POST" and endpoint.pattern.endswith(often):
            path = endpoint.pattern.replace("{", "").replace("}", "")
            with pytest.raises(ValueError, match="ends in"):
                parse_base_url(f"https://api.example.com{path}")
