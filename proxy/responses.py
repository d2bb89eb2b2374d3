"""Heads that go to the client: the upstream's with our few additions, or a refusal's, sans-io."""

from __future__ import annotations

import math
from time import perf_counter

from proxy import errors
from proxy.access.authorization import check_origin
from proxy.downstream import ResponseHead
from proxy.exchange import Exchange
from proxy.header_rules import for_downstream
from proxy.headers import RawHeaders, value_of, without
from proxy.limits.store import LimitExceeded, Remaining, Reservation, scope_of
from proxy.providers.provider import Provider, error_body
from proxy.upstream.response import UpstreamHead
from proxy.usage.meter import Meter

_REASONS = {
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    413: b"Content Too Large",
    429: b"Too Many Requests",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
    508: b"Loop Detected",
}


def response_head(
    exchange: Exchange, head: UpstreamHead, meter: Meter, reservation: Reservation
) -> ResponseHead:
    """The upstream's response head as the client gets it."""
    headers = for_downstream(head.headers)
    length = head.content_length
    if length is not None and meter.withholds:
        # An event may be kept back, so the announced length would be wrong.
        headers = without(headers, b"content-length")
        length = None
    if reservation.remaining is not None:
        headers += _rate_headers(reservation.remaining, headers)
    _add_proxy_headers(headers, exchange)
    return ResponseHead(head.status, head.reason, headers, length)


def interim_headers(head: UpstreamHead) -> RawHeaders:
    """An interim response's fields, as the client gets them."""
    return for_downstream(head.headers)


def refusal(
    exchange: Exchange, provider: Provider, refused: errors.Refusal
) -> tuple[ResponseHead, bytes]:
    """A refusal in the shape that the provider's SDKs expect."""
    content = error_body(provider.error_shape, refused)
    headers: RawHeaders = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        # Some shapes have no place for our code, and not every SDK shows the body's.
        (b"x-llm-proxy-error", refused.code.encode("ascii")),
        *refused.headers,
    ]
    if refused.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(refused.retry_after))))
    if not refused.retry:
        headers.append((b"x-should-retry", b"false"))
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    _add_proxy_headers(headers, exchange)
    return ResponseHead(refused.status, _REASONS[refused.status], headers, len(content)), content


def limit_refusal(exceeded: LimitExceeded) -> errors.Refusal:
    """What the client is told about a limit that is used up."""
    headers = tuple(_rate_headers(exceeded.remaining, []))
    if exceeded.kind == "quota":
        return errors.QuotaExceeded("All requests of this token have been used.", headers=headers)
    what = "requests per minute" if exceeded.kind == "rate" else "parallel requests"
    return errors.RateLimitExceeded(
        f"The {scope_of(exceeded.key)}'s limit of {what} is used up.",
        retry_after=exceeded.retry_after or 1.0,
        headers=headers,
    )


def _rate_headers(remaining: Remaining, present: RawHeaders) -> RawHeaders:
    """`x-ratelimit-*`, unless the upstream sent its own."""
    if value_of(present, b"x-ratelimit-limit-requests") is not None:
        return []
    return [
        (b"x-ratelimit-limit-requests", b"%d" % remaining.limit),
        (b"x-ratelimit-remaining-requests", b"%d" % remaining.remaining),
        (b"x-ratelimit-reset-requests", b"%.1fs" % remaining.reset),
    ]


def _add_proxy_headers(headers: RawHeaders, exchange: Exchange) -> None:
    now = exchange.started or perf_counter()
    headers.append((b"x-llm-proxy-request-id", exchange.id_text))
    headers.append(
        (
            b"server-timing",
            b"upstream;dur=%.1f, proxy;dur=%.1f"
            % (exchange.upstream_seconds * 1000, exchange.overhead_seconds(now) * 1000),
        )
    )
    grant = exchange.grant
    if grant is None or grant.origins is None:
        return
    try:
        origin = check_origin(grant, exchange.head)
    except errors.OriginNotAllowed:
        return
    if origin is not None:
        headers += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", b"*"),
            (b"vary", b"Origin"),
        ]
