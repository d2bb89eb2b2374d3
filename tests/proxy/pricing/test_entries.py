"""The cost in a request's entry: of what the answer says, by whose word, or none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest

from models.bindings import Upstreams
from models.budgets import Budget, Policy
from models.entry import Entry
from proxy.access.grant import Grant
from proxy.access.policies import GrantedPolicy
from proxy.entries import Entries
from proxy.pricing import sheet
from proxy.pricing.prices import Prices
from proxy.providers.endpoints import Route
from proxy.providers.provider import Provider
from proxy.usage.meter import meter_for
from tests.proxy.rows import OPENAI, a_grant, a_record, a_request, an_exchange

CHAT: Final = "/v1/chat/completions"
#: $2.50 and $10 per million.
USED: Final = {"prompt_tokens": 1_000, "completion_tokens": 100}


def entry(
    usage: dict[str, Any],
    provider: Provider = OPENAI,
    *,
    asked: str = "gpt-4o",
    answered: str = "gpt-4o",
    stream: bytes | None = None,
    **answer: Any,
) -> Entry:
    """Of a request that was answered with this usage, in JSON, or with this stream of events."""
    body = msgspec.json.encode({"model": answered, "usage": usage} | answer)
    kind = b"application/json" if stream is None else b"text/event-stream"
    meter = meter_for([(b"Content-Type", kind)], asked_for_usage=False, counted=True)
    meter.relay(body if stream is None else stream)
    if stream is None:
        meter.end()
    exchange = an_exchange(a_request("POST", CHAT))
    # Within the days of the tiers' rows.
    exchange.at = 1_795_900_000.0
    upstreams = Upstreams({provider.name: provider.base_url})
    exchange.grant = Grant.of(
        a_record(provider=provider.name), {provider.name: provider}, upstreams
    )
    exchange.route = Route(CHAT, "chat", creates=True)
    exchange.model = asked
    exchange.status = 200
    exchange.meter = meter
    return Entries(Prices()).of(exchange, "complete").entry


@pytest.mark.parametrize("cache", ["hit", "collapsed", "miss", "bypass", ""])
@pytest.mark.parametrize("budgets_of", ["", "token", "policy"])
async def test_a_kept_answer_is_a_request_that_used_and_cost_nothing(
    cache: str, budgets_of: str
) -> None:
    budgets = (Budget("usd", 10**9, "day", "UTC", "hard", "bound", (), 0),)
    exchange = an_exchange(a_request("POST", CHAT))
    exchange.grant = a_grant(budgets=budgets if budgets_of == "token" else ())
    if budgets_of == "policy":
        exchange.policies = (GrantedPolicy.of("t", Policy("chats", budgets=budgets)),)
    exchange.route = Route(CHAT, "chat", creates=True)
    exchange.model, exchange.status = "gpt-4o", 200
    exchange.cache, exchange.saved_nanos = cache, 7
    exchange.started = exchange.began
    made = Entries(Prices()).of(exchange, "complete").entry
    is_hit = cache in ("hit", "collapsed")
    assert made.cache == ("hit" if is_hit else cache if cache == "miss" else "")
    assert (made.counted, made.given_back, made.used_nothing) == (not is_hit, not is_hit, is_hit)
    if is_hit:
        assert (made.usage, made.prompt_tokens, made.key_id) == ("exact", None, "")
        assert (made.cost_nanos, made.saved_nanos, made.unpriced) == (0, 7, False)
        assert made.charge == ("none" if budgets_of else "")
        # What follows the head is its reader's time.
        assert made.overhead_us == 0
    else:
        assert (made.usage, made.cost_nanos, made.saved_nanos) == ("unknown", None, None)


async def test_an_answer_costs_what_the_sheet_says_and_names_it() -> None:
    made = entry(USED)
    assert (made.cost_nanos, made.cost_source) == (3_500_000, sheet.SOURCE)


async def test_the_price_is_of_the_model_that_answered_and_both_names_are_kept() -> None:
    made = entry(USED, answered="gpt-4o-2024-05-13")
    assert made.cost_nanos == 6_500_000
    assert (made.model, made.answer_model) == ("gpt-4o", "gpt-4o-2024-05-13")


async def test_a_provider_has_the_prices_of_the_name_that_its_file_gives() -> None:
    own = replace(OPENAI, name="own")
    assert entry(USED, own).cost_nanos is None
    assert entry(USED, replace(own, prices="openai")).cost_nanos == 3_500_000


async def test_the_tier_of_the_answer_is_in_the_price() -> None:
    assert entry(USED, service_tier="priority").cost_nanos == 5_950_000
    assert entry(USED, service_tier="flex").cost_nanos is None


async def test_a_region_of_the_upstream_is_in_the_price() -> None:
    def cost(base_url: str) -> int | None:
        there = replace(OPENAI, base_url=base_url)
        return entry(USED, there, asked="gpt-5.4", answered="gpt-5.4").cost_nanos

    assert cost("https://api.openai.com") == 4_000_000
    assert cost("https://eu.api.openai.com") == 4_400_000
    assert cost("https://jp.api.openai.com") is None


async def test_what_an_answer_states_counts_where_the_provider_names_it() -> None:
    stating = replace(OPENAI, cost="usage.cost")
    stated = entry(USED | {"cost": 0.25, "is_byok": False}, stating)
    assert (stated.cost_nanos, stated.cost_source) == (250_000_000, "upstream")
    own_key = entry(USED | {"cost": 0.25, "is_byok": True}, stating)
    assert (own_key.cost_nanos, own_key.cost_source) == (3_500_000, sheet.SOURCE)
    assert entry(USED | {"cost": 0.25}).cost_nanos == 3_500_000
    cents = entry(USED | {"cost": 25}, replace(stating, cost_unit="usd_cents"))
    assert cents.cost_nanos == 250_000_000


async def test_what_a_stream_states_counts_as_well() -> None:
    usage = msgspec.json.encode(USED | {"cost": 0.25})
    stream = b'data: {"model":"gpt-4o","choices":[],"usage":' + usage + b"}\n\ndata: [DONE]\n\n"
    made = entry({}, replace(OPENAI, cost="usage.cost"), stream=stream)
    assert (made.cost_nanos, made.cost_source) == (250_000_000, "upstream")


@pytest.mark.parametrize(
    "usage",
    [
        # Which part was cached, and so half the price, was said and cannot be read.
        USED | {"prompt_tokens_details": {"cached_tokens": 1.5}},
        USED | {"prompt_tokens": 12.5},
        {"completion_tokens": 100},
    ],
)
async def test_a_part_that_could_not_be_read_leaves_no_cost(usage: dict[str, Any]) -> None:
    made = entry(usage)
    assert made.usage == "exact"
    assert (made.cost_nanos, made.cost_source) == (None, "")


async def test_usage_that_is_not_known_to_its_end_has_no_cost() -> None:
    """The prompt is known, and what it costs is a part of the cost alone."""
    stream = (
        b'event: message_start\ndata: {"type":"message_start","message":{"model":"gpt-4o",'
        b'"usage":{"input_tokens":12,"output_tokens":1}}}\n\n'
    )
    made = entry({}, stream=stream)
    assert made.usage == "unknown"
    assert made.prompt_tokens == 12
    assert (made.cost_nanos, made.cost_source) == (None, "")
