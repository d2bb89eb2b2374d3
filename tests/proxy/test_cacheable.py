"""Answers to plain questions may be kept, whatever endpoint and provider they go to."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from hashlib import sha256
from typing import Any, Final, NamedTuple

import pytest
from msgspec.structs import replace

from models.bindings import binding
from models.cache_rule import CacheRule, Only
from proxy.access.authorization import authorize
from proxy.access.grant import Grant
from proxy.body.request_body import AT_ONCE_BYTES
from proxy.cacheable import BODY_MAX_BYTES, Keeps, kept_of, may_be_kept
from proxy.decoding.json_scanner import MEMBERS_MAX
from proxy.downstream import RequestHead
from proxy.forward import Outgoing, whole
from proxy.plans import Plans
from proxy.providers.catalog import BUILT_IN
from proxy.upstream.target import Target
from tests.proxy.cache.asked import JSON, a_head
from tests.proxy.rows import a_grant, a_key

MESSAGES: Final = [{"role": "user", "content": "hello"}]
CHAT: Final[dict[str, Any]] = {"model": "gpt-4.1", "temperature": 0, "messages": MESSAGES}
RESPONSE: Final[dict[str, Any]] = {
    "model": "gpt-4.1", "temperature": 0, "input": "hello", "store": False,
}  # fmt: skip
OWN_TOOL: Final = {"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}}


class Asked(NamedTuple):
    """What is known of a request."""

    head: RequestHead
    model: str
    pinned: Target | None = None
    own_list: object | None = None


def keeping(only: Only = "deterministic", **changes: Any) -> Grant:
    return a_grant(cache=CacheRule(60, "project", only), cache_epoch=0, **changes)


def kept(
    body: dict[str, Any] | bytes,
    keeps: Keeps | None = "chat",
    only: Only = "deterministic",
    grant: Grant | None = None,
    fields: tuple[str, ...] = (JSON,),
) -> bool:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = a_head(*fields, length=len(raw))
    model = str(body.get("model", "")) if isinstance(body, dict) else ""
    asked = Asked(head, model)
    digest = may_be_kept(keeps, grant or keeping(only), asked, whole(head, raw, None))
    assert digest is None or digest == sha256(raw).digest()
    return digest is not None


def route_keeps(provider: str, path: str, *fields: str, method: str = "POST") -> Keeps | None:
    grant = keeping(
        provider=provider,
        base_url="https://a.example",
        keys=(a_key(bound_to=binding(provider, "https://a.example")),),
    )
    head = a_head(*(fields or (JSON,)), target=path, method=method)
    _, route = authorize(grant, head)
    return kept_of(route, head)


@pytest.mark.parametrize(
    ("provider", "path", "expected"),
    [
        ("openai", "/v1/chat/completions", "chat"),
        ("openai", "/v1/completions", "completions"),
        ("openai", "/v1/embeddings", "embeddings"),
        ("openai", "/v1/moderations", "moderations"),
        ("openai", "/v1/responses", "responses"),
        ("anthropic", "/v1/messages", "messages"),
        ("azure-openai", "/openai/deployments/a/chat/completions?api-version=1", "chat"),
        ("azure-openai", "/openai/deployments/a/embeddings?api-version=1", "embeddings"),
        ("azure-openai", "/openai/v1/responses", "responses"),
        ("azure-openai", "/anthropic/v1/messages", "messages"),
        ("groq", "/openai/v1/chat/completions", "chat"),
        ("deepseek", "/chat/completions", "chat"),
        ("mistral", "/v1/moderations", "moderations"),
        ("perplexity", "/chat/completions", "chat"),
        # What makes objects, counts tokens, runs an agent or does something else.
        ("mistral", "/v1/agents/completions", None),
        ("openai", "/v1/responses/compact", None),
        ("openai", "/v1/responses/input_tokens", None),
        ("openai", "/v1/conversations", None),
        ("openai", "/v1/images/generations", None),
        ("openai", "/v1/audio/transcriptions", None),
        ("openai", "/v1/batches", None),
        ("openai", "/v1/files", None),
        ("anthropic", "/v1/messages/count_tokens", None),
        ("anthropic", "/v1/messages/batches", None),
        ("gemini", "/v1beta/models/a:generateContent", None),
    ],
)
def test_by_its_route(provider: str, path: str, expected: Keeps | None) -> None:
    assert route_keeps(provider, path) == expected


_DIALECTS: Final = ("chat", "embeddings", "messages")


def test_every_provider_with_one_of_these_endpoints_has_its_answers_kept() -> None:
    endings = ("/chat/completions", "/embeddings", "/messages")
    for name, provider in BUILT_IN.items():
        for endpoint in provider.endpoints:
            if endpoint.pattern.endswith(endings) and endpoint.dialect in _DIALECTS:
                path = endpoint.pattern.replace("{deployment}", "a").replace("{model}", "a")
                if "{" not in path:
                    assert route_keeps(name, path) == endpoint.dialect, (name, path)


@pytest.mark.parametrize(
    "fields",
    [
        ("content-type: text/plain",),
        ("content-type: multipart/form-data; boundary=a",),
        ("content-type: application/json; charset=utf-16",),
        (JSON, "content-encoding: gzip"),
        ("accept: a",),
    ],
)
def test_only_plain_json_is_kept(fields: tuple[str, ...]) -> None:
    assert route_keeps("openai", "/v1/chat/completions", *fields) is None


def test_a_get_is_never_kept() -> None:
    assert route_keeps("openai", "/v1/models", method="GET") is None


# The body


@pytest.mark.parametrize("zero", [b"0", b"0.0", b"-0", b"-0.00", b"0e3", b"0E-3", b"0.0e+1"])
def test_temperature_0_is_deterministic_however_it_is_written(zero: bytes) -> None:
    assert kept(b'{"model":"a","temperature":%b,"messages":[]}' % zero)


@pytest.mark.parametrize(
    "other", [b"1", b"0.1", b"0e", b"00", b'"0"', b"null", b"false", b"[]", b"1e-99", b"+0", b".0"]
)
def test_anything_else_is_not(other: bytes) -> None:
    body = b'{"model":"a","temperature":%b,"messages":[]}' % other
    assert not kept(body)


def test_without_a_temperature_only_where_all_is_kept() -> None:
    body = {"model": "a", "messages": MESSAGES}
    assert not kept(body)
    assert kept(body, only="all")
    assert kept(body | {"temperature": 1.5}, only="all")


@pytest.mark.parametrize("keeps", ["embeddings", "moderations"])
def test_vectors_and_moderations_are_always_deterministic(keeps: Keeps) -> None:
    assert kept({"model": "a", "input": ["hello", "you"]}, keeps)
    assert kept({"model": "a", "input": [[1, 2], [3]], "user": "u"}, keeps)


def test_a_response_only_where_it_is_not_stored() -> None:
    assert kept(RESPONSE, "responses")
    others: tuple[Any, ...] = (True, None, 0, "false", [])
    for store in others:
        assert not kept(RESPONSE | {"store": store}, "responses")
    assert not kept(
        {name: value for name, value in RESPONSE.items() if name != "store"}, "responses"
    )


def test_a_chat_that_is_stored_makes_an_object() -> None:
    assert kept(CHAT | {"store": False})
    assert kept(CHAT | {"store": None})
    others: tuple[Any, ...] = (True, 1, "true", {})
    for store in others:
        assert not kept(CHAT | {"store": store}, only="all")


#: Of a body whose answer would be kept, what keeps it from being.
NEVER: Final[tuple[dict[str, Any], ...]] = (
    {"background": True},
    {"deferred": True},
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"conversation": {"id": "conv_1"}},
    {"conversation_id": "a"},
    {"container": "container_1"},
    {"container": {"skills": []}},
    {"mcp_servers": [{"type": "url", "url": "https://a.example", "name": "a"}]},
    {"prompt": {"id": "pmpt_1"}},
    {"web_search_options": {}},
    {"search_parameters": {"mode": "auto"}},
    {"plugins": [{"id": "web"}]},
    {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
    {"modalities": ["AUDIO"]},
    {"data_sources": [{"type": "azure_search"}]},
    {"enable_search": True},
    {"file_ids": ["file-1"]},
    {"agent": "a"},
    {"tools": [{"type": "web_search"}]},
    {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    {"tools": [{"type": "file_search", "vector_store_ids": []}]},
    {"tools": [{"type": "image_generation"}]},
    {"tools": [{"type": "mcp", "server_label": "a"}]},
    {"tools": [{"type": "code_execution_20250825", "name": "a"}]},
    {"tools": [{"type": "unheard_of"}]},
    {"tools": [OWN_TOOL, {"type": ["function"]}]},
    {"tools": [{"googleSearch": {}}]},
    {"tools": {"type": "function"}},
    {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
    {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]},
    {"input": [{"type": "item_reference", "id": "msg_1"}]},
    {"messages": [{"content": [{"type": "container_upload", "file_id": "file_1"}]}]},
)


@pytest.mark.parametrize("more", NEVER)
@pytest.mark.parametrize("keeps", ["chat", "responses", "messages"])
def test_what_makes_or_names_an_object_or_works_at_the_provider_is_never_kept(
    keeps: Keeps, more: dict[str, Any]
) -> None:
    plain = RESPONSE if keeps == "responses" else CHAT
    assert kept(plain, keeps, only="all")
    assert not kept(plain | more, keeps, only="all")
    # Nor where it hides behind escapes, or is written in another way.
    raw = json.dumps(plain | more)
    hidden = raw.replace("id", "\\u0069d").replace("audio", "\\u0061udio").encode()
    assert not kept(hidden, keeps, only="all")
    assert not kept(json.dumps(plain | more, indent=1).encode(), keeps, only="all")


@pytest.mark.parametrize(
    "name",
    [
        "agent_id", "assistant_id", "connectors", "container_id", "conversation", "dataSources",
        "deferred", "file_ids", "mcp", "mcpServers", "memory", "plugins", "preset",
        "previous_interaction_id", "retrieval", "search_mode", "session_id", "thread_id",
        "webhook_url", "store", "background", "audio", "Container",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [{}, {"a": 1}, True, "a", 1])
def test_a_member_that_may_lead_elsewhere_is_never_kept_unless_it_says_nothing(
    name: str, value: Any
) -> None:
    assert not kept(CHAT | {name: value}, only="all")
    unset: tuple[Any, ...] = (None, False, [], "")
    for nothing in unset:
        assert kept(CHAT | {name: nothing})


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [OWN_TOOL], "tool_choice": "auto", "parallel_tool_calls": False},
        {"tools": [{"name": "a", "input_schema": {"properties": {"file_id": {}}}}]},
        {"tools": [{"type": "custom", "name": "a"}]},
        {"tools": [{"type": "bash_20250124", "name": "bash"}]},
        {"tools": []},
        {"tools": None, "background": False, "store": None, "container": None},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"metadata": {"conversation": "a"}, "user": "u", "seed": 1, "n": 2, "extra": 5},
        {"response_format": {"type": "json_object"}},
        {"messages": [{"role": "user", "content": "the file_id, the conversation: \\u003c"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        {"prompt": "a"},
        {"modalities": ["text"]},
    ],
)
def test_what_asks_for_an_answer_and_nothing_else_is_kept(more: dict[str, Any]) -> None:
    assert kept(CHAT | more)
    # As an encoder for web pages writes it, and one for people.
    raw = json.dumps(CHAT | more)
    assert kept(raw.replace("hello", "\\u003chello\\u003e").encode())
    assert kept(json.dumps(CHAT | more, indent=2).encode())


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","temperature":0,"temperature":1,"messages":[]}',
        b'{"model":"a","temperature":1,"temperature":0,"messages":[]}',
        b'{"model":"a","temperature":0,"Temperature":1,"messages":[]}',
        b'{"model":"a","temperature":0,"\\u0074emperature":1,"messages":[]}',
        b'{"model":"a","temperature":0,"tools":[],"tools":[{"type":"web_search"}]}',
        b'{"model":"a", "temperature":0,"topP":1,"top_p":0}',
        b"[]",
        b"{}",
        b'"a"',
        b"{",
        b'{"temperature":0',
        b"\xff\xfe{\x00}\x00",
        b"\x00",
    ],
)
def test_what_readers_may_read_otherwise_is_not_kept(body: bytes) -> None:
    assert not kept(body)
    assert not kept(body, only="all")


def test_a_body_whose_members_cannot_all_be_known_is_not_kept() -> None:
    plain = json.dumps(CHAT)[:-1]
    assert kept(f'{plain}, "a": 1}}'.encode())
    # A key that is none of those that are looked for, to us.
    for key in ("a" * 300, "\\ud83d", ""):
        assert not kept(f'{plain}, "{key}": 1}}'.encode())
    many = ", ".join(f'"{number:x}":0' for number in range(MEMBERS_MAX + 1))
    assert not kept(f"{plain}, {many}}}".encode())
    assert not kept(f'{plain}, {many}, "store": true}}'.encode())


def test_a_body_that_may_name_something_and_cannot_be_taken_apart_is_not_kept() -> None:
    plain = json.dumps(CHAT)[:-1].encode()
    assert kept(plain + b', "a": ["\\u0061"]}')
    for value in (b"[" * 5000 + b"\\u0061" + b"]" * 5000, b'["\\u0061\xff"]'):
        assert not kept(plain + b', "a": ' + value + b"}")


def test_what_a_body_says_at_one_endpoint_is_not_what_it_says_at_another() -> None:
    for _ in range(3):
        assert kept(CHAT, "chat")
        assert not kept(CHAT, "responses")
        assert kept(RESPONSE, "responses")


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o-search-preview", "gpt-4o-mini-search-preview-2025-03-11", "sonar", "sonar-pro",
        "perplexity/sonar", "openai/gpt-4o:online", "groq/compound-mini", "o3-deep-research",
    ],
)  # fmt: skip
def test_a_model_that_searches_by_itself_is_not_deterministic(model: str) -> None:
    assert not kept(CHAT | {"model": model})
    assert kept(CHAT | {"model": model}, only="all")
    assert not kept(CHAT | {"models": ["gpt-4.1", model]})
    hidden = json.dumps(CHAT | {"models": [model]}).replace(
        model[1:3], f"\\u{ord(model[1]):04x}{model[2]}"
    )
    assert not kept(hidden.encode())
    # By the path, as a deployment.
    bare = json.dumps({name: value for name, value in CHAT.items() if name != "model"}).encode()
    for named, expected in ((model, False), ("gpt-4.1", True)):
        head = a_head(JSON, length=len(bare))
        found = may_be_kept("chat", keeping(), Asked(head, named), whole(head, bare, None))
        assert (found is not None) == expected
    mapped = keeping(keys=(a_key(model_map={"gpt-4.1": model}),))
    assert not kept(CHAT, grant=mapped)


@pytest.mark.parametrize("model", ["research-1", "llama-onlineish", "gpt-4.1", "searcher"])
def test_a_name_that_only_looks_like_it_is(model: str) -> None:
    assert kept(CHAT | {"model": model})


def test_of_a_body_that_is_not_whole_or_is_long_or_names_something_nothing_is_kept() -> None:
    head = a_head(JSON)
    body = json.dumps(CHAT).encode()
    grant, asked = keeping(), Asked(head, "gpt-4.1")
    request: Outgoing = whole(head, body, None)
    assert may_be_kept("chat", grant, asked, request)
    assert not may_be_kept(None, grant, asked, request)
    assert not may_be_kept("chat", a_grant(), asked, request)
    assert not may_be_kept("chat", grant, asked, replace(request, complete=False))
    assert not may_be_kept("chat", grant, asked, replace(request, size=BODY_MAX_BYTES + 1))
    assert not may_be_kept("chat", grant, asked, replace(request, size=0))
    for known in (asked._replace(pinned=grant.targets[0]), asked._replace(own_list="a list")):
        assert not may_be_kept("chat", grant, known, request)


def test_a_body_in_pieces_and_one_that_is_long_and_plain_is_kept() -> None:
    long = CHAT | {"messages": [{"role": "user", "content": "a" * 900_000}]}
    assert kept(long)
    # Of many values less is looked into, and so less kept.
    assert not kept(CHAT | {"logit_bias": {str(n): 0 for n in range(60_000)}})
    assert not kept(long | {"messages": [{"content": "b" * AT_ONCE_BYTES, "file_id": "file-1"}]})


def test_one_content_type_alone() -> None:
    fields = (JSON, "content-type: application/x-www-form-urlencoded")
    assert not kept(CHAT, fields=fields)


# The plan


def test_a_plan_says_what_is_kept_only_where_the_project_keeps_anything() -> None:
    plans, head = Plans(), a_head(JSON)
    assert plans.of(a_grant(), head).keeps is None
    assert plans.of(keeping(), head).keeps == "chat"
    assert plans.of(a_grant(), head).keeps is None
    assert plans.of(keeping(), head) is plans.of(keeping("all"), head)


def test_a_body_of_which_its_path_names_the_model_is_read_where_its_answer_may_be_kept() -> None:
    azure: dict[str, Any] = {
        "provider": "azure-openai",
        "base_url": "https://a.example",
        "keys": (a_key(bound_to=binding("azure-openai", "https://a.example")),),
    }
    head = a_head(JSON, target="/openai/deployments/a/embeddings?api-version=1")
    assert not Plans().of(a_grant(**azure), head).wanted.reads
    assert Plans().of(keeping(**azure), head).wanted.reads
    assert not Plans().of(keeping(**azure), head).wanted.whole


def test_a_compressed_body_has_a_plan_without() -> None:
    head = a_head(JSON, "content-encoding: gzip", length=len(gzip.compress(b"{}")))
    assert Plans().of(keeping(), head).keeps is None


# Bodies made at random, read in another way

_MEMBERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("model", ('"gpt-4.1"', '"sonar"', '"a:online"')),
    ("temperature", ("0", "0.0", "-0", "0e9", "1", "0.1", '"0"', "null", "[0]")),
    ("messages", ('[{"role":"user","content":"a"}]', '[{"file_id":"file-1"}]', "[]")),
    ("store", ("false", "null", "true", "1")),
    ("stream", ("true", "false")),
    ("background", ("true", "false", "null")),
    ("previous_response_id", ('"resp_1"', "null", '""')),
    ("conversation", ('"conv_1"', "null")),
    ("tools", ("[]", '[{"type":"function"}]', '[{"type":"web_search"}]', "null")),
    ("web_search_options", ("{}", "null")),
    ("user", ('"temperature"', '"\\"store\\":true"')),
    ("seed", ("1", '{"temperature":1}', '"{"')),
)
_SPACE: Final = ("", "", " ", "\n", "\t ")


def _spelt(rng: random.Random, name: str) -> str:
    """A name as some reader or other may take it for the same."""
    way = rng.random()
    if way < 0.7:
        return name
    if way < 0.8:
        return rng.choice((name.upper(), name.title(), name.replace("_", "")))
    at = rng.randrange(len(name))
    return name[:at] + f"\\u{ord(name[at]):04x}" + name[at + 1 :]


def _a_body(rng: random.Random) -> bytes:
    members = list(rng.sample(_MEMBERS, rng.randrange(2, 8)))
    members += rng.sample(_MEMBERS, rng.choice((0, 0, 1)))
    text = []
    for name, values in members:
        space = [rng.choice(_SPACE) for _ in range(4)]
        key = f'{space[0]}"{_spelt(rng, name)}"{space[1]}:{space[2]}'
        text.append(key + rng.choice(values) + space[3])
    return ("{" + ",".join(text) + "}").encode()


def _asks_plainly(body: bytes) -> bool:
    """What every reader finds in a body, by Python's own decoder, which keeps repeated members."""
    pairs = json.loads(body, object_pairs_hook=tuple)
    named = [name.lower().replace("_", "") for name, _ in pairs]
    found = dict(zip(named, (value for _, value in pairs), strict=True))
    zero = found.get("temperature")
    return (
        len(named) == len(set(named))
        and isinstance(zero, int | float)
        and not isinstance(zero, bool)
        and zero == 0
        and found.get("model") in ("gpt-4.1", None)
        and not any(found.get(name) for name in ("store", "background", "previousresponseid"))
        and found.get("conversation") is None
        and found.get("websearchoptions") is None
        and not any(dict(tool)["type"] != "function" for tool in found.get("tools") or ())
        and b"file" not in body.replace(b"_", b"")
    )


def test_of_random_bodies_those_alone_are_kept_that_every_reader_takes_for_plain() -> None:
    rng = random.Random(20)
    seen: Counter[bool] = Counter()
    for _ in range(4000):
        body = _a_body(rng)
        is_kept = kept(body)
        assert is_kept <= _asks_plainly(body), body
        seen[is_kept] += 1
    assert min(seen.values()) > 100, seen
