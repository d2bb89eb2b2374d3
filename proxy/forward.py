"""Sending a request upstream: its head, its body, and the one repetition that is safe."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final

import msgspec

from proxy import errors, hops
from proxy.downstream import Downstream, RequestHead
from proxy.exchange import Exchange
from proxy.header_rules import for_upstream, trailers_for_upstream
from proxy.headers import RawHeaders, wire_lines, with_value
from proxy.providers.field_rules import FieldRules
from proxy.transforms import RequestTransform
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import ConnectionLost
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.pool import Pool
from proxy.upstream.source import ResponseSource
from proxy.upstream.target import Presented, Target, Unsigned

if TYPE_CHECKING:
    from proxy.decided import Ready


class Outgoing(msgspec.Struct, frozen=True):
    """A request, ready to be sent to whichever target an attempt has.

    `fields` are its header lines but for those that depend on the target. `body` holds what has
    been read of it, in pieces that are never joined, because a copy of a large body stops the loop;
    a piece that was written is taken out. `size` is how many bytes there were, `complete` says that
    this is all of it.
    """

    head: RequestHead
    fields: bytes
    body: deque[bytes]
    size: int
    complete: bool
    chunked: bool
    target: bytes = b""
    """Path and query, where they are not as the client sent them."""
    others: dict[str, bytes] | None = None
    """The header lines for accounts of other providers than the project's, by their names."""


def in_pieces(request: Outgoing | Ready) -> Outgoing:
    """The same for whichever target."""
    if isinstance(request, Outgoing):
        return request
    return whole(request.head, request.body, None)


#: A body up to this size is copied behind the head.
_AT_ONCE_BYTES: Final = 32 * 1024
#: What is handed to the transport at a time, and how often before others have their turn.
_SLICE_BYTES: Final = 64 * 1024
_SLICES_IN_A_TURN: Final = 16


def outgoing(
    head: RequestHead,
    body: tuple[bytes, ...],
    *,
    complete: bool,
    transform: RequestTransform | None = None,
    rules: FieldRules | None = None,
    others: Sequence[tuple[str, FieldRules | None]] = (),
) -> Outgoing:
    """Put together what is the same for every attempt: the client's lines and its body.

    A `transform` may replace the body, whose length is then ours to state. `rules` are what the
    provider says of header fields, `others` what those of other accounts say, by name.
    """
    chunked = head.content_length is None
    if transform is not None and transform.body is not None:
        body = transform.body
    size = sum(map(len, body))
    lines = _lines(head, transform, rules, size)
    by_name = {name: _lines(head, transform, one, size) for name, one in others} if others else None
    return Outgoing(head, lines, deque(body), size, complete, chunked, others=by_name)


def _lines(
    head: RequestHead, transform: RequestTransform | None, rules: FieldRules | None, size: int
) -> bytes:
    if transform is None:
        if rules is None:
            return head.lines.crossing
        return wire_lines(rules.for_upstream(head.headers))
    kept = for_upstream if rules is None else rules.for_upstream
    headers = transform.headers(kept(head.headers))
    if transform.body is not None and head.content_length is not None:
        headers = with_value(headers, b"content-length", b"%d" % size)
    return wire_lines(headers)


def whole(
    head: RequestHead,
    body: bytes,
    rules: FieldRules | None,
    others: Sequence[tuple[str, FieldRules | None]] = (),
) -> Outgoing:
    """The same of a small body that goes as it came, with a length."""
    if rules is not None or others:
        return outgoing(head, (body,), complete=True, rules=rules, others=others)
    return Outgoing(head, head.lines.crossing, deque((body,)), len(body), True, False)


def head_for(request: Outgoing, target: Target, presented: Presented | None = None) -> bytes:
    """The request's head for one target: its host and prefix, and the key that it takes.

    `presented` is the request as the target's presenter made it, where it has one.
    """
    if presented is None:
        path, fields = (
            target.address.path_for(request.target or request.head.target),
            request.fields,
        )
    else:
        path, fields = presented
    begin, end = around_lines(request.head, target, path, chunked=request.chunked)
    return b"".join((begin, fields, end))


def around_lines(
    head: RequestHead, target: Target, path: bytes, *, chunked: bool = False
) -> tuple[bytes, bytes]:
    """What stands in the request's head before the client's lines and behind them; `path` is the
    upstream's, with the query."""
    address = target.address
    begin = (
        head.method.encode("ascii"),
        b" ",
        path,
        b" HTTP/1.1\r\nHost: ",
        address.host_header,
        b"\r\n",
    )
    end = (
        hops.line(head.hops, address.origin),
        target.credential,
        b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"\r\n",
    )
    return b"".join(begin), b"".join(end)


def _measured(request: Outgoing) -> Outgoing:
    """The same with a length, where a body that came in chunks is here whole: what is signed
    goes up as the clients of AWS send it."""
    if not request.chunked or not request.complete:
        return request
    fields = request.fields + b"Content-Length: %d\r\n" % request.size
    return msgspec.structs.replace(request, fields=fields, chunked=False)


def _unsigned(request: Outgoing, target: Target) -> Unsigned:
    head, address = request.head, target.address
    return Unsigned(
        head.method,
        address,
        address.path_for(request.target or head.target),
        request.fields,
        request.body,
        request.complete,
    )


async def send(
    request: Outgoing | Ready,
    choose: Callable[[], Target],
    downstream: Downstream,
    pool: Pool,
    exchange: Exchange,
    *,
    first_byte: float | None = None,
) -> tuple[ResponseSource, UpstreamHead]:
    """Send the request and wait for the first response head, interim or final.

    `choose` is asked at each attempt where it goes. Raises an `upstream.errors.UpstreamError`, or
    the refusal that the client's own body earned or that `choose` raises. A kept connection found
    dead before anything was written is replaced silently; a GET or HEAD that dies before any answer
    is repeated once on a fresh one; nothing else ever is. `first_byte` is for how many seconds an
    answer is waited for, where that is less than for others.
    """
    request = in_pieces(request)
    method = request.head.method
    for fresh in (False, True):
        target = exchange.target = choose()
        presented = None
        if target.presenter is not None:
            if target.signs_body:
                request = _measured(request)
            presented = await target.presenter.present(_unsigned(request, target))
        origin = target.address.origin
        connection = (None if fresh else pool.take(origin, method)) or await pool.acquire(
            origin, method, fresh=fresh
        )
        sent_before = exchange.sent
        if first_byte is not None:
            connection.answer_within(first_byte)
        try:
            exchange.sent = perf_counter()
            _begin(request, head_for(request, target, presented), downstream, connection, exchange)
            return connection, await connection.head()
        except ConnectionLost as lost:
            connection.close()
            refusal = _of_upload(connection)
            connection.release()
            if refusal is not None:
                raise refusal from None
            if not connection.written:
                # The attempt before may have written something: then the request counts.
                exchange.sent = sent_before
                lost.unsent = True
            may_repeat = not connection.written or _repeatable(method, request)
            if fresh or connection.received or not may_repeat:
                raise
        except BaseException:
            connection.close()
            connection.release()
            raise
    raise AssertionError("the second attempt returns or raises")


def _repeatable(method: str, request: Outgoing) -> bool:
    return method in ("GET", "HEAD") and request.complete and not request.size


def _begin(
    request: Outgoing,
    head: bytes,
    downstream: Downstream,
    connection: UpstreamConnection,
    exchange: Exchange,
) -> None:
    """Write the head and a small body; a larger one follows in a task of its own."""
    if request.complete and request.size <= _AT_ONCE_BYTES:
        # Most bodies are one small piece, and one write costs less than two.
        body = b"".join(request.body)
        if request.chunked:
            body = _framed(body, request.chunked, last=True)
        connection.write_whole(head + body)
        request.body.clear()
        if exchange.kept is not None:
            exchange.kept.end()
        return
    connection.write(head)
    connection.upload = asyncio.get_running_loop().create_task(
        _upload(request, downstream, connection, exchange), name="upload"
    )


def _drop_body(request: Outgoing, exchange: Exchange) -> None:
    """Free what is kept of the body, since the answer to it may run for an hour."""
    request.body.clear()
    if exchange.kept is not None:
        exchange.kept.end()


async def _upload(
    request: Outgoing, downstream: Downstream, connection: UpstreamConnection, exchange: Exchange
) -> None:
    """Send the rest of the body. A failure closes the upstream's connection, so that the task that
    waits for its answer learns of it."""
    chunked = request.chunked
    try:
        await _send_kept(request, connection, exchange)
        _drop_body(request, exchange)
        if request.complete:
            if chunked:
                connection.write(_framed(b"", chunked, last=True))
            return
        while piece := await downstream.read():
            exchange.bytes_in += len(piece)
            connection.write(_framed(piece, chunked))
            await connection.drain()
            if exchange.passing is not None:
                await exchange.passing.take(piece)
                exchange.model = exchange.passing.model
        if chunked:
            connection.write(_framed(b"", chunked, last=True, trailers=downstream.trailers))
    except errors.Refusal:
        connection.close()
        raise


async def _send_kept(request: Outgoing, connection: UpstreamConnection, exchange: Exchange) -> None:
    """Send what has been read of the body, and free each slice once the upstream takes it."""
    slices = 0
    while request.body:
        piece = request.body.popleft()
        for start in range(0, len(piece), _SLICE_BYTES):
            part = piece[start : start + _SLICE_BYTES]
            connection.write(_framed(part, request.chunked))
            await connection.drain()
            if exchange.kept is not None:
                exchange.kept.give_back(len(part))
            slices += 1
            if slices % _SLICES_IN_A_TURN == 0:
                # `drain` does not wait for an upstream that keeps up: let other tasks run.
                await asyncio.sleep(0)


def _framed(
    piece: bytes, chunked: bool, *, last: bool = False, trailers: RawHeaders | None = None
) -> bytes:
    if not chunked:
        return piece
    framed = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    if last:
        fields = trailers_for_upstream(trailers) if trailers else []
        framed += b"0\r\n" + wire_lines(fields) + b"\r\n"
    return framed


def _of_upload(connection: UpstreamConnection) -> errors.Refusal | None:
    """What the client's own body has earned, where that is why the connection was closed."""
    upload = connection.upload
    if upload is None or not upload.done() or upload.cancelled():
        return None
    refusal = upload.exception()
    return refusal if isinstance(refusal, errors.Refusal) else None
