"""Which policies count a request, by where it goes and by the models that it names."""

from __future__ import annotations

import pytest

from models.budgets import Policy, policy_matches
from proxy.access.policies import GrantedPolicy, Policies, claims_with, own_claims
from proxy.limits.store import Claim, policy_key, policy_of, scope_of, token_key
from tests.proxy.rows import OPENAI, a_record, a_request


def counted(entry: str, method: str, target: str) -> bool:
    """Whether a policy of this one endpoint counts the request."""
    policies = Policies.of(a_record(policies=(Policy("one", endpoints=(entry,)),)))
    assert policies is not None
    head = a_request(method, target)
    methods = OPENAI.match(head.target.partition(b"?")[0])
    return bool(policies.at(head, methods["GET" if method == "HEAD" else method]))


@pytest.mark.parametrize(
    ("entry", "method", "target", "counts"),
    [
        ("/v1/chat/completions", "POST", "/v1/chat/completions", True),
        ("/v1/chat/completions", "POST", "/v1/chat/completions?a=b", True),
        ("POST /v1/chat/completions", "POST", "/v1/chat/completions", True),
        ("GET /v1/chat/completions", "POST", "/v1/chat/completions", False),
        ("/v1/chat/completions", "POST", "/v1/embeddings", False),
        ("*", "POST", "/v1/embeddings", True),
        ("* /v1/models", "GET", "/v1/models", True),
        # HEAD is GET without the content.
        ("GET /v1/models", "HEAD", "/v1/models", True),
        ("HEAD /v1/models", "HEAD", "/v1/models", True),
        # As it was sent, and in the endpoint's own form.
        ("/v1/models/gpt-4o", "GET", "/v1/models/gpt-4o", True),
        ("GET /v1/models/{model}", "GET", "/v1/models/gpt%2D4o", True),
    ],
)
def test_an_entry_is_a_path_or_a_method_and_a_path(
    entry: str, method: str, target: str, *, counts: bool
) -> None:
    assert counted(entry, method, target) is counts


def test_a_token_without_policies_has_none_to_ask() -> None:
    assert Policies.of(a_record()) is None


def test_what_a_request_claims_is_named_by_its_policy() -> None:
    record = a_record(
        requests_per_minute=9,
        policies=(Policy("slow", requests_per_minute=1, max_requests=5, quota_epoch=3),),
        project_policies=(Policy("all together", max_parallel_requests=2),),
    )
    policies = Policies.of(record)
    assert policies is not None
    token = token_key(record.token_id)
    claims = claims_with(own_claims(record), policies.granted)
    assert claims[:3] == (
        Claim(token, "rate", 9),
        Claim(policy_key(token, "slow"), "requests", 5, epoch=3),
        Claim(policy_key(token, "slow"), "rate", 1),
    )
    assert [policy_of(claim.key) for claim in claims] == [None, "slow", "slow", "all together"]
    assert [scope_of(claim.key) for claim in claims] == ["token"] * 3 + ["project"]


def test_a_policy_of_models_counts_those_alone() -> None:
    policy = GrantedPolicy.of("t:1", Policy("dear", models=("gpt-5*", "o3")))
    assert [policy.counts(name) for name in ("gpt-5-mini", "o3", "o3-mini", "")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert GrantedPolicy.of("t:1", Policy("any")).counts("")


@pytest.mark.parametrize(
    ("endpoints", "models", "counts"),
    [
        (None, None, True),
        (["/v1/chat/completions"], None, True),
        (["POST /v1/*"], ["gpt-4o*"], True),
        (["GET /v1/*"], None, False),
        (None, ["o3"], False),
    ],
)
def test_an_entry_of_the_ledger_is_counted_by_what_it_says(
    endpoints: list[str] | None, models: list[str] | None, *, counts: bool
) -> None:
    where = "POST", "/v1/chat/completions", "gpt-4o-mini"
    assert policy_matches(endpoints, models, *where) is counts
