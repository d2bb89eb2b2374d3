"""What a key is bound to, and where that lets it go."""

from typing import Final

import pytest

from models.bindings import Upstreams, binding
from tests.migrations.test_bindings import BOUND

OPENAI: Final = "https://api.openai.com"
ELSEWHERE: Final = "https://elsewhere.example"
UPSTREAMS: Final = Upstreams({"openai": OPENAI})


@pytest.mark.parametrize("base_url", BOUND)
def test_binding_is_the_same_in_python_and_in_the_database(base_url: str | None) -> None:
    assert binding("local", base_url) == BOUND[base_url]


def test_a_key_that_is_bound_to_nothing_is_used_nowhere() -> None:
    assert not UPSTREAMS.fits(None, "openai", None)
    assert not UPSTREAMS.fits(None, "openai", OPENAI)


def test_a_key_of_a_provider_follows_what_the_environment_says_of_it() -> None:
    moved = Upstreams({"openai": ELSEWHERE})
    assert moved.fits("provider:openai", "openai", None)
    assert not moved.fits("provider:openai", "openai", OPENAI)
    assert not moved.fits(f"{OPENAI}:443", "openai", None)
