"""What is known of one request, from its first byte to its one journal entry."""

from __future__ import annotations

from time import perf_counter, time
from typing import TYPE_CHECKING, Final

from msgspec import structs

from models.entry import ENTRY_VERSION, Attempt, Entry, Outcome, Parts, UsageQuality
from models.ids import new_request_id
from models.labels import NO_LABELS, Labels
from models.objects import Finished
from models.request_log import was_refused
from proxy.access.grants import Grant
from proxy.access.policies import GrantedPolicy
from proxy.body.budget import KeptBytes
from proxy.body.passing_model import PassingModel
from proxy.body_capture import BodyCopies
from proxy.cache.answers import Found
from proxy.cache.leading import Leading
from proxy.downstream import RequestHead
from proxy.driving import current
from proxy.errors import MiddlewareFailed
from proxy.limits.budgets import BudgetClaim, Charge, used
from proxy.metering.asks import Asks
from proxy.objects.own_lists import OwnList
from proxy.objects.watch import Watch
from proxy.pricing.overlay import place
from proxy.pricing.prices import Call, Price
from proxy.providers.endpoints import Route
from proxy.recording import Pricing
from proxy.upstream.target import Target
from proxy.usage.accumulator import NOT_REPORTED, Usage, UsageAccumulator, recorded
from proxy.usage.meter import Meter

if TYPE_CHECKING:
    from proxy.middleware.shaping import Shaped


class Exchange:
    """One request while it runs. Times are `perf_counter` seconds, but for `at`: Unix seconds.

    `ended_by` says who ended a running exchange from outside: a revocation or the shutdown.
    """

    __slots__ = (
        "again",
        "asks",
        "at",
        "attempts",
        "began",
        "body_wait",
        "bytes_in",
        "bytes_out",
        "cache",
        "cache_lines",
        "charge",
        "copies",
        "digest",
        "ended_by",
        "first_byte",
        "found",
        "grant",
        "head",
        "holds",
        "id",
        "informed",
        "kept",
        "labels",
        "leading",
        "mapped",
        "meter",
        "method",
        "model",
        "overshot",
        "own_list",
        "passing",
        "pinned",
        "policies",
        "recorded",
        "refusal_code",
        "route",
        "run",
        "saved_nanos",
        "sent",
        "shaped",
        "shares",
        "started",
        "status",
        "target",
        "watch",
    )  # fmt: skip

    #: Its client behind the middlewares, until its answer has ended; not even set where there are
    #: none.
    shaped: Shaped | None

    def __init__(self, head: RequestHead) -> None:
        self.id = new_request_id()
        self.at = time()
        self.began = perf_counter()
        self.head = head
        self.method = head.method
        self.run = current()
        self.grant: Grant | None = None
        #: Whether it counts in the shares of its token and project.
        self.shares = False
        #: Its body's part of what may be kept; None where none of it is.
        self.kept: KeptBytes | None = None
        #: The same of what is kept to be sent again, and of what middlewares look into.
        self.again: KeptBytes | None = None
        self.digest = ""
        self.route: Route | None = None
        #: The account that is tried, or was tried last.
        self.target: Target | None = None
        #: The account that knows what the request names, which alone may be asked.
        self.pinned: Target | None = None
        #: What leaves out of a list of objects those of others.
        self.own_list: OwnList | None = None
        #: What its answer may tell of objects.
        self.watch: Watch | None = None
        #: Each account that was tried, where there are several.
        self.attempts: tuple[Attempt, ...] = ()
        #: Whether an interim answer has gone to the client.
        self.informed = False
        self.model = ""
        #: What it is tagged with and whom it is for, where that is said.
        self.labels: Labels | None = None
        #: Those of its token and project that count it.
        self.policies: tuple[GrantedPolicy, ...] = ()
        #: What the account that is tried calls it, where that is something else.
        self.mapped = ""
        #: Reads the model of a body that streams through.
        self.passing: PassingModel | None = None
        #: What its body asks for, where a budget has to know what it may cost.
        self.asks: Asks | None = None
        #: What it holds of budgets, what they are charged in the end, and what the ones limit of
        #: which that is more.
        self.holds: tuple[BudgetClaim, ...] = ()
        self.charge: Charge | None = None
        self.overshot: tuple[str, ...] = ()
        self.meter: Meter | None = None
        #: What the cache of its project did: `hit`, `collapsed` (another request's answer, shared
        #: while it came), `miss`, or `bypass` (not looked for); '' where there is none.
        self.cache = ""
        #: What its client is told of that.
        self.cache_lines = b""
        #: What answers in place of the upstream.
        self.found: Found | None = None
        #: Its client, and those that share its answer.
        self.leading: Leading | None = None
        #: What such an answer had cost when it came from upstream, as far as that is known.
        self.saved_nanos: int | None = None
        #: Only where bodies are logged.
        self.copies: BodyCopies | None = None
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        #: Seconds spent waiting for the client's body, for accounts that failed and for
        #: middlewares, which are not overhead.
        self.body_wait = 0.0
        self.sent: float | None = None
        self.first_byte: float | None = None
        self.started: float | None = None
        self.recorded = False
        #: Why the proxy answers itself, where it does.
        self.refusal_code = ""
        self.ended_by: Outcome | None = None

    def is_for(self, end_user: str) -> None:
        """Note whom the body names, where no header does."""
        labels = self.labels or NO_LABELS
        if end_user and not labels.end_user:
            self.labels = labels._replace(end_user=end_user)

    @property
    def id_text(self) -> bytes:
        """The id as it stands in a header."""
        return self.id.encode("ascii")

    def end(self, outcome: Outcome) -> None:
        """End a running exchange from outside; its client's connection breaks visibly."""
        if self.ended_by is None and self.run is not None and not self.recorded:
            self.ended_by = outcome
            self.run.cancel()

    @property
    def counted(self) -> bool:
        """Whether it uses tokens by its nature, so that its answer is read for them."""
        if self.method != "POST" or self.route is None or (self.cache and self.from_cache):
            return False
        return self.route.dialect != "none"

    @property
    def from_cache(self) -> bool:
        """Whether its answer is a kept or shared one, for which no upstream is paid."""
        return self.cache in ("hit", "collapsed")

    @property
    def whole_for_client(self) -> bool:
        """Whether the event was relayed that ends the answer, and nobody else ended it before."""
        return self.ended_by is None and self.meter is not None and self.meter.terminal_seen

    def left(self, *, written: bool = True) -> Outcome:
        """How a request ended whose client is gone: its answer may have been whole by then.

        Not `written`: without what was relayed last.
        """
        if self.leading is not None and self.leading.outcome is not None:
            return self.leading.outcome
        if not self.whole_for_client:
            return "client_left"
        is_whole = written or self.meter is None or not self.meter.terminal_last
        return "complete" if is_whole else "client_left"

    @property
    def upstream_seconds(self) -> float:
        """From the request's way out to the first byte of the answer."""
        if self.sent is None or self.first_byte is None:
            return 0.0
        return max(0.0, self.first_byte - self.sent)

    def overhead_seconds(self, now: float) -> float:
        """Seconds that the proxy added before the answer began to go out."""
        if self.sent is None:
            return max(0.0, (self.started or now) - self.began - self.body_wait)
        ours = self.sent - self.began - self.body_wait
        if self.first_byte is not None:
            ours += (self.started or now) - self.first_byte
        return max(0.0, ours)

    def entry(self, outcome: Outcome, pricing: Pricing) -> Entry:
        """The journal entry, from what is known by now. Raises RuntimeError before admission."""
        grant, route = self.grant, self.route
        if grant is None or route is None:
            raise RuntimeError("only a request that was let in ends in an entry")
        now = perf_counter()
        if self.cache != "" and self.from_cache:
            return self._entry_of_kept(grant, route, outcome, now)
        counted = self.method == "POST" and route.dialect != "none"
        meter = self.meter
        read = None if meter is None else meter.accumulated
        state, usage = recorded(read, counted=counted, free=route.dialect == "free")
        answered = (None if read is None else read.model) or ""
        model = self.model or answered
        if outcome != "complete":
            if self.refusal_code == MiddlewareFailed.code:
                outcome = "middleware_failed"
        elif self.status < 400 and read is not None and read.failed:
            outcome = "upstream_error"
        other = self.target.provider if self.target is not None else None
        provider = grant.record.provider if other is None else other.name
        cost_nanos, cost_source = None, ""
        if counted and state == "exact" and usage is None:
            # It is free, and nothing is missing; that it costs 0 is the price list's to say.
            counted = False
            if 200 <= self.status < 400:
                cost_nanos, cost_source = self._price(grant, pricing, answered, NOT_REPORTED)
        elif usage is not None and state == "exact":
            # What is known of a part alone has no price.
            cost_nanos, cost_source = self._price(grant, pricing, answered, usage, read)
        self.charge = self._charged(state, usage, cost_nanos, outcome) if self.holds else None
        numbers = _NOT_READ if usage is None else usage
        parts = numbers[4:12]
        entry = Entry(
            version=ENTRY_VERSION,
            id=self.id,
            at_us=int(self.at * _MICRO),
            project_id=grant.project_text,
            token_id=grant.token_text,
            provider=provider,
            endpoint=route.pattern,
            method=self.method,
            model=model,
            status=self.status,
            outcome=outcome,
            usage=state,
            prompt_tokens=numbers[0],
            completion_tokens=numbers[1],
            cached_tokens=numbers[2],
            reasoning_tokens=numbers[3],
            cost_nanos=cost_nanos,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            ttfb_us=int((self.first_byte - self.began) * _MICRO) if self.first_byte else None,
            duration_us=int((now - self.began) * _MICRO),
            overhead_us=int(self.overhead_seconds(now) * _MICRO),
            counted=counted,
            cost_source=cost_source,
            parts=None if parts == _NO_PARTS else Parts(*parts),
            service_tier=numbers[12] or "",
            answer_model="" if answered == model else answered,
            upstream_code="" if read is None else read.code,
            key_id="" if self.target is None else self.target.key_text,
            attempts=self.attempts if len(self.attempts) > 1 else None,
            given_back=self.sent is None,
            objects=None
            if self.watch is None
            else self.watch.objects(counted=state == "exact" and usage is not None),
            finished=None if self.watch is None or counted else self._finished(grant, pricing),
            charge="" if self.charge is None else self.charge.kind,
            refusal_code=self.refusal_code,
            cache="miss" if self.cache == "miss" else "",
        )
        labels = self.labels
        if labels is None:
            return entry
        return structs.replace(entry, tags=labels.tags, end_user=labels.end_user)

    def _entry_of_kept(self, grant: Grant, route: Route, outcome: Outcome, now: float) -> Entry:
        """Of a request that a kept answer, or another's, is given to: it used nothing, and is all
        the same one of those that may be made."""
        if outcome != "complete" and self.refusal_code == MiddlewareFailed.code:
            outcome = "middleware_failed"
        if self.saved_nanos is None and self.found is not None:
            self.saved_nanos = self.found.cost_by_now
        labels = self.labels or NO_LABELS
        return Entry(
            id=self.id,
            at_us=int(self.at * _MICRO),
            project_id=grant.project_text,
            token_id=grant.token_text,
            provider=grant.record.provider,
            endpoint=route.pattern,
            method=self.method,
            model=self.model,
            status=self.status,
            outcome=outcome,
            usage="exact",
            prompt_tokens=None,
            completion_tokens=None,
            cached_tokens=None,
            reasoning_tokens=None,
            cost_nanos=0,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            ttfb_us=int((self.first_byte - self.began) * _MICRO) if self.first_byte else None,
            duration_us=int((now - self.began) * _MICRO),
            overhead_us=int(self.overhead_seconds(now) * _MICRO),
            counted=False,
            charge="none" if grant.budgets or any(one.budgets for one in self.policies) else "",
            refusal_code=self.refusal_code,
            tags=labels.tags,
            end_user=labels.end_user,
            cache="hit",
            saved_nanos=self.saved_nanos,
        )

    def _finished(self, grant: Grant, pricing: Pricing) -> Finished | None:
        """What a response used that ran in the background, where the answer shows it finished."""
        shown = None if self.watch is None else self.watch.finished
        read = None if self.meter is None else self.meter.accumulated
        if shown is None or read is None or not read.exact or (usage := read.usage) is None:
            return None
        model = read.model or ""
        cost_nanos, cost_source = self._price(grant, pricing, model, usage, read)
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
            None if parts == _NO_PARTS else parts,
            usage.service_tier or "",
            cost_source,
        )

    def _charged(
        self, state: UsageQuality, usage: Usage | None, nanos: int | None, outcome: Outcome
    ) -> Charge:
        """What its budgets are charged."""
        if self.sent is None:
            return _NOTHING
        if len(self.attempts) > 1 and any(one.may_be_billed for one in self.attempts[:-1]):
            return _HELD
        tokens = None if usage is None else (usage.prompt, usage.completion)
        if state == "exact" and usage is not None and tokens != (None, None):
            in_usd = nanos is None and any(each.unit == "usd" for each, _ in self.holds)
            if not in_usd:
                return used(nanos or 0, (usage.prompt or 0) + (usage.completion or 0))
            return _HELD
        # What was stated and is not whole was used all the same.
        stated = usage is not None and (tokens != (None, None) or _parts(usage) is not None)
        refused = self.first_byte is not None and was_refused(self.status, outcome)
        return _NOTHING if (state == "exact" or refused) and not stated else _HELD

    def _price(
        self,
        grant: Grant,
        pricing: Pricing,
        answered: str,
        usage: Usage,
        read: UsageAccumulator | None = None,
    ) -> Price:
        """By the model that the answer names, then by what the account calls the client's."""
        call = self._call(grant, self.mapped or self.model or answered, answered)
        # It is looked for in the answer once more, so only where it is wanted.
        raw = read.raw if read is not None and call.cost_field else None
        price = pricing(call, usage, self.at, raw)
        if price[0] is None and self.mapped and answered:
            price = pricing(call._replace(answered=""), usage, self.at, None)
        return price

    def _call(self, grant: Grant, model: str, answered: str) -> Call:
        target = self.target or next(iter(grant.targets), None)
        return self.call_at(grant, model, answered, target)

    def call_at(self, grant: Grant, model: str, answered: str, target: Target | None) -> Call:
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
            region = place(provider, address.origin.host, address.prefix, self.head.target)
        if facts is None:
            return Call(provider, model, answered, region)
        stated = facts.cost, facts.cost_unit
        return Call(provider, model, answered, region, *stated, "" if own == provider else own)


_MICRO: Final = 1_000_000
_NOTHING: Final = Charge("none")
_HELD: Final = Charge("held")
_NO_PARTS: Final = (None,) * 8
_NOT_READ: Final = Usage(None, None, None, None)


def _parts(usage: Usage) -> Parts | None:
    """What of a usage an entry has only where it was reported."""
    numbers = usage[4:12]
    return None if numbers == _NO_PARTS else Parts(*numbers)
