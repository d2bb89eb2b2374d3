"""What a head and a token's rules decide is worked out once for all requests that are alike."""

from __future__ import annotations

from typing import Final

import pytest

from models.bindings import binding
from proxy import errors
from proxy.downstream import RequestHead
from proxy.plans import _REMEMBERED_MAX, _TEXT_MAX_BYTES, Plans
from server.http.downstream import read_head
from tests.proxy.rows import a_grant, a_key

JSON = "content-type: application/json"


def a_head(target: str = "/v1/chat/completions", *fields: str, method: str = "POST") -> RequestHead:
    lines = [f"{method} {target} HTTP/1.1", "host: a", "content-length: 2", *fields, "", ""]
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


def test_only_so_many_are_remembered() -> None:
    plans, grant = Plans(), a_grant()
    for number in range(3 * _REMEMBERED_MAX):
        plans.of(grant, a_head(f"/v1/files/{number}", JSON))
        assert len(plans._known) <= _REMEMBERED_MAX


AWS: Final = '{"access_key_id":"AKIAEXAMPLE","secret_access_key":"s","region":"eu-west-1"}'
ON_AWS: Final = {"provider": "bedrock", "base_url": "https://bedrock.test"}
AT_AWS: Final = binding("bedrock", "https://bedrock.test")
#: Rules that requests of one provider come under in turns.
RULES: Final = {
    "none": {},
    "models": {"allowed_models": ("gpt-4.1",)},
    "models of the project": {"project_allowed_models": ("gpt-4.1",)},
    "what cannot be metered is refused": {"unmetered": "refuse"},
    "endpoints": {"allowed_endpoints": ("/v1/*", "/model/*")},
    "a key that is sent": ON_AWS | {"keys": (a_key(bound_to=AT_AWS),)},
    "a key that signs": ON_AWS | {"keys": (a_key(bound_to=AT_AWS, secret=AWS),)},
}
HEADS: Final = (
    a_head("/v1/chat/completions", JSON),
    a_head("/v1/chat/completions"),
    a_head("/v1/chat/completions", JSON, "content-encoding: gzip"),
    a_head("/v1/models", method="GET"),
    a_head("/v1/audio/transcriptions", "content-type: multipart/form-data; boundary=a"),
    a_head("/model/m/converse", JSON),
)


@pytest.mark.parametrize("before", RULES)
def test_what_others_have_asked_before_changes_no_plan(before: str) -> None:
    plans, others = Plans(), a_grant(**RULES[before])
    for head in HEADS:
        on_aws = head.target.startswith(b"/model")
        if on_aws == (others.record.provider == "bedrock"):
            plans.of(others, head)
        for rules in RULES.values():
            grant = a_grant(**rules)
            if on_aws == (grant.record.provider == "bedrock"):
                assert plans.of(grant, head) == Plans().of(grant, head)


def test_one_of_the_grants_signs() -> None:
    assert [name for name, rules in RULES.items() if a_grant(**rules).signs_body] == [
        "a key that signs"
    ]
