"""A policy's budgets are about the requests that the policy counts, as an entry tells them."""

import pytest

from proxy.limits.matching import ALL, is_about, match_text, matches
from tests.models.rows import an_entry


@pytest.mark.parametrize(
    ("endpoints", "models", "expected"),
    [
        (None, None, True),
        (["/v1/chat/completions"], None, True),
        (["POST /v1/chat/*"], None, True),
        (["GET /v1/chat/*"], None, False),
        (["/v1/embeddings", "*"], None, True),
        (["/v1/chat"], None, False),
        (None, ["gpt-4*"], True),
        (None, ["*4o"], True),
        (None, ["gpt-4"], False),
        (["/v1/chat/*"], ["o3"], False),
        ([], None, False),
    ],
)
def test_what_a_policy_is_about(
    endpoints: list[str] | None, models: list[str] | None, expected: bool
) -> None:
    match = match_text(endpoints, models)
    assert matches(match, an_entry()) is expected


def test_counters_know_no_method() -> None:
    match = match_text(["GET /v1/chat/*"], None)
    assert is_about(match, "", "/v1/chat/completions", "")
    assert not is_about(match, "", "/v1/embeddings", "")
    assert match_text(None, None) == ALL
