"""How long an account asks to be left alone, in each way in which upstreams say it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.accounts.retry_after import DEFAULT_REST_S, LONGEST_REST_S, rest_seconds

NOW = 1_790_000_000.0


def retry_info(delay: object) -> Any:
    kind = "type.googleapis.com/google.rpc.RetryInfo"
    return {"error": {"details": [{"@type": "x"}, {"@type": kind, "retryDelay": delay}]}}


@pytest.mark.parametrize(
    ("fields", "body", "seconds"),
    [
        ({}, None, DEFAULT_REST_S),
        ({"Retry-After": "7"}, None, 7),
        ({"retry-after": "1.5"}, None, 1.5),
        ({"Retry-After": "Mon, 21 Sep 2026 14:13:30 GMT"}, None, 10),
        ({"llm_provider-retry-after": "9"}, None, 9),
        ({"retry-after-ms": "250"}, None, 0.25),
        ({"x-amz-retry-after": "1500"}, None, 1.5),
        ({"x-ratelimit-reset-requests": "1m30.5s"}, None, 90.5),
        ({"x-ratelimit-reset-tokens": "20ms"}, None, 0.02),
        ({"x-ratelimit-reset": "1790000012"}, None, 12),
        ({"x-ratelimit-reset": "12"}, None, 12),
        ({}, retry_info("45.5s"), 45.5),
        # Of an endpoint that streams.
        ({}, [retry_info("45.5s")], 45.5),
        # The least of all.
        ({"Retry-After": "60", "x-ratelimit-reset-tokens": "6m0s"}, retry_info("40s"), 40),
        # At most ten minutes, and nothing of the past.
        ({"Retry-After": "86400"}, None, LONGEST_REST_S),
        ({"x-ratelimit-reset": "1780000000"}, None, 0),
        # What cannot be read says nothing.
        ({"Retry-After": "soon"}, None, DEFAULT_REST_S),
        ({"Retry-After": "-5"}, None, DEFAULT_REST_S),
        ({"Retry-After": "9" * 65}, None, DEFAULT_REST_S),
        ({"x-ratelimit-reset-tokens": "1m soon"}, None, DEFAULT_REST_S),
        ({"x-ratelimit-reset-tokens": "m"}, None, DEFAULT_REST_S),
        ({"retry-after-ms": "soon"}, None, DEFAULT_REST_S),
        ({}, retry_info(45), DEFAULT_REST_S),
        ({}, retry_info("é1s"), DEFAULT_REST_S),
        ({}, [1], DEFAULT_REST_S),
        ({}, {"error": {"details": 5}}, DEFAULT_REST_S),
    ],
)
def test_the_wait_is_read(fields: dict[str, str], body: Any, seconds: float) -> None:
    headers = [(name.encode(), value.encode("utf-8")) for name, value in fields.items()]
    assert rest_seconds(headers, body, NOW) == pytest.approx(seconds)
