"""How many requests a token and a project may have at once."""

from __future__ import annotations

import gc
from uuid import uuid4

import pytest

from proxy import errors
from proxy.access.grant import Grant
from proxy.fair_share import FairShare, Shares, leave
from proxy.providers.catalog import BUILT_IN
from tests.proxy.rows import UPSTREAMS, a_grant, a_record


def test_a_token_and_a_project_have_a_part_each() -> None:
    share = FairShare(10, Shares(token=0.2, project=0.3))
    project = uuid4()
    first, second = a_grant(project_id=project), a_grant(project_id=project)
    counted = share.enter(first)
    share.enter(first)
    with pytest.raises(errors.RateLimitExceeded, match="token"):
        share.enter(first)
    share.enter(second)
    with pytest.raises(errors.RateLimitExceeded, match="project") as refused:
        share.enter(second)
    assert refused.value.retry_after == 1.0
    # Whoever was refused was not counted.
    leave(counted)
    share.enter(second)
    share.enter(a_grant())


def test_nothing_is_left_of_those_that_have_gone() -> None:
    share = FairShare(10, Shares())
    grant = a_grant()
    counted = [share.enter(grant) for _ in range(3)]
    assert len(share) == 2
    for each in counted:
        leave(each)
    assert len(share) == 0


def test_a_token_counts_on_where_its_grant_is_another_one() -> None:
    share = FairShare(10, Shares(token=0.2))
    record = a_record()
    grants = [Grant.of(record, BUILT_IN, UPSTREAMS) for _ in range(3)]
    counted = share.enter(grants[0])
    share.enter(grants[1])
    del grants[:2]
    gc.collect()
    with pytest.raises(errors.RateLimitExceeded, match="token"):
        share.enter(grants[0])
    leave(counted)
    share.enter(grants[0])


def test_what_nobody_counts_any_more_is_not_remembered() -> None:
    share = FairShare(10, Shares())
    leave(share.enter(a_grant()))
    gc.collect()
    assert not share._running


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
