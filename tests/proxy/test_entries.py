"""Entries that are made after one of a request that was alike: the same as if made in full."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.again import Again, Recorded
from models.budgets import Budget, Policy
from models.entry import Attempt, Entry, Outcome, decode, encode
from models.labels import Labels
from models.objects import Kept
from proxy.access.grant import Grant
from proxy.access.policies import GrantedPolicy
from proxy.decided import Decided
from proxy.entries import Entries
from proxy.exchange import Exchange
from proxy.limits.budgets import Allowance, BudgetClaim
from proxy.objects.watch import Watch
from proxy.plans import Plan
from proxy.pricing import price_file
from proxy.pricing.price_file import PriceFile
from proxy.pricing.prices import Price, Prices
from proxy.providers.endpoints import Route
from proxy.usage.meter import meter_for, meter_of_document
from proxy.usage.usual import Reading
from tests.proxy.rows import OPENAI, UPSTREAMS, a_grant, a_key, a_record, a_request, an_exchange

CHAT: Final = "/v1/chat/completions"
ROUTE: Final = Route(CHAT, "chat", creates=True)
#: A second before midnight (UTC), and within the days of the tiers' rows.
LATE: Final = 1_795_910_399.0
DEARER: Final = price_file.parsed(
    '[prices."openai/gpt-4o*"]\ninput = 100\noutput = 200\n', Path("prices.toml")
)
STATING: Final = replace(OPENAI, cost="usage.cost")

GRANTS: Final = (
    a_grant(),
    a_grant(),
    a_grant(provider="anthropic", keys=(a_key(bound_to="provider:anthropic"),)),
    a_grant(provider="gemini", keys=(a_key(bound_to="provider:gemini"),)),
    Grant.of(a_record(), {"openai": STATING}, UPSTREAMS),
    a_grant(provider="deepseek", keys=(a_key(bound_to="provider:deepseek"),)),
)
HELD: Final = (
    BudgetClaim(Allowance("b", "usd", 10**9, hard=True, period="day", zone="UTC", since_us=0), 7),
)
#: One whose budget pays for what it counts.
PAID: Final = GrantedPolicy.of(
    "project:p",
    Policy(
        "paid",
        budgets=(Budget("usd", 10**9, "day", "UTC", "hard", "bound", (), since_us=0),),
    ),
)
ATTEMPTS: Final = (Attempt("k", 504, "", 1), Attempt("l", 200, "", 2))

USED: Final = {"prompt_tokens": 1_000, "completion_tokens": 100}
USUAL: Final[dict[str, Any]] = {
    "grant": 0,
    "model": "gpt-4o",
    "answer": {
        "model": "gpt-4o-2024-08-06",
        "usage": USED,
        "service_tier": "default",
    },
}

counts = st.sampled_from((0, 0, 1, 7, 1_000, 250_000))
details = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(counts, st.none(), st.just(1.5))
        for name in ("cached_tokens", "audio_tokens", "reasoning_tokens", "cache_write_tokens")
    },
)
usages: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.fixed_dictionaries(
        {"prompt_tokens": counts, "completion_tokens": counts},
        optional={
            "prompt_tokens_details": details,
            "completion_tokens_details": details,
            "cost": st.sampled_from((0.25, "much")),
        },
    ),
    st.fixed_dictionaries(
        {"input_tokens": counts, "output_tokens": counts},
        optional={
            "cache_read_input_tokens": counts,
            "cache_creation_input_tokens": counts,
            "cache_creation": st.fixed_dictionaries({"ephemeral_1h_input_tokens": counts}),
            "service_tier": st.sampled_from(("standard", "priority", "batch")),
            "inference_geo": st.sampled_from(("us", "global", "moon")),
            "server_tool_use": st.fixed_dictionaries({"web_search_requests": counts}),
        },
    ),
    st.just({}),
)
names = st.sampled_from(("gpt-4o", "gpt-4o-2024-05-13", "claude-sonnet-4-5", "ours", "n" * 300))
answers: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"usage": usages},
    optional={
        "model": names,
        "service_tier": st.sampled_from(("default", "priority", "flex", "t" * 40)),
        "error": st.sampled_from((None, {"code": "overloaded"})),
    },
)
#: What a request is beside that; mostly as the one before it.
requests: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"answer": answers, "grant": st.sampled_from(range(len(GRANTS))), "model": names},
    optional={
        "outcome": st.sampled_from(("client_left", "upstream_broke")),
        "status": st.sampled_from((201, 400)),
        "mapped": names,
        "method": st.just("GET"),
        "dialect": st.sampled_from(("none", "free")),
        "labels": st.just(Labels((("team", "a"),), "somebody")),
        "holds": st.just(HELD),
        "attempts": st.sampled_from((ATTEMPTS, ATTEMPTS[:1])),
        "cache": st.sampled_from(("miss", "bypass", "hit")),
        "refusal_code": st.just("middleware_failed"),
        "sent": st.none(),
        "first_byte": st.none(),
        "target": st.none(),
        "cut": st.just(value=True),
        "at": st.sampled_from((LATE, LATE + 2)),
        "prices": st.sampled_from((PriceFile(), DEARER)),
    },
)


def exchange_of(request: Mapping[str, Any]) -> Exchange:
    """One that has just been answered with a short JSON document."""
    grant = request["grant"] if isinstance(request["grant"], Grant) else GRANTS[request["grant"]]
    path = request.get("path", CHAT)
    exchange = an_exchange(a_request(request.get("method", "POST"), path))
    exchange.at = request.get("at", LATE)
    exchange.grant = grant
    exchange.route = Route(
        request.get("pattern", CHAT), request.get("dialect", "chat"), creates=True
    )
    exchange.target = request.get("target", grant.targets[0])
    exchange.status = request.get("status", 200)
    exchange.bytes_in, exchange.bytes_out = 100, 1_000
    began = exchange.began
    exchange.sent = request.get("sent", began + 0.001)
    exchange.first_byte = request.get("first_byte", began + 0.25)
    exchange.started = began + 0.375
    for name in (
        "model",
        "mapped",
        "labels",
        "holds",
        "attempts",
        "cache",
        "refusal_code",
        "watch",
        "saved_nanos",
        "policies",
    ):
        if name in request:
            setattr(exchange, name, request[name])
    document = msgspec.json.encode(request["answer"])
    if "cut" in request:
        document = document[:-1]
    kind = b"text/event-stream" if "stream" in request else b"application/json"
    fields = [(b"Content-Type", kind), (b"Content-Length", b"%d" % len(document))]
    if (how := request.get("at_once")) is not None:
        decided_with(exchange, how, document)
        return exchange
    meter = exchange.meter = meter_for(
        fields, asked_for_usage=False, counted=exchange.counted, status=exchange.status
    )
    if "stream" in request:
        meter.relay(request["stream"])
        meter.end()
    else:
        assert meter.read_whole(document)
    return exchange


def decided_with(exchange: Exchange, reading: Reading, document: bytes) -> None:
    """Make it one of a usual request, whose answer came whole and is read when it is recorded."""
    assert exchange.grant is not None
    assert exchange.target is not None
    assert exchange.route is not None
    route, target, number = exchange.route, exchange.target, exchange.grant.number
    wants: Any = None
    plan = Plan(route, wants, is_usual=True)
    exchange.decided = Decided(
        plan, exchange.labels, target, target.address.origin, b"", b"", b"", number, False
    )
    exchange.document, exchange.reading = document, reading


def the_general_way(exchange: Exchange, prices: Prices, outcome: Outcome = "complete") -> Recorded:
    """Its entry, where neither it nor its answer is like any other."""
    exchange.decided = exchange.charge = None
    if exchange.reading is not None:
        exchange.reading, exchange.overhead = None, None
        exchange.meter = meter_of_document(exchange.document)
    return Entries(prices).of(exchange, outcome)


def settled(recorded: Recorded) -> Entry:
    """Without what the clock says of it."""
    entry = recorded.entry
    # Whatever way it was made, its line is that of the entry.
    assert isinstance(recorded, Entry) or recorded.line() == encode(entry) + b"\n"
    return msgspec.structs.replace(entry, duration_us=0)


async def compare(asked: list[dict[str, Any]]) -> None:
    """Make the entries of requests by one worker's, and each by one that has made no other."""
    prices = Prices()
    entries = Entries(prices)
    file = PriceFile()
    for request in asked:
        if request.get("prices", PriceFile()) != file:
            file = request.get("prices", PriceFile())
            prices.use(file)
        outcome: Outcome = request.get("outcome", "complete")
        exchange = exchange_of(request)
        made = entries.of(exchange, outcome)
        charge, exchange.charge = exchange.charge, None
        assert settled(made) == settled(Entries(prices).of(exchange, outcome))
        assert charge == exchange.charge
        assert decode(encode(made.entry)) == made.entry


@settings(max_examples=150)
@given(st.data())
def test_entries_after_others_are_what_they_are_alone(data: st.DataObject) -> None:
    kinds: list[dict[str, Any]] = data.draw(st.lists(requests, min_size=1, max_size=3))
    asked: list[dict[str, Any]] = []
    for kind in data.draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=6)):
        # Mostly other counts alone.
        changed = data.draw(st.one_of(usages, st.just(kind["answer"]["usage"])))
        asked.append(kind | {"answer": kind["answer"] | {"usage": changed}})
    asyncio.run(compare(asked))


def a_watch() -> Watch:
    """One that has seen an answer create a file."""
    nothing: Any = None
    watch = Watch(nothing, a_grant(others_know=True), nothing, "")
    watch._found.append(Kept("file-1", "file"))
    return watch


NEAR: Final[tuple[dict[str, Any], ...]] = (
    *({"outcome": word} for word in ("client_left", "upstream_broke")),
    *({"status": status} for status in (201, 400)),
    {"mapped": "gpt-4.1"},
    {"model": "gpt-4.1"},
    {"pattern": "/v1/completions"},
    {"method": "GET"},
    {"dialect": "none"},
    {"labels": Labels((("team", "a"),), "somebody")},
    {"holds": HELD},
    {"attempts": ATTEMPTS},
    *({"cache": word} for word in ("miss", "bypass", "hit", "collapsed")),
    {"refusal_code": "middleware_failed"},
    {"sent": None},
    {"first_byte": None},
    {"target": None},
    {"target": GRANTS[0].targets[0]._replace(key_text=str(uuid4()))},
    {"watch": a_watch()},
    {"cut": True},
    {"at": LATE + 2},
    {"prices": DEARER},
    *({"grant": number} for number in range(1, len(GRANTS))),
)


@pytest.mark.parametrize("near", NEAR, ids=", ".join)
async def test_one_that_is_nearly_alike_is_what_it_is_alone(near: dict[str, Any]) -> None:
    await compare([USUAL, USUAL | near, USUAL, USUAL | near])
    await compare([USUAL | near, USUAL])


#: One that a kept answer is given to.
GIVEN: Final = USUAL | {"cache": "hit", "target": None, "sent": None, "saved_nanos": 700}


@pytest.mark.parametrize(
    "near",
    [*NEAR, {"saved_nanos": 800}, {"saved_nanos": None}, {"policies": (PAID,)}],
    ids=", ".join,
)
async def test_a_kept_answers_entry_after_one_that_is_nearly_alike_is_what_it_is_alone(
    near: dict[str, Any],
) -> None:
    await compare([GIVEN, GIVEN | near, GIVEN, GIVEN | near])
    await compare([GIVEN | near, GIVEN])


async def test_entries_of_kept_answers_of_the_same_cost_are_told_as_alike() -> None:
    entries = Entries(Prices())
    first, again = (entries.of(exchange_of(GIVEN), "complete") for _ in range(2))
    assert (isinstance(first, Entry), isinstance(again, Again)) == (True, True)
    assert (again.entry.cache, again.entry.saved_nanos, again.entry.cost_nanos) == ("hit", 700, 0)


NEAR_ANSWERS: Final[tuple[dict[str, Any], ...]] = (
    {"model": "gpt-4o-2024-05-13"},
    *({"service_tier": tier} for tier in ("priority", "flex")),
    {"error": {"code": "overloaded"}},
    {"error": {"message": "It broke."}},
    {"usage": {}},
    {"usage": {"completion_tokens": 5}},
    {"usage": {"prompt_tokens": 5, "cost": 0.25}},
    {"usage": {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}}},
    {"usage": {"prompt_tokens": 5, "prompt_tokens_details": {"audio_tokens": 0}}},
    {"usage": {"prompt_tokens": 5, "prompt_tokens_details": {"audio_tokens": 5}}},
    {"usage": {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 0.5}}},
    {"usage": {"prompt_tokens": 5, "cache_creation_input_tokens": 0}},
    {"usage": {"prompt_tokens": 5, "cache_creation_input_tokens": 4}},
    {"usage": {"prompt_tokens": 5, "inference_geo": "us"}},
    {"usage": {"prompt_tokens": 5, "server_tool_use": {"web_search_requests": 1}}},
)


@pytest.mark.parametrize("near", NEAR_ANSWERS, ids=", ".join)
async def test_an_answer_that_is_nearly_alike_costs_what_it_costs_alone(
    near: dict[str, Any],
) -> None:
    other = USUAL | {"answer": USUAL["answer"] | near}
    await compare([USUAL, other, USUAL, other])
    await compare([other, USUAL])


async def test_a_cost_that_answers_state_themselves_is_each_ones_own() -> None:
    used = {"prompt_tokens": 5, "completion_tokens": 1}
    silent, stating = (
        USUAL | {"grant": 4, "answer": USUAL["answer"] | {"usage": used | more}}
        for more in ({}, {"cost": 0.25})
    )
    await compare([silent, stating, silent, stating])


async def test_what_an_account_calls_a_model_is_in_the_price() -> None:
    alone = USUAL | {"answer": USUAL["answer"] | {"model": "gpt-4o"}}
    called = alone | {"mapped": "gpt-4o-2024-05-13"}
    entries = Entries(Prices())
    costs = [
        entries.of(exchange_of(one), "complete").entry.cost_nanos for one in (alone, called) * 2
    ]
    assert costs == [3_500_000, 6_500_000] * 2


async def test_the_price_of_a_place_that_the_path_names_is_for_that_path_alone() -> None:
    claude = USUAL | {"grant": 3, "model": "claude-haiku-4-5", "answer": {"usage": USED}}
    places = [claude | {"path": f"/v1/locations/{place}/m"} for place in ("global", "us-east5")]
    entries = Entries(Prices())
    costs = [entries.of(exchange_of(one), "complete").entry.cost_nanos for one in places * 2]
    assert costs == [1_500_000, 1_650_000] * 2


async def test_a_price_of_some_hours_is_for_those_hours_alone() -> None:
    asked = USUAL | {"grant": 5, "model": "deepseek-v4-pro", "answer": {"usage": USED}}
    # A Friday; the peak begins at one.
    begins = datetime(2026, 11, 27, 1, tzinfo=UTC).timestamp()
    entries = Entries(Prices())
    costs = [
        entries.of(exchange_of(asked | {"at": begins + seconds}), "complete").entry.cost_nanos
        for seconds in (-2, -1, 0, 1)
    ]
    assert costs[0] == costs[1]
    assert costs[2] == costs[3] == 2 * (costs[0] or 0)
    await compare([asked | {"at": begins + seconds} for seconds in (-2, -1, 0, 1, -1)])


BEGUN: Final = (
    b'event: message_start\ndata: {"type":"message_start","message":{"model":"gpt-4o",'
    b'"usage":{"input_tokens":12,"output_tokens":1}}}\n\n'
)
ENDED: Final = (
    b'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":9}}'
    b'\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
)


async def test_a_stream_without_its_last_counts_is_not_taken_for_a_whole_one() -> None:
    whole, begun = USUAL | {"stream": BEGUN + ENDED}, USUAL | {"stream": BEGUN}
    await compare([whole, begun, whole, begun])
    entries = Entries(Prices())
    states = [entries.of(exchange_of(one), "complete").entry.usage for one in (whole, begun, whole)]
    assert states == ["exact", "unknown", "exact"]


#: Usual requests with answers that came whole: what may be another one each time.
usual_requests: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"answer": answers, "grant": st.sampled_from(range(len(GRANTS))), "model": names},
    optional={
        "status": st.just(201),
        "labels": st.just(Labels((("team", "a"),), "somebody")),
        "holds": st.just(HELD),
        "at": st.sampled_from((LATE, LATE + 2)),
        "prices": st.sampled_from((PriceFile(), DEARER)),
        "cut": st.just(value=True),
        "outcome": st.just("client_left"),
    },
)


@settings(max_examples=150)
@given(st.data())
def test_entries_of_usual_answers_are_as_the_general_way_makes_them(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(usual_requests, min_size=1, max_size=3))
    readings = [Reading(dialect) for dialect in ("chat", "messages")]
    asked: list[dict[str, Any]] = []
    for kind in data.draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=6)):
        changed = data.draw(st.one_of(usages, st.just(kind["answer"]["usage"])))
        reading = data.draw(st.sampled_from(readings))
        answer = kind["answer"] | {"usage": changed}
        asked.append(kind | {"answer": answer, "at_once": reading})
    asyncio.run(compare_usual(asked))


async def compare_usual(asked: list[dict[str, Any]]) -> None:
    """Make the entries of usual requests by one worker's, and each the general way."""
    prices, file = Prices(), PriceFile()
    entries = Entries(prices)
    for request in asked:
        if request.get("prices", PriceFile()) != file:
            file = request.get("prices", PriceFile())
            prices.use(file)
        exchange = exchange_of(request)
        outcome: Outcome = request.get("outcome", "complete")
        made, charge = entries.of(exchange, outcome), exchange.charge
        assert settled(made) == settled(the_general_way(exchange, prices, outcome))
        assert charge == exchange.charge


async def test_a_usual_answer_is_not_read_the_general_way_once_one_is_known() -> None:
    entries, reading = Entries(Prices()), Reading("chat")
    made = [exchange_of(USUAL | {"at_once": reading}) for _ in range(3)]
    for exchange in made:
        entries.of(exchange, "complete")
    assert [exchange.meter is None for exchange in made] == [False, True, True]
    assert len(entries._alike) == 1


async def test_unusual_answers_among_usual_ones_do_not_end_the_quick_way() -> None:
    entries, reading = Entries(Prices()), Reading("chat")
    odd = USUAL["answer"] | {"usage": USED | {"num_search_queries": 0}}
    for answer in (USUAL["answer"], odd) * 20:
        entries.of(exchange_of(USUAL | {"answer": answer, "at_once": reading}), "complete")
    last = exchange_of(USUAL | {"at_once": reading})
    entries.of(last, "complete")
    assert last.meter is None


async def test_each_decided_kind_of_request_has_its_own_entries() -> None:
    entries, reading = Entries(Prices()), Reading("chat")
    for grant in (0, 1, 0, 1):
        exchange = exchange_of(USUAL | {"at_once": reading, "grant": grant})
        made = entries.of(exchange, "complete")
        assert made.entry.token_id == GRANTS[grant].token_text
        assert settled(made) == settled(the_general_way(exchange, Prices()))


class Asked(Prices):
    """Prices that count how often a price is worked out in full."""

    __slots__ = ("prices",)

    def __init__(self) -> None:
        super().__init__()
        self.prices = 0

    def price(self, *asked: Any) -> Price:
        self.prices += 1
        return super().price(*asked)


@pytest.mark.parametrize("holds", [(), HELD])
@pytest.mark.parametrize("labels", [None, Labels((("team", "a"),), "")])
async def test_a_price_is_worked_out_once_for_requests_that_are_alike(
    holds: tuple[BudgetClaim, ...], labels: Labels | None
) -> None:
    prices = Asked()
    entries = Entries(prices)
    costs = []
    for prompt in (1_000, 2_000, 0):
        answer = USUAL["answer"] | {"usage": {"prompt_tokens": prompt, "completion_tokens": 100}}
        exchange = exchange_of(USUAL | {"answer": answer, "holds": holds, "labels": labels})
        made = entries.of(exchange, "complete").entry
        costs.append(made.cost_nanos)
        assert (made.id, made.prompt_tokens) == (exchange.id, prompt)
        assert made.tags == (None if labels is None else labels.tags)
        assert (exchange.charge is not None, made.charge) == (bool(holds), "used" if holds else "")
    assert costs == [3_500_000, 6_000_000, 1_000_000]
    assert prices.prices == 1


async def test_another_tariff_counts_from_the_next_entry_on() -> None:
    prices = Prices()
    entries = Entries(prices)

    def cost(**changes: Any) -> int | None:
        return entries.of(exchange_of(USUAL | changes), "complete").entry.cost_nanos

    assert [cost(), cost()] == [3_500_000] * 2
    prices.use(DEARER)
    assert [cost(), cost(at=LATE + 2)] == [120_000_000] * 2
    prices.use(PriceFile())
    assert cost() == 3_500_000


async def test_a_changed_grant_shows_in_the_next_entry() -> None:
    entries = Entries(Prices())
    record = a_record()
    made = []
    for provider in (OPENAI, replace(OPENAI, name="openai", prices="nobody")):
        grant = Grant.of(record, {"openai": provider}, UPSTREAMS)
        made.append(entries.of(exchange_of(USUAL | {"grant": grant}), "complete").entry.cost_nanos)
    assert made == [3_500_000, None]


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.entries._REMEMBERED_MAX", 8)
    entries = Entries(Prices())
    for number in range(20):
        entries.of(exchange_of(USUAL | {"model": f"gpt-4o-{number}"}), "complete")
        assert 1 <= len(entries._alike) <= 8
    # Names without end are not kept at all.
    entries = Entries(Prices())
    entries.of(exchange_of(USUAL | {"model": "n" * 300}), "complete")
    assert not entries._alike
