"""Heads for the client, sans-io: the upstream's with the proxy's fields, or a refusal's."""

from __future__ import annotations

import math
from functools import lru_cache
from time import perf_counter
from typing import Final

from proxy import budget_refusals, errors
from proxy.access.authorization import check_origin
from proxy.downstream import RequestHead, ResponseHead
from proxy.exchange import Exchange, whole
from proxy.failures import rate_lines
from proxy.header_rules import for_downstream
from proxy.headers import RawHeaders, wire_lines, without
from proxy.limits.store import Reservation
from proxy.providers.error_shapes import (
    ErrorShape,
    error_body,
    error_lines,
    likely_shape,
    retry_lines,
)
from proxy.providers.provider import Provider
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead


def response_head(
    exchange: Exchange, head: UpstreamHead, transform: AnswerTransform, reservation: Reservation
) -> ResponseHead:
    """The upstream's response head as the client gets it behind a transform."""
    pattern, length = head.pattern, head.content_length
    if pattern is not None:
        block, tells_limits = head.block, pattern.tells_limits
    else:
        lines = head.lines or head.read()
        block, tells_limits = lines.block, lines.tells_limits
    if transform.withholds and (length is not None or len(transform.voids) > 1):
        # Bytes may be kept back, so that what it says of them all would be wrong.
        block = wire_lines(without(for_downstream(head.headers), *transform.voids))
        length = None
    grant = exchange.grant
    if grant is not None and grant.origins is not None and b"access-control-" in block.lower():
        block = _without_theirs(exchange, head, transform, length)
    remaining = reservation.remaining
    if remaining is not None and not tells_limits:
        block += rate_lines(remaining)
    if reservation.budgets:
        block += budget_refusals.lines(reservation.budgets, reservation.left, block)
    block = _with_ours(block, exchange)
    if exchange.cache_lines:
        block += exchange.cache_lines
    return ResponseHead(head.status, head.reason, block, length)


def _without_theirs(
    exchange: Exchange, head: UpstreamHead, transform: AnswerTransform, length: int | None
) -> bytes:
    """The lines that cross, without the upstream's word on which pages may read the answer where
    the project has the say: a browser shows its page no answer that names two origins."""
    voids = transform.voids if length is None and transform.withholds else ()
    theirs = _CORS if _page_of(exchange) is not None else ()
    return wire_lines(without(for_downstream(head.headers), *voids, *theirs))


def interim_headers(head: UpstreamHead) -> RawHeaders:
    """An interim response's fields, as the client gets them."""
    return for_downstream(head.headers)


def refusal(
    exchange: Exchange,
    provider: Provider | None,
    refused: errors.Refusal,
    readable_by: bytes | None = None,
) -> tuple[ResponseHead, bytes]:
    """A refusal in the shape that the provider's SDKs expect.

    `readable_by` is the browser's origin that may read it, where no grant says which may.
    """
    kind, message, param = type(refused), refused.message, refused.param
    shape = likely_shape_of(exchange.head) if provider is None else provider.error_shape
    is_plain = not refused.details and refused.retry == kind.retry
    # What a middleware says of a status and a code is not its kind's.
    is_plain = is_plain and kind is not errors.MiddlewareRefused
    if is_plain and len(message) + len(param or "") <= _REMEMBERED_CHARACTERS:
        # mypy takes the hash of a class for that of its instances.
        content, block = _remembered_refusal(shape, kind, message, param)  # type: ignore[arg-type]
    else:
        content, block = _refusal(shape, refused)
    block += refused.lines
    if refused.retry_after is not None:
        block += retry_lines(shape, max(1, math.ceil(refused.retry_after)))
    if not refused.retry:
        block += b"x-should-retry: false\r\n"
    if refused.status == 401:
        block += b"www-authenticate: Bearer\r\n"
    block = _with_ours(block, exchange)
    if readable_by is not None:
        block += _cors_lines(readable_by)
    return ResponseHead(refused.status, refused.reason, block, len(content)), content


def of_ours(exchange: Exchange, content: bytes) -> ResponseHead:
    """The head of an answer in JSON that the proxy gives itself, newer each time."""
    block = (
        b"content-type: application/json\r\ncontent-length: %d\r\ncache-control: no-store\r\n"
        % len(content)
    )
    return ResponseHead(200, b"OK", _with_ours(block, exchange), len(content))


def _refusal(shape: ErrorShape, refused: errors.Refusal) -> tuple[bytes, bytes]:
    """The body, and the lines that its kind and its text decide."""
    content = error_body(shape, refused)
    # Some error shapes have no place for `code`, and not every SDK shows the body's.
    return content, (
        b"content-type: application/json\r\ncontent-length: %d\r\nx-llm-proxy-error: %b\r\n"
        % (len(content), refused.code.encode("ascii"))
    ) + error_lines(shape, refused.status, retry=refused.retry)


def likely_shape_of(head: RequestHead) -> ErrorShape:
    """The shape that the client of a request expects whose provider is not known yet."""
    return likely_shape(head.target, with_google_key=bool(head.lines.value(b"x-goog-api-key")))


@lru_cache(maxsize=256)
def _remembered_refusal(
    shape: ErrorShape, kind: type[errors.Refusal], message: str, param: str | None
) -> tuple[bytes, bytes]:
    """A flood of refusals says the same again and again."""
    return _refusal(shape, kind(message, param=param))


_REMEMBERED_CHARACTERS: Final = 256
#: What a server says of pages on other origins; only `Vary` is of more than that.
_CORS: Final = (
    b"access-control-allow-origin",
    b"access-control-allow-credentials",
    b"access-control-allow-headers",
    b"access-control-allow-methods",
    b"access-control-expose-headers",
    b"access-control-max-age",
)


def _with_ours(block: bytes, exchange: Exchange) -> bytes:
    """With the lines that the proxy adds to every answer."""
    ours = exchange.overhead
    if ours is None:
        ours = exchange.overhead_seconds(perf_counter())
    # From the request's way out to the first byte of the answer. `max` takes as long as all else.
    sent, first_byte = exchange.sent, exchange.first_byte
    theirs = first_byte - sent if sent and first_byte and first_byte > sent else 0.0
    # Tenths of milliseconds. To format a float takes as long as all else in these lines.
    proxy, upstream = whole(ours * 10_000.0 + 0.5), whole(theirs * 10_000.0 + 0.5)
    lines = b"".join(
        (
            block,
            b"x-llm-proxy-request-id: ",
            exchange.id.encode(),
            b"\r\nserver-timing: upstream;dur=",
            _TENTHS[upstream] if upstream < _SHORT else _milliseconds(upstream),
            b", proxy;dur=",
            _TENTHS[proxy] if proxy < _SHORT else _milliseconds(proxy),
            b"\r\n",
        )
    )
    if exchange.attempts and len(exchange.attempts) > 1:
        lines += b"x-llm-proxy-attempts: %d\r\n" % len(exchange.attempts)
    grant = exchange.grant
    if grant is None or grant.origins is None:
        return lines
    page = _page_of(exchange)
    return lines if page is None else lines + _cors_lines(page)


def _milliseconds(tenths: int) -> bytes:
    return b"%d.%d" % divmod(tenths, 10)


_SHORT: Final = 2_048
_TENTHS: Final = tuple(map(_milliseconds, range(_SHORT)))


def _page_of(exchange: Exchange) -> bytes | None:
    """The origin of the page that may read the answer; None where none asked, or may not."""
    grant = exchange.grant
    if grant is None:
        return None
    try:
        origin = check_origin(grant, exchange.head)
    except errors.OriginNotAllowed:
        return None
    return None if origin is None else origin.encode("latin-1")


def _cors_lines(origin: bytes) -> bytes:
    return (
        b"access-control-allow-origin: %b\r\naccess-control-expose-headers: *\r\n"
        b"vary: Origin\r\n" % origin
    )
