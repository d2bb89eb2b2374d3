"""Patterns with roots of their own, suffixes, names that hold slashes; the model of a path."""

from __future__ import annotations

import re

import pytest

from proxy.providers.endpoints import Endpoint, Matcher, _expression

GEMINI = Matcher(
    (
        Endpoint("GET", "/v1beta/models"),
        Endpoint("GET", "/v1beta/models/{model}"),
        Endpoint("POST", "/v1beta/models/{model}:generateContent", "generic"),
        Endpoint("POST", "/v1beta/models/{model}:countTokens"),
        Endpoint("POST", "/openai/deployments/{deployment}/chat/completions", "chat"),
        Endpoint("POST", "/model/{model}/converse", "generic"),
        Endpoint("DELETE", "/v1beta/{any}/{model}"),
    )
)


@pytest.mark.parametrize(
    ("method", "path", "pattern", "model"),
    [
        ("GET", "/v1beta/models", "/v1beta/models", None),
        ("GET", "/v1beta/models/gemini-2.5-flash", "/v1beta/models/{model}", "gemini-2.5-flash"),
        ("GET", "/v1beta/models/org/name", "/v1beta/models/{model}", "org/name"),
        ("GET", "/v1beta/models/org%2Fa%20b/c", "/v1beta/models/{model}", "org/a b/c"),
        (
            "POST",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/v1beta/models/{model}:generateContent",
            "gemini-2.5-flash",
        ),
        # What stands before the last colon.
        (
            "POST",
            "/v1beta/models/a%20b:1:generateContent",
            "/v1beta/models/{model}:generateContent",
            "a b:1",
        ),
        (
            "POST",
            "/v1beta/models/m:generateContent:generateContent",
            "/v1beta/models/{model}:generateContent",
            "m:generateContent",
        ),
        (
            "POST",
            "/openai/deployments/gpt%204%2Fo.1/chat/completions",
            "/openai/deployments/{deployment}/chat/completions",
            "gpt 4/o.1",
        ),
        (
            "POST",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fx/converse",
            "/model/{model}/converse",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/x",
        ),
        ("POST", "/model/anthropic.x-v1:0/converse", "/model/{model}/converse", "anthropic.x-v1:0"),
        ("DELETE", "/v1beta/models/x", "/v1beta/{any}/{model}", "x"),
        ("POST", "/model/%ff/converse", "/model/{model}/converse", "\ufffd"),
    ],
)
def test_what_a_path_is_and_which_model_it_names(
    method: str, path: str, pattern: str, model: str | None
) -> None:
    route = GEMINI.match(path.encode())[method]
    assert (route.pattern, route.model_in(path.encode())) == (pattern, model)


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models/:generateContent",
        "/v1beta/models/m:generate",
        "/v1beta/models/m:generateContent/x",
        "/v1beta/models/m%3AgenerateContent",
        "/v1beta/models/m:generateContent:x",
        "/model/a/b/converse",
        "/model/converse",
        "/v1/models",
    ],
)
def test_what_no_post_is_for(path: str) -> None:
    assert "POST" not in GEMINI.match(path.encode())


def test_a_path_that_is_asked_for_often_is_looked_up() -> None:
    matcher = Matcher((Endpoint("POST", "/v1/a", "chat"), Endpoint("*", "/v1/*")))
    assert not matcher.literal
    first = matcher.match(b"/v1/a")
    assert set(first) == {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}
    assert matcher.literal == {b"/v1/a": first}
    matcher.match(b"/v1/b")
    # Clients choose the paths of wildcards, so that these are not remembered.
    assert list(matcher.literal) == [b"/v1/a"]


@pytest.mark.parametrize("path", ["/v1/llm-proxy", "/v1/llm-proxy/token", "/v1/oauth/token"])
def test_no_pattern_covers_the_proxys_own_paths_but_their_neighbours(path: str) -> None:
    matcher = Matcher((Endpoint("*", "/v1/*"), Endpoint("*", "/v1/{a}/{b}")))
    assert matcher.match(path.encode()) == {}
    assert matcher.match(path.encode().replace(b"/v1/", b"/v1/x-"))


def test_a_suffix_joins_the_methods_of_more_general_patterns_that_match_it() -> None:
    methods = GEMINI.match(b"/v1beta/models/m:countTokens")
    assert {method: route.pattern for method, route in methods.items()} == {
        "POST": "/v1beta/models/{model}:countTokens",
        "GET": "/v1beta/models/{model}",
        "DELETE": "/v1beta/{any}/{model}",
    }


def test_a_long_path_is_matched_in_no_time() -> None:
    # pytest's timeout is the net.
    assert GEMINI.match(b"/v1beta/models/" + b":generateContent" * 4000 + b"x").keys() == {
        "GET",
        "DELETE",
    }
    assert GEMINI.match(b"/model" + b"/a" * 30_000 + b"//") == {}


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("/v1/m/a:run", True),
        ("/v1/m/a:run:run", True),
        ("/v1/m/:run:run", True),
        ("/v1/m/:run", False),
        ("/v1/m/a:runs", False),
        ("/v1/m/a:ru", False),
        ("/v1/m/a/b:run", False),
    ],
)
def test_a_suffix_is_looked_for_at_the_end_of_its_segment(path: str, matches: bool) -> None:
    matcher = Matcher((Endpoint("POST", "/v1/m/{model}:run", "generic"),))
    assert bool(matcher.match(path.encode())) is matches
    # No part of a segment is tried more than once, however nearly it ends so.
    repeats = re.findall(rb"[*+]{1,2}", _expression("/v1/{a}x/{model}:run/{model}"))
    assert set(repeats) <= {b"++", b"*+"}
