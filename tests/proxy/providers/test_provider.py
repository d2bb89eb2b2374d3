"""The built-in allowlists, as the public contract has them, and how patterns are matched."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from proxy import errors
from proxy.errors import ObjectNotFound, Refusal
from proxy.providers.endpoints import Endpoint
from proxy.providers.error_shapes import error_body
from proxy.providers.provider import Provider
from tests.proxy.rows import ANTHROPIC, OPENAI

EVERY = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}


def with_endpoints(*endpoints: Endpoint) -> Provider:
    return replace(OPENAI, endpoints=endpoints)


@pytest.mark.parametrize(
    ("path", "methods", "pattern"),
    [
        ("/v1/chat/completions", {"GET", "POST"}, "/v1/chat/completions"),
        ("/v1/vector_stores", {"GET", "POST"}, "/v1/vector_stores"),
        ("/v1/uploads/u/parts", {"POST"}, "/v1/uploads/{upload_id}/parts"),
        ("/v1/completions", {"POST"}, "/v1/completions"),
        ("/v1/embeddings", {"POST"}, "/v1/embeddings"),
        ("/v1/moderations", {"POST"}, "/v1/moderations"),
        ("/v1/models", {"GET"}, "/v1/models"),
        ("/v1/models/gpt-4o", {"GET"}, "/v1/models/{model}"),
        ("/v1/models/org%2Fname", {"GET"}, "/v1/models/{model}"),
        ("/v1/models/org%2fname%2Fx", {"GET"}, "/v1/models/{model}"),
        ("/v1/models/ft:gpt-4o:a::b", {"GET"}, "/v1/models/{model}"),
        ("/v1/models/org/name/x", {"GET"}, "/v1/models/{model}"),
        ("/v1/responses", EVERY, "/v1/responses"),
        ("/v1/responses/resp_1", EVERY, "/v1/responses/{response_id}"),
        ("/v1/responses/resp_1/input_items", EVERY, "/v1/responses/{response_id}/input_items"),
        ("/v1/responses/resp_1/x/y", EVERY, "/v1/responses/*"),
        ("/v1/images/generations", EVERY, "/v1/images/generations"),
        ("/v1/images/x", EVERY, "/v1/images/*"),
        ("/v1/audio/transcriptions", EVERY, "/v1/audio/transcriptions"),
        ("/v1/audio/x/y", EVERY, "/v1/audio/*"),
        ("/v1/files", EVERY, "/v1/files"),
        ("/v1/files/file-1/content", EVERY, "/v1/files/{file_id}/content"),
        ("/v1/files/file-1/x", EVERY, "/v1/files/*"),
        ("/v1/batches", EVERY, "/v1/batches"),
        ("/v1/batches/batch_1/cancel", EVERY, "/v1/batches/{batch_id}/cancel"),
    ],
)
def test_what_openai_allows(path: str, methods: set[str], pattern: str) -> None:
    routes = OPENAI.match(path.encode())
    assert set(routes) == methods
    assert {route.pattern for route in routes.values()} == {pattern}


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1", "/v1/", "/v2/models", "/V1/models", "/v1/Models", "/v1/models/",
        "/v1/models/a//b", "/v1/models/a/", "/v1%2Fmodels", "/v1/models%2Fgpt-4o", "/v1/modelsx",
        "/x/v1/models",
        "/v1/chat", "/v1/chat/completions/", "/v1/chat/completions/x/y", "/v1/chat%2Fcompletions",
        "/v1/images", "/v1/images/", "/v1/audio", "/v1/files/", "/v1/files//x", "/v1/files/x/",
        "/v1/responses/", "/v1/fine_tuning/jobs", "/v1/organization/users", "/v1/organization",
        "/v1/assistants", "/v1/threads", "/v1/messages", "/v1/realtime",
        "/manage/projects", "/admin/", "/v1/models\n", "/v1/models?x", "", "*",
    ],
)  # fmt: skip
def test_what_openai_does_not(path: str) -> None:
    assert OPENAI.match(path.encode()) == {}


def test_what_anthropic_allows() -> None:
    assert set(ANTHROPIC.match(b"/v1/messages")) == {"POST"}
    assert ANTHROPIC.match(b"/v1/messages")["POST"].dialect == "messages"
    assert ANTHROPIC.match(b"/v1/messages/count_tokens")["POST"].dialect == "none"
    assert set(ANTHROPIC.match(b"/v1/models/claude-x")) == {"GET"}
    assert ANTHROPIC.match(b"/v1/chat/completions") == {}
    assert ANTHROPIC.match(b"/v1/messages/batches")["POST"].dialect == "batches"
    assert ANTHROPIC.match(b"/v1/organizations/users") == {}


@pytest.mark.parametrize(
    ("method", "path", "dialect"),
    [
        ("POST", "/v1/chat/completions", "chat"),
        ("POST", "/v1/completions", "completions"),
        ("POST", "/v1/embeddings", "embeddings"),
        ("POST", "/v1/responses", "responses"),
        ("POST", "/v1/responses/compact", "responses"),
        ("POST", "/v1/responses/not-known-yet", "generic"),
        ("POST", "/v1/responses/resp_1/not-known-yet", "generic"),
        ("POST", "/v1/images/edits", "generic"),
        ("POST", "/v1/audio/speech", "generic"),
        ("POST", "/v1/moderations", "free"),
        ("POST", "/v1/batches", "batches"),
        # These create nothing that reports usage.
        ("GET", "/v1/responses", "none"),
        ("GET", "/v1/responses/resp_1", "none"),
        ("POST", "/v1/responses/resp_1/cancel", "none"),
        ("GET", "/v1/models", "none"),
        ("GET", "/v1/images/x", "none"),
        ("POST", "/v1/files", "none"),
        ("DELETE", "/v1/files/x", "none"),
    ],
)
def test_which_requests_report_usage(method: str, path: str, dialect: str) -> None:
    assert OPENAI.match(path.encode())[method].dialect == dialect


def test_the_more_literal_pattern_goes_first() -> None:
    provider = with_endpoints(
        Endpoint("GET", "/v1/*"),
        Endpoint("GET", "/v1/{a}"),
        Endpoint("GET", "/v1/things/*"),
        Endpoint("GET", "/v1/things/{id}"),
        Endpoint("GET", "/v1/things/{id}/{part}"),
        Endpoint("GET", "/v1/things/{id}/parts"),
        Endpoint("GET", "/v1/things"),
    )
    chosen = {
        path: provider.match(path.encode())["GET"].pattern
        for path in (
            "/v1/x", "/v1/x/y", "/v1/things", "/v1/things/1", "/v1/things/1/parts",
            "/v1/things/1/other", "/v1/things/1/2/3",
        )
    }  # fmt: skip
    assert chosen == {
        "/v1/x": "/v1/{a}",
        "/v1/x/y": "/v1/*",
        "/v1/things": "/v1/things",
        "/v1/things/1": "/v1/things/{id}",
        "/v1/things/1/parts": "/v1/things/{id}/parts",
        "/v1/things/1/other": "/v1/things/{id}/{part}",
        "/v1/things/1/2/3": "/v1/things/*",
    }


def test_a_pattern_is_literal_but_for_its_own_signs() -> None:
    provider = with_endpoints(Endpoint("GET", "/v1/a.b+c/{x}"), Endpoint("*", "/v1/every"))
    assert provider.match(b"/v1/a.b+c/1")
    assert not provider.match(b"/v1/aXbbc/1")
    assert set(provider.match(b"/v1/every")) == EVERY


def test_a_long_path_is_matched_in_no_time() -> None:
    # pytest's timeout is the net: backtracking over segments would never end.
    assert OPENAI.match(b"/v1/files" + b"/a" * 15_000 + b"//") == {}
    assert OPENAI.match(b"/v1/files/" + b"a" * 30_000 + b"//") == {}


def _refusals() -> list[type[Refusal]]:
    return [
        one for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, Refusal) and one is not Refusal
    ]  # fmt: skip


#: One is in the provider's own words, which have no code of ours.
@pytest.mark.parametrize("refusal", [one for one in _refusals() if one is not ObjectNotFound])
def test_refusals_in_both_shapes(refusal: type[Refusal]) -> None:
    refused = refusal(
        'It is "not" allowed: é, \ud800.'.encode("utf-8", "replace").decode(), param="p"
    )
    openai = json.loads(error_body("openai", refused))
    anthropic = json.loads(error_body("anthropic", refused))
    assert openai == {
        "error": {
            "message": refused.message,
            "type": refusal.type,
            "param": "p",
            "code": refusal.code,
        }
    }
    in_anthropic = "billing_error" if refusal.status == 402 else refusal.type
    assert anthropic == {
        "type": "error",
        "error": {"type": in_anthropic, "message": refused.message, "code": refusal.code},
    }
    assert refusal.__doc__


def test_every_code_of_the_contract_has_its_status() -> None:
    assert {one.code: one.status for one in _refusals()} == {
        "invalid_request": 400,
        "missing_token": 401,
        "invalid_token": 401,
        "token_expired": 401,
        "token_revoked": 401,
        "project_inactive": 403,
        "ip_not_allowed": 403,
        "origin_not_allowed": 403,
        "budget_exceeded": 402,
        "model_not_allowed": 403,
        "not_meterable": 403,
        "endpoint_not_allowed": 404,
        "object_not_found": 404,
        "method_not_allowed": 405,
        "request_timeout": 408,
        "request_too_large": 413,
        "rate_limit_exceeded": 429,
        "quota_exceeded": 429,
        "budget_held": 429,
        "tokens_per_minute_exceeded": 429,
        "budget_rate_exceeded": 429,
        "upstream_unreachable": 502,
        "upstream_protocol_error": 502,
        "upstream_timeout": 504,
        "overloaded": 503,
        "shutting_down": 503,
        "database_unavailable": 503,
        "no_upstream_key": 503,
        "upstream_auth_unavailable": 503,
        "loop_detected": 508,
        "middleware_failed": 500,
        "middleware_refused": 403,
    }


def test_a_wildcard_joins_the_methods_of_more_literal_patterns() -> None:
    provider = Provider(
        name="p",
        base_url="http://h",
        auth="bearer",
        error_shape="openai",
        endpoints=(
            Endpoint("GET", "/v1/models"),
            Endpoint("GET", "/v1/models/{model}"),
            Endpoint("DELETE", "/v1/models/{model}", "none"),
            Endpoint("POST", "/v1/models/*", "generic"),
            Endpoint("*", "/v1/*"),
            Endpoint("GET", "/v2/x/{a}"),
            Endpoint("POST", "/v2/{b}/y"),
        ),
    )

    def labels(path: bytes) -> dict[str, str]:
        return {method: route.pattern for method, route in provider.match(path).items()}

    every = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"), "/v1/*")
    assert labels(b"/v1/models") == every | {"GET": "/v1/models"}
    assert labels(b"/v1/models/m") == every | {
        "GET": "/v1/models/{model}", "DELETE": "/v1/models/{model}", "POST": "/v1/models/*",
    }  # fmt: skip
    assert provider.match(b"/v1/models/m")["POST"].creates
    assert labels(b"/v1/models/m/n") == labels(b"/v1/models/m")
    assert labels(b"/v2/x/y") == {"GET": "/v2/x/{a}", "POST": "/v2/{b}/y"}
    assert labels(b"/v2/x/z") == {"GET": "/v2/x/{a}"}
    assert labels(b"/v2/z/y") == {"POST": "/v2/{b}/y"}
    assert labels(b"/v2") == {}
