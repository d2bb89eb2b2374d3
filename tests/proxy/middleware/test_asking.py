"""What middlewares see of a request, and what becomes of what they make of it."""

from __future__ import annotations

import asyncio
import gzip
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config import Database
from proxy import errors, relaying
from proxy.body.budget import BodyBudget
from proxy.middleware import View
from proxy.middleware.asking import Asking
from proxy.preparing import Preparing
from proxy.providers.catalog import BUILT_IN
from tests.proxy.middleware.shaped import Kept, shaped_plane
from tests.proxy.planes import a_plane
from tests.proxy.scripted import CHAT, a_client, error_of

OTHER = b'{"model": "gpt-4.1", "messages": []}'


class Sees:
    """Keeps what it is shown."""

    def __init__(self, *, keeps_body: bool = True) -> None:
        self.keeps_body = keeps_body
        self.seen: list[dict[str, Any]] = []

    async def request(self, view: View) -> None:
        names = (
            "project", "token", "tags", "end_user", "provider", "method", "path", "query", "body",
            "status",
        )  # fmt: skip
        self.seen.append({name: getattr(view, name) for name in names})
        self.seen[-1]["headers"] = dict(view.headers)


class Does:
    """Calls one method of the view."""

    keeps_body = True

    def __init__(self, method: str, *arguments: Any) -> None:
        self.become(method, *arguments)

    def become(self, method: str, *arguments: Any) -> None:
        """From now on it calls this."""
        self._method = method
        self._arguments = arguments

    async def request(self, view: View) -> None:
        getattr(view, self._method)(*self._arguments)


async def test_a_request_is_seen_whole_and_without_its_credential(
    tmp_path: Path, sqlite_database: Database, both_ways: None
) -> None:
    sees = Sees()
    async with shaped_plane(tmp_path, sqlite_database, sees) as plane:
        token, secret = await plane.token(name="search", tags={"team": "a"})
        await plane.serve(
            a_client(
                "POST", CHAT[:9], CHAT[9:], secret=secret,
                path="/v1/chat/completions?a=1",
                fields=("X-Extra: 1", "x-extra: 2", "Cookie: c=1", "X-LLM-Proxy-Tags: cost=b",
                        "X-LLM-Proxy-User: zoe"),
            )
        )  # fmt: skip
        project = await token.project
    (seen,) = sees.seen
    headers = seen.pop("headers")
    assert seen == {
        "project": (str(project.id), project.name), "token": (str(token.id), "search"),
        "tags": {"team": "a", "cost": "b"}, "end_user": "zoe", "provider": "openai",
        "method": "POST", "path": "/v1/chat/completions", "query": "a=1", "body": CHAT,
        "status": None,
    }  # fmt: skip
    assert headers["x-extra"] == "1, 2"
    assert not {"authorization", "cookie"} & set(headers)
    assert secret not in repr(headers)


async def test_a_key_of_the_clients_is_not_seen_nor_set_in_whatever_field_a_provider_takes_it(
    tmp_path: Path, sqlite_database: Database
) -> None:
    mine = replace(BUILT_IN["openai"], name="mine", auth="header:x-mine-key")
    known = {**BUILT_IN, "mine": mine}
    sees, sets = Sees(), Does("set_header", "X_Mine_Key", "a")
    async with shaped_plane(tmp_path, sqlite_database, sees, sets, providers=known) as plane:
        _, secret = await plane.token(project={"provider": "mine"})
        client = await plane.serve(
            a_client(secret=secret, fields=("X-Mine-Key: b", "x_mine_key: c"))
        )
        assert (client.status, client.code) == (500, "middleware_failed")
        assert plane.upstream.connections == 0
    assert not [name for name in sees.seen[0]["headers"] if "mine" in name]


@pytest.mark.parametrize("length", [-1, None], ids=["with a length", "in chunks"])
async def test_what_is_only_looked_at_goes_up_as_it_came(
    tmp_path: Path, sqlite_database: Database, length: int | None
) -> None:
    """Byte for byte, the framing included."""
    sent: list[bytes] = []
    for middlewares in ((), (Sees(),)):
        directory = tmp_path / str(len(middlewares))
        directory.mkdir()
        kept = Kept()
        async with shaped_plane(directory, sqlite_database, *middlewares) as plane:
            _, secret = await plane.token()
            if length is None:
                plane.upstream.follow(_chunked(sent))
            else:
                plane.upstream.follow(kept)
            client = await plane.serve(a_client("POST", CHAT, secret=secret, length=length))
            assert client.status == 200
            assert plane.is_idle()
        sent += kept.sent
    hosts = [part.partition(b"Host: ")[2].partition(b"\r\n")[0] for part in sent]
    assert sent[0].replace(hosts[0], b"") == sent[1].replace(hosts[1], b"")


def _chunked(sent: list[bytes]) -> Any:
    async def script(peer: Any) -> None:
        sent.append(await peer.head() + await peer.until(b"0\r\n\r\n"))
        await peer.answer()

    return script


@pytest.mark.parametrize("length", [-1, None], ids=["with a length", "in chunks"])
async def test_a_body_is_replaced_with_its_length(
    tmp_path: Path, sqlite_database: Database, length: int | None, both_ways: None
) -> None:
    kept = Kept()
    async with shaped_plane(tmp_path, sqlite_database, Does("replace_body", OTHER)) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token(allowed_models=["gpt-4.1"])
        # The body that came names a model that is not allowed.
        of_the_body = ("Trailer: X-Sum", "Repr-Digest: sha-256=:eA==:")
        client = await plane.serve(
            a_client("POST", CHAT, secret=secret, length=length, fields=of_the_body)
        )
        assert client.status == 200
        assert plane.is_idle()
        (entry,) = plane.entries()
    assert kept.body == OTHER
    assert kept.field("trailer") == kept.field("repr-digest") == []
    assert kept.field("content-length") == [str(len(OTHER))]
    assert kept.field("transfer-encoding") == []
    assert (entry.model, entry.bytes_in) == ("gpt-4.1", len(OTHER))


async def test_the_rules_judge_what_a_middleware_made(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async with shaped_plane(tmp_path, sqlite_database, Does("replace_body", OTHER)) as plane:
        _, secret = await plane.token(allowed_models=["gpt-4o"], max_requests=1)
        client = await plane.serve(a_client("POST", CHAT, secret=secret))
        assert client.code == "model_not_allowed"
        assert await plane.admitted(secret) == 1
        assert plane.upstream.connections == 0


async def test_a_large_replaced_body_goes_up_whole(
    tmp_path: Path, sqlite_database: Database
) -> None:
    large = b'{"model": "gpt-4o", "input": "%b"}' % (b"x" * 1_500_000)
    kept = Kept()
    async with shaped_plane(tmp_path, sqlite_database, Does("replace_body", large)) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token()
        client = await plane.serve(a_client("POST", CHAT, secret=secret))
        assert client.status == 200
        assert plane.is_idle()
    assert kept.body == large


async def test_what_was_handed_over_is_kept_no_longer_than_it_is_counted() -> None:
    """An upstream may take a large body slowly."""
    budget, none = BodyBudget(1_000), cast(Any, None)
    asking = Asking(cast(Any, SimpleNamespace(budget=budget)), none, none)
    parts = (b"a" * 100, b"b" * 50, b"c")
    asking._body = deque(parts)
    asking._kept.take(151)
    for part in parts:
        assert await asking.read() == part
        assert sum(map(len, asking._body)) == budget.kept
    assert budget.kept == 0
    assert [await asking.read(), await asking.read()] == [b"", b""]


async def test_a_compressed_body_is_seen_plain_and_goes_up_as_it_came_unless_it_is_replaced(
    tmp_path: Path, sqlite_database: Database
) -> None:
    sees, does, kept, packed = Sees(), Does("set_header", "x-a", "b"), Kept(), gzip.compress(CHAT)
    async with shaped_plane(tmp_path, sqlite_database, sees, does) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token()

        async def ask() -> None:
            fields = ("Content-Encoding: gzip",)
            client = await plane.serve(a_client("POST", packed, secret=secret, fields=fields))
            assert client.status == 200
            assert plane.is_idle()
            assert sees.seen[-1]["body"] == CHAT

        await ask()
        assert (kept.body, kept.field("content-encoding")) == (packed, ["gzip"])
        does.become("replace_body", OTHER)
        await ask()
        assert (kept.body, kept.field("content-encoding")) == (OTHER, [])


async def test_a_body_that_cannot_be_looked_into_does_not_pass(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async with shaped_plane(tmp_path, sqlite_database, Sees()) as plane:
        _, secret = await plane.token()
        for coding, body in (("gzip", b"no gzip"), ("compress", CHAT), ("gzip, br", CHAT)):
            fields = (f"Content-Encoding: {coding}",)
            client = await plane.serve(a_client("POST", body, secret=secret, fields=fields))
            assert client.code == "invalid_request"
            assert plane.is_idle()
        assert plane.upstream.connections == 0


async def test_fields_are_set_and_removed(tmp_path: Path, sqlite_database: Database) -> None:
    kept = Kept()
    changes = (Does("set_header", "X-Team", "a"), Does("remove_header", "x-old"))
    async with shaped_plane(tmp_path, sqlite_database, *changes) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token()
        fields = ("x-team: one", "X-Old: 1", "X-TEAM: two", "x-OLD: 2", "X-Other: 3")
        await plane.serve(a_client(secret=secret, fields=fields))
    assert kept.field("x-team") == ["a"]
    assert kept.field("x-old") == []
    assert kept.field("x-other") == ["3"]


@pytest.mark.parametrize(
    "fields",
    [("Connection: keep-alive, X-Team", "x-team: b"), ("X_Team: b", "x-TEAM: c", "x_old: 1")],
    ids=["named by Connection", "by its other spelling"],
)
async def test_no_client_undoes_what_is_set_and_removed(
    tmp_path: Path, sqlite_database: Database, fields: tuple[str, ...]
) -> None:
    kept = Kept()
    changes = (Does("set_header", "X-Team", "a"), Does("remove_header", "x-old"))
    async with shaped_plane(tmp_path, sqlite_database, *changes) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token()
        await plane.serve(a_client(secret=secret, fields=fields))
    assert kept.field("x-team") == ["a"]
    assert kept.field("x_team") == kept.field("x_old") == []


async def test_an_origin_that_is_taken_away_decides_who_may_read_all_the_same(
    tmp_path: Path, sqlite_database: Database
) -> None:
    kept = Kept()
    async with shaped_plane(tmp_path, sqlite_database, Does("remove_header", "Origin")) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token(project={"allowed_origins": ["https://a.example"]})
        client = await plane.serve(a_client(secret=secret, fields=("Origin: https://a.example",)))
    assert kept.field("origin") == []
    assert client.field(b"access-control-allow-origin") == b"https://a.example"


async def test_what_is_not_a_middlewares_to_do_is_its_failure(
    tmp_path: Path, sqlite_database: Database
) -> None:
    does = Does("")
    async with shaped_plane(tmp_path, sqlite_database, does) as plane:
        _, secret = await plane.token(max_requests=1)
        for change in (
            ("set_header", "Authorization", "Bearer x"), ("set_header", "Content-Length", "1"),
            ("set_header", "Host", "x"), ("set_header", "Connection", "x-team"),
            ("set_header", "X-LLM-Proxy-User", "x"), ("remove_header", "Content-Encoding"),
            ("set_header", "x-a", "b\r\nx-c: d"), ("set_header", "x a", "b"),
            ("set_header", "x-a", 5), ("set_header", "x-a", "\u2013"),
            ("set_header", "content_length", "5"), ("set_header", b"x-a", "b"),
            ("replace_body", "text"), ("refuse", 200, "code", ""), ("refuse", 400, "No code", ""),
            ("refuse", 400, "code", b""), ("refuse", True, "code", ""), ("refuse", 400, "code"),
        ):  # fmt: skip
            does.become(*change)
            client = await plane.serve(a_client(secret=secret))
            assert (client.status, client.code) == (500, "middleware_failed"), change
            assert plane.is_idle()
        assert await plane.admitted(secret) == 1
        assert plane.upstream.connections == 0


async def test_a_refusal_has_the_shape_of_the_others(
    tmp_path: Path, sqlite_database: Database, both_ways: None
) -> None:
    refuses, after = Does(""), Sees()
    async with shaped_plane(tmp_path, sqlite_database, refuses, after) as plane:
        _, secret = await plane.token(max_requests=1)
        for status, kind, is_retried in (
            (400, "invalid_request_error", False), (403, "permission_error", False),
            (429, "rate_limit_error", True), (451, "invalid_request_error", False),
            (599, "api_error", False),
        ):  # fmt: skip
            refuses.become("refuse", status, "too_long", "It is too long.")
            client = await plane.serve(a_client(secret=secret))
            assert (client.status, client.code) == (status, "too_long")
            assert error_of(client) == {
                "message": "It is too long.", "type": kind, "param": None, "code": "too_long",
            }  # fmt: skip
            assert (client.field(b"x-should-retry") is None) == is_retried
            assert b"middleware;dur=" in (client.field(b"server-timing") or b"")
        assert after.seen == []
        assert await plane.admitted(secret) == 1
        assert (plane.entries(), plane.upstream.connections) == ([], 0)
        assert plane.is_idle()


async def test_a_refusal_stands_where_what_raised_it_was_caught(
    tmp_path: Path, sqlite_database: Database
) -> None:
    class Careful:
        async def request(self, view: View) -> None:
            try:
                view.refuse(400, "no", "No.")
            except Exception:  # noqa: BLE001
                view.set_header("x-a", "b")

    async with shaped_plane(tmp_path, sqlite_database, Careful()) as plane:
        _, secret = await plane.token()
        assert (await plane.serve(a_client(secret=secret))).code == "no"


async def test_without_the_wish_a_body_is_not_kept(
    tmp_path: Path, sqlite_database: Database
) -> None:
    sees, kept = Sees(keeps_body=False), Kept()
    async with shaped_plane(tmp_path, sqlite_database, sees) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token()
        await plane.serve(a_client(secret=secret))
        assert kept.body == CHAT
        assert sees.seen[0]["body"] is None

    class Replaces(Does):
        keeps_body = False

    async with shaped_plane(tmp_path, sqlite_database, Replaces("replace_body", b"")) as plane:
        _, secret = await plane.token()
        assert (await plane.serve(a_client(secret=secret))).code == "middleware_failed"


async def test_size_and_body_are_looked_at_before_a_middleware_and_the_model_behind_it(
    tmp_path: Path, sqlite_database: Database
) -> None:
    sees, most = Sees(), 1 << 21
    async with shaped_plane(tmp_path, sqlite_database, sees) as plane:
        _, secret = await plane.token(allowed_models=["gpt-5"])

        async def code_of(*body: Any, **wanted: Any) -> str | None:
            client = await plane.serve(a_client("POST", *body, secret=secret, **wanted))
            assert plane.is_idle()
            return client.code

        assert await code_of(CHAT, length=most + 1) == "request_too_large"
        assert await code_of(b" " * most, b" ", length=None) == "request_too_large"
        stalled = errors.RequestTimeout("The request body stalled.")
        assert await code_of(CHAT, stalled, length=99) == "request_timeout"
        assert sees.seen == []
        assert await code_of(CHAT) == "model_not_allowed"
        assert len(sees.seen) == 1


async def test_bodies_beyond_what_may_be_kept_at_once_are_refused(
    tmp_path: Path, sqlite_database: Database
) -> None:
    sees, half = Sees(), b" " * 100_000
    bounds = {"buffered_bodies_max_bytes": 450_000}
    async with shaped_plane(tmp_path, sqlite_database, sees, **bounds) as plane:
        _, secret = await plane.token()

        async def code_of(*body: bytes) -> str | None:
            client = await plane.serve(a_client("POST", *body, secret=secret))
            assert plane.is_idle()
            return client.code

        # In pieces it is kept twice: as it goes on, and as the hooks see it.
        assert await code_of(half, half, CHAT) is None
        assert await code_of(half, half, half, CHAT) == "overloaded"
        assert await code_of(half + half + half + CHAT) is None
        assert len(sees.seen) == 2


async def test_each_sees_what_the_one_before_it_made(
    tmp_path: Path, sqlite_database: Database
) -> None:
    sees = Sees()
    first = Does("replace_body", OTHER), Does("set_header", "x-a", "b")
    async with shaped_plane(tmp_path, sqlite_database, *first, sees) as plane:
        _, secret = await plane.token()
        await plane.serve(a_client(secret=secret))
    assert sees.seen[0]["body"] == OTHER
    assert sees.seen[0]["headers"]["x-a"] == "b"


async def test_the_time_in_hooks_is_told_apart_from_the_proxys(
    tmp_path: Path, sqlite_database: Database
) -> None:
    class Sleeps:
        async def request(self, view: View) -> None:
            await asyncio.sleep(0.02)

    async with shaped_plane(tmp_path, sqlite_database, Sleeps()) as plane:
        _, secret = await plane.token()
        client = await plane.serve(a_client(secret=secret))
        (exchange,) = plane.seen.exchanges
    timing = (client.field(b"server-timing") or b"").decode()
    told = dict(part.split(";dur=") for part in timing.split(", "))
    assert list(told) == ["upstream", "proxy", "middleware"]
    assert float(told["middleware"]) >= 20
    # What is waited for is no overhead.
    assert exchange.body_wait >= 0.02


async def test_without_any_the_path_is_as_it_was(tmp_path: Path, sqlite_database: Database) -> None:
    async with a_plane(tmp_path, sqlite_database) as plane:
        assert getattr(plane.plane._prepare, "__func__", None) is Preparing.prepare
        assert getattr(plane.plane._usual, "__func__", None) is Preparing.usual
        assert plane.plane._relay is relaying.relay
        _, secret = await plane.token()
        assert (await plane.serve(a_client(secret=secret))).status == 200
        (exchange,) = plane.seen.exchanges
        assert exchange.shaped is None
