"""Whether a request is let in: each check by itself, and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.endpoint_rules import Extra
from proxy import errors
from proxy.access.authorization import (
    authorize,
    check_model,
    check_origin,
    check_source,
    narrowed,
    target_for,
)
from proxy.access.grant import Grant
from proxy.providers.catalog import BUILT_IN
from tests.proxy.rows import UPSTREAMS, a_grant, a_key, a_record, a_request

HERE = "192.0.2.1"


def refused(grant: Grant, *request: str, address: str = HERE) -> errors.Refusal:
    head = a_request(*request)
    try:
        check_source(grant, head, lambda _: address)
        authorize(grant, head)
    except errors.Refusal as refusal:
        return refusal
    pytest.fail("let in")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models?limit=2&x=//../"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/models/org%2Fname"),
        ("DELETE", "/v1/files/file-1"),
    ],
)
def test_an_unlimited_token_uses_the_whole_allowlist(method: str, target: str) -> None:
    provider, route = authorize(a_grant(), a_request(method, target))
    assert provider.name == "openai"
    assert route in provider.match(target.partition("?")[0].encode()).values()


@pytest.mark.parametrize("target", ["/v1/models/", "/v1/models/a%2F", "/v1/models/a%2f?x", "/v1/"])
def test_an_empty_last_segment_is_invalid(target: str) -> None:
    assert isinstance(refused(a_grant(), "GET", target), errors.InvalidRequest)


def test_a_path_off_the_list_is_not_allowed_by_any_method() -> None:
    for method in ("GET", "POST", "TRACE"):
        refusal = refused(a_grant(), method, "/v1/fine_tuning/jobs")
        assert isinstance(refusal, errors.EndpointNotAllowed)


def test_a_method_off_the_list_is_told_which_are_on_it() -> None:
    refusal = refused(a_grant(), "DELETE", "/v1/models")
    assert isinstance(refusal, errors.MethodNotAllowed)
    assert refusal.lines == b"allow: GET, HEAD\r\n"
    everything = refused(a_grant(), "TRACE", "/v1/files")
    assert everything.lines == b"allow: DELETE, GET, HEAD, PATCH, POST, PUT\r\n"


@pytest.mark.parametrize(
    ("entries", "method", "target", "outcome"),
    [
        (("/v1/models",), "GET", "/v1/models", None),
        (("/v1/models",), "GET", "/v1/models?x=1", None),
        (("/v1/models",), "GET", "/v1/models/a", errors.EndpointNotAllowed),
        (("/v1/models/*",), "GET", "/v1/models/a", None),
        (("/v1/models/*",), "GET", "/v1/models", errors.EndpointNotAllowed),
        (("/v1/*",), "POST", "/v1/embeddings", None),
        (("*",), "POST", "/v1/embeddings", None),
        (("GET /v1/files/*",), "GET", "/v1/files/a", None),
        (("GET /v1/files/*",), "DELETE", "/v1/files/a", errors.MethodNotAllowed),
        (("POST *",), "GET", "/v1/models", errors.EndpointNotAllowed),
        (("/v1/chat/completions", "GET /v1/models"), "GET", "/v1/models", None),
        # The allowlist stands, whatever the token may.
        (("*", "/v1/organization/*"), "GET", "/v1/organization/users", errors.EndpointNotAllowed),
    ],
)
def test_the_tokens_own_endpoints(
    entries: tuple[str, ...], method: str, target: str, outcome: type[errors.Refusal] | None
) -> None:
    grant = a_grant(allowed_endpoints=entries)
    if outcome is None:
        authorize(grant, a_request(method, target))
    else:
        assert type(refused(grant, method, target)) is outcome


def test_the_tokens_own_endpoints_are_judged_as_an_upstream_would_decode_a_path() -> None:
    grant = a_grant(allowed_endpoints=("GET /v1/files/{id}", "GET /v1/models/{model}"))
    assert authorize(grant, a_request("GET", "/v1/files/file-1"))
    assert authorize(grant, a_request("GET", "/v1/models/org%2Fname"))
    for path in ("/v1/files/file-1%2Fcontent", "/v1/files%2Ffile-1"):
        assert isinstance(refused(grant, "GET", path), errors.EndpointNotAllowed)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"allowed_endpoints": ("GET *",)}, "not allowed by the token of the provider openai"),
        ({"project_allowed_endpoints": ("GET *",)}, "not allowed by the project of the provider"),
        ({}, "DELETE /v1/embeddings is not allowed of the provider openai"),
    ],
)
def test_a_method_off_a_list_is_told_whose_it_is(rules: dict[str, Any], says: str) -> None:
    refusal = refused(a_grant(**rules), "DELETE", "/v1/files/a" if rules else "/v1/embeddings")
    assert isinstance(refusal, errors.MethodNotAllowed)
    assert says in refusal.message


def test_a_list_of_the_project_narrows_its_provider_s_and_says_so() -> None:
    grant = a_grant(project_allowed_endpoints=("POST /v1/chat/completions", "GET /v1/files/{id}"))
    authorize(grant, a_request("POST", "/v1/chat/completions"))
    authorize(grant, a_request("HEAD", "/v1/files/file-1"))
    refusal = refused(grant, "POST", "/v1/embeddings")
    assert isinstance(refusal, errors.EndpointNotAllowed)
    assert refusal.message == (
        "The project does not allow POST /v1/embeddings of the provider openai."
    )
    refusal = refused(grant, "DELETE", "/v1/files/file-1")
    assert refusal.lines == b"allow: GET, HEAD\r\n"
    # No hint leads to what would be refused as well.
    for path, hinted in (("/chat/completions", True), ("/embeddings", False)):
        said = refused(grant, "POST", path).message
        assert ("was probably meant" in said) is hinted, said


def test_what_a_project_adds_is_let_through_and_its_tokens_lists_narrow_that_too() -> None:
    added = {"extra_endpoints": (Extra("POST", "/v1/rerank", "generic"),)}
    provider, route = authorize(a_grant(**added), a_request("POST", "/v1/rerank"))
    assert (provider.name, route.dialect) == ("openai", "generic")
    assert isinstance(refused(a_grant(), "POST", "/v1/rerank"), errors.EndpointNotAllowed)
    assert isinstance(refused(a_grant(**added), "GET", "/v1/rerank"), errors.MethodNotAllowed)
    assert "/v1/rerank was probably meant" in refused(a_grant(**added), "POST", "/rerank").message
    limited = a_grant(allowed_endpoints=("/v1/embeddings",), **added)
    assert refused(limited, "POST", "/v1/rerank").message.startswith("The token does not allow")


def test_no_list_and_no_addition_opens_what_others_have_stored() -> None:
    """It is shown where the project isolates objects, and nowhere else."""
    asked = "GET", "/v1/chat/completions"
    grants = {
        isolation: a_grant(
            isolation=isolation,
            project_allowed_endpoints=("*",),
            extra_endpoints=(Extra("GET", "/v1/chat/completions", "none"),),
        )
        for isolation in ("none", "token")
    }
    authorize(grants["token"], a_request(*asked))
    assert "was probably meant" not in refused(a_grant(), "GET", "/chat/completions").message
    assert refused(grants["none"], *asked).code == "method_not_allowed"


def test_a_key_of_another_provider_serves_no_more_of_what_is_added_than_that_one_allows() -> None:
    keys = (a_key(), a_key(provider="groq", bound_to="provider:groq"))
    added = (Extra("POST", "/v1/rerank", "generic"),)
    grant = a_grant(keys=keys, extra_endpoints=added)
    assert len(grant.targets) == 2
    for path, count in (("/v1/rerank", 1), ("/v1/chat/completions", 1), ("/v1/models", 1)):
        head = a_request("GET" if path == "/v1/models" else "POST", path)
        _, route = authorize(grant, head)
        targets = narrowed(grant, route, head).targets
        assert sum(one.provider is None for one in targets) == count
        assert any(one.provider is not None for one in targets) is (path != "/v1/rerank")


def test_allow_names_only_what_the_token_may() -> None:
    grant = a_grant(allowed_endpoints=("GET /v1/files/*", "POST /v1/files/*"))
    assert refused(grant, "DELETE", "/v1/files/a").lines == b"allow: GET, HEAD, POST\r\n"


@pytest.mark.parametrize(
    ("address", "allowed"), [("10.1.2.3", True), (HERE, True), ("192.0.2.2", False), ("", False)]
)
def test_the_tokens_own_addresses(address: str, allowed: bool) -> None:
    grant = a_grant(allowed_ips=("10.0.0.0/8", HERE))
    if allowed:
        check_source(grant, a_request(), lambda _: address)
    else:
        refusal = refused(grant, "GET", "/v1/models", address=address)
        assert isinstance(refusal, errors.AddressNotAllowed)


ORIGINS = ("https://app.example", "https://*.trusted.example")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://app.example", True),
        ("https://a.trusted.example", True),
        ("https://app.example.evil", False),
        ("http://app.example", False),
        ("https://trusted.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_the_projects_origins_bind_browsers(origin: str | None, allowed: bool) -> None:
    fields = () if origin is None else (f"Origin: {origin}",)
    grant = a_grant(allowed_origins=ORIGINS)
    if allowed:
        assert check_origin(grant, a_request("GET", "/v1/models", *fields)) == origin
    else:
        refusal = refused(grant, "GET", "/v1/models", *fields)
        assert isinstance(refusal, errors.OriginNotAllowed)


def test_without_a_list_origins_are_nobodys_business() -> None:
    request = a_request("GET", "/v1/models", "Origin: https://evil.example")
    assert check_origin(a_grant(), request) is None
    check_source(a_grant(), request, lambda _: HERE)


def test_a_provider_that_is_not_configured_serves_nothing() -> None:
    refusal = refused(a_grant(provider="gone"), "GET", "/v1/models")
    assert isinstance(refusal, errors.EndpointNotAllowed)
    assert "gone" in refusal.message


def test_the_order_is_address_origin_endpoint_method() -> None:
    grant = a_grant(allowed_ips=("10.0.0.1",), allowed_origins=ORIGINS)
    bad_origin = "Origin: https://evil.example"
    everything_wrong = refused(grant, "TRACE", "/v1/nothing", bad_origin)
    assert isinstance(everything_wrong, errors.AddressNotAllowed)
    origin_wrong = refused(grant, "TRACE", "/v1/nothing", bad_origin, address="10.0.0.1")
    assert isinstance(origin_wrong, errors.OriginNotAllowed)
    endpoint_wrong = refused(grant, "TRACE", "/v1/nothing", address="10.0.0.1")
    assert isinstance(endpoint_wrong, errors.EndpointNotAllowed)


@pytest.mark.parametrize(
    ("token", "project", "model", "allowed"),
    [
        (None, None, "anything", True),
        (("gpt-4o*",), None, "gpt-4o-mini", True),
        (("gpt-4o*",), None, "o3", False),
        (None, ("gpt-4o",), "gpt-4o-mini", False),
        (("gpt-4o*",), ("*-mini",), "gpt-4o-mini", True),
        (("gpt-4o*",), ("*-mini",), "gpt-4o", False),
        (("*",), ("*",), "", True),
    ],
)
def test_a_model_must_be_on_both_lists(
    token: tuple[str, ...] | None, project: tuple[str, ...] | None, model: str, allowed: bool
) -> None:
    grant = a_grant(allowed_models=token, project_allowed_models=project)
    if allowed:
        check_model(grant, model)
    else:
        with pytest.raises(errors.ModelNotAllowed) as caught:
            check_model(grant, model)
        assert caught.value.param == "model"


def test_a_refused_model_is_shown_cut_and_printable() -> None:
    with pytest.raises(errors.ModelNotAllowed) as caught:
        check_model(a_grant(allowed_models=("a",)), "\ud800\0" + "x" * 100_000)
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("base_url", "bound_to"),
    [
        (None, "provider:openai"),
        (None, "https://api.openai.com:443"),
        ("https://API.openai.com/eu", "provider:openai"),
        ("http://10.0.0.7:8000", "http://10.0.0.7:8000"),
    ],
)
def test_a_key_is_used_where_it_was_entered_for(base_url: str | None, bound_to: str) -> None:
    key = a_key(bound_to=bound_to)
    target = target_for(a_grant(base_url=base_url, keys=(key,)))
    assert target.address.origin.host in ("api.openai.com", "10.0.0.7")
    assert target.credential == b"Authorization: Bearer sk-upstream\r\n"
    assert target.key_id == key.id


@pytest.mark.parametrize(
    ("base_url", "bound_to"),
    [
        (None, None),
        (None, "provider:anthropic"),
        (None, "provider:gone"),
        (None, "http://api.openai.com:80"),
        ("https://elsewhere.example", "provider:openai"),
        ("https://elsewhere.example", "https://elsewhere.example:444"),
    ],
)
def test_a_key_is_used_nowhere_else(base_url: str | None, bound_to: str | None) -> None:
    lost, fitting = a_key(bound_to=bound_to), a_key(bound_to="provider:openai")
    with pytest.raises(errors.NoUpstreamKey) as caught:
        target_for(a_grant(base_url=base_url, keys=(lost, lost)))
    assert "entered for another address" in caught.value.message
    # OpenAI's client would sleep for as long, twice, and ask again in vain.
    assert (caught.value.retry, caught.value.retry_after) == (False, None)
    assert "elsewhere" not in caught.value.message
    if base_url is None:
        # Whatever share a token would have, it is that of the keys that can be used.
        for _ in range(8):
            assert target_for(a_grant(keys=(lost, fitting, lost))).key_id == fitting.id


def test_an_origin_that_the_operator_does_not_list_is_not_reached() -> None:
    listed = replace(UPSTREAMS, origins=frozenset({"https://one.example:443"}))
    for base_url, bound_to in (
        (None, "provider:openai"),
        ("https://two.example", "https://two.example:443"),
    ):
        record = a_record(base_url=base_url, keys=(a_key(bound_to=bound_to),))
        with pytest.raises(errors.UpstreamUnreachable) as caught:
            target_for(Grant.of(record, BUILT_IN, listed))
        assert "example" not in caught.value.message
    key = a_key(bound_to="https://one.example:443")
    record = a_record(base_url="https://one.example/v2", keys=(key,))
    target_for(Grant.of(record, BUILT_IN, listed))
    named = replace(listed, named=frozenset({"openai"}))
    target_for(Grant.of(a_record(), BUILT_IN, named))


def test_head_is_let_in_wherever_get_is() -> None:
    assert authorize(a_grant(), a_request("HEAD", "/v1/models"))[1].pattern == "/v1/models"
    assert isinstance(refused(a_grant(), "HEAD", "/v1/embeddings"), errors.MethodNotAllowed)
