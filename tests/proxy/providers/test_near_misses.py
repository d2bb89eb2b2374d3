"""What is said of a path that is nearly right."""

from __future__ import annotations

import pytest

from proxy.providers.catalog import BUILT_IN
from proxy.providers.near_misses import SHOWN_MAX, meant, shown


@pytest.mark.parametrize(
    ("provider", "method", "path", "said"),
    [
        ("openai", "POST", "/chat/completions", "/v1/chat/completions was probably meant"),
        ("openai", "POST", "/chat/completions", "has to end in /v1"),
        ("openai", "POST", "/v1/v1/chat/completions", " /v1/chat/completions was probably meant"),
        ("openai", "POST", "/v1/v1/chat/completions", "has /v1, which the client adds as well"),
        ("openai", "POST", "/api/v1/responses", " /v1/responses was probably meant"),
        ("openai", "POST", "/openai/v1/chat/completions", "without /openai"),
        ("openai", "POST", "/v1/messages", "endpoint of anthropic"),
        ("openai", "POST", "/v1/messages", "the project's is openai"),
        ("anthropic", "POST", "/v1/v1/messages", " /v1/messages was probably meant"),
        ("anthropic", "POST", "/v1/chat/completions", "endpoint of openai, azure-openai, "),
        (
            "anthropic",
            "POST",
            "/v1/chat/completions",
            " and others, and the project's is anthropic",
        ),
        ("anthropic", "POST", "/messages", " /v1/messages was probably meant"),
        ("groq", "POST", "/openai/v1/openai/v1/chat/completions", " /openai/v1/chat/completions"),
        ("groq", "POST", "/openai/chat/completions", " /openai/v1/chat/completions was probably"),
        ("azure-openai", "POST", "/openai/chat/completions", "has to end in /openai/v1"),
        ("perplexity", "POST", "/v1/chat/completions", " /chat/completions was probably meant"),
        ("perplexity", "POST", "/v1/chat/completions", "without /v1"),
        ("gemini", "POST", "/v1beta/v1beta/models/m:generateContent", " /v1beta/models/m:"),
        ("bedrock", "POST", "/v1/model/m/converse", " /model/m/converse was probably meant"),
        ("openai", "POST", "/model/m/converse", "endpoint of bedrock"),
        (None, "POST", "/messages", " /v1/messages was probably meant"),
        (
            None,
            "POST",
            "/projects/p/locations/l/publishers/anthropic/models/m:rawPredict",
            "the client's base URL has to end in /v1",
        ),
    ],
)
def test_what_was_probably_meant(provider: str | None, method: str, path: str, said: str) -> None:
    of = None if provider is None else BUILT_IN[provider]
    assert said in meant(path.encode(), method, of, BUILT_IN)


@pytest.mark.parametrize(
    ("provider", "method", "path"),
    [
        # Its own path, with a method or by a token that may not.
        ("openai", "POST", "/v1/models/m:generateContent"),
        ("openai", "DELETE", "/v1/chat/completions"),
        ("deepseek", "POST", "/chat/completions"),
        ("openai", "POST", "/v1/nothing"),
        ("openai", "POST", "/v1/fine_tuning/jobs"),
        ("openai", "GET", "/v1/" + "v1/" * SHOWN_MAX),
        (None, "GET", "/wp-login.php"),
        (None, "GET", "/"),
        (None, "OPTIONS", "*"),
    ],
)
def test_of_what_nothing_is_said(provider: str | None, method: str, path: str) -> None:
    of = None if provider is None else BUILT_IN[provider]
    assert meant(path.encode(), method, of, BUILT_IN) == ""


def test_a_long_path_is_shown_cut() -> None:
    assert shown(b"/" + b"a" * 999) == "/" + "a" * 199 + "…"
    assert shown(b"/v1/x") == "/v1/x"


@pytest.mark.parametrize("start", ["llmp_", "llmpm_", "llmp%5F"])
def test_a_token_in_a_path_is_not_repeated(start: str) -> None:
    secret = start + "aZ09" * 11
    assert shown(f"/v1/{secret}/x".encode()) == "/v1/…/x"
    # A long one is taken out before the path is cut.
    assert shown(b"/" + b"a" * 180 + b"/" + secret.encode()) == "/" + "a" * 180 + "/…"
    said = meant(f"/{secret}/v1/chat/completions".encode(), "POST", None, BUILT_IN)
    assert said
    assert "aZ09" not in said
