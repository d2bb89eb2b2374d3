"""Which requests are for the account alone that the token always has."""

from __future__ import annotations

import pytest

from proxy.accounts.naming import stays
from proxy.providers.catalog import BUILT_IN


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("POST", "/v1/chat/completions", b"{}", False),
        ("POST", "/v1/responses", b'{"input":"x"}', False),
        ("POST", "/v1/responses", b'{"previous_response_id":"resp_1"}', True),
        ("POST", "/v1/responses", b'{"tools":[{"vector_store_ids":["vs_1"]}]}', True),
        ("POST", "/v1/batches", b"{}", True),
        ("POST", "/v1/files", b"", True),
        ("GET", "/v1/files", b"", True),
        ("GET", "/v1/responses/resp_1", b"", True),
        ("POST", "/v1/responses/resp_1/cancel", b"", True),
        ("GET", "/v1/models", b"", False),
        ("GET", "/v1/models/gpt-4o", b"", False),
        ("POST", "/v1/embeddings", b"{}", False),
    ],
)
def test_a_request_stays(method: str, path: str, body: bytes, answer: bool) -> None:
    route = BUILT_IN["openai"].match(path.encode())[method]
    assert stays(route, method, (body,) if body else ()) is answer


def test_a_member_that_is_cut_by_pieces_is_found() -> None:
    route = BUILT_IN["openai"].match(b"/v1/responses")["POST"]
    assert stays(route, "POST", (b'{"previous_resp', b'onse_id":"r"}'))
