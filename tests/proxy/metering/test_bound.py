"""What a request costs at most, in tokens and nano-dollars."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from proxy.body.kept_body import KeptBody
from proxy.body.request_body import whole
from proxy.metering import members
from proxy.metering.asks import Asks
from proxy.metering.bound import Bound
from proxy.metering.metering import Bounds, bound_of
from proxy.pricing import price_file
from proxy.pricing.prices import Call, Prices
from proxy.usage.accumulator import Usage

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
PRICES = Prices()
SAID = [{"role": "user", "content": "hi"}]
FILE = """
[prices."openai/mine"]
input = 2
output = 10
cache_write = 2.5
cache_write_1h = 4
audio_input = 20
audio_output = 40
image_input = 5
request = 0.01
web_search = 0.25
context_length = 1000
max_output = 50
[[prices."openai/mine".tiers]]
over = 200
input = 4
output = 15
[prices."openai/mine".service_tiers.priority]
input = 6
output = 30
request = 0.01
[prices."openai/nosize"]
input = 2
output = 10
[prices."openai/free"]
input = 0
output = 0
[prices."openai/each"]
request = 0.02
[prices."openai/minutes"]
audio_minute = 0.006
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Prices:
    path: Path = tmp_path_factory.mktemp("prices") / "prices.toml"
    path.write_text(FILE)
    return Prices(price_file.read(path))


def bound(
    body: Any, *, dialect: str = "chat", provider: str = "openai", prices: Prices = PRICES,
    models: tuple[str, ...] = (),
) -> tuple[int, Bound]:  # fmt: skip
    text = json.dumps(body).encode()
    kept = KeptBody(text)
    asks = members.of_json(dialect, "/v1/any", whole(kept), kept)
    asks.size = len(text)
    calls = tuple(Call(provider, model) for model in models or (body["model"],))
    return len(text), agreed(Bounds(prices), calls, asks)


def agreed(bounds: Bounds, calls: tuple[Call, ...], asks: Asks) -> Bound:
    """The bound, which is the same where its rates are remembered."""
    found = bound_of(bounds.prices, calls, asks, NOON)
    for _ in range(2):
        assert bounds.of(calls, asks, NOON) == found
    return found


def test_a_text_is_a_token_for_each_byte_and_the_answer_that_is_asked_for() -> None:
    size, most = bound({"model": "gpt-4o", "messages": SAID, "max_tokens": 100})
    assert most == Bound(size + 100, size * 2_500 + 100 * 10_000)


def test_the_answer_is_the_models_where_none_is_asked_for_or_more_than_that() -> None:
    for more in ({}, {"max_tokens": 10**30}, {"max_tokens": -1}):
        size, most = bound({"model": "gpt-4o", "messages": SAID, **more})
        assert most.tokens == size + 16_384


def test_answers_multiply() -> None:
    size, most = bound({"model": "gpt-4o", "messages": SAID, "max_tokens": 10, "n": 7})
    assert most.tokens == size + 70
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": ["a"] * 4, "best_of": 3, "max_tokens": 5}
    size, most = bound(body, dialect="completions")
    assert most.tokens == size + 60


def test_a_prompt_is_no_longer_than_its_context() -> None:
    size, most = bound({"model": "gpt-4", "messages": [{"content": "a" * 9_000}], "max_tokens": 1})
    assert size > 9_000
    assert most.tokens == 8_192 + 1


def test_a_picture_is_as_long_as_the_context() -> None:
    picture = [{"content": [{"type": "image_url", "image_url": {"url": "https://a/b"}}]}]
    _, most = bound({"model": "gpt-4o", "messages": picture, "max_tokens": 1})
    assert most == Bound(128_001, 128_000 * 2_500 + 10_000)


def test_vectors_cost_their_prompt() -> None:
    body = {"model": "text-embedding-3-small", "input": ["a"] * 9}
    size, most = bound(body, dialect="embeddings")
    assert most == Bound(size, size * 20)


def test_a_tier_counts_where_the_prompt_may_reach_it(mine: Prices) -> None:
    size, most = bound({"model": "mine", "messages": SAID, "max_tokens": 1}, prices=mine)
    assert size < 200
    assert most.nanos == 10_000_000 + size * 2_500 + 10_000
    long = [{"role": "user", "content": "a" * 300}]
    size, most = bound({"model": "mine", "messages": long, "max_tokens": 1}, prices=mine)
    # That of the tier, or of a cache which is written unasked, whichever is dearer.
    assert most.nanos == 10_000_000 + size * 4_000 + 15_000


def test_of_several_prices_the_dearest_counts(mine: Prices) -> None:
    plain = {"model": "mine", "messages": SAID, "max_tokens": 10}
    size, most = bound({**plain, "service_tier": "priority"}, prices=mine)
    assert most.nanos == 10_000_000 + size * 6_000 + 10 * 30_000
    size, most = bound({**plain, "service_tier": "auto"}, prices=mine)
    assert most.nanos == 10_000_000 + size * 6_000 + 10 * 30_000
    heard = [{"content": [{"type": "input_audio"}]}]
    size, most = bound({**plain, "messages": heard, "modalities": ["audio"]}, prices=mine)
    assert most.nanos == 10_000_000 + 1_000 * 20_000 + 10 * 40_000
    size, most = bound(plain, prices=mine, models=("mine", "gpt-4o"))
    assert most.nanos == 10_000_000 + size * 2_500 + 10 * 10_000


def test_writing_to_a_cache_counts_where_it_is_asked_for(mine: Prices) -> None:
    system = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}}]
    plain = {"model": "mine", "messages": SAID, "max_tokens": 1}
    size, most = bound(plain, dialect="messages", prices=mine)
    assert most.nanos == 10_000_000 + size * 2_000 + 10_000
    size, most = bound({**plain, "system": system}, dialect="messages", prices=mine)
    assert size < 200
    assert most.nanos == 10_000_000 + size * 2_500 + 10_000
    system[0]["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    size, most = bound({**plain, "system": system}, dialect="messages", prices=mine)
    assert size < 200
    assert most.nanos == 10_000_000 + size * 4_000 + 10_000


def test_searches_have_a_price(mine: Prices) -> None:
    body = {
        "model": "mine", "input": "a", "tools": [{"type": "web_search"}], "max_tool_calls": 2,
        "max_output_tokens": 1,
    }  # fmt: skip
    _, most = bound(body, dialect="responses", prices=mine)
    assert most.nanos == 10_000_000 + 2 * 250_000_000 + 1_000 * 4_000 + 15_000


def test_nano_dollars_are_rounded_up() -> None:
    # $0.0375 for a million, of which there is a fraction.
    _, most = bound({"model": "text-embedding-3-small", "input": "a"}, dialect="embeddings")
    assert most.nanos is not None
    usage = Usage(most.tokens, 0, 0, 0)
    cost, _ = PRICES.price(Call("openai", "text-embedding-3-small"), usage, NOON)
    assert cost is not None
    assert most.nanos >= cost


@pytest.mark.parametrize(
    ("body", "dialect", "line"),
    [
        (
            {"model": "unknown", "messages": SAID},
            "chat",
            '[prices."openai/unknown"] with max_output',
        ),
        ({"model": "nosize", "messages": SAID}, "chat", '[prices."openai/nosize"] with max_output'),
        (
            {"model": "nosize", "input": "a", "conversation": "b", "max_output_tokens": 1},
            "responses",
            '[prices."openai/nosize"] with context_length',
        ),
    ],
)
def test_a_size_that_is_needed_and_unknown_is_named(
    body: Any, dialect: str, line: str, mine: Prices
) -> None:
    _, most = bound(body, dialect=dialect, prices=mine)
    assert (most.tokens, most.nanos) == (None, None)
    assert line in most.why_tokens
    assert most.why_nanos


@pytest.mark.parametrize(
    ("body", "dialect", "why"),
    [
        ({"model": "unknown", "max_tokens": 1}, "chat", '"openai/unknown"] with input and output'),
        (
            {"model": "mine", "service_tier": "flex", "max_tokens": 1},
            "chat",
            '[prices."openai/mine"] with service_tiers.flex',
        ),
        ({"model": "mine", "tools": [{"type": "mcp"}, {"type": "x"}]}, "responses", "'x' costs"),
        ({"model": "minutes", "max_tokens": 1}, "chat", "by the minute"),
        ({"model": "gpt-4o-audio-preview", "modalities": ["audio"]}, "chat", "audio_output"),
        ({"model": "gpt-4o-search-preview", "max_tokens": 1}, "chat", "input and output"),
    ],
)
def test_what_has_no_price_still_has_tokens(
    body: Any, dialect: str, why: str, mine: Prices
) -> None:
    _, most = bound({"messages": SAID, **body}, dialect=dialect, prices=mine)
    assert most.tokens is not None
    assert most.nanos is None
    assert why in most.why_nanos


def test_what_is_free_costs_nothing_however_long_it_is(mine: Prices) -> None:
    for more in ({}, {"knows_of_more": 1}, {"n": "some"}):
        _, most = bound({"model": "free", "messages": SAID, **more}, prices=mine)
        assert (most.tokens, most.nanos) == (None, 0)


def test_a_price_for_each_request_is_known_without_sizes(mine: Prices) -> None:
    _, most = bound({"model": "each", "messages": SAID}, prices=mine)
    assert (most.tokens, most.nanos) == (None, 20_000_000)


def test_a_name_cannot_break_out_of_the_line_that_is_named() -> None:
    _, most = bound({"model": 'a"]\\\n', "messages": SAID})
    assert '"openai/a]' in most.why_tokens


def test_a_prediction_may_be_charged_as_an_answer() -> None:
    body = {"model": "gpt-4o", "messages": SAID, "max_tokens": 1, "prediction": {"content": "a"}}
    size, most = bound(body)
    assert most.tokens == 2 * size + 1


KEYS = [
    "model",
    "messages",
    "content",
    "type",
    "text",
    "image_url",
    "input",
    "tools",
    "max_tokens",
    "n",
    "prompt",
    "contents",
    "parts",
    "generationConfig",
    "maxOutputTokens",
    "candidateCount",
    "system",
    "inferenceConfig",
    "service_tier",
    "audio",
    "modalities",
    "options",
    "num_predict",
    "instances",
    "parameters",
    "requests",
    "toolConfig",
    "toolResult",
    "functionResponse",
    "function",
    "max_uses",
    "web_search_options",
    "prediction",
    "performanceConfig",
    "speed",
    "inference_geo",
    "output",
    "name",
    "input_schema",
    "max_tool_calls",
    "best_of",
    "images",
]
VALUES = (
    "hi", "image", "tool_result", "web_search", "function", "priority", "auto", "", "\ud83d", None,
    True, False, 0, -1, 5, 1.5, 1e300, 10**40, -(10**40), "5", "nan", "inf", "-1e999",
)  # fmt: skip


def made_up(numbers: random.Random, depth: int) -> Any:
    chance = numbers.random()
    if depth == 0 or chance < 0.35:
        return numbers.choice(VALUES)
    pieces = range(numbers.randint(0, 4))
    if chance < 0.65:
        return {numbers.choice(KEYS): made_up(numbers, depth - 1) for _ in pieces}
    return [made_up(numbers, depth - 1) for _ in pieces]


def test_what_is_remembered_of_rates_gives_the_bound_of_every_plain_request(mine: Prices) -> None:
    numbers = random.Random(20261130)
    names = "mine gpt-4o claude-opus-5 nosize free each minutes text-embedding-3-small unheard-of"
    bounds, some = Bounds(mine), 0
    for _ in range(2_000):
        asks = Asks(
            size=numbers.choice((0, 80, 5_000, 300_000, 10**7)),
            choices=numbers.choice((1, 3)),
            prompts=numbers.choice((1, 1, 40)),
            max_output=numbers.choice((0, 100, 10**6)),
            is_open=numbers.random() < 0.1,
            answers=numbers.random() < 0.9,
            grows=numbers.random() < 0.05,
            overhead=numbers.choice((0, 1_024)),
            predicted=numbers.random() < 0.2,
            caches=numbers.random() < 0.5,
            caches_for_an_hour=numbers.random() < 0.2,
            must_price_cache=numbers.random() < 0.2,
        )
        calls = tuple(
            Call("anthropic" if name.startswith("claude") else "openai", name)
            for name in numbers.sample(names.split(), numbers.choice((1, 1, 1, 2)))
        )
        some += agreed(bounds, calls, asks).nanos is not None
    assert some > 500


def test_rates_are_remembered_until_they_change(tmp_path: Path) -> None:
    prices = Prices()
    bounds, asks, calls = Bounds(prices), Asks(size=10, max_output=1), (Call("openai", "gpt-4o"),)
    before = bounds.of(calls, asks, NOON)
    (tmp_path / "prices.toml").write_text('[prices."openai/gpt-4o"]\ninput = 1000\noutput = 1\n')
    prices.use(price_file.read(tmp_path / "prices.toml"))
    assert bounds.of(calls, asks, NOON) == bound_of(prices, calls, asks, NOON) != before
    # The sheet's are worked out again each midnight.
    day = Bounds(Prices())
    for later in (NOON, NOON + 86_400, NOON):
        assert day.of(calls, asks, later) == bound_of(day.prices, calls, asks, later)


@pytest.mark.parametrize("dialect", sorted(members.DIALECTS))
def test_whatever_a_body_says_its_bound_is_a_number_or_a_reason(dialect: str) -> None:
    numbers = random.Random(20261129)
    calls = (Call("openai", "gpt-4o"), Call("anthropic", "claude-opus-5"))
    bounds = Bounds(PRICES)
    for _ in range(150):
        said = {numbers.choice(KEYS): made_up(numbers, 4) for _ in range(numbers.randint(0, 8))}
        text = json.dumps(said).encode()
        if numbers.random() < 0.2:
            text = text.replace(b'"', b"", 1)
        kept = KeptBody(text)
        asks = members.of_json(dialect, "/v1/any", whole(kept), kept)
        asks.size = len(text)
        most = agreed(bounds, calls, asks)
        assert (most.tokens is None) is bool(most.why_tokens), text
        assert (most.nanos is None) is bool(most.why_nanos), text
        assert 0 <= (most.tokens or 0) <= 10**10
        assert 0 <= (most.nanos or 0) <= 10**15
