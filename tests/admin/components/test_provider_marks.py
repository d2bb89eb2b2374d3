"""Providers are told apart by name and mark."""

import re
from pathlib import Path

import admin
from admin.components.provider_marks import TONES, marked
from proxy.providers.catalog import BUILT_IN


def test_every_built_in_provider_has_the_name_that_people_know() -> None:
    shown = [marked(name, facts.base_url) for name, facts in BUILT_IN.items()]
    assert len({provider.title for provider in shown}) == len(shown)
    for provider in shown:
        assert any(letter.isupper() for letter in provider.title) or "." in provider.title, provider
        assert 1 <= len(provider.initials) <= 2


def test_marks_differ_by_letters_or_colour() -> None:
    shown = [marked(name, facts.base_url) for name, facts in BUILT_IN.items()]
    assert len({(provider.initials, provider.tone) for provider in shown}) == len(shown)


def test_a_provider_of_the_operators_own_has_its_name() -> None:
    own = marked("our-gateway", "https://llm.example:8443/base")
    assert own[:3] == ("our-gateway", "our-gateway", "Og")
    assert own.where == "llm.example:8443"
    assert marked("x", None).initials == "X"
    assert marked("--", None).initials == "-"


def test_every_colour_is_there() -> None:
    style = (Path(admin.__file__).parent / "static" / "providers.css").read_text()
    tones = set(map(int, re.findall(r"\.mark-of\.tone-(\d) rect", style)))
    assert tones == set(range(1, TONES))
