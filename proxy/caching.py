"""The cache of answers on the path of a request: looked up, led or followed, kept, let go.

Called by `handler.DataPlane` for requests of projects that have a cache, and for no others.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from time import perf_counter, time
from typing import Final

from proxy.access.grant import Grant
from proxy.body.budget import BodyBudget
from proxy.cache.answers import Answers, Found
from proxy.cache.answers_file import Wanted
from proxy.cache.directives import NOTHING_SAID, directives_of
from proxy.cache.kept import ANSWER_MAX_BYTES, About
from proxy.cache.kept_head import How, kept_head, status_lines
from proxy.cache.keys import counts_alike, key_of
from proxy.cache.leading import Leading
from proxy.cache.spool import State
from proxy.cacheable import kept_of, may_be_kept
from proxy.decided import Prepared, Ready, keep
from proxy.downstream import Downstream
from proxy.entries import Entries
from proxy.errors import NotWritten
from proxy.exchange import Exchange
from proxy.forward import Outgoing, in_pieces
from proxy.headers import is_json_type, type_of
from proxy.plans import Plan
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead

#: Some 400 bytes each.
_KNOWN_MAX: Final = 8_192


class Caching:
    """Of one worker. `answers` is None where its machine keeps none. `shaped`: middlewares may have
    made another head than was planned for."""

    def __init__(
        self,
        answers: Answers | None,
        entries: Entries,
        bodies: BodyBudget,
        *,
        shaped: bool = False,
    ) -> None:
        self._answers = answers
        self._entries = entries
        self._bodies = bodies
        self._shaped = shaped
        #: What was looked for by a request that was `decided`, by its number and its body's digest:
        #: all that are alike to it and have the same body look for the same.
        self._known: dict[tuple[int, bytes], Wanted] = {}

    def at_once(self, exchange: Exchange, request: Outgoing | Ready) -> bool:
        """Whether an answer is in memory for a request like one that was looked up before, which
        `exchange.found` is then. Where not, nothing was done: it is to be looked up."""
        if not isinstance(request, Ready):
            return False
        wanted = self._known.get((request.decided.number, sha256(request.body).digest()))
        if wanted is None or self._answers is None:
            return False
        found = self._answers.at_hand(wanted, NOTHING_SAID)
        if found is None:
            return False
        _is_found(exchange, found)
        return True

    async def look_up(
        self,
        downstream: Downstream,
        exchange: Exchange,
        grant: Grant,
        plan: Plan,
        prepared: Prepared,
    ) -> Downstream:
        """Find what answers in place of the upstream (`exchange.found`), or have the request lead a
        flight (`exchange.leading`), whose downstream is returned; or neither."""
        answers, space = self._answers, grant.cache
        request, asked = prepared
        sent = in_pieces(request)
        keeps = None if answers is None else plan.keeps
        if keeps is not None and self._shaped:
            keeps = kept_of(plan.route, exchange.head)
        body = may_be_kept(keeps, grant, exchange, sent)
        if answers is None or space is None or body is None:
            _note(exchange, "bypass", "bypass")
            return downstream
        said = directives_of(exchange.head.lines)
        if not said.keeps:
            _note(exchange, "bypass", "request")
            return downstream
        key = key_of(space, sent, asked, body)
        wanted = Wanted(key, space.project, space.epoch, space.rule.ttl_seconds)
        if (
            isinstance(request, Ready)
            and exchange.decided is not None
            and said is NOTHING_SAID
            and counts_alike(exchange.head)
        ):
            # As it came. One that we changed is what another client may send.
            self._remember((request.decided.number, body), wanted)
        found = answers.at_hand(wanted, said)
        if found is None:
            keep(request, exchange, self._bodies)
            began = perf_counter()
            got = await answers.find(wanted, said)
            if not isinstance(got, Found):
                _note(exchange, "miss", "request" if said.asks else "miss")
                if got is None:
                    # It may have waited for an answer that broke.
                    exchange.body_wait += perf_counter() - began
                    return downstream
                led, entries = got, self._entries
                exchange.leading = Leading(
                    downstream,
                    led,
                    exchange.run,
                    left_as=exchange.left,
                    cost=lambda: entries.of(exchange, "complete").entry.cost_nanos,
                    keep=lambda: answers.keep(led, wanted, said),
                )
                return exchange.leading
            found = got
            if found.collapsed:
                exchange.body_wait += perf_counter() - began
        _is_found(exchange, found)
        return downstream

    def _remember(self, known: tuple[int, bytes], wanted: Wanted) -> None:
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[known] = wanted


def began(
    exchange: Exchange, leading: Leading, head: UpstreamHead, transform: AnswerTransform
) -> None:
    """The answer that others may share has begun. Raises ClientGone where none may, and the
    request's client has left."""
    lines = head.read()
    kept = kept_head(head, transform.voids if transform.withholds else ())
    length = None if transform.withholds else head.content_length
    if kept is None or (length or 0) > ANSWER_MAX_BYTES:
        leading.give_up()
        if leading.gone:
            raise NotWritten
        return
    declared = type_of(lines.first.get(b"content-type"))
    is_plain = lines.content_coding in (b"", b"identity")
    is_events = declared == b"text/event-stream"
    # Where its framing does not tell a cut from an end, its last event has to.
    leading.wants_last_event = is_events or head.until_close
    about = About(kept.reason, kept.block, length, is_events and is_plain, is_json_type(declared))
    leading.answered(about, time() - kept.age)


async def relayed(exchange: Exchange, leading: Leading, last: bytes) -> bytes:
    """The whole answer has come: keep it, where it is one to be kept. Ends once its client has all
    but `last`, which it returns. Raises ClientGone."""
    if leading.flies:
        if _is_whole(exchange, leading):
            leading.land(last)
        else:
            leading.give_up()
    await leading.caught_up()
    return last


def end(exchange: Exchange) -> None:
    """The request has ended, however it did."""
    if exchange.found is not None:
        exchange.found.source.release()
    if exchange.leading is not None:
        # Where nobody was asked, those that follow need not each ask for themselves.
        exchange.leading.end(State.VOID if exchange.sent is None else State.FAILED)
        # It refers to the request.
        exchange.leading = None


def _is_whole(exchange: Exchange, leading: Leading) -> bool:
    """Whether an answer that has ended says so itself: a stream by its last event, a document by
    its brackets, which a gateway may have cut within its own framing."""
    meter = exchange.meter
    if meter is None or meter.accumulated is None or meter.failed:
        # What cannot be read may say anything.
        return False
    if meter.terminal_seen:
        return True
    return meter.accumulated.is_document and not leading.wants_last_event


def _is_found(exchange: Exchange, found: Found) -> None:
    if found.collapsed:
        # It comes from the upstream, as fresh as to the request that asked there.
        _note(exchange, "collapsed", "collapsed")
    else:
        exchange.cache, exchange.cache_lines = "hit", _status_lines("hit", found.age)
    exchange.found, exchange.saved_nanos = found, found.cost_nanos
    # No upstream is paid, and no body goes there.
    exchange.holds, exchange.asks, exchange.watch = (), None, None
    if exchange.kept is not None:
        exchange.kept.end()
    if exchange.again is not None:
        exchange.again.end()


def _note(exchange: Exchange, cache: str, how: How) -> None:
    exchange.cache, exchange.cache_lines = cache, _status_lines(how, None)


_status_lines: Final = lru_cache(512)(status_lines)
