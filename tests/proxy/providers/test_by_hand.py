"""What a project makes of its provider's list by hand."""

from __future__ import annotations

import pytest

from models.endpoint_rules import EndpointList, Extra, entry_for
from proxy.providers.by_hand import ByHand, by_hand
from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import ANY, Endpoint
from tests.proxy.rows import ANTHROPIC, OPENAI

RERANK = Extra("POST", "/v1/rerank", "generic")


def lets(hand: ByHand, method: str, path: str) -> bool:
    return method in hand.allowed(hand.provider.match(path.encode()), path.encode())


def test_a_project_without_rules_has_its_provider_as_it_is() -> None:
    assert by_hand(OPENAI, None, ()) is None


def test_projects_with_the_same_rules_share_what_is_made_of_them() -> None:
    one = by_hand(OPENAI, ("/v1/models",), (RERANK,))
    assert one is by_hand(OPENAI, ("/v1/models",), (RERANK,))
    assert one is not by_hand(ANTHROPIC, ("/v1/models",), (RERANK,))
    assert one is not by_hand(OPENAI, None, (RERANK,))


def test_what_is_added_is_served_beside_the_list_and_by_no_other_project() -> None:
    hand = ByHand(OPENAI, None, (RERANK, Extra("*", "/v1/score/{model}", "free")))
    assert lets(hand, "POST", "/v1/rerank")
    assert not lets(hand, "GET", "/v1/rerank")
    assert lets(hand, "PUT", "/v1/score/a/b")
    assert lets(hand, "POST", "/v1/chat/completions")
    assert hand.provider.match(b"/v1/rerank")["POST"].dialect == "generic"
    assert hand.provider.match(b"/v1/score/a/b")["POST"].model_in(b"/v1/score/a/b") == "a/b"
    assert hand.provider.endpoints[-2:] == (
        Endpoint("POST", "/v1/rerank", "generic"), Endpoint("*", "/v1/score/{model}", "free"),
    )  # fmt: skip
    assert not OPENAI.match(b"/v1/rerank")


@pytest.mark.parametrize(
    "extra",
    [
        Extra("*", "/v1/chat/completions", "free"),
        Extra("POST", "/v1/chat/{x}", "free"),
        Extra("*", "/v1/*", "free"),
        Extra("POST", "/v1/images/{x}", "none"),
        Extra("*", "/v1/files/{file_id}/{x}", "chat"),
    ],
)
def test_what_is_added_changes_nothing_that_the_list_has(extra: Extra) -> None:
    """Nor how its usage is read: a budget would count nothing then."""
    hand = ByHand(OPENAI, None, (extra,))
    for endpoint in OPENAI.endpoints:
        path = endpoint.pattern.replace("{", "a-").replace("}", "").replace("*", "a").encode()
        before = OPENAI.match(path)
        for _ in range(2):
            after = hand.provider.match(path)
            assert {method: after[method] for method in before} == before


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/embedding%73", b"/v1/chat%2Fcompletions", b"/v1/chat%2fcompletions%2fchatcmpl-1",
        b"/v1/files%2Ffile-1%2Fcontent",
    ],
)  # fmt: skip
def test_what_is_added_takes_nothing_that_is_decoded_to_what_the_list_has(path: bytes) -> None:
    """It would be read, and counted, as what it is not."""
    hand = ByHand(OPENAI, None, (Extra("*", "/v1/{x}", "free"),))
    assert hand.provider.match(path) == {}
    assert lets(hand, "POST", "/v1/a%2Fb")


def test_only_paths_that_are_a_pattern_themselves_are_remembered() -> None:
    """Clients choose all others."""
    wide = ByHand(OPENAI, None, (RERANK, Extra("GET", "/v1/{x}/y", "none"))).provider
    usual = (b"/v1/rerank", b"/v1/embeddings")
    for number in range(100):
        for path in (*usual, b"/v1/%d/y" % number, b"/v1/files/%d" % number):
            assert wide.match(path)
    assert wide._literal.keys() == {*usual}
    assert all(wide.match(path) is wide._literal[path] for path in usual)


def test_no_path_of_the_proxy_s_own_is_added() -> None:
    hand = ByHand(OPENAI, None, (Extra("*", "/v1/*", "free"), Extra("*", "/v1/{x}/{y}", "free")))
    assert lets(hand, "GET", "/v1/anything")
    assert not hand.provider.match(b"/v1/llm-proxy/token")
    assert not hand.provider.match(b"/v1/oauth/token")


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_line_of_a_provider_can_be_switched_off_and_on_alone(name: str) -> None:
    provider = BUILT_IN[name]
    lines = [(one, entry_for(one.method, one.pattern)) for one in provider.endpoints]
    for off, _ in lines:
        entries = [entry for one, entry in lines if one is not off]
        if not entries:
            continue
        without = ByHand(provider, EndpointList.of(entries), ())
        only = ByHand(provider, EndpointList.of([entry_for(off.method, off.pattern)]), ())
        for one, _ in lines:
            path = one.pattern.replace("{", "a-").replace("}", "").replace("/*", "/a/rest/of/it")
            for method in ANY if one.method == "*" else (one.method,):
                assert lets(without, method, path) is (one is not off), (off, one)
                assert lets(only, method, path) is (one is off), (off, one)


def test_a_path_is_judged_as_an_upstream_would_decode_it_as_well() -> None:
    hand = ByHand(OPENAI, EndpointList.of(["GET /v1/files/{id}", "/v1/models/{model}"]), ())
    assert lets(hand, "GET", "/v1/files/file-1")
    assert not lets(hand, "GET", "/v1/files/file-1%2Fcontent")
    assert lets(hand, "GET", "/v1/files/file%201")
    assert lets(hand, "GET", "/v1/models/org%2Fname")
    # What is decoded to the same line, or to none, says nothing more.
    hand = ByHand(OPENAI, EndpointList.of(["/v1/models/org%2Fname", "/v1/vector_stores/{id}"]), ())
    assert lets(hand, "GET", "/v1/models/org%2Fname")
    assert lets(hand, "POST", "/v1/vector_stores/a%2Fb")
    assert not lets(hand, "POST", "/v1/vector_stores/a%2Fsearch")


def test_what_is_added_stays_open_beside_a_list_that_narrows() -> None:
    hand = ByHand(OPENAI, EndpointList.of(["/v1/models"]), (RERANK,))
    assert lets(hand, "POST", "/v1/rerank")
    assert lets(hand, "GET", "/v1/models")
    assert not lets(hand, "POST", "/v1/embeddings")
