"""Text from outside: what is stored, what is shown, and what a spreadsheet would make of it."""

import unicodedata

import pytest

from models.text import clean_text, opens_a_formula, unseen, written_out

_UNSEEN = [
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    *"\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2060\u2064\u061c\ufeff\u00ad\u034f\u180e\u3164",
    *"\u115f\uffa0\ufff9\u2800\U000e0001\U000e0041\U0001d173",
]


@pytest.mark.parametrize("character", _UNSEEN)
def test_what_nobody_sees_is_named_and_shown(character: str) -> None:
    name = f"U+{ord(character):04X}"
    assert unseen(f"ab{character}c") == name
    assert written_out(f"ab{character}c") == f"ab⟨{name}⟩c"


@pytest.mark.parametrize(
    "text",
    ["", "a-b c", "Ünïcode ✓", "שלום", "مرحبا", "भारत", "❤️ 🇫🇷 👍🏽", "한국어", "\u00a0\u3000x"],
)
def test_every_script_is_visible(text: str) -> None:
    assert unseen(text) is None
    assert written_out(text) == text


@pytest.mark.parametrize(
    "name",
    ["👨‍👩‍👧 family", "🏳️‍🌈", "🏴‍☠️",
     "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
     "👩🏽‍🚀", "🕵🏾‍♂️", "❤️‍🔥", "1️⃣ #️⃣", "⚠︎", "a❤️b"],
)  # fmt: skip
def test_what_joins_emoji_and_chooses_their_looks_is_theirs(name: str) -> None:
    assert unseen(name) is None
    assert written_out(name) == name


@pytest.mark.parametrize(
    "text",
    ["a\u200db", "👨\u200d", "\u200d👨",
     "👨\u200d\u200d👧", "👨\u200da", "a\ufe0f", "👨\ufe0f\ufe0f",
     "1\ufe0f", "❤\ufe00", "\u200d\ufe0f", "❤\U000e0100", "🏴\U000e0061\U000e007f",
     "👨\U000e0067\U000e007f", "👨\u200d👧\u202e"],
)  # fmt: skip
def test_elsewhere_than_in_emoji_joiners_and_selectors_are_unseen(text: str) -> None:
    assert unseen(text) is not None
    assert written_out(text) != text


def test_an_emoji_before_a_sign_is_no_formula_and_a_selector_hides_none() -> None:
    assert not opens_a_formula("❤️=1")
    assert opens_a_formula("\ufe0f=1")


def test_no_format_character_is_overlooked() -> None:
    # But for the few of them that are drawn: signs above or below numbers and verses.
    drawn = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")
    overlooked = [
        name
        for point in range(0x110000)
        if unicodedata.category(chr(point)) == "Cf"
        and unseen(f"é{chr(point)}") is None
        and not (name := unicodedata.name(chr(point), hex(point))).startswith(drawn)
    ]
    assert overlooked == []


def test_controls_and_surrogates_are_shown_but_not_line_ends() -> None:
    assert written_out("a\x1b[1m\x00\x85\ud800\n\tb") == "a⟨U+001B⟩[1m⟨U+0000⟩⟨U+0085⟩⟨U+D800⟩\n\tb"
    assert clean_text("\x00\ud800", limit=5) == "\ufffd\ufffd"


def test_a_number_or_a_name_is_no_formula() -> None:
    assert not any(map(opens_a_formula, ("", " ", "a=b", "5", "x-1", "\u200b", "é=", "  a")))
    assert all(map(opens_a_formula, ("=1", "\u200b=1", "\uff1d1", " \t1", "\n")))
