"""What a head and a token's rules decide is worked out once for all requests that are alike."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from models.bindings import binding
from models.budgets import Policy
from models.cache_rule import CacheRule
from models.endpoint_rules import Extra
from models.failover import Failover
from models.grants import GrantRecord
from proxy import errors
from proxy.downstream import RequestHead
from proxy.plans import _REMEMBERED_MAX, _TEXT_MAX_BYTES, Plans
from server.http.downstream import read_head
from tests.proxy.rows import a_grant, a_key

JSON = "content-type: application/json"


def a_head(
    target: str = "/v1/chat/completions", *fields: str, method: str = "POST", length: int = 2
) -> RequestHead:
    lines = [f"{method} {target} HTTP/1.1", "host: a", f"content-length: {length}", *fields, "", ""]
    return read_head("\r\n".join(lines).encode(), "")


def test_requests_that_are_alike_share_a_plan() -> None:
    plans, head = Plans(), a_head("/v1/chat/completions", JSON)
    plan = plans.of(a_grant(), head)
    assert plan.is_usual
    assert plans.of(a_grant(), a_head("/v1/chat/completions", "x-id: 1", JSON)) is plan


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        ({"allowed_models": ("gpt-4.1",)}, (JSON,)),
        ({"project_allowed_models": ("gpt-4.1",)}, (JSON,)),
        ({"unmetered": "refuse"}, (JSON,)),
        ({}, (JSON, "content-encoding: gzip")),
        ({}, ("content-type: multipart/form-data; boundary=a",)),
        ({}, ()),
    ],
)
def test_a_body_of_which_more_must_be_known_is_not_usual(
    rules: dict[str, object], fields: tuple[str, ...]
) -> None:
    plans = Plans()
    assert plans.of(a_grant(), a_head("/v1/chat/completions", JSON)).is_usual
    for _ in range(2):
        assert not plans.of(a_grant(**rules), a_head("/v1/chat/completions", *fields)).is_usual
    # Nor does it make one of those that are, when it comes first.
    plans = Plans()
    plans.of(a_grant(**rules), a_head("/v1/chat/completions", *fields))
    assert plans.of(a_grant(), a_head("/v1/chat/completions", JSON)).is_usual


def test_a_token_with_a_list_of_endpoints_is_asked_about_each_request() -> None:
    plans, head = Plans(), a_head("/v1/chat/completions", JSON)
    assert plans.of(a_grant(), head).is_usual
    with pytest.raises(errors.EndpointNotAllowed):
        plans.of(a_grant(allowed_endpoints=("/v1/models",)), head)
    allowed = a_grant(allowed_endpoints=("/v1/embeddings",))
    embeddings = a_head("/v1/embeddings", JSON)
    assert plans.of(allowed, embeddings).route.dialect == "embeddings"
    plans.of(a_grant(), embeddings)
    with pytest.raises(errors.EndpointNotAllowed):
        plans.of(a_grant(allowed_endpoints=("/v1/models",)), embeddings)


def test_what_was_decided_of_another_provider_method_or_body_is_not_taken() -> None:
    plans, head = Plans(), a_head("/v1/chat/completions", JSON)
    plan = plans.of(a_grant(), head)
    with pytest.raises(errors.MethodNotAllowed):
        plans.of(a_grant(), a_head("/v1/chat/completions", JSON, method="DELETE"))
    with pytest.raises(errors.EndpointNotAllowed):
        plans.of(a_grant(provider="anthropic"), head)
    empty = plans.of(a_grant(), a_head("/v1/chat/completions", JSON, length=0))
    assert empty.wanted != plan.wanted
    assert plans.of(a_grant(), head) is plan


def test_a_refusal_is_no_plan() -> None:
    plans = Plans()
    for _ in range(2):
        with pytest.raises(errors.EndpointNotAllowed):
            plans.of(a_grant(), a_head("/v1/nothing", JSON))
    assert not plans._known


@pytest.mark.parametrize(
    "target", ["/v1/chat/completions?key=secret", "/v1/files/" + "a" * _TEXT_MAX_BYTES]
)
def test_a_path_with_a_query_or_a_long_one_is_not_remembered(target: str) -> None:
    plans = Plans()
    plans.of(a_grant(), a_head(target, JSON))
    assert not plans._known


@pytest.mark.parametrize("longer", [0, 1])
def test_so_much_text_is_remembered_of_one(longer: int) -> None:
    plans, length = Plans(), _TEXT_MAX_BYTES + longer - len("POST/v1/files/application/json")
    plans.of(a_grant(), a_head("/v1/files/" + "a" * length, JSON, method="POST"))
    assert len(plans._known) == 1 - longer


def test_only_so_many_are_remembered() -> None:
    plans, grant = Plans(), a_grant()
    for number in range(3 * _REMEMBERED_MAX):
        plans.of(grant, a_head(f"/v1/files/{number}", JSON))
        assert len(plans._known) <= _REMEMBERED_MAX


AWS: Final = '{"access_key_id":"AKIAEXAMPLE","secret_access_key":"s","region":"eu-west-1"}'
ON_AWS: Final[dict[str, Any]] = {"provider": "bedrock", "base_url": "https://bedrock.test"}
AT_AWS: Final = binding("bedrock", "https://bedrock.test")
ON_VERTEX: Final[dict[str, Any]] = {"provider": "vertex"}
AT_VERTEX: Final = a_key(bound_to=binding("vertex", "https://vertex.test"))
ON_TWO: Final[dict[str, Any]] = ON_VERTEX | {
    "base_url": "https://vertex.test", "keys": (AT_VERTEX, AT_VERTEX),
}  # fmt: skip
#: Each field of a grant's record on which a plan may depend, as others may have it.
OF_CHATS: Final = Policy("chats", endpoints=("/v1/chat/*",), max_requests=1)
OF_A_MODEL: Final = Policy("model", models=("m",), max_requests=1)
RULES: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "allowed_models": ({"allowed_models": ("gpt-4.1",)},),
    "project_allowed_models": ({"project_allowed_models": ("gpt-4.1",)},),
    "unmetered": ({"unmetered": "refuse"},),
    "allowed_endpoints": (
        {"allowed_endpoints": ("/v1/chat/*",)},
        ON_AWS | {"allowed_endpoints": ("/none",)},
        ON_VERTEX | {"allowed_endpoints": ("/none",)},
    ),
    "project_allowed_endpoints": (
        {"project_allowed_endpoints": ("/v1/chat/*",)},
        {"project_allowed_endpoints": ("GET /v1/files/{id}", "POST /v1/chat/completions")},
        ON_AWS | {"project_allowed_endpoints": ("/none",)},
    ),
    "extra_endpoints": (
        {"extra_endpoints": (Extra("POST", "/model/{model}/converse", "converse"),)},
        ON_AWS | {"extra_endpoints": (Extra("POST", "/v1/chat/completions", "free"),)},
    ),
    "provider": (ON_AWS, ON_VERTEX, {"provider": "anthropic"}),
    "keys": (
        ON_AWS | {"keys": (a_key(bound_to=AT_AWS),)},
        ON_AWS | {"keys": (a_key(bound_to=AT_AWS, secret=AWS),)},
        {"keys": (a_key(model_map={"gpt-4o": "mine"}),)},
    ),
    "failover": (ON_TWO | {"failover": Failover(2, frozenset((429,)), None)}, ON_TWO),
    "path_project": (ON_VERTEX | {"path_project": "ours"},),
    "others_know": ({"others_know": True},),
    "isolation": ({"isolation": "project"}, {"isolation": "token"}),
    "path_location": (ON_VERTEX | {"path_location": "ours"},),
    "policies": ({"policies": (OF_CHATS,)}, {"policies": (OF_A_MODEL,)}),
    "end_user_from_body": ({"end_user_from_body": True},),
    "cache": ({"cache": CacheRule(60, "project", "all")},),
    "project_policies": ({"project_policies": (OF_CHATS, OF_A_MODEL)},),
}
#: Those that decide nothing of it: who asks, from where, how often, and where it goes.
OF_NO_PLAN: Final = {
    "token_id", "expires_at", "secret_expires_at", "revoked_at", "max_requests", "quota_base",
    "quota_epoch", "requests_per_minute", "max_parallel_requests", "allowed_ips",
    "allowed_origins", "project_id", "project_is_active", "project_is_deleted",
    "project_requests_per_minute", "project_max_parallel_requests", "base_url", "v1_prefix",
    "budgets", "project_budgets", "tags", "cache_epoch", "token_name", "project_name",
}  # fmt: skip
GENERATE: Final = "/v1/projects/theirs/locations/theirs/publishers/google/models/m:generateContent"
HEADS: Final = (
    a_head("/v1/chat/completions", JSON),
    a_head("/v1/chat/completions"),
    a_head("/v1/chat/completions", JSON, "content-encoding: gzip"),
    a_head("/v1/models", method="GET"),
    a_head("/v1/audio/transcriptions", "content-type: multipart/form-data; boundary=a"),
    a_head("/v1/files/file-1", method="GET"),
    a_head("/v1/containers/cntr_1/files", "content-type: multipart/form-data; boundary=a"),
    a_head("/model/m/converse", JSON),
    a_head(GENERATE, JSON),
)


def planned(plans: Plans, rules: dict[str, Any], head: RequestHead) -> object:
    try:
        plan = plans.of(a_grant(**rules), head)
        chosen = [policy.rule for policy in plan.policies]
        return msgspec.structs.replace(plan, policies=()), chosen
    except errors.Refusal as refusal:
        return refusal.code, refusal.message


def test_each_field_of_a_record_is_known_to_decide_a_plan_or_not() -> None:
    assert RULES.keys() | OF_NO_PLAN == {*GrantRecord.__struct_fields__}
    decided = [
        (grant.signs_body, grant.renames) for grant in (a_grant(**rules) for rules in RULES["keys"])
    ]
    assert decided == [(False, False), (True, False), (False, True)]


@pytest.mark.parametrize("field", RULES)
def test_what_others_have_asked_before_changes_no_plan(field: str) -> None:
    for others in ({}, ON_AWS, ON_VERTEX, *RULES[field]):
        plans = Plans()
        for head in HEADS:
            planned(plans, others, head)
            for rules in (*RULES[field], {}, ON_AWS, ON_VERTEX):
                assert planned(plans, rules, head) == planned(Plans(), rules, head), (others, head)


def test_a_policy_is_chosen_by_endpoint_and_shares_no_plan_with_other_tokens() -> None:
    plans, head = Plans(), a_head("/v1/chat/completions", JSON)
    chat = Policy("chat", endpoints=("POST /v1/chat/*",), requests_per_minute=1)
    images = Policy("images", endpoints=("/v1/images/*",), requests_per_minute=2)
    of_all = Policy("all", requests_per_minute=3)
    grant = a_grant(policies=(chat, images), project_policies=(of_all,))
    plan = plans.of(grant, head)
    assert [policy.rule for policy in plan.policies] == [chat, of_all]
    # No more is to be known of its body than without them.
    assert plan.is_usual
    assert plans.of(grant, head) is plan
    assert plans.of(a_grant(), head).policies == ()
    other = plans.of(a_grant(policies=(chat,)), head).policies
    assert [policy.subject for policy in other] != [plan.policies[0].subject]


def test_a_policy_of_models_asks_for_a_known_model_where_it_counts() -> None:
    rule = Policy("dear", endpoints=("/v1/chat/*",), models=("gpt-5*",), max_requests=1)
    plans, grant = Plans(), a_grant(policies=(rule,))
    chat = plans.of(grant, a_head("/v1/chat/completions", JSON))
    assert (chat.wanted.rule, chat.is_usual) == (True, False)
    embeddings = plans.of(grant, a_head("/v1/embeddings", JSON))
    assert (embeddings.wanted.rule, embeddings.policies) == (False, ())
    # What creates nothing names no model, and is not counted by it.
    listing = plans.of(
        a_grant(policies=(Policy("any", models=("gpt-5*",), max_requests=1),)),
        a_head("/v1/models", method="GET", length=0),
    )
    assert not listing.wanted.rule
