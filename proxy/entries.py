"""A request's one journal entry: what it used, what that cost, and how it ended.

Most requests of a token are alike in all that an entry has beside an id, times and numbers: the
project, the model, what its tokens cost. So the entry of the last such request is remembered with
the rates that priced it (`Alike`), and the next one's is that with its own numbers. Whatever is
not known from the one before takes the general way, which knows all rules.
"""

from __future__ import annotations

from time import perf_counter
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct, structs

from models.again import Like, Recorded
from models.entry import ENTRY_VERSION, Entry, Outcome, UsageQuality
from models.objects import Finished
from proxy.access.grant import Grant
from proxy.charged import NO_PARTS, charged, parts_of
from proxy.entry_again import again
from proxy.errors import MiddlewareFailed
from proxy.exchange import Exchange
from proxy.kept_entries import KeptEntries
from proxy.pricing import overlay, stated
from proxy.pricing.prices import Call, Price, Prices
from proxy.pricing.rates import OrdinaryRates, ordinary_nanos
from proxy.pricing.sheet import NAME_MAX
from proxy.providers.endpoints import Route
from proxy.upstream.target import Target
from proxy.usage.accumulator import NOT_REPORTED, Usage, UsageAccumulator, Used, recorded
from proxy.usage.meter import meter_of_document
from proxy.usage.usual import Reading

#: Forgotten all at once, with some 20 MB of entries; a token that asks many models takes several.
_REMEMBERED_MAX: Final = 8_192
#: All that decides what of an entry stays the same: the grant, the account, the endpoint, the three
#: names that a model has, what the cache did, whether no budget is held, and what the answer says
#: beside its first six counts. Of a request that is `decided`, its number stands for the most.
_Key: TypeAlias = tuple[object, ...]


class Alike(Struct, frozen=True, eq=False):
    """An entry that was made in full, and the rates by which, from and until when they hold."""

    like: Like
    since: float
    until: float
    #: `Prices.version`.
    prices: int
    rates: OrdinaryRates
    #: What was written to a cache: as much, and the entry has the same parts.
    written: int | None
    written_1h: int | None


class Entries:
    """Makes the entries of one worker's requests."""

    __slots__ = ("_alike", "_kept", "_prices")

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._alike: dict[_Key, Alike] = {}
        self._kept = KeptEntries()

    def of(self, exchange: Exchange, outcome: Outcome) -> Recorded:
        """The journal entry, from what is known by now. Raises RuntimeError before admission."""
        reading = exchange.reading
        if reading is not None and exchange.meter is None:
            if outcome == "complete" and (entry := self._at_once(exchange, reading)) is not None:
                return entry
            exchange.meter = meter_of_document(exchange.document)
        grant, route, target = exchange.grant, exchange.route, exchange.target
        if grant is None or route is None:
            raise RuntimeError("only a request that was let in ends in an entry")
        if exchange.cache and exchange.from_cache:
            return self._kept.of(exchange, grant, route, outcome)
        read = None if exchange.meter is None else exchange.meter.accumulated
        # An answer that was whole and says exactly what it used, of a request of which nothing else
        # has to be said. What holds of the key alone need not be asked here.
        if (
            outcome != "complete"
            or read is None
            or not read.final
            or read.failed
            or read.code
            or target is None
            or exchange.method != "POST"
            or route.dialect == "none"
            or exchange.status != 200
            or exchange.sent is None
            or exchange.refusal_code
            or exchange.watch is not None
            or (exchange.attempts and len(exchange.attempts) > 1)
            or (usage := read.usage) is None
            or usage[0] is None
        ):
            return self._in_full(exchange, grant, route, read, outcome)
        answered = read.model or ""
        key: _Key
        if exchange.decided is not None:
            key = _key_of_decided(exchange.decided.number, exchange, answered, usage)
        else:
            key = (
                grant.number, target.key_text, route.pattern, exchange.model, exchange.mapped,
                answered, exchange.cache, not exchange.holds, usage[6:],
            )  # fmt: skip
        if (entry := self._after(key, exchange, usage)) is not None:
            return entry
        entry = self._in_full(exchange, grant, route, read, outcome)
        if entry.cost_nanos is not None and entry.cost_source != stated.SOURCE:
            self._remember(key, _call(exchange, grant, answered), exchange, usage, entry)
        return entry

    def _at_once(self, exchange: Exchange, reading: Reading) -> Recorded | None:
        """That of a usual answer to a request that was decided, where one is known that is alike:
        all else that `of` asks has one answer for all of these, or no entry would be known."""
        decided = exchange.decided
        if decided is None or exchange.status != 200:
            return None
        told = reading.usual(exchange.document)
        if told is None:
            reading.missed()
            return None
        if reading.in_vain:
            reading.in_vain -= 1
        answered, usage = told
        return self._after(
            _key_of_decided(decided.number, exchange, answered, usage), exchange, usage
        )

    def _after(self, key: _Key, exchange: Exchange, usage: Used) -> Recorded | None:
        """That of a request of which the key says all but times and numbers, after one that was
        alike, where one is known."""
        alike = self._alike.get(key)
        if (
            alike is not None
            and alike.since <= exchange.at < alike.until
            and alike.prices == self._prices.version
            and (nanos := ordinary_nanos(usage, alike.rates)) is not None
        ):
            return _again(alike, exchange, usage, nanos)
        return None

    def _remember(
        self, key: _Key, call: Call, exchange: Exchange, usage: Usage, entry: Entry
    ) -> None:
        """Keep an entry for others, where they differ from it in nothing but what `_again` sets."""
        tariff = self._prices.tariff_of(call, usage, exchange.at)
        rates = tariff.ordinary(usage)
        priced = entry.cost_nanos, entry.cost_source
        if rates is None or (ordinary_nanos(usage, rates), tariff.source) != priced:
            return
        if call.cost_field or overlay.is_in_path(call.provider):
            # Another answer may state its own cost, another path has another price.
            return
        if any(len(name) > NAME_MAX for name in (exchange.model, exchange.mapped, call.answered)):
            return
        # Labels are each request's own.
        like = Like.of(structs.replace(entry, tags=None, end_user=""))
        if like is None:
            return
        if len(self._alike) >= _REMEMBERED_MAX:
            self._alike.clear()
        times = tariff.since, tariff.until, self._prices.version
        self._alike[key] = Alike(like, *times, rates, usage.cache_write, usage.cache_write_1h)

    def _in_full(
        self,
        exchange: Exchange,
        grant: Grant,
        route: Route,
        read: UsageAccumulator | None,
        outcome: Outcome,
    ) -> Entry:
        counted = exchange.method == "POST" and route.dialect != "none"
        state, usage = recorded(read, counted=counted, free=route.dialect == "free")
        answered = (None if read is None else read.model) or ""
        if outcome != "complete":
            if exchange.refusal_code == MiddlewareFailed.code:
                outcome = "middleware_failed"
        elif exchange.status < 400 and read is not None and read.failed:
            outcome = "upstream_error"
        price = _UNPRICED
        if counted and state == "exact" and usage is None:
            # It is free, and nothing is missing; that it costs 0 is the price list's to say.
            counted = False
            if 200 <= exchange.status < 400:
                price = self._price(exchange, grant, answered, NOT_REPORTED)
        elif usage is not None and state == "exact":
            # What is known of a part alone has no price.
            price = self._price(exchange, grant, answered, usage, read)
        exchange.charge = None
        if exchange.holds:
            exchange.charge = charged(exchange, state, usage, price[0], outcome)
        entry = _made(exchange, grant, route, outcome, _Said(counted, state, usage, read, price))
        if exchange.watch is not None:
            told = exchange.watch.objects(counted=state == "exact" and usage is not None)
            finished = None if counted else self._finished(exchange, grant)
            entry = structs.replace(entry, objects=told, finished=finished)
        if (labels := exchange.labels) is not None:
            entry = structs.replace(entry, tags=labels.tags, end_user=labels.end_user)
        return entry

    def _price(
        self,
        exchange: Exchange,
        grant: Grant,
        answered: str,
        usage: Usage,
        read: UsageAccumulator | None = None,
    ) -> Price:
        """By the model that the answer names, then by what the account calls the client's."""
        call = _call(exchange, grant, answered)
        # It is looked for in the answer once more, so only where it is wanted.
        raw = read.raw if read is not None and call.cost_field else None
        price = self._prices.price(call, usage, exchange.at, raw)
        if price[0] is None and exchange.mapped and answered:
            price = self._prices.price(call._replace(answered=""), usage, exchange.at, None)
        return price

    def _finished(self, exchange: Exchange, grant: Grant) -> Finished | None:
        """What a response used that ran in the background, where the answer shows it finished."""
        shown = None if exchange.watch is None else exchange.watch.finished
        read = None if exchange.meter is None else exchange.meter.accumulated
        if shown is None or read is None or not read.exact or (usage := read.usage) is None:
            return None
        model = read.model or ""
        cost_nanos, cost_source = self._price(exchange, grant, model, usage, read)
        parts = usage[4:12]
        return Finished(
            shown.id,
            shown.created,
            model,
            usage.prompt,
            usage.completion,
            usage.cached,
            usage.reasoning,
            cost_nanos,
            None if parts == NO_PARTS else parts,
            usage.service_tier or "",
            cost_source,
        )


class _Said(NamedTuple):
    """What an entry says of usage, and of its answer, where one was read."""

    counted: bool
    state: UsageQuality
    usage: Usage | None
    read: UsageAccumulator | None
    price: Price


def _made(exchange: Exchange, grant: Grant, route: Route, outcome: Outcome, said: _Said) -> Entry:
    now, began, first_byte = perf_counter(), exchange.began, exchange.first_byte
    target, read = exchange.target, said.read
    numbers = said.usage or _NOT_READ
    answered = (None if read is None else read.model) or ""
    model = exchange.model or answered
    other = None if target is None else target.provider
    return Entry(
        version=ENTRY_VERSION,
        id=exchange.id,
        at_us=int(exchange.at * _MICRO),
        project_id=grant.project_text,
        token_id=grant.token_text,
        provider=grant.record.provider if other is None else other.name,
        endpoint=route.pattern,
        method=exchange.method,
        model=model,
        status=exchange.status,
        outcome=outcome,
        usage=said.state,
        prompt_tokens=numbers.prompt,
        completion_tokens=numbers.completion,
        cached_tokens=numbers.cached,
        reasoning_tokens=numbers.reasoning,
        cost_nanos=said.price[0],
        bytes_in=exchange.bytes_in,
        bytes_out=exchange.bytes_out,
        ttfb_us=int((first_byte - began) * _MICRO) if first_byte else None,
        duration_us=int((now - began) * _MICRO),
        overhead_us=int(exchange.overhead_seconds(now) * _MICRO),
        counted=said.counted,
        cost_source=said.price[1],
        parts=parts_of(numbers),
        service_tier=numbers.service_tier or "",
        answer_model="" if answered == model else answered,
        upstream_code="" if read is None else read.code,
        key_id="" if target is None else target.key_text,
        attempts=exchange.attempts if len(exchange.attempts) > 1 else None,
        given_back=exchange.sent is None,
        charge="" if exchange.charge is None else exchange.charge.kind,
        refusal_code=exchange.refusal_code,
        cache="miss" if exchange.cache == "miss" else "",
    )


def _key_of_decided(number: int, exchange: Exchange, answered: str, usage: Used) -> _Key:
    return number, exchange.model, answered, exchange.cache, not exchange.holds, usage[6:]


def _again(alike: Alike, exchange: Exchange, usage: Used, nanos: int) -> Recorded:
    """The entry of a request that differs from an earlier one in what it did, not in what it is."""
    if exchange.holds:
        exchange.charge = charged(exchange, "exact", usage, nanos, "complete")
    told = again(alike.like, exchange, usage, nanos)
    labels = exchange.labels
    wrote_as_much = usage[4] == alike.written and usage[5] == alike.written_1h
    if labels is None and wrote_as_much:
        return told
    entry = told.entry
    if not wrote_as_much:
        entry = structs.replace(entry, parts=parts_of(usage))
    if labels is not None:
        entry = structs.replace(entry, tags=labels.tags, end_user=labels.end_user)
    return entry


def _call(exchange: Exchange, grant: Grant, answered: str) -> Call:
    """By the model that the answer names, then by what the account calls the client's."""
    target = exchange.target or next(iter(grant.targets), None)
    return call_at(exchange, grant, exchange.mapped or exchange.model or answered, answered, target)


def call_at(
    exchange: Exchange, grant: Grant, model: str, answered: str, target: Target | None
) -> Call:
    """What is asked at one account, as its price depends on it."""
    facts = grant.provider
    if target is not None and target.provider is not None:
        facts = target.provider
    own = provider = grant.record.provider if facts is None else facts.name
    if facts is not None and facts.prices:
        provider = facts.prices
    region = ""
    if target is not None:
        address = target.address
        region = overlay.place(provider, address.origin.host, address.prefix, exchange.head.target)
    if facts is None:
        return Call(provider, model, answered, region)
    cost = facts.cost, facts.cost_unit
    return Call(provider, model, answered, region, *cost, "" if own == provider else own)


_MICRO: Final = 1e6
_UNPRICED: Final[Price] = (None, "")
_NOT_READ: Final = Usage(None, None, None, None)
