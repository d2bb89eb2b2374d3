"""Lists of endpoints as tokens and projects have them, and what a project adds by hand."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from pydantic import TypeAdapter, ValidationError

from models.endpoint_rules import (
    EXTRA_MAX,
    EndpointList,
    Extra,
    ExtraEndpoint,
    ExtraEndpoints,
    entry_for,
    parse_path,
    stored,
)

EXTRA: Final[TypeAdapter[list[ExtraEndpoint]]] = TypeAdapter(ExtraEndpoints)


@pytest.mark.parametrize(
    ("entry", "method", "path", "pattern", "allowed"),
    [
        ("/v1/models", "GET", "/v1/models", "/v1/models", True),
        ("POST /v1/models", "GET", "/v1/models", "/v1/models", False),
        ("/v1/responses/*", "GET", "/v1/responses/a/b", "/v1/responses/{x}/b", True),
        ("* /v1/responses/*", "GET", "/v1/responses/a", "/v1/responses/{x}", True),
        # With braces it is one line, and none that is more literal.
        ("/v1/responses/{id}", "GET", "/v1/responses/a", "/v1/responses/{response_id}", True),
        ("/v1/responses/{id}", "GET", "/v1/responses/a/b", "/v1/responses/{response_id}/b", False),
        ("GET /v1/responses/{id}", "POST", "/v1/responses/a", "/v1/responses/{x}", False),
        ("GET /v1/responses/{id}", "GET", "/v1/responses/a", "/v1/responses/{x}", True),
        ("* /v1/responses/{id}", "PUT", "/v1/responses/a", "/v1/responses/{x}", True),
        ("/v1/models/{model}", "GET", "/v1/models/a/b", "/v1/models/{model}", True),
        ("/v1/m/{m}:run", "POST", "/v1/m/a:run", "/v1/m/{model}:run", True),
        ("/v1/m/{m}:run", "POST", "/v1/m/a:go", "/v1/m/{model}:go", False),
        ("/v1/images/{*}", "POST", "/v1/images/a/b", "/v1/images/*", True),
        ("/v1/images/{*}", "POST", "/v1/images/edits", "/v1/images/edits", False),
    ],
)
def test_what_an_entry_allows(
    entry: str, method: str, path: str, pattern: str, allowed: bool
) -> None:
    for entries in ([entry], ["/none", entry], ["/none/{x}", entry]):
        listed = EndpointList.of(entries)
        assert listed is not None
        assert listed.allows(method, path, pattern) is allowed


def test_no_list_is_no_limit() -> None:
    assert EndpointList.of(None) is None


@pytest.mark.parametrize(
    ("method", "pattern", "entry"),
    [
        ("POST", "/v1/embeddings", "POST /v1/embeddings"),
        ("*", "/v1/files/{file_id}", "/v1/files/{file_id}"),
        ("*", "/v1/images/*", "/v1/images/{*}"),
        ("GET", "/v1/x/{y}/*", "GET /v1/x/{y}/{*}"),
    ],
)
def test_a_line_has_an_entry_of_its_own(method: str, pattern: str, entry: str) -> None:
    assert entry_for(method, pattern) == entry
    listed = EndpointList.of([entry])
    assert listed is not None
    asked = "PUT" if method == "*" else method
    assert listed.allows(asked, pattern, pattern)


GOOD: Final = ("/v1/rerank", "/v1/score/{name}", "/v2/{a}:run/*", "/v1/a.b~c/{model}")
BAD: Final = (
    "", "/", "v1/x", "/v1//x", "/v1/", "/v1/../x", "/v1/./x", "/*", "/{x}/y", "/v1/a b", "/v1/x?y",
    "/v1/%2e", "/v1/{X}", "/v1/{x}{y}", "/v1/a{x}", "/v1/*/x", "/v1/x*", "/admin/x", "/admin",
    "/manage/tokens", "/health", "/ready", "/metrics", "/oauth/token", "/leaks/x", "/v1/oauth",
    "/v1/oauth/*", "/v1/llm-proxy/token", "/v1/x\n", "/v1/é", "/..", "/v1/{x}/..",
)  # fmt: skip


@pytest.mark.parametrize("path", [*GOOD, *BAD])
def test_the_document_says_which_paths_are_taken(path: str) -> None:
    pattern = ExtraEndpoint.model_json_schema()["properties"]["path"]["pattern"]
    if path in GOOD:
        assert parse_path(path) == path
        assert re.search(pattern, path)
        return
    with pytest.raises(ValueError, match=r"."):
        parse_path(path)
    # In ECMA's expressions $ is the end alone.
    assert not re.search(f"{pattern[:-1]}\\Z", path)


@pytest.mark.parametrize(
    "wrong",
    [
        [{"method": "TRACE", "path": "/v1/x"}],
        [{"method": "get", "path": "/v1/x"}],
        [{"path": "/v1/x"}],
        [{"method": "GET"}],
        [{"method": "GET", "path": "/v1/x", "usage": "all"}],
        [{"method": "GET", "path": "/v1/x", "more": 1}],
        [{"method": "GET", "path": f"/v1/{'x' * 300}"}],
        [{"method": "GET", "path": "/v1/{a}"}, {"method": "GET", "path": "/v1/{b}"}],
        [{"method": "GET", "path": f"/v1/{n}"} for n in range(EXTRA_MAX + 1)],
        ["GET /v1/x"],
        {"method": "GET", "path": "/v1/x"},
    ],
)
def test_what_is_no_list_of_extra_endpoints(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        EXTRA.validate_python(wrong)


def test_what_is_stored_is_read_back_by_the_data_path() -> None:
    given = EXTRA.validate_python(
        [{"method": "POST", "path": "/v1/x"}, {"method": "*", "path": "/v1/y", "usage": "free"}]
    )
    kept = stored(given)
    assert Extra.all_of(kept) == (Extra("POST", "/v1/x", "generic"), Extra("*", "/v1/y", "free"))
    assert EXTRA.validate_python(kept) == given
    assert (stored([]), stored(None), Extra.all_of(None)) == (None, None, ())
