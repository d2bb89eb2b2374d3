"""How old a kept answer is, whatever the clock does."""

from __future__ import annotations

from time import time

import pytest

from proxy.cache.kept import Kept
from tests.proxy.cache.made import DOCUMENT


@pytest.mark.parametrize(
    ("born", "age"),
    [(-90.0, 90.0), (0.0, 0.0), (5.0, 0.0), (3600.0, float("inf"))],
)
def test_an_answer_from_the_future_is_of_no_known_age(born: float, age: float) -> None:
    now = time()
    kept = Kept(DOCUMENT, (b"{}",), 2, now + born, None)
    assert kept.age(now) == pytest.approx(age, abs=0.001)
