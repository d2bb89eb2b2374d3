"""Two requests have one key exactly where nothing that may change the answer differs."""

from __future__ import annotations

import random
from collections import deque
from typing import Any, Final

import msgspec
import pytest

from models.cache_rule import CacheRule
from proxy import forward
from proxy.cache import keys
from proxy.cache.keys import _ALIKE, _BLOCKS, _LINES, is_left_out
from proxy.cache.space import framed, space_of
from proxy.questions import Question
from proxy.upstream.target import Address, Origin, Target
from server.http import framing
from tests.proxy.cache.asked import (
    CHAT,
    JSON,
    PROJECT,
    TARGET,
    TOKEN,
    Record,
    a_head,
    a_space,
    asked,
    key_in,
)

SPACE: Final = a_space()


def key(*fields: str, **parts: Any) -> bytes:
    return key_in(SPACE, asked(*fields, **parts))


#: Fields that say who asks, trace the request, or are ours.
LEFT_OUT: Final = (
    "user-agent: a",
    "User-Agent: OpenAI/Python 1.2.3",
    "x-stainless-retry-count: 1",
    "X-Stainless-Lang: python",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate: a=b",
    "baggage: a=b",
    "idempotency-key: 1",
    "x-request-id: 1",
    "x-client-request-id: 1",
    "x-correlation-id: 1",
    "correlation-id: 1",
    "request-id: 1",
    "x-amzn-trace-id: 1",
    "x-cloud-trace-context: 1",
    "b3: 1",
    "x-b3-traceid: 1",
    "x-llm-proxy-tags: a=b",
    "x-llm-proxy-user: somebody",
    "cache-control: no-cache",
    "pragma: no-cache",
    "authorization: Bearer llmp_x",
    "x-api-key: llmp_x",
    "cookie: a=b",
    "x-forwarded-for: 192.0.2.1",
    "openai-organization: org-a",
)
#: Any other, known or not.
COUNTED: Final = (
    "accept: text/event-stream",
    "accept-encoding: gzip",
    "accept-language: de",
    "anthropic-beta: a",
    "anthropic-version: 2023-06-01",
    "openai-beta: a",
    "origin: https://a.example",
    "range: bytes=0-1",
    "x-unheard-of: 1",
    "user-agent-of: a",
    "x-stainles: 1",
    "x_request_id: 1",
    "trailer: a",
)


@pytest.mark.parametrize("field", LEFT_OUT)
def test_what_says_who_asks_changes_no_key(field: str) -> None:
    assert key(JSON, field) == key(JSON)


@pytest.mark.parametrize("field", COUNTED)
def test_any_other_field_changes_it_and_so_does_its_value(field: str) -> None:
    found = {key(JSON), key(JSON, field), key(JSON, field + "x")}
    assert len(found) == 3


def test_names_in_another_case_and_order_are_the_same_fields() -> None:
    assert key("accept: a", "OpenAI-Beta: b") == key("openai-beta: b", "Accept: a")


def test_the_order_of_lines_of_one_name_counts() -> None:
    assert key("accept: a", "accept: b") != key("accept: b", "accept: a")
    assert key("accept: a", "accept: b") != key("accept: a, b")


def test_a_body_in_chunks_is_the_same_body() -> None:
    in_chunks = forward.outgoing(a_head(JSON, length=-1), (CHAT[:9], CHAT[9:]), complete=True)
    assert key_in(SPACE, in_chunks) == key(JSON)


def test_what_is_sent_alike_and_answered_otherwise_has_another_key() -> None:
    request = asked(JSON)
    found = {
        key_in(SPACE, request, question)
        for question in (None, Question(True, None), Question(False, None))
    }
    assert len(found) == 3


def test_what_an_account_of_another_provider_is_sent_counts() -> None:
    request = asked(JSON)
    others: list[dict[str, bytes] | None] = [
        None,
        {"b": b"x: 1\r\n"},
        {"b": b"x: 2\r\n"},
        {"c": b"x: 1\r\n"},
        {"b": b"", "c": b"x: 1\r\n"},
    ]
    found = {key_in(SPACE, msgspec.structs.replace(request, others=each)) for each in others}
    assert len(found) == len(others)


def test_a_key_reads_the_body_and_takes_none_of_it() -> None:
    request = asked(JSON)
    first = key_in(SPACE, request)
    assert key_in(SPACE, request) == first
    assert request.body == deque((CHAT,))
    assert len(first) == 32


def in_space(*targets: Target, **changes: Any) -> bytes:
    space = space_of(Record(**changes), targets or (TARGET,))
    assert space is not None
    return key_in(space, asked(JSON))


@pytest.mark.parametrize(
    "changes",
    [
        {"project_id": TOKEN},
        {"cache_epoch": 1},
        {"provider": "groq"},
        {"cache": CacheRule(60, "token", "deterministic")},
        {"cache": CacheRule(60, "token", "deterministic"), "token_id": PROJECT},
    ],
)
def test_of_another_project_purge_provider_or_token(changes: dict[str, Any]) -> None:
    assert in_space(**changes) != in_space()


def test_tokens_share_answers_exactly_where_the_project_says_so() -> None:
    assert in_space(token_id=PROJECT) == in_space()
    own = CacheRule(60, "token", "deterministic")
    assert in_space(cache=own, token_id=PROJECT) != in_space(cache=own)


def test_how_long_and_what_is_kept_changes_no_key() -> None:
    assert in_space(cache=CacheRule(1, "project", "all")) == in_space()


@pytest.mark.parametrize(
    "address",
    [
        Address(Origin("http", "a.example", 443), b"a.example", b""),
        Address(Origin("https", "b.example", 443), b"a.example", b""),
        Address(Origin("https", "a.example", 8443), b"a.example", b""),
        Address(Origin("https", "a.example", 443), b"b.example", b""),
        Address(Origin("https", "a.example", 443), b"a.example", b"/eu"),
        Address(Origin("https", "a.example", 443), b"a.example", b"", b""),
        Address(Origin("https", "a.example", 443), b"a.example", b"", b"/v2"),
    ],
)
def test_another_address_has_other_answers(address: Address) -> None:
    assert in_space(TARGET._replace(address=address)) != in_space()


def test_names_of_models_at_an_account_count_and_its_key_does_not() -> None:
    named = TARGET._replace(models={"a": "b", "c": "d"})
    assert in_space(named) != in_space()
    assert in_space(named) != in_space(TARGET._replace(models={"a": "d", "c": "b"}))
    assert in_space(named) == in_space(TARGET._replace(models={"c": "d", "a": "b"}))
    rotated = TARGET._replace(credential=b"authorization: y\r\n", key_id=PROJECT)
    assert in_space(rotated) == in_space()


def test_tokens_that_prefer_other_accounts_share_answers() -> None:
    other = TARGET._replace(address=Address(Origin("https", "b", 443), b"b", b""))
    assert in_space(TARGET, other) == in_space(other, TARGET) != in_space()


def test_a_project_that_keeps_nothing_has_no_space() -> None:
    assert space_of(Record(cache=None), (TARGET,)) is None


def test_a_space_says_nothing_of_what_its_keys_begin_with() -> None:
    assert repr(SPACE) == f"CacheSpace(project='{PROJECT}', epoch=0)"


_METHODS: Final = ("POST", "PUT")
_TARGETS: Final = ("/v1/chat/completions", "/v1/chat/completions?a=1", "/v1/chat/completions?a=1:1")
_FIELDS: Final = (
    "accept: a", "accept: b", "accept: ", "x-a: 1", "x-a: 11", "x-a1: 1", "X-A: 1", "a: 5:x-a:1",
    "user-agent: b", "traceparent: c",
)  # fmt: skip
_BODIES: Final = (b"{}", b'{"a":1}', b'{"a":1}1', b"2:{}", b"1")


def test_requests_of_random_parts_share_a_key_exactly_where_they_are_the_same() -> None:
    """By a plain reading of both: method, path and query, body, and the fields that count."""
    rng = random.Random(20)
    seen: dict[bytes, tuple[Any, ...]] = {}
    same: dict[tuple[Any, ...], bytes] = {}
    for _ in range(4000):
        method, target, body = rng.choice(_METHODS), rng.choice(_TARGETS), rng.choice(_BODIES)
        fields = rng.sample(_FIELDS, rng.randrange(4))
        project, token = rng.choice((PROJECT, TOKEN)), rng.choice((PROJECT, TOKEN))
        scope = rng.choice(("project", "token"))
        space = SPACES[project, token, scope]
        made = key_in(space, asked(*fields, method=method, target=target, body=body))
        counting = [field.partition(": ") for field in fields]
        kept = [(name.lower(), value) for name, _, value in counting]
        kept = sorted(
            (field for field in kept if field[0] not in ("user-agent", "traceparent")),
            key=lambda field: field[0],
        )
        whose = (project, scope, token if scope == "token" else None)
        meaning = (whose, method, target, body, tuple(kept))
        assert seen.setdefault(made, meaning) == meaning
        assert same.setdefault(meaning, made) == made
    assert len(seen) == len(same) < 4000


SPACES: Final = {
    (project, token, scope): a_space(project_id=project, token_id=token, scope=scope)
    for project in (PROJECT, TOKEN)
    for token in (PROJECT, TOKEN)
    for scope in ("project", "token")
}


def test_no_two_lists_of_parts_are_framed_alike() -> None:
    lists = [
        (),
        (b"",),
        (b"", b""),
        (b"1:",),
        (b"a", b"b"),
        (b"ab",),
        (b"a1:b",),
        (b"a", b"", b"b"),
    ]
    assert len({framed(each) for each in lists}) == len(lists)


def test_lines_that_may_hold_a_secret_are_not_remembered_and_those_that_come_again_are() -> None:
    _LINES.clear()
    _BLOCKS.clear()
    for field in ("x-team: a", "x-session-key: a", "x-request-id: a"):
        for _ in range(3):
            assert key(JSON, field) == key(JSON, field)
    assert {text.partition(b":")[0] for text in _LINES.young} >= {b"content-type", b"x-team"}
    assert not any(
        b"session" in text or b"request-id" in text for text in [*_LINES.young, *_BLOCKS.young]
    )


def test_a_key_is_the_same_before_and_after_its_lines_are_remembered() -> None:
    _LINES.clear()
    _BLOCKS.clear()
    fields = ("Accept: a", "accept: b", "X-Team: c", "user-agent: d", JSON)
    assert len({key(*fields) for _ in range(5)}) == 1
    assert len(_BLOCKS.young) == 1


#: Lines whose values change among heads that are alike, and whether they count.
CHANGING: Final = (
    ("x-request-id", False),
    ("x-client-request-id", False),
    ("traceparent", False),
    ("authorization", False),
    ("x-session-id", True),
    ("x-team-token", True),
)


@pytest.mark.parametrize(("name", "counts"), CHANGING)
def test_heads_that_are_alike_have_the_keys_that_their_lines_give(name: str, counts: bool) -> None:
    framing.forget()
    _ALIKE.clear()
    values = [f"{name}: {'a' * n}%b" for n in (1, 2, 3, 1, 2, 3, 1, 2, 3)]
    requests = [asked("Accept: a", "X-Team: 5%", value, JSON) for value in values]
    alike = [key_in(SPACE, request) for request in requests]
    assert requests[-1].head.likeness is requests[-2].head.likeness is not None
    plain = [
        msgspec.structs.replace(request.head, likeness=None, credential=b"") for request in requests
    ]
    by_lines = [
        key_in(SPACE, forward.whole(head, b"".join(request.body), None))
        for head, request in zip(plain, requests, strict=True)
    ]
    assert alike == by_lines
    assert len(set(alike)) == (3 if counts else 1)
    assert list(map(bool, _ALIKE.values())) == [not counts]


def test_a_line_that_was_put_in_counts_in_a_head_that_is_like_others() -> None:
    framing.forget()
    request = [asked("accept: a", JSON) for _ in range(5)][-1]
    assert request.head.likeness is not None
    before = key_in(SPACE, request)
    changed = forward.Outgoing(
        request.head, request.fields + b"x-team: b\r\n", request.body, request.size, True, False
    )
    assert key_in(SPACE, changed) != before == key_in(SPACE, request)


def test_heads_that_are_alike_are_remembered_up_to_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    framing.forget()
    _ALIKE.clear()
    monkeypatch.setattr(keys, "_ALIKE_MAX", 3)
    held = []
    for number in range(5):
        for _ in range(5):
            key(f"accept: {number}", JSON)
        held.append(len(_ALIKE))
    assert held == [1, 2, 3, 1, 2]


def test_prefixes_are_those_of_whole_words() -> None:
    assert is_left_out(b"x-stainless-os")
    assert not is_left_out(b"x-stainless")
    assert not is_left_out(b"x-b3")
