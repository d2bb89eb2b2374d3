"""How many requests a token and a project may have at once."""

from __future__ import annotations

from uuid import uuid4

import pytest

from proxy import errors
from proxy.fair_share import FairShare, Shares
from tests.proxy.rows import a_grant


def test_a_token_and_a_project_have_a_part_each() -> None:
    share = FairShare(10, Shares(token=0.2, project=0.3))
    project = uuid4()
    first, second = a_grant(project_id=project), a_grant(project_id=project)
    share.enter(first)
    share.enter(first)
    with pytest.raises(errors.RateLimitExceeded, match="token"):
        share.enter(first)
    share.enter(second)
    with pytest.raises(errors.RateLimitExceeded, match="project") as refused:
        share.enter(second)
    assert refused.value.retry_after == 1.0
    # Whoever was refused was not counted.
    share.leave(first)
    share.enter(second)
    share.enter(a_grant())


def test_nothing_is_left_of_those_that_have_gone() -> None:
    share = FairShare(10, Shares())
    grant = a_grant()
    for _ in range(3):
        share.enter(grant)
    for _ in range(3):
        share.leave(grant)
    assert len(share) == 0


@pytest.mark.parametrize(
    ("part", "most", "places"), [(0.29, 100, 29), (0.001, 100, 1), (0.5, 3, 1), (1.0, 3, 4)]
)
def test_a_part_is_rounded_down_but_never_to_nothing(part: float, most: int, places: int) -> None:
    """All of them is one more than there can be: whoever is one too many is refused for that."""
    share = FairShare(most, Shares(token=part))
    grant = a_grant()
    for _ in range(places):
        share.enter(grant)
    with pytest.raises(errors.RateLimitExceeded):
        share.enter(grant)
