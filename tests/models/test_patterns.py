"""Allow lists of texts and of addresses."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.patterns import _LEAST as LEAST
from models.patterns import _STEPS_MAX as STEPS_MAX
from models.patterns import TEXT_MAX, Pattern, patterns
from proxy.access.addresses import AddressList


def allows(entries: list[str], text: str) -> bool:
    pattern = Pattern.of(entries)
    assert pattern is not None
    return pattern.allows(text)


@pytest.mark.parametrize(
    ("entry", "yes", "no"),
    [
        ("gpt-4o", ["gpt-4o"], ["gpt-4o-mini", "GPT-4o", "xgpt-4o", "gpt-4o\n", ""]),
        ("gpt-4o*", ["gpt-4o", "gpt-4o-mini", "gpt-4o\n"], ["gpt-4", "agpt-4o"]),
        ("*-mini", ["gpt-4o-mini", "-mini"], ["-min", "mini"]),
        ("gpt-*-mini", ["gpt-4o-mini", "gpt--mini-mini"], ["gpt-mini", "gpt-4o-mini-x"]),
        ("*a*b*", ["ab", "xaxbx", "a\nb"], ["ba", "a"]),
        ("*", ["", "anything", "a\nb"], []),
        ("**", ["", "x"], []),
        ("a.b+c|d", ["a.b+c|d"], ["aXb+c|d", "d", "a.b"]),
        ("[a]?", ["[a]?"], ["a", ""]),
        ("", [""], ["x"]),
    ],
)
def test_an_entry_is_literal_but_for_its_stars(entry: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not allows([entry], text)] == []
    assert [text for text in no if allows([entry], text)] == []


def test_one_of_several_entries_is_enough() -> None:
    assert allows(["a", "b*"], "bc")
    assert not allows(["a", "b*"], "ab")
    # An alternative must not reach beyond its own entry.
    assert not allows(["a", "b"], "ab")


def test_no_list_allows_anything_and_is_no_pattern() -> None:
    assert Pattern.of(None) is None
    assert len(patterns(None, ["a"], None, ["b"])) == 2


def test_a_list_that_allows_everything_restricts_nothing() -> None:
    """A token with it streams its bodies, and needs none that can be read."""
    assert patterns(["*"], ["gpt-4o", "*"]) == ()
    assert len(patterns(["*"], ["gpt-*"])) == 1


@given(st.text("ab*", max_size=12), st.text("ab", max_size=20))
@settings(max_examples=300, deadline=None)
def test_stars_are_those_of_the_shell(entry: str, text: str) -> None:
    assert allows([entry], text) is (re.match(fnmatch.translate(entry), text) is not None)


def test_a_long_text_is_matched_in_no_time() -> None:
    # A model of a megabyte against several stars; pytest's timeout is the net.
    assert not allows(["*a*a*a*a*b"], "a" * 1_000_000)
    assert not allows(["gpt-*-mini*x"], "gpt-" + "-mini" * 200_000)


def test_the_longer_a_list_the_shorter_the_texts_that_it_looks_at() -> None:
    """Whoever may choose the text would hold up everybody else with it."""
    many = [f"a*b*{number}" for number in range(1000)]
    assert allows(many, "a" + "-" * (LEAST - 4) + "b-7")
    assert not allows(many, "a" + "-" * LEAST * 2 + "b-7")
    assert allows(["a*b*7"], "a" + "-" * (TEXT_MAX - 4) + "b-7")
    # What ends in its only star looks at no more of a text than stands before that.
    assert allows([f"a{number}*" for number in range(1000)], "a7" + "-" * (TEXT_MAX - 2))
    for entries in (many[:n] for n in (1, 10, 100, 1000)):
        pattern = Pattern.of(entries)
        assert pattern is not None
        assert len(entries) * pattern.longest <= STEPS_MAX


@pytest.mark.parametrize(
    ("entries", "yes", "no"),
    [
        (["192.0.2.7"], ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8", "192.0.2.70"]),
        (["10.0.0.0/8"], ["10.0.0.0", "10.255.255.255"], ["11.0.0.0", "9.255.255.255"]),
        (["10.1.2.3/8"], ["10.9.9.9"], ["11.0.0.0"]),
        (["2001:db8::/32"], ["2001:db8::1", "2001:0DB8:1::", "2001:db8::1%eth0"], ["2001:db9::"]),
        (["::1", "fe80::/10"], ["::1", "fe80::1%eth0"], ["::2", "1.0.0.127", "127.0.0.1"]),
        (["192.168.*"], ["192.168.0.1"], ["192.16.8.1", "1.192.168.1"]),
        (["2001:db8:*"], ["2001:db8::1"], ["2001:db9::1"]),
        (["*"], ["192.0.2.1", "::1"], []),
        (["0.0.0.0/0"], ["192.0.2.1", "::ffff:192.0.2.1"], ["::1"]),
        (["::ffff:10.0.0.0/104"], ["10.1.2.3", "::ffff:10.1.2.3"], ["11.0.0.1", "::10.0.0.1"]),
        (["::ffff:192.0.2.7"], ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8"]),
        (["::/0"], ["::1"], ["192.0.2.1"]),
    ],
)
def test_addresses(entries: list[str], yes: list[str], no: list[str]) -> None:
    listed = AddressList.of(tuple(entries))
    assert [address for address in yes if address not in listed] == []
    assert [address for address in no if address in listed] == []


@pytest.mark.parametrize(
    "address", ["", "unix:", "localhost", "192.0.2.256", "192.0.2.1:80", "a\0"]
)
def test_what_is_no_address_is_on_no_list(address: str) -> None:
    assert address not in AddressList.of(("*", "0.0.0.0/0", "::/0"))
