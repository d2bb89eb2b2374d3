"""The arithmetic of limits, to the last digit: other tests only see whole requests."""

import pytest

from proxy.limits.decision import ClaimState, refilled, refusal
from proxy.limits.store import Claim


@pytest.mark.parametrize(
    ("level", "seconds", "rate", "left"),
    [(20.0, 3.0, 20, 19.0), (20.0, 60.0, 20, 0.0), (5.0, 600.0, 20, 0.0), (50.0, 3.0, 20, 19.0)],
)
def test_a_bucket_gets_its_rate_back_each_minute(
    level: float, seconds: float, rate: int, left: float
) -> None:
    assert refilled(level, seconds, rate) == left


def test_the_wait_is_until_the_bucket_has_room_for_the_claim() -> None:
    refused = refusal([ClaimState(Claim("token:1", "rate", 20), 19.5)])
    assert refused is not None
    assert refused.retry_after == 1.5
    assert refused.remaining.reset == 58.5
