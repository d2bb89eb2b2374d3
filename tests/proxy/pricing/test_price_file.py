"""PRICES_FILE: what it prices, which entry counts, and how its mistakes are told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config import ConfigError
from proxy.pricing import price_file
from proxy.pricing.prices import Call, Prices
from proxy.providers.catalog import BUILT_IN
from proxy.usage.accumulator import Usage

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
USED = Usage(1_000, 100, 0, 0)
OURS = "prices_file"


def prices(tmp_path: Path, text: str) -> Prices:
    path = tmp_path / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return Prices(price_file.read(path))


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        prices(tmp_path, text)
    head = f"PRICES_FILE: {tmp_path / 'prices.toml'}: "
    assert all(problem.startswith(head) for problem in caught.value.problems)
    return [
        problem.removeprefix(head).removesuffix(". Allowed: see docs/prices.md.")
        for problem in caught.value.problems
    ]


def cost(known: Prices, provider: str, model: str, answered: str = "", **parts: Any) -> Any:
    return known.price(Call(provider, model, answered), USED._replace(**parts), NOON)


WHOLE = """
[prices."local/m"]
input = 1
output = 2
cache_read = 0.1
cache_write = 1.25
cache_write_1h = 2.5
audio_input = 30
audio_output = 60
image_input = 8
image_output = 40
request = 0.001
web_search = 0.01
audio_minute = 0.6
"""


@pytest.mark.parametrize(
    ("parts", "nanos"),
    [
        ({}, 1_000_000 + 200_000),
        ({"cached": 400}, 640_000 + 200_000),
        ({"cache_write": 400}, 1_100_000 + 200_000),
        ({"cache_write": 400, "cache_write_1h": 100}, 600_000 + 375_000 + 250_000 + 200_000),
        ({"audio_input": 10, "audio_output": 10}, 990_000 + 300_000 + 180_000 + 600_000),
        ({"image_input": 10, "image_output": 10}, 990_000 + 80_000 + 180_000 + 400_000),
        ({"web_searches": 3}, 31_200_000),
        ({"audio_seconds": 30}, 301_200_000),
    ],
)
def test_every_rate_of_an_entry_counts(tmp_path: Path, parts: dict[str, Any], nanos: int) -> None:
    assert cost(prices(tmp_path, WHOLE), "local", "m", **parts) == (nanos + 1_000_000, OURS)


def test_a_part_without_a_rate_costs_what_its_whole_does(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."local/m"]\ninput = 1\noutput = 2\n')
    whole = (1_200_000, OURS)
    parts: list[dict[str, Any]] = [
        {name: 50}
        for name in ("cached", "cache_write", "audio_input", "image_input", "audio_output")
    ]
    assert {cost(known, "local", "m", **part) for part in parts} == {whole}
    assert cost(known, "local", "m", cache_write=9, cache_write_1h=9) == whole
    assert cost(known, "local", "m", web_searches=1) == (None, "")
    assert cost(known, "local", "m", audio_seconds=1) == (None, "")


def test_what_was_written_for_an_hour_never_costs_what_five_minutes_do(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."local/m"]\ninput = 1\noutput = 2\ncache_write = 1.25\n')
    assert cost(known, "local", "m", cache_write=9) != (None, "")
    assert cost(known, "local", "m", cache_write=9, cache_write_1h=9) == (None, "")


def test_an_entry_replaces_the_sheet_s_whole(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."openai/gpt-4o"]\ninput = 1\n')
    assert cost(known, "openai", "gpt-4o", completion=0) == (1_000_000, OURS)
    # What the sheet asks for completions is not put beside it.
    assert cost(known, "openai", "gpt-4o") == (None, "")
    assert cost(known, "openai", "gpt-4o", service_tier="priority") == (None, "")
    assert cost(known, "openai", "gpt-4o-mini")[0] == 210_000


def test_an_entry_of_sizes_alone_leaves_the_price_to_the_sheet(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."openai/gpt-4o"]\ncontext_length = 7\nmax_output = 3\n')
    assert cost(known, "openai", "gpt-4o")[1] != OURS
    assert known.sizes("openai", "gpt-4o") == (7, 3)
    assert known.sizes("openai", "gpt-4o-mini") == (128_000, 16_384)
    assert known.sizes("openai", "nobody") == (None, None)


@pytest.mark.parametrize(
    ("model", "input_price"),
    [
        ("gpt-4o", 4),
        ("GPT-4o", 4),
        ("gpt-4o-2024-08-06", 3),
        ("gpt-4o-mini", 2),
        ("gpt-4.1", 1),
        ("gpt-41x", 5),
        ("o3", 0),
    ],
)
def test_the_longest_literal_start_counts(tmp_path: Path, model: str, input_price: int) -> None:
    patterns = {"*": 0, "gpt-4*": 1, "gpt-4o-m*": 2, "gpt-4o*": 3, "gpt-4o": 4, "gpt-4?x": 5}
    text = "".join(
        f'[prices."openai/{one}"]\ninput = {n}\noutput = 0\n' for one, n in patterns.items()
    )
    assert cost(prices(tmp_path, text), "openai", model) == (input_price * 1_000_000, OURS)


def test_a_name_s_own_characters_are_no_pattern(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."local/a.b[c]"]\ninput = 1\noutput = 1\n')
    assert cost(known, "local", "a.b[c]")[1] == OURS
    assert cost(known, "local", "axbc") == (None, "")
    assert cost(known, "elsewhere", "a.b[c]") == (None, "")


TIERS = """
[prices."local/m"]
input = 1
output = 2
request = 0.5
[[prices."local/m".tiers]]
over = 200000
input = 2
output = 3
[[prices."local/m".tiers]]
over = 1000000
input = 4
[prices."local/m".service_tiers.flex]
input = 0.5
output = 1
[[prices."local/m".service_tiers.flex.tiers]]
over = 10
input = 0.75
[prices."local/m".service_tiers.priority]
input = 9
output = 9
"""


@pytest.mark.parametrize(
    ("parts", "nanos"),
    [
        ({"prompt": 200_000}, 700_000_000),
        # All tokens of the request are dearer; what a tier does not name stays.
        ({"prompt": 200_001}, 900_002_000),
        ({"prompt": 200_001, "completion": 100}, 900_302_000),
        ({"prompt": 1_000_001, "completion": 100}, 4_500_204_000),
        # A service tier has its own rates alone.
        ({"prompt": 10, "service_tier": "flex"}, 5_000),
        ({"prompt": 100, "service_tier": "Flex"}, 75_000),
        ({"prompt": 100, "service_tier": "priority"}, 900_000),
        ({"prompt": 100, "service_tier": "fast"}, 900_000),
        ({"prompt": 100, "service_tier": "default"}, 500_100_000),
        ({"prompt": 100, "service_tier": "batch"}, None),
        ({"prompt": 100, "service_tier": "scale"}, None),
        ({"prompt": 100, "service_tier": "flex", "speed": "fast"}, None),
    ],
)
def test_tiers_of_an_entry(tmp_path: Path, parts: dict[str, Any], nanos: int | None) -> None:
    known = prices(tmp_path, TIERS)
    assert cost(known, "local", "m", **{"completion": 0} | parts)[0] == nanos


def test_same_as_takes_everything_from_there(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."azure/mine"]\nsame_as = "openai/gpt-4o"\nmax_output = 9\n')
    assert cost(known, "azure", "mine", cached=400) == (3_000_000, OURS)
    assert cost(known, "azure", "mine", service_tier="priority") == (5_950_000, OURS)
    assert cost(known, "azure", "mine", service_tier="flex") == (None, "")
    assert known.sizes("azure", "mine") == (128_000, 9)
    claude = prices(tmp_path, '[prices."mine/c"]\nsame_as = "anthropic/claude-opus-4-8"\n')
    assert cost(claude, "mine", "c", inference_geo="us") == (8_250_000, OURS)
    assert cost(claude, "mine", "c", speed="fast") == (15_000_000, OURS)


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        ("mine", "", (1_000_000, OURS)),
        # What a server calls its model, of which nobody else knows a price.
        ("mine", "/models/qwen3.gguf", (1_000_000, OURS)),
        # Another date of the model that the operator names.
        ("gpt-4o", "gpt-4o-2024-05-13", (2_000_000, OURS)),
        # Another model answered: its own entry, else the sheet's.
        ("gpt-4o", "mine", (1_000_000, OURS)),
    ],
)
def test_which_name_finds_an_entry(
    tmp_path: Path, asked: str, answered: str, expected: tuple[int, str]
) -> None:
    known = prices(
        tmp_path,
        '[prices."openai/mine"]\ninput = 1\noutput = 0\n'
        '[prices."openai/gpt-4o"]\ninput = 2\noutput = 0\n',
    )
    assert cost(known, "openai", asked, answered) == expected
    assert cost(known, "openai", "gpt-4o", "gpt-4o-mini")[0] == 210_000
    assert cost(known, "openai", "gpt-4o", "gpt-4o-mini")[1] != OURS


def test_free_is_said_with_zeros(tmp_path: Path) -> None:
    known = prices(tmp_path, '[prices."local/*"]\ninput = 0\noutput = 0\n')
    assert cost(known, "local", "anything", cached=5, reasoning=5) == (0, OURS)


def test_every_mistake_is_told(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        '[prices."local/a"]\ninput = -1\noutput = "2"\ncolour = 1\ncontext_length = 0\n'
        '[prices."local/b"]\ninput = true\nrequest = nan\n'
        '[prices."local/c"]\n[[prices."local/c".tiers]]\ninput = 1\n',
    )
    usd = "must be a number of USD from 0 to 1000000"
    assert f"prices.local/a.input: {usd}" in told
    assert f"prices.local/a.output: {usd}" in told
    assert "prices.local/a.colour: is no key that is known here" in told
    assert f"prices.local/b.input: {usd}" in told
    assert f"prices.local/b.request: {usd}" in told
    assert "prices.local/c.tiers.0.over: must be given" in told
    assert len(told) == 7


def test_every_entry_that_contradicts_itself_is_told(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        '[prices."no-slash"]\ninput = 1\n'
        '[prices."*/gpt-4o"]\ninput = 1\n'
        '[prices."a/b"]\nsame_as = "openai/no-such"\n'
        '[prices."a/c"]\nsame_as = "openai/gpt-4o"\ninput = 1\n'
        '[prices."a/d"]\ninput = 1\n[prices."a/d".service_tiers.flex]\n'
        '[prices."a/e"]\ninput = 1\n'
        '[[prices."a/e".tiers]]\nover = 5\ninput = 2\n'
        '[[prices."a/e".tiers]]\nover = 5\n',
    ) == [
        'prices.no-slash: must be "provider/model", in whose model * and ? may stand',
        'prices.*/gpt-4o: must be "provider/model", in whose model * and ? may stand',
        "prices.a/b.same_as: names no model that the price sheet knows",
        "prices.a/c.same_as: takes every rate from there: no rate may stand beside it",
        "prices.a/d.service_tiers.flex: names no rate",
        "prices.a/e.tiers: each must have another `over`",
        "prices.a/e.tiers.1: names no rate",
    ]


def test_no_mistake_hides_another(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        '[prices."local/a"]\ninput = -1\n[prices."no-slash"]\nouput = 1\n'
        '[prices."a/b"]\nsame_as = "openai/no-such"\n',
    )
    assert told == [
        "prices.local/a.input: must be a number of USD from 0 to 1000000",
        'prices.no-slash: must be "provider/model", in whose model * and ? may stand',
        "prices.no-slash.ouput: is no key that is known here",
        "prices.a/b.same_as: names no model that the price sheet knows",
    ]


def test_what_would_never_count_is_told(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        '[prices."a/b"]\n'
        '[prices."a/c"]\ninput = 1\n[prices."a/c".service_tiers.Default]\ninput = 2\n'
        '[prices."a/d"]\ninput = 1\n[prices."a/d".service_tiers.flex]\ninput = 2\n'
        '[prices."a/d".service_tiers.FLEX]\ninput = 3\n'
        '[prices."a/C"]\ninput = 1\n',
    ) == [
        "prices.a/b: says nothing: neither a rate nor a size",
        "prices.a/c.service_tiers.Default: is the standard price, which the entry has",
        "prices.a/d.service_tiers.FLEX: stands there twice: upper and lower case are the same",
        "prices.a/C: stands there twice: upper and lower case are the same",
    ]


def test_anthropic_s_fast_speed_is_not_another_s_fast_tier(tmp_path: Path) -> None:
    known = prices(tmp_path, TIERS)
    assert cost(known, "local", "m", speed="fast") == (None, "")
    assert cost(known, "local", "m", service_tier="fast") == (9_900_000, OURS)


@pytest.mark.parametrize(
    "text",
    [
        "[prices",
        "\udcff",
        "prices = 1",
        pytest.param("a = " + "1" * 5_000, id="digits"),
        pytest.param("a = 1e99999999999999999999", id="exponent"),
        pytest.param("a = " + "[" * 3_000, id="depth"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"PRICES_FILE: .*prices\.toml: "):
        price_file.read(path)


def test_the_example_of_the_documentation_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "prices.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    known = prices(tmp_path, example)
    assert cost(known, "vllm", "qwen3-32b") == (0, OURS)
    assert price_file.strangers(price_file.read(tmp_path / "prices.toml"), BUILT_IN) == []
    assert all(f"`{name}`" in page for name in price_file._Entry.model_fields)


def test_entries_of_unknown_providers_are_told_with_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    names = ("openai/*", "opneai/gpt-4o", "acme/x*")
    path.write_text("".join(f'[prices."{name}"]\ninput = 1\n' for name in names), encoding="utf-8")
    head = f"PRICES_FILE: {path}: prices."
    assert price_file.strangers(price_file.read(path), ["anthropic", "openai"]) == [
        f'{head}acme/x*: it prices nothing, since no provider has the name "acme"',
        f'{head}opneai/gpt-4o: it prices nothing, since no provider has the name "opneai"; '
        'did you mean "openai"?',
    ]


def test_the_tiers_of_googles_answers_are_the_tiers_of_a_price_file(tmp_path: Path) -> None:
    known = prices(
        tmp_path,
        '[prices."google/m"]\ninput = 1\noutput = 2\n'
        '[prices."google/m".service_tiers.flex]\ninput = 0.5\noutput = 1\n',
    )
    usage = Usage(1_000, 500, 0, 0)
    for tier, nanos in (("ON_DEMAND", 2_000_000), ("ON_DEMAND_FLEX", 1_000_000)):
        told = usage._replace(service_tier=tier)
        assert known.price(Call("google", "m"), told, NOON)[0] == nanos
