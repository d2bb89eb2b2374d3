"""Heads for the client, sans-io: the upstream's with the proxy's fields, or a refusal's."""

from __future__ import annotations

import math
from time import perf_counter

from proxy import errors
from proxy.access.authorization import check_origin
from proxy.downstream import ResponseHead
from proxy.exchange import Exchange
from proxy.failures import rate_headers
from proxy.header_rules import for_downstream
from proxy.headers import RawHeaders, wire_lines, without
from proxy.limits.store import Reservation
from proxy.providers.provider import Provider, error_body
from proxy.upstream.response import UpstreamHead
from proxy.usage.meter import Meter


def response_head(
    exchange: Exchange, head: UpstreamHead, meter: Meter, reservation: Reservation
) -> ResponseHead:
    """The upstream's response head as the client gets it."""
    lines = head.read()
    block, length = lines.block, head.content_length
    if length is not None and meter.withholds:
        # An event may be kept back, so the announced length would be wrong.
        block = wire_lines(without(for_downstream(head.headers), b"content-length"))
        length = None
    remaining = reservation.remaining
    if remaining is not None and not lines.tells_limits:
        block += wire_lines(rate_headers(remaining))
    return ResponseHead(head.status, head.reason, block + _proxy_lines(exchange), length)


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
        # Some error shapes have no place for `code`, and not every SDK shows the body's.
        (b"x-llm-proxy-error", refused.code.encode("ascii")),
        *refused.headers,
    ]
    if refused.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(refused.retry_after))))
    if not refused.retry:
        headers.append((b"x-should-retry", b"false"))
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    block = wire_lines(headers) + _proxy_lines(exchange)
    return ResponseHead(refused.status, refused.reason, block, len(content)), content


def _proxy_lines(exchange: Exchange) -> bytes:
    """What the proxy adds to every answer."""
    lines = (
        b"x-llm-proxy-request-id: %b\r\nserver-timing: upstream;dur=%.1f, proxy;dur=%.1f\r\n"
        % (
            exchange.id_text,
            exchange.upstream_seconds * 1000,
            exchange.overhead_seconds(exchange.started or perf_counter()) * 1000,
        )
    )
    grant = exchange.grant
    if grant is None or grant.origins is None:
        return lines
    try:
        origin = check_origin(grant, exchange.head)
    except errors.OriginNotAllowed:
        return lines
    if origin is None:
        return lines
    return lines + (
        b"access-control-allow-origin: %b\r\naccess-control-expose-headers: *\r\n"
        b"vary: Origin\r\n" % origin.encode("latin-1")
    )
