"""Texts and numbers that clients and upstreams choose: each is brought within what is stored."""

from typing import Any

import pytest

from models import entry as ledger
from models.entry import Entry, encode, storable
from tests.models.rows import an_entry

TOKENS = 10**10
FAR = 2**62

#: What comes of a number beyond its bound.
MOST: dict[str, int] = {
    "status": 999,
    **dict.fromkeys(
        ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"), TOKENS
    ),
}
NUMBERS = (
    *MOST,
    "cost_nanos",
    "bytes_in",
    "bytes_out",
    "ttfb_us",
    "duration_us",
    "overhead_us",
)
TEXTS = {"provider": 64, "endpoint": 200, "method": 16, "model": 200}


def changed(before: Entry, **expected: Any) -> None:
    """What is stored differs in these fields alone."""
    after = storable(before)
    differing = {
        name: getattr(after, name)
        for name in Entry.__struct_fields__
        if getattr(after, name) != getattr(before, name)
    }
    assert differing == expected


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_beyond_its_bound_is_brought_within_it(name: str) -> None:
    most = getattr(storable(an_entry(**{name: 2**100})), name)
    assert 0 < most < FAR
    assert most == MOST.get(name, most)
    changed(an_entry(**{name: 2**100}), **{name: most})
    changed(an_entry(**{name: most}))
    changed(an_entry(**{name: most + 1}), **{name: most})
    changed(an_entry(**{name: 0}))
    changed(an_entry(**{name: -1}), **{name: 0})


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_cut_and_cleaned(name: str) -> None:
    longest = "x" * TEXTS[name]
    changed(an_entry(**{name: longest}))
    for _ in range(2):
        changed(an_entry(**{name: longest + "x"}), **{name: longest})
        changed(an_entry(**{name: "a\x00b"}), **{name: "a\N{REPLACEMENT CHARACTER}b"})


def test_what_is_remembered_of_clean_texts_is_bounded() -> None:
    """Clients name models: any number of them."""
    for number in range(ledger._CLEAN_MAX + 10):
        storable(an_entry(model=f"model {number}"))
    assert len(ledger._clean) <= ledger._CLEAN_MAX


def test_a_lone_surrogate_is_written_as_text() -> None:
    line = encode(an_entry(model="a\ud800b"))
    assert ledger.decode(line).model == "a\N{REPLACEMENT CHARACTER}b"
