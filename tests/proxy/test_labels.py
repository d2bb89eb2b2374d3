"""Tags and end users: what requests may say, what is refused, and that none of it goes upstream."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models.labels import Tags
from proxy import errors
from proxy.header_lines import HeaderLines
from proxy.labels import labels_of
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Peer, a_client, plain

CHAT: Final[dict[str, Any]] = {"model": "gpt-4o", "messages": []}


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


def tagged(*values: str | bytes, fixed: dict[str, str] | None = None) -> Tags | None:
    lines = [value if isinstance(value, bytes) else value.encode() for value in values]
    return labels_of(HeaderLines.of([(b"X-LLM-Proxy-Tags", value) for value in lines]), fixed).tags


def made_for(*values: str | bytes) -> str:
    lines = [value if isinstance(value, bytes) else value.encode() for value in values]
    return labels_of(HeaderLines.of([(b"X-LLM-Proxy-User", value) for value in lines]), None)[1]


@pytest.mark.parametrize(
    ("sent", "tags"),
    [
        (("team=search",), {"team": "search"}),
        (("team=search,feature=rag",), {"team": "search", "feature": "rag"}),
        ((" team = search ,\tfeature=a b=c ",), {"team": "search", "feature": "a b=c"}),
        (("team=search", "a.b-c_1=Zürich 東京"), {"team": "search", "a.b-c_1": "Zürich 東京"}),
        ((f"{'k' * 32}={'v' * 64}",), {"k" * 32: "v" * 64}),
        ((",,team=search,",), {"team": "search"}),
        (("",), {}),
        ((",".join(f"k{n}=v" for n in range(10)),), {f"k{n}": "v" for n in range(10)}),
    ],
)
def test_tags_are_read_from_a_list(sent: tuple[str, ...], tags: dict[str, str]) -> None:
    assert dict(tagged(*sent) or ()) == tags


@pytest.mark.parametrize(
    "sent",
    [
        ("team",),
        ("=search",),
        ("team=",),
        ("Team=search",),
        ("team name=search",),
        (f"{'k' * 33}=v",),
        (f"k={'v' * 65}",),
        ("tëam=search",),
        ("team=\u202ehcraes",),
        ("team=a\u00adb",),
        ("team=a\x7fb",),
        ("team=a\tb",),
        (b"team=\xff",),
        ("team=search,team=search",),
        ("team=search", "team=other"),
        (",".join(f"k{n}=v" for n in range(11)),),
        ("a=b;c",) * 2,
    ],
)
def test_a_bad_tag_is_refused_and_not_repeated(sent: tuple[str | bytes, ...]) -> None:
    with pytest.raises(errors.InvalidRequest, match="x-llm-proxy-tags") as refused:
        tagged(*sent)
    assert "search" not in refused.value.message


def test_the_tags_of_a_token_win_and_come_on_top() -> None:
    ten = ",".join(f"k{n}=theirs" for n in range(10))
    fixed = {"k0": "ours", **{f"f{n}": "ours" for n in range(9)}}
    tags = dict(tagged(ten, fixed=fixed) or ())
    assert len(tags) == 19
    assert tags["k0"] == "ours"
    assert tags["k1"] == "theirs"
    assert tagged(fixed={"team": "search"}) == (("team", "search"),)
    # Alike in whatever order they come.
    assert tagged("b=1,aa=2,a=3") == tagged("a=3,b=1", fixed={"aa": "2"})


@pytest.mark.parametrize("user", ["", "u-1", "Zoë O’Hara", "x" * 128, "東" * 128])
def test_an_end_user_is_taken_as_it_is(user: str) -> None:
    assert made_for(user) == user


@pytest.mark.parametrize(
    "sent", [("x" * 129,), ("a\x1bb",), (b"\xff\xfe",), ("\u202eb",), ("one", "two"), ("a", "a")]
)
def test_a_bad_end_user_is_refused(sent: tuple[str | bytes, ...]) -> None:
    with pytest.raises(errors.InvalidRequest, match="x-llm-proxy-user"):
        made_for(*sent)


@pytest.mark.usefixtures("both_ways")
async def test_both_are_recorded_and_neither_goes_upstream(plane: Plane) -> None:
    _, secret = await plane.token(tags={"team": "search"})
    seen: list[bytes] = []

    async def answer(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.answer()

    plane.upstream.follow(answer)
    fields = ("X-LLM-Proxy-Tags: team=mine,feature=rag", "X-LLM-Proxy-User: u-1")
    assert (await plane.serve(a_client(secret=secret, fields=fields))).status == 200
    (entry,) = plane.entries()
    assert dict(entry.tags or ()) == {"team": "search", "feature": "rag"}
    assert entry.end_user == "u-1"
    assert b"llm-proxy-tags" not in seen[0].lower()
    assert b"llm-proxy-user" not in seen[0].lower()
    assert b"rag" not in seen[0]


@pytest.mark.usefixtures("both_ways")
async def test_a_request_that_says_nothing_has_neither(plane: Plane) -> None:
    _, secret = await plane.token()
    plane.upstream.follow(plain)
    body = json.dumps(CHAT | {"user": "u-1"}).encode()
    assert (await plane.serve(a_client("POST", body, secret=secret))).status == 200
    (entry,) = plane.entries()
    assert (entry.tags, entry.end_user) == (None, "")


async def test_what_is_wrong_is_refused_before_anything_is_taken(plane: Plane) -> None:
    _, secret = await plane.token(max_requests=1)
    for field in ("X-LLM-Proxy-Tags: Team=search", f"X-LLM-Proxy-User: {'x' * 129}"):
        client = await plane.serve(a_client(secret=secret, fields=(field,)))
        assert (client.status, client.code) == (400, "invalid_request")
    assert plane.entries() == []
    assert await plane.admitted(secret) == 1
    # A token that nobody knows is told that, whatever its tags.
    client = await plane.serve(a_client(secret="llmp_x", fields=("X-LLM-Proxy-Tags: A=b",)))
    assert client.status == 401


BUDGET: Final = {"limit": "tokens", "amount": 10**9, "period": "day"}
SAID: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"user": "u-1"}, "u-1"),
    ({"user": "u-1", "safety_identifier": "s-1", "metadata": {"user_id": "m-1"}}, "s-1"),
    ({"metadata": {"user_id": "m-1"}}, "m-1"),
    ({"user": "", "safety_identifier": None, "metadata": {"user_id": "m-1"}}, "m-1"),
    ({"user": 7, "metadata": "m-1"}, ""),
    ({"user": {"name": "u-1"}, "metadata": {"user_id": ["m-1"]}}, ""),
    ({"user": "x" * 500}, "x" * 128),
    ({"user": " a\nb\ud800\u202e "}, "a\ufffdb\ufffd\ufffd"),
)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    "limits",
    [{}, {"allowed_models": ["gpt-4o"]}, {"budgets": [BUDGET]}],
    ids=["", "model", "budget"],
)
async def test_the_body_says_whom_it_is_for_where_the_project_has_it_read(
    plane: Plane, limits: dict[str, Any]
) -> None:
    """On the usual way, in a larger body, and where its model is looked for beyond doubt."""
    _, secret = await plane.token(project={"end_user_from_body": True}, **limits)
    for padding in ({}, {"padding": "x" * 80_000}):
        for said, end_user in SAID:
            plane.upstream.follow(plain)
            body = json.dumps(CHAT | said | padding).encode()
            client = await plane.serve(a_client("POST", body, secret=secret))
            assert client.status == 200
            assert plane.entries()[-1].end_user == end_user, said


async def test_a_compressed_body_is_read_and_a_form_or_a_very_large_one_is_not(
    plane: Plane,
) -> None:
    _, secret = await plane.token(project={"end_user_from_body": True})
    body = json.dumps(CHAT | {"user": "u-1"}).encode()
    large = json.dumps(CHAT | {"user": "u-1", "padding": "x" * 1_100_000}).encode()
    form = b'--a\r\nContent-Disposition: form-data; name="user"\r\n\r\nu-1\r\n--a--\r\n'
    for sent, field, end_user in (
        (gzip.compress(body), "Content-Encoding: gzip", "u-1"),
        (b"no gzip", "Content-Encoding: gzip", ""),
        (large, "X-Nothing: 1", ""),
        (form, "Content-Type: multipart/form-data; boundary=a", ""),
    ):
        plane.upstream.follow(plain)
        pieces = (sent[:50], sent[50:])
        client = a_client("POST", *pieces, secret=secret, path="/v1/embeddings", fields=(field,))
        await plane.serve(client)
        assert client.status == 200
        assert plane.entries()[-1].end_user == end_user


async def test_the_field_is_asked_before_the_body(plane: Plane) -> None:
    _, secret = await plane.token(project={"end_user_from_body": True})
    body = json.dumps(CHAT | {"user": "of the body"}).encode()
    for fields, end_user in (
        (("X-LLM-Proxy-User: of the field",), "of the field"),
        (("X-LLM-Proxy-User: ", "X-LLM-Proxy-Tags: a=b"), "of the body"),
    ):
        plane.upstream.follow(plain)
        client = await plane.serve(a_client("POST", body, secret=secret, fields=fields))
        assert client.status == 200
        assert plane.entries()[-1].end_user == end_user
