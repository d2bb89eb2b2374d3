"""An answer on its way to the client: its head, then its bytes as they come, metered."""

from __future__ import annotations

from time import perf_counter

from proxy import batch_results, caching, keepalive, model_lists, responses
from proxy.cache.answers import Found
from proxy.cache.sources import head_of
from proxy.downstream import Downstream
from proxy.exchange import Exchange
from proxy.limits.store import Reservation
from proxy.passing import Passing
from proxy.questions import Question
from proxy.transforms import AS_IT_IS, AnswerTransform, StreamTransform
from proxy.turns import Turns
from proxy.upstream.errors import ConnectionLost
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource
from proxy.usage.meter import SAY_THEIR_END, meter_of
from proxy.usage.usual import Reading


async def final_head(
    downstream: Downstream,
    source: ResponseSource,
    exchange: Exchange,
    head: UpstreamHead,
) -> UpstreamHead:
    """Pass on interim responses (RFC 9110 15.2) until the final one."""
    while head.status < 200:
        if head.status != 100:
            exchange.informed = True
            downstream.inform(head.status, head.reason, responses.interim_headers(head))
        head = await source.head()
    exchange.first_byte = perf_counter()
    return head


def answered(
    exchange: Exchange,
    head: UpstreamHead,
    asked: Question | None,
    add: keepalive.Add | None,
) -> AnswerTransform:
    """Note that the answer has begun; what it passes through: mostly what reads its usage.

    `add` has comments added to it, where they may be.
    """
    dialect = "none" if exchange.route is None else exchange.route.dialect
    exchange.status, exchange.started = head.status, (now := perf_counter())
    exchange.overhead = exchange.overhead_seconds(now)
    if exchange.found is not None:
        return AS_IT_IS if add is None else add(exchange, head, AS_IT_IS)
    if exchange.again is not None:
        exchange.again.end()
    # Where nothing else tells a cut from an end, a chat's last event does.
    watch = head.until_close and head.status == 200 and dialect in SAY_THEIR_END
    meter = exchange.meter = meter_of(
        head.lines or head.read(),
        asked_for_usage=asked is not None and asked.withholds,
        counted=exchange.counted,
        status=head.status,
        watch=watch,
        dialect=dialect,
    )
    if head.pattern is not None and exchange.method == "POST" and meter.reads_document:
        # What decides it is the same of all heads of the pattern: `passed_whole` need not look.
        head.pattern.documents.setdefault(dialect, Reading(dialect))
    listed = None
    if exchange.grant is not None and exchange.grant.models:
        listed = model_lists.filtering(exchange.grant, exchange.head, head)
    if listed is None and exchange.route is not None:
        listed = batch_results.redirecting(exchange.route, exchange.method, head)
    transform = listed or meter
    if exchange.own_list is not None:
        transform = exchange.own_list.transform(transform, head)
    if exchange.watch is not None and exchange.target is not None:
        transform = exchange.watch.around(transform, head, exchange.target.key_text)
    if exchange.leading is not None:
        caching.began(exchange, exchange.leading, head, transform)
    return transform if add is None else add(exchange, head, transform)


def passed_whole(
    downstream: Downstream,
    source: ResponseSource,
    exchange: Exchange,
    head: UpstreamHead,
    reservation: Reservation,
) -> bytes | None:
    """Begin the usual answer in one step: a document that has come whole, of which the same was
    read before, and which goes on as it is. Its bytes are returned, to be sent once it is recorded,
    for which its usage is read; None of any other answer, of which nothing was done yet."""
    pattern, route = head.pattern, exchange.route
    if (
        pattern is None
        or route is None
        or (reading := pattern.documents.get(route.dialect)) is None
        or exchange.watch is not None
        or exchange.leading is not None
        or (exchange.decided is None and not _goes_as_it_is(exchange))
        or (whole := source.take_rest()) is None
    ):
        return None
    if exchange.again is not None:
        exchange.again.end()
    exchange.begins_whole(head.status, len(whole))
    exchange.document, exchange.reading = whole, reading
    downstream.start(responses.response_head(exchange, head, AS_IT_IS, reservation))
    return whole


def _goes_as_it_is(exchange: Exchange) -> bool:
    """Whether nothing looks into the answer but for its usage, nor shares it; where that was
    `decided`, it was of a request of which nothing does."""
    return exchange.method == "POST" and exchange.own_list is None


def given_whole(
    downstream: Downstream, exchange: Exchange, found: Found, reservation: Reservation
) -> bytes | None:
    """Begin a kept answer that is one piece in memory, which is returned, to be sent once it is
    recorded. None where it is another: that is relayed as an upstream's, event by event."""
    whole = found.source.take_rest()
    if whole is None:
        return None
    head = head_of(found.source.about)
    exchange.begins_whole(head.status, len(whole))
    downstream.start(responses.response_head(exchange, head, AS_IT_IS, reservation))
    return whole


async def relay(
    downstream: Downstream,
    source: ResponseSource,
    exchange: Exchange,
    transform: StreamTransform,
    turns: Turns,
) -> bytes:
    """Pass the answer on as it arrives, all but the last bytes, which are returned."""
    if exchange.own_list is not None:
        source = exchange.own_list.source(source)
    meter = exchange.meter
    if (rest := source.take_rest()) is None:
        last = await _pump(downstream, source, exchange, transform, turns)
    elif transform is meter and meter.read_whole(rest):
        # The usual answer, in one step.
        exchange.bytes_out += len(rest)
        if exchange.leading is None:
            return rest
        return await caching.relayed(exchange, exchange.leading, rest)
    else:
        last = transform.relay(rest)
        exchange.bytes_out += len(last)
        while transform.behind:
            await turns.next()
            last += _caught_up(transform, exchange)
    held_back = transform.end()
    if held_back:
        exchange.bytes_out += len(held_back)
        last += held_back
    if meter is not None and meter.cut_short:
        raise ConnectionLost("The upstream's stream ended before its last event.")
    if exchange.leading is None:
        return last
    return await caching.relayed(exchange, exchange.leading, last)


def _caught_up(transform: StreamTransform, exchange: Exchange) -> bytes:
    held_back = transform.catch_up()
    exchange.bytes_out += len(held_back)
    return held_back


async def _pump(
    downstream: Downstream,
    source: ResponseSource,
    exchange: Exchange,
    transform: StreamTransform,
    turns: Turns,
) -> bytes:
    """Pass on what arrives, until the answer has ended; returns its last bytes."""
    # However long that takes.
    exchange.head.let_go()
    last = b""
    keeps_up = True
    passing, counted = None, 0
    if transform is (meter := exchange.meter) and meter is not None:
        passing = Passing(downstream, meter)

    def pass_on(data: bytes) -> bool:
        nonlocal last, keeps_up
        passed = transform.relay(data)
        exchange.bytes_out += len(passed)
        if source.ended:
            last = passed
            return True
        if passed:
            keeps_up = downstream.write(passed)
        return keeps_up and not transform.behind

    while not source.ended:
        if source.is_waiting:
            downstream.flush()
        try:
            await source.pump(pass_on, passing)
        finally:
            if passing is not None:
                exchange.bytes_out += passing.passed - counted
                counted = passing.passed
        while transform.behind:
            await turns.next()
            last += _caught_up(transform, exchange)
            if last and not source.ended:
                keeps_up = downstream.write(last)
                last = b""
        if not keeps_up or (passing is not None and not source.ended):
            await downstream.drain()
            keeps_up = True
    return last
