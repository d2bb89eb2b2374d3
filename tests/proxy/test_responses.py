"""Heads that go to the client: the upstream's with our few additions, or a refusal's."""

from __future__ import annotations

import json
import re
from uuid import UUID

import pytest

from proxy import errors
from proxy.exchange import Exchange
from proxy.failures import rate_lines
from proxy.headers import RawHeaders, value_of
from proxy.limits.store import Remaining, Reservation, claims_on
from proxy.responses import interim_headers, refusal, response_head
from proxy.transforms import AS_IT_IS
from proxy.upstream.heads import UpstreamHead
from proxy.usage.meter import meter_for
from tests.proxy.rows import ANTHROPIC, OPENAI, a_grant, a_request, an_exchange

UNLIMITED = Reservation((), None, None)
EVENTS: RawHeaders = [(b"Content-Type", b"text/event-stream")]


@pytest.fixture
async def exchange() -> Exchange:
    """An exchange belongs to the task that runs it."""
    return an_exchange(a_request())


def ours(headers: RawHeaders) -> list[bytes]:
    return [name for name, _ in headers]


async def test_the_upstreams_head_gains_two_lines(exchange: Exchange) -> None:
    fields = [
        (b"X-One", b"1"),
        (b"Content-Length", b"5"),
        (b"x-one", b"2"),
        (b"Set-Cookie", b"a=b"),
    ]
    upstream = UpstreamHead(201, b"Made Up", fields, 5)
    head = response_head(exchange, upstream, meter_for([], asked_for_usage=False), UNLIMITED)
    assert (head.status, head.reason, head.content_length) == (201, b"Made Up", 5)
    assert head.headers[:3] == fields[:3]
    assert ours(head.headers[3:]) == [b"x-llm-proxy-request-id", b"server-timing"]
    assert str(UUID(head.headers[3][1].decode())) == exchange.id
    assert re.fullmatch(rb"upstream;dur=\d+\.\d, proxy;dur=\d+\.\d", head.headers[4][1])


@pytest.mark.parametrize("asked", [False, True])
async def test_a_length_that_withholding_would_change_is_not_announced(
    exchange: Exchange, asked: bool
) -> None:
    upstream = UpstreamHead(200, b"OK", [*EVENTS, (b"Content-LENGTH", b"9")], 9)
    meter = meter_for(upstream.headers, asked_for_usage=asked)
    head = response_head(exchange, upstream, meter, UNLIMITED)
    assert head.content_length == (None if asked else 9)
    assert (value_of(head.headers, b"content-length") is None) is asked


@pytest.mark.parametrize(
    ("reset", "told"), [(0.0, b"0.0"), (0.06, b"0.1"), (59.94, b"59.9"), (59.96, b"60.0")]
)
def test_seconds_are_told_in_tenths(reset: float, told: bytes) -> None:
    assert rate_lines(Remaining(60, 59, reset)).splitlines()[2].endswith(b": %bs" % told)


@pytest.mark.parametrize("sends_its_own", [False, True])
async def test_rate_limits_are_told_where_the_upstream_does_not(
    exchange: Exchange, sends_its_own: bool
) -> None:
    own = [(b"X-RateLimit-Limit-Requests", b"500")] if sends_its_own else []
    reservation = Reservation(
        claims_on("t:1", requests_per_minute=60), None, Remaining(60, 59, 1.23)
    )
    upstream = UpstreamHead(200, b"OK", own, 0)
    head = response_head(exchange, upstream, meter_for([], asked_for_usage=False), reservation)
    assert value_of(head.headers, b"x-ratelimit-limit-requests") == (
        b"500" if sends_its_own else b"60"
    )
    remaining = value_of(head.headers, b"x-ratelimit-remaining-requests")
    reset = value_of(head.headers, b"x-ratelimit-reset-requests")
    assert (remaining, reset) == ((None, None) if sends_its_own else (b"59", b"1.2s"))


@pytest.mark.parametrize(
    ("origins", "origin", "told"),
    [
        (("https://a.example",), "https://a.example", True),
        (("https://a.example",), "https://b.example", False),
        (("https://a.example",), None, False),
        (None, "https://a.example", False),
    ],
)
async def test_cors_fields_are_for_listed_origins(
    origins: tuple[str, ...] | None, origin: str | None, told: bool
) -> None:
    fields = () if origin is None else (f"origin: {origin}",)
    exchange = an_exchange(a_request("GET", "/v1/models", *fields))
    exchange.grant = a_grant(allowed_origins=origins)
    upstream = UpstreamHead(200, b"OK", [], 0)
    head = response_head(exchange, upstream, meter_for([], asked_for_usage=False), UNLIMITED)
    allowed = value_of(head.headers, b"access-control-allow-origin")
    assert allowed == (origin.encode() if told and origin else None)
    assert (value_of(head.headers, b"vary") == b"Origin") is told


@pytest.mark.parametrize(
    ("origins", "origin", "replaced"),
    [
        (("https://a.example",), "https://a.example", True),
        (("https://a.example",), None, False),
        (None, "https://a.example", False),
    ],
)
@pytest.mark.parametrize("length", [0, None])
async def test_a_page_is_told_one_origin_where_the_upstream_names_its_own(
    origins: tuple[str, ...] | None, origin: str | None, replaced: bool, length: int | None
) -> None:
    fields = () if origin is None else (f"origin: {origin}",)
    exchange = an_exchange(a_request("GET", "/v1/models", *fields))
    exchange.grant = a_grant(allowed_origins=origins)
    theirs = [
        (b"Access-Control-Allow-Origin", b"*"),
        (b"access-control-allow-credentials", b"true"),
        (b"Access-Control-Expose-Headers", b"X-Request-ID"),
        (b"Vary", b"Accept"),
        (b"Connection", b"x-hop"),
        (b"X-Hop", b"1"),
    ]
    upstream = UpstreamHead(200, b"OK", theirs, length)
    head = response_head(exchange, upstream, meter_for([], asked_for_usage=False), UNLIMITED)
    told = [(name.lower(), value) for name, value in head.headers if name != b"server-timing"]
    ours = [
        (b"access-control-allow-origin", b"https://a.example"),
        (b"access-control-expose-headers", b"*"),
        (b"vary", b"Origin"),
    ]
    kept = [(b"vary", b"Accept"), *ours] if replaced else [(n.lower(), v) for n, v in theirs[:4]]
    assert [field for field in told if field[0] != b"x-llm-proxy-request-id"] == kept


async def test_interim_fields_are_clean_and_gain_nothing() -> None:
    fields = [(b"Link", b"</a>"), (b"Connection", b"x-b"), (b"X-B", b"1"), (b"Set-Cookie", b"a")]
    assert interim_headers(UpstreamHead(103, b"", fields, None)) == [(b"Link", b"</a>")]


@pytest.mark.parametrize(
    ("refused", "present", "absent"),
    [
        (
            errors.MissingToken("m"),
            {b"www-authenticate": b"Bearer", b"x-should-retry": b"false"},
            [b"retry-after"],
        ),
        (
            errors.MethodNotAllowed("m", lines=b"allow: GET\r\n"),
            {b"allow": b"GET", b"x-should-retry": b"false"},
            [b"www-authenticate"],
        ),
        (errors.Overloaded("m", retry_after=0.2), {b"retry-after": b"1"}, [b"x-should-retry"]),
        (errors.Overloaded("m", retry_after=59.5), {b"retry-after": b"60"}, [b"x-should-retry"]),
        (errors.NoUpstreamKey("m"), {b"x-should-retry": b"false"}, [b"retry-after"]),
        (errors.UpstreamTimeout("m"), {}, [b"retry-after", b"x-should-retry"]),
    ],
)
async def test_what_a_refusal_tells_beside_its_body(
    exchange: Exchange, refused: errors.Refusal, present: dict[bytes, bytes], absent: list[bytes]
) -> None:
    head, content = refusal(exchange, OPENAI, refused)
    assert head.status == refused.status
    assert head.reason
    assert head.content_length == len(content)
    assert value_of(head.headers, b"content-length") == b"%d" % len(content)
    assert {name: value_of(head.headers, name) for name in present} == present
    assert [name for name in absent if value_of(head.headers, name) is not None] == []
    assert value_of(head.headers, b"x-llm-proxy-request-id") == str(exchange.id).encode()
    assert value_of(head.headers, b"x-llm-proxy-error") == refused.code.encode()


async def test_details_and_no_use_in_a_retry_are_of_one_refusal_alone(exchange: Exchange) -> None:
    plain = errors.RateLimitExceeded("m")
    told = errors.RateLimitExceeded("m", details={"policy": "images"})
    final = errors.RateLimitExceeded("m")
    final.retry = False
    said = [refusal(exchange, OPENAI, one) for one in (plain, told, final, plain)]
    assert ["policy" in json.loads(body)["error"] for _, body in said] == [
        False, True, False, False,
    ]  # fmt: skip
    retries = [value_of(head.headers, b"x-should-retry") for head, _ in said]
    assert retries == [None, None, b"false", None]


async def test_a_refusal_has_its_providers_shape(exchange: Exchange) -> None:
    bodies = [
        json.loads(refusal(exchange, provider, errors.TokenExpired("Too late."))[1])
        for provider in (OPENAI, ANTHROPIC)
    ]
    assert [set(body) for body in bodies] == [{"error"}, {"type", "error"}]
    assert {body["error"]["code"] for body in bodies} == {"token_expired"}


async def test_times_are_told_to_a_tenth_of_a_millisecond(exchange: Exchange) -> None:
    for seconds in (0.0, 0.00004, 0.00006, 0.0123, 0.2047, 0.20479, 0.2048, 1.5, 61.23456):
        exchange.overhead, exchange.sent = seconds, 2.0**-20
        exchange.first_byte = exchange.sent + seconds
        head = response_head(exchange, UpstreamHead(200, b"OK", [], 0), AS_IT_IS, UNLIMITED)
        told = b"%.1f" % (seconds * 1000)
        timing = value_of(head.headers, b"server-timing")
        assert timing == b"upstream;dur=%b, proxy;dur=%b" % (told, told)


async def test_an_answer_that_began_before_its_request_went_out_took_no_time(
    exchange: Exchange,
) -> None:
    exchange.sent, exchange.first_byte, exchange.overhead = 2.0, 1.0, 0.0
    head = response_head(exchange, UpstreamHead(200, b"OK", [], 0), AS_IT_IS, UNLIMITED)
    assert value_of(head.headers, b"server-timing") == b"upstream;dur=0.0, proxy;dur=0.0"


async def test_an_answer_that_begins_whole_has_the_times_of_any_other(exchange: Exchange) -> None:
    for sent in (None, exchange.began - 1, exchange.began + 0.25):
        exchange.sent, exchange.body_wait, exchange.overhead = sent, 0.125, None
        exchange.begins_whole(201, 7)
        assert (exchange.status, exchange.bytes_out) == (201, 7)
        assert exchange.started is not None
        assert exchange.first_byte == exchange.started
        told, exchange.overhead = exchange.overhead, None
        assert told == pytest.approx(exchange.overhead_seconds(exchange.started))
