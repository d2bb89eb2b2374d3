"""What other rooms' failures are called in the ledger, and what the client is told of them."""

from __future__ import annotations

import pytest

from models.entry import Outcome
from proxy import errors
from proxy.failures import of_database, of_limits, of_upstream, outcome
from proxy.headers import field_list, value_of
from proxy.limits.store import Claim, Dimension, LimitExceeded, LimitsUnavailable, Remaining
from proxy.upstream.errors import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimedOut,
    ProtocolViolation,
    TimedOut,
    UpstreamError,
)


@pytest.mark.parametrize(
    ("error", "before", "after", "code"),
    [
        (TimedOut("x"), "timeout", "timeout", "upstream_timeout"),
        (ConnectTimedOut("x"), "timeout", "timeout", "upstream_timeout"),
        (ConnectFailed("No connection."), "upstream_unreachable", None, "upstream_unreachable"),
        (ConnectionLost("x"), "upstream_unreachable", "upstream_broke", "upstream_unreachable"),
        (
            ProtocolViolation("x"),
            "upstream_broke",
            "upstream_broke",
            "upstream_protocol_error",
        ),
    ],
)
def test_an_upstreams_failure(
    error: UpstreamError, before: Outcome, after: Outcome | None, code: str
) -> None:
    assert outcome(error, answered=False) == before
    if after is not None:
        assert outcome(error, answered=True) == after
    assert of_upstream(error).code == code


def test_what_cannot_be_decided_may_be_tried_again_soon() -> None:
    for refused in (of_database("The token"), of_limits(LimitsUnavailable())):
        assert (refused.code, refused.retry_after) == ("database_unavailable", 1.0)
        assert refused.message.endswith("cannot be checked right now.")


def test_a_refusal_has_the_reason_phrase_of_its_status() -> None:
    assert errors.RequestTooLarge.reason == b"Content Too Large"
    assert errors.LimitsUndecided.reason == b"Service Unavailable"


@pytest.mark.parametrize(
    ("exceeded", "kind", "retry_after", "says"),
    [
        (
            LimitExceeded(Claim("t:1", "requests", 5), None, Remaining(5, 0, 0)),
            errors.QuotaExceeded,
            None,
            "All requests of this token",
        ),
        (
            LimitExceeded(Claim("t:1", "rate", 60), 1.5, Remaining(60, 0, 30)),
            errors.RateLimitExceeded,
            1.5,
            "The token's limit of requests per minute",
        ),
        (
            LimitExceeded(Claim("p:1", "slots", 2), None, Remaining(2, 0, 0)),
            errors.RateLimitExceeded,
            1.0,
            "The project's limit of parallel requests",
        ),
    ],
)
def test_what_a_client_is_told_about_its_limits(
    exceeded: LimitExceeded, kind: type[errors.Refusal], retry_after: float | None, says: str
) -> None:
    refused = of_limits(exceeded)
    assert type(refused) is kind
    assert refused.retry_after == retry_after
    assert refused.message.startswith(says)
    assert value_of(field_list(refused.lines), b"x-ratelimit-remaining-requests") == b"0"


@pytest.mark.parametrize(
    ("key", "dimension", "says"),
    [
        ("t:1/slow lane", "rate", "The token's limit of requests per minute by its policy 'slow"),
        ("p:1/slow lane", "slots", "The project's limit of parallel requests by its policy 'slow"),
        ("p:1/slow lane", "requests", "All requests of the project's policy 'slow lane'"),
    ],
)
def test_a_policy_that_refuses_is_named(key: str, dimension: Dimension, says: str) -> None:
    refused = of_limits(LimitExceeded(Claim(key, dimension, 1), 1.0, Remaining(1, 0, 1.0)))
    assert refused.message.startswith(says)
    assert refused.details == {"policy": "slow lane"}
