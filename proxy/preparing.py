"""A request on its way to the upstream: what has to be known of its body, and what is sent."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeAlias

from proxy import batch_results, errors, forward, model_lists
from proxy.access.authorization import target_for
from proxy.access.grant import Grant
from proxy.body import end_user
from proxy.body.budget import BodyBudget, KeptBytes
from proxy.body.model_rule import NAME_MAX_BYTES, known_name
from proxy.body.passing_model import PassingModel
from proxy.body.plain_members import plain_members
from proxy.body.reading import BodyReading
from proxy.body.request_body import AT_ONCE_BYTES, inspect, names_one_model, read_plain
from proxy.body.usage_splice import UsageSplice
from proxy.body.wanted import Wanted
from proxy.bounds import Bounds
from proxy.decided import Decided, Decisions, Prepared, Ready
from proxy.decoding.json_reading import Unreadable
from proxy.downstream import Downstream
from proxy.exchange import Exchange
from proxy.holds import Holds
from proxy.metering.metering import asks_of, asks_plainly
from proxy.objects.pinning import Objects
from proxy.objects.rules import rule_of
from proxy.plans import Plan
from proxy.providers.endpoints import Route
from proxy.questions import Asked, Question, RefusedQuestions, question
from proxy.transforms import RequestTransform
from proxy.turns import Turns
from proxy.upstream.target import Target

#: A JSON body up to this size is read whole to learn its model; a larger one only where it must.
INSPECT_BYTES: Final = 1024 * 1024


#: Says which account is asked first, by what is known of a request and the pieces of its body.
First: TypeAlias = Callable[[Grant, Exchange, Route, tuple[bytes, ...]], Target]


class Preparing:
    """Of all requests of one worker."""

    def __init__(
        self,
        bounds: Bounds,
        turns: Turns,
        budget: BodyBudget,
        refused: RefusedQuestions,
        *,
        first: First,
        objects: Objects,
        holds: Holds,
        decisions: Decisions,
    ) -> None:
        self._bounds = bounds
        self._request_max_bytes = bounds.request_max_bytes
        self._turns = turns
        self._budget = budget
        self._refused_questions = refused
        self._first = first
        self._objects = objects
        self._holds = holds
        self._decisions = decisions

    def usual(
        self, downstream: Downstream, exchange: Exchange, grant: Grant, plan: Plan
    ) -> Prepared | None:
        """What `prepare` makes of a usual request, whose small body came with its head: plain JSON
        of which little has to be known. None of any other, whose body `exchange` then has.

        A body counts as kept only where it is not `Ready`. Raises a refusal.
        """
        head, decided = exchange.head, exchange.decided
        if (
            (decided is None and not (plan.is_usual or plan.is_bounded))
            or (head.content_length or 0) > self._request_max_bytes
            or (body := downstream.take_arrived()) is None
        ):
            return None
        wanted = plan.wanted
        if plan.is_usual:
            try:
                said = read_plain(body)
            except Unreadable:
                exchange.arrived = body
                return None
            if said.stream is True and wanted.asks and not said.asks_for_usage:
                exchange.arrived = body
                return None
            exchange.bytes_in = size = len(body)
            self._budget.check(size)
            model = said.model
            exchange.model = (
                model if model and len(model) <= NAME_MAX_BYTES else plan.route.default_model
            )
            # Where one asks for a model beyond doubt, a body is not usual.
            exchange.policies = plan.policies
            if said.background is True:
                rule = rule_of(plan.route, exchange.method)
                exchange.watch = self._objects.watch(head, grant, rule)
        elif not self._is_bounded(exchange, grant, plan, body):
            exchange.arrived = body
            return None
        if decided is None:
            decided = self._decide(exchange, grant, plan)
        if wanted.end_user:
            exchange.is_for(end_user.in_small(body))
        if decided is not None:
            return Ready(head, body, decided), None
        exchange.kept = self._budget.keep(len(body))
        return forward.whole(head, body, grant.fields, grant.other_fields), None

    async def prepare(
        self, downstream: Downstream, exchange: Exchange, grant: Grant, plan: Plan
    ) -> Prepared:
        """Check size and model, and put the upstream's request together.

        Also returns the question, where we asked for usage on the client's behalf.
        """
        head, route, want = exchange.head, plan.route, plan.wanted
        arrived, exchange.arrived = exchange.arrived, None
        if (head.content_length or 0) > self._bounds.of_body(kept=want.whole or want.model):
            raise errors.RequestTooLarge("The request body is too large.")
        if want.rule and route.dialect == "batches":
            raise errors.ModelNotAllowed(_BATCH, param="model")
        reading = BodyReading(head, want, self._turns, plan.policies)
        complete = not head.has_body
        if not complete and want.reads:
            complete = await self._read_body(downstream, exchange, reading, want, arrived)
        splice = await self._judge(exchange, grant, plan, reading, complete=complete)
        target_for(grant)
        if plan.objects is None or not grant.remembers:
            rule = plan.objects or (rule_of(route, head.method) if reading.background else None)
            exchange.watch = None if rule is None else self._objects.watch(head, grant, rule)
        else:
            exchange.pinned, exchange.watch = await self._objects.prepare(
                head, grant, plan.objects, reading
            )
            exchange.own_list = self._objects.own_list(grant, plan.objects)
        asked = None
        if splice is not None:
            asked = self._question(exchange, grant, route, reading, splice)
            splice = splice if asked is not None else None
        body = reading.kept.pieces if splice is None else ()
        transform: RequestTransform | None = splice
        restricted = bool(grant.models) and model_lists.restricts(grant, head)
        described = batch_results.describes(route, head.method)
        if restricted or described or exchange.own_list is not None:
            transform = model_lists.PlainList()
        request = forward.outgoing(
            head,
            body,
            complete=complete,
            transform=transform,
            rules=grant.fields,
            others=grant.other_fields,
        )
        return request, asked

    def _decide(self, exchange: Exchange, grant: Grant, plan: Plan) -> Decided | None:
        """What holds of all that are alike to a usual request, where anything does."""
        # Each attempt asks again; one that has nowhere to go must take nothing from the limits.
        target = target_for(grant)
        if exchange.head.likeness is None or not grant.goes_alike:
            return None
        return self._decisions.keep(exchange.head, grant, plan, exchange.labels, target)

    async def _judge(
        self, exchange: Exchange, grant: Grant, plan: Plan, reading: BodyReading, *, complete: bool
    ) -> UsageSplice | None:
        """Check what the body says. Returns what asks for its usage. Raises a refusal."""
        route, want = plan.route, plan.wanted
        if not complete and route.names_model and not want.in_path:
            exchange.passing = PassingModel(exchange.head.headers, self._turns)
            await exchange.passing.take(*reading.kept.pieces)
        exchange.model, splice, exchange.policies = await reading.judge(
            grant, route, complete=complete
        )
        if exchange.passing is not None:
            # All the same where nothing more of the body comes.
            exchange.model = exchange.passing.model
        if want.end_user:
            exchange.is_for(reading.end_user)
        if want.meters:
            exchange.asks = await asks_of(reading, route)
            self._holds.claim(exchange, grant)
        return splice

    def _question(
        self,
        exchange: Exchange,
        grant: Grant,
        route: Route,
        reading: BodyReading,
        splice: UsageSplice,
    ) -> Question | None:
        """What asks the upstream for its usage; None where it is known to refuse that."""
        may_repeat = grant.record.unmetered != "refuse"
        target = exchange.pinned or self._first(grant, exchange, route, reading.kept.pieces)
        what = Asked(target.key_id, route.pattern, exchange.model)
        if may_repeat and self._refused_questions.hold(what, grant.record.token_id):
            return None
        may_repeat = may_repeat and self._budget.has_spare(reading.kept.size)
        asked = question(reading.kept.pieces, withholds=splice.withholds, may_repeat=may_repeat)
        if asked.body is not None:
            exchange.again = KeptBytes(self._budget)
            exchange.again.take(reading.kept.size)
        return asked

    def _is_bounded(self, exchange: Exchange, grant: Grant, plan: Plan, body: bytes) -> bool:
        """Whether a small body is plain JSON that asks for nothing more, and in which nothing is
        doubtful; its model then, and what it may cost. Raises a refusal."""
        if len(body) > AT_ONCE_BYTES or exchange.head.lines.has_repeated:
            return False
        said = inspect(body)
        asks = plan.wanted.asks and said.streams and not said.asks_for_usage
        if asks or said.background or not names_one_model(body, said):
            return False
        members = plain_members(body)
        if members is None:
            return False
        model = known_name(said.model)
        exchange.bytes_in = size = len(body)
        self._budget.check(size)
        exchange.model = model
        exchange.policies = tuple(
            policy for policy in plan.policies if policy.models is None or policy.counts(model)
        )
        exchange.asks = asks_plainly(members, plan.route, body, model)
        self._holds.claim(exchange, grant)
        return True

    async def _read_body(
        self,
        downstream: Downstream,
        exchange: Exchange,
        reading: BodyReading,
        want: Wanted,
        arrived: bytes | None,
    ) -> bool:
        """Read the body, all of it or until it turns out large; whether that was all."""
        limit = self._bounds.request_max_bytes if want.whole else INSPECT_BYTES
        if not want.whole and (exchange.head.content_length or 0) > limit:
            return False
        exchange.kept = reading.counted = KeptBytes(self._budget)
        if arrived is None:
            arrived = downstream.take_arrived()
        if arrived is not None:
            exchange.bytes_in = len(arrived)
            await reading.take(arrived)
            return True
        began = perf_counter()
        downstream.keep_pace(wanted=True)
        while piece := await downstream.read():
            exchange.bytes_in += len(piece)
            if exchange.bytes_in > self._bounds.request_max_bytes:
                raise errors.RequestTooLarge("The request body is too large.")
            await reading.take(piece)
            if exchange.bytes_in > limit:
                break
        downstream.keep_pace(wanted=False)
        exchange.body_wait += perf_counter() - began
        return not piece


_BATCH: Final = (
    "A batch's file may name any model, so a token that may use only some, or has limits for some,"
    " cannot create batches."
)
