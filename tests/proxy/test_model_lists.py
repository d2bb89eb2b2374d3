"""A token that may use some models sees no others in a list of them; other tokens see them all."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models.patterns import patterns
from proxy.model_lists import ELEMENT_MAX_BYTES, ModelList, model_named
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import HEAD_OK, Client, Peer, a_client
from tests.proxy.transform_rules import StreamCase, check_stream, cut, relayed

ALLOWED: Final = patterns(["gpt-4o*", "claude-*"], ["*-4o", "*-mini", "claude-*"])


def made() -> ModelList:
    return ModelList(ALLOWED)


def filtered(document: bytes) -> bytes:
    return b"".join(relayed(made(), [document]))


def a_list(*elements: Any, **more: Any) -> bytes:
    return json.dumps({"object": "list", "data": elements, **more}, indent=1).encode()


def model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "meta": {"x": ["}", '"', "\\"], "y": [[1], {}]}}


LISTS: Final = {
    "the first and the last are left out": (
        a_list(*map(model, ("o3", "gpt-4o", "gpt-5", "gpt-4o-mini", "o1")), has_more=False),
        a_list(*map(model, ("gpt-4o", "gpt-4o-mini")), has_more=False),
    ),
    "Anthropic's pages": (
        b'{"data":[{"type":"model","id":"claude-x"},{"id":"o3"}],"has_more":true,"last_id":"o3"}',
        b'{"data":[{"type":"model","id":"claude-x"}],"has_more":true,"last_id":"o3"}',
    ),
    "Gemini's names": (
        b'{"models": [{"name": "models/gpt-4o"}, {"name": "models/o3"}], "nextPageToken": "a"}',
        b'{"models": [{"name": "models/gpt-4o"}], "nextPageToken": "a"}',
    ),
    "Ollama's, with a name for people": (
        b'{"models":[{"name":"o3","model":"gpt-4o"},{"name":"gpt-4o","model":"o3"}]}',
        b'{"models":[{"name":"o3","model":"gpt-4o"}]}',
    ),
    "llama.cpp's, which lists them twice": (
        b'{"models":[{"name":"gpt-4o"}],"object":"list","data":[{"id":"o3"},{"id":"gpt-4o"}]}',
        b'{"models":[{"name":"gpt-4o"}],"object":"list","data":[{"id":"gpt-4o"}]}',
    ),
    "an array, as Together's": (
        b' [ {"id":"o3"} , {"id":"gpt-4o"} , {"id":"o1"} ] ',
        b' [ {"id":"gpt-4o"}  ] ',
    ),
    "names alone": (
        b'{"data":["o3","gpt-4o","gpt-4o-mini"]}',
        b'{"data":["gpt-4o","gpt-4o-mini"]}',
    ),
    "no name, or none that is text": (
        b'{"data":[{},{"id":1},1,null,["gpt-4o"],{"id":null,"name":"gpt-4o"}]}',
        b'{"data":[{"id":null,"name":"gpt-4o"}]}',
    ),
    "escapes": (
        b'{"d\\u0061ta":[{"\\u0069d":"gpt-4\\u006f"},{"id":"\\u006f3"},{"id":"gpt-4o","x":"\\""}]}',
        b'{"d\\u0061ta":[{"\\u0069d":"gpt-4\\u006f"},{"id":"gpt-4o","x":"\\""}]}',
    ),
    "one of two lists allows it": (
        a_list(model("gpt-4o-audio"), model("o3-mini")),
        a_list(1).replace(b"\n  1", b""),
    ),
    "a mark before, and another document behind": (
        b'\xef\xbb\xbf {"data":["gpt-4o"],"x":0}\n{"data":["o1"]} ["o3","gpt-4o"]["o3","gpt-4o"]',
        b'\xef\xbb\xbf {"data":["gpt-4o"],"x":0}\n{"data":[]} ["gpt-4o"]["gpt-4o"]',
    ),
    "a member of the same name further in": (
        b'{"meta":{"data":[{"id":"o3"}]},"data":[{"id":"gpt-4o","data":["o3"]}],"x":"data","y":[1]}',
    )
    * 2,
    "nothing to leave out": (a_list(*map(model, ("gpt-4o", "claude-x"))),) * 2,
    "no elements": (b'{"object": "list", "data": [ ]}',) * 2,
    "an object that is no list": (b'{"data": {"id": "gpt-4o"}, "models": "o3"}',) * 2,
    "no JSON": (b"<html>{[ models ]}</html>",) * 2,
}


@pytest.mark.parametrize(("document", "shown"), LISTS.values(), ids=LISTS)
def test_a_list_holds_what_is_allowed_and_is_else_as_it_came(document: bytes, shown: bytes) -> None:
    for size in (1, 2, 7, 50, len(document)):
        assert b"".join(relayed(made(), cut(document, size))) == shown, size


@pytest.mark.parametrize("which", ["Gemini's names", "escapes"])
def test_it_keeps_the_rules_of_a_stream_transform(which: str) -> None:
    check_stream(StreamCase(made, *LISTS[which], 2 * ELEMENT_MAX_BYTES, drops=True))


@pytest.mark.parametrize(
    "document",
    [
        b'{"data":[{"id":"gpt-4o"},{"id":"o3"]',
        b'{"data":[{"id":"gpt-4o"},}{"id":"o3"}]}',
        b'{"data":[:{"id":"o3"}]}',
        b'{"data":[{"id":"gpt-4o"} {"id":"o3"}]}',
        b'{"data":[,,{"id":"o3"}',
        b'{"data":[{"id":"gpt-4o"},{"id":"o3',
        b'{"data":["o3',
        b'[}"o3"]',
        b'{"data":[}:"o3"]',
    ],
)
def test_of_a_list_that_is_broken_no_other_model_passes(document: bytes) -> None:
    for size in (1, 3, len(document)):
        assert b"o3" not in b"".join(relayed(made(), cut(document, size)))


def test_an_element_beyond_its_bound_is_left_out() -> None:
    def one(name: str, size: int) -> bytes:
        return b'{"id":"%b","x":"%b"}' % (name.encode(), b"x" * size)

    at_bound = one("gpt-4o", ELEMENT_MAX_BYTES - len(one("gpt-4o", 0)))
    beyond = one("gpt-4o-mini", ELEMENT_MAX_BYTES - len(one("gpt-4o", 0)))
    assert len(at_bound) == ELEMENT_MAX_BYTES
    document = b'{"data":[%b,%b,%b]}' % (beyond, at_bound, one("claude-x", 1))
    assert filtered(document) == b'{"data":[%b,%b]}' % (at_bound, one("claude-x", 1))


def test_elements_without_end_take_no_room() -> None:
    document = b'{"data":[%b{"id":"gpt-4o"},]}' % (b" ," * 100_000)
    assert filtered(document) == b'{"data":[{"id":"gpt-4o"}]}'


def test_a_turn_looks_at_a_bounded_part_of_what_has_come() -> None:
    transform = made()
    document = a_list(*(model(f"gpt-4o-{number}-mini") for number in range(1000)))
    passed, turns = transform.relay(document), 0
    while transform.behind:
        passed += transform.catch_up()
        turns += 1
    assert passed == document
    assert 20 < turns < 60


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (b"/v1/models", ""),
        (b"/v1/models?limit=2", ""),
        (b"/v1/mod%65ls", ""),
        (b"/openai/v1/models", ""),
        (b"/v1/models/gpt-4o?x=/y", "gpt-4o"),
        (b"/v1/models/org%2Fname", "org/name"),
        (b"/v1/models/org/models/x", "org/models/x"),
        (b"/v1/files?x=/models", None),
        (b"/v1/modelsets", None),
    ],
)
def test_what_a_path_asks_about(path: bytes, named: str | None) -> None:
    assert model_named(path) == named


# Through the data plane


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


ANSWER: Final = a_list(*map(model, ("gpt-4o", "o3")))
SHOWN: Final = a_list(model("gpt-4o"))
FIELDS: Final = (
    "Accept-Encoding: gzip, br",
    'If-None-Match: "1"',
    "If-Modified-Since: x",
    "Range: bytes=0-9",
    "X-Mine: 1",
)
HEAD: Final = HEAD_OK + b'ETag: "1"\r\nDigest: sha-256=x\r\nX-Theirs: 1\r\n'


async def asked(
    plane: Plane, secret: str, method: str = "GET", *, head: bytes = HEAD, body: bytes = ANSWER
) -> tuple[bytes, Client]:
    """What the upstream was asked, and what the client got."""
    requests: list[bytes] = []

    async def upstream(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.answer(body, head)

    plane.upstream.follow(upstream)
    client = await plane.serve(a_client(method, secret=secret, fields=FIELDS))
    return b"".join(requests), client


@pytest.mark.parametrize("of", ["token", "project"])
async def test_the_list_of_a_limited_token_or_project_is_asked_for_plain_and_whole(
    plane: Plane, of: str
) -> None:
    rule: dict[str, Any] = {"allowed_models": ["gpt-4o*"]}
    _, secret = await plane.token(**(rule if of == "token" else {"project": rule}))
    request, client = await asked(plane, secret)
    assert (client.status, client.content, client.ended) == (200, SHOWN, "finish")
    lines = request.lower().split(b"\r\n")
    assert b"accept-encoding: identity" in lines
    assert b"x-mine: 1" in lines
    assert not any(line.startswith((b"if-", b"range", b"content-length")) for line in lines)
    for name in (b"content-length", b"etag", b"digest"):
        assert client.field(name) is None
    assert client.field(b"x-theirs") == b"1"
    assert client.answer is not None
    assert client.answer.content_length is None
    [entry] = plane.entries()
    assert (entry.outcome, entry.bytes_out) == ("complete", len(SHOWN))


@pytest.mark.parametrize("rule", [None, ["*"], ["gpt-4o", "*"]])
async def test_everybody_elses_list_is_as_it_came(plane: Plane, rule: list[str] | None) -> None:
    _, secret = await plane.token(allowed_models=rule)
    compressed = gzip.compress(ANSWER)
    head = HEAD + b"Content-Encoding: gzip\r\n"
    request, client = await asked(plane, secret, head=head, body=compressed)
    assert client.content == compressed
    for field in FIELDS:
        assert field.encode() in request.split(b"\r\n")
    assert client.field(b"etag") == b'"1"'
    assert client.field(b"content-length") == b"%d" % len(compressed)


async def test_a_head_says_nothing_of_the_whole_list(plane: Plane) -> None:
    _, secret = await plane.token(allowed_models=["gpt-4o*"])
    _, client = await asked(plane, secret, "HEAD", body=b"")
    assert (client.status, client.content) == (200, b"")
    assert client.field(b"content-length") is None
    assert client.field(b"etag") is None


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"Content-Encoding: gzip\r\n",
        HEAD.replace(b"200 OK", b"206 Partial Content"),
    ],
)
async def test_a_list_that_cannot_be_looked_into_is_not_passed(plane: Plane, head: bytes) -> None:
    _, secret = await plane.token(allowed_models=["gpt-4o*"])
    _, client = await asked(plane, secret, head=head)
    assert (client.status, client.code) == (502, "upstream_protocol_error")
    assert b"o3" not in client.content


async def test_a_refusal_by_the_upstream_passes(plane: Plane) -> None:
    _, secret = await plane.token(allowed_models=["gpt-4o*"])
    refused = b'{"error": {"message": "no", "data": [{"id": "o3"}]}}'
    _, client = await asked(plane, secret, head=HEAD.replace(b"200 OK", b"401 No"), body=refused)
    assert (client.status, client.content) == (401, refused)
    assert client.field(b"etag") == b'"1"'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_model_that_is_not_allowed_is_not_shown_alone_either(
    plane: Plane, method: str
) -> None:
    _, secret = await plane.token(allowed_models=["gpt-4o*", "org/*"])

    async def upstream(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b"")

    plane.upstream.follow(upstream)
    shown = [
        (await plane.serve(a_client(method, secret=secret, path=f"/v1/models/{name}"))).code
        for name in ("o3", "gpt-4o", "org%2Fx", "orgx", "models%2Fgpt-4o")
    ]
    refused = "model_not_allowed"
    assert shown == [refused, None, None, refused, None]


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        (
            b"/v1beta/models",
            b'{"models": [{"name": "models/good"}, {"name": "models/bad"}]}',
        ),
        (
            b"/v1beta/tunedModels",
            b'{"tunedModels": [{"name": "tunedModels/good"}, {"name": "tunedModels/bad"}]}',
        ),
        (
            b"/v1beta1/publishers/google/models",
            b'{"publisherModels": [{"name": "publishers/google/models/good"},'
            b' {"name": "publishers/google/models/bad"}]}',
        ),
        (b"/api/tags", b'{"models": [{"name": "good", "model": "good"}, {"name": "bad"}]}'),
        (b"/api/ps", b'{"models": [{"name": "good", "model": "good"}, {"name": "bad"}]}'),
    ],
)
def test_lists_of_other_services_hold_only_allowed_models(path: bytes, listed: bytes) -> None:
    assert model_named(path) == ""
    shown = ModelList(patterns(["good"]))
    text = shown.relay(listed) + shown.end()
    assert b"good" in text
    assert b"bad" not in text
