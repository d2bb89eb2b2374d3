"""Middlewares stand between the cache and each client: what is kept is what the upstream sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from config import Database
from proxy.middleware import View
from proxy.middleware.loading import Loaded
from proxy.middleware.worker import Middlewares
from tests.proxy.cached import (
    ASKED,
    DOCUMENT,
    DONE,
    EVENTS,
    STREAMED,
    Counting,
    Told,
    a_caching_plane,
    a_token,
    asks,
    begins,
    chunk,
    ends,
)
from tests.proxy.scripted import Client
from tests.proxy.upstream.conftest import until

pytestmark = pytest.mark.usefixtures("both_ways")


class Signs:
    """Leaves numbers out of prompts, and signs answers with the client's tag."""

    keeps_body = True

    def __init__(self) -> None:
        #: The tag of the client whose answers fail, and in which hook.
        self.fails = ("", "")

    async def request(self, view: View) -> None:
        body = (view.body or b"").replace(b"1", b"").replace(b"2", b"")
        view.replace_body(body)

    def response_head(self, view: View) -> None:
        self._check(view, "head")
        view.set_header("x-for", view.tags["for"])

    def event(self, view: View, data: bytes) -> bytes:
        if b"DONE" not in data:
            self._check(view, "event")
        return data.replace(b"choices", view.tags["for"].encode())

    def _check(self, view: View, hook: str) -> None:
        if (view.tags["for"], hook) == self.fails:
            raise ValueError


@pytest.fixture
def signs() -> Signs:
    return Signs()


def caching(directory: Path, database: Database, signs: Signs) -> Any:
    middlewares = Middlewares([Loaded("signs", signs)], 5.0)
    return a_caching_plane(directory, database, middlewares=middlewares)


def asks_for(secret: str, name: str, body: bytes = ASKED) -> Client:
    return asks(secret, body, f"X-LLM-Proxy-Tags: for={name}")


async def test_what_is_kept_is_shown_to_the_hooks_of_each_client(
    tmp_path: Path, sqlite_database: Database, signs: Signs
) -> None:
    async with caching(tmp_path, sqlite_database, signs) as plane:
        upstream = Counting(plane)
        _, secret = await a_token(plane)
        # Prompts that differ become the same one.
        for name, prompt in (("a", b"[1]"), ("b", b"[2]"), ("c", b"[]")):
            body = ASKED.replace(b"[]", prompt)
            client = await plane.serve(asks_for(secret, name, body))
            assert client.content == DOCUMENT.replace(b"choices", name.encode())
            assert client.field(b"x-for") == name.encode()
        assert upstream.asked == 1
        assert [entry.cache for entry in plane.entries()] == ["miss", "hit", "hit"]
        assert plane.is_idle()


@pytest.mark.parametrize("hook", ["head", "event"])
async def test_one_that_fails_for_a_client_does_not_for_those_that_follow_it(
    tmp_path: Path, sqlite_database: Database, signs: Signs, hook: str
) -> None:
    async with caching(tmp_path, sqlite_database, signs) as plane:
        told = Told()
        upstream = Counting(plane, told)
        _, secret = await a_token(plane)
        told.say(begins() + chunk(EVENTS[0]))
        leads, follows = (asks_for(secret, name, STREAMED) for name in "ab")
        shaping = plane.plane._shaping
        assert shaping is not None
        tasks = [plane.begin(leads)]
        if hook == "event":
            await until(lambda: leads.content != b"")
        signs.fails = ("a", hook)
        tasks.append(plane.begin(follows))
        told.say(chunk(EVENTS[1]))
        await until(shaping.calls.take_failures)
        told.say(chunk(EVENTS[2]), ends())
        await asyncio.gather(*tasks, return_exceptions=True)
        assert follows.content == b"".join((*EVENTS, DONE)).replace(b"choices", b"b")
        assert follows.ended == "finish"
        if hook == "event":
            assert leads.content == EVENTS[0].replace(b"choices", b"a")
            assert set(leads.ended.split()) == {"abort"}
        else:
            assert (leads.status, leads.code) == (500, "middleware_failed")
        assert upstream.asked == 1
        outcomes = {entry.cache: entry.outcome for entry in plane.entries()}
        assert outcomes == {"miss": "middleware_failed", "hit": "complete"}
        # And it is kept for those who come later.
        later = await plane.serve(asks_for(secret, "c", STREAMED))
        assert later.content == follows.content.replace(b'"b"', b'"c"')
        assert upstream.asked == 1
        assert plane.is_idle()


class Labels:
    """Says of bodies what they are not."""

    async def request(self, view: View) -> None:
        view.set_header("content-type", "text/plain")


async def test_what_a_middleware_makes_of_a_head_decides_whether_its_answer_is_kept(
    tmp_path: Path, sqlite_database: Database
) -> None:
    middlewares = Middlewares([Loaded("labels", Labels())], 5.0)
    async with a_caching_plane(tmp_path, sqlite_database, middlewares=middlewares) as plane:
        upstream = Counting(plane)
        _, secret = await a_token(plane)
        for _ in range(2):
            client = await plane.serve(asks(secret, ASKED))
            assert client.field(b"cache-status") == b"llm-proxy; fwd=bypass"
        assert upstream.asked == 2


async def test_one_that_fails_for_those_that_follow_does_not_for_the_others(
    tmp_path: Path, sqlite_database: Database, signs: Signs
) -> None:
    async with caching(tmp_path, sqlite_database, signs) as plane:
        told = Told()
        upstream = Counting(plane, told)
        _, secret = await a_token(plane)
        signs.fails = ("b", "event")
        clients = [asks_for(secret, name, STREAMED) for name in "abc"]
        told.say(begins() + chunk(EVENTS[0]))
        tasks = [plane.begin(clients[0])]
        await until(lambda: clients[0].content != b"")
        tasks += [plane.begin(client) for client in clients[1:]]
        told.say(chunk(EVENTS[1]), chunk(EVENTS[2]), ends())
        await asyncio.gather(*tasks)
        whole = b"".join((*EVENTS, DONE))
        assert clients[0].content == whole.replace(b"choices", b"a")
        assert (clients[1].status, clients[1].code) == (500, "middleware_failed")
        assert clients[2].content == whole.replace(b"choices", b"c")
        # One that is kept, likewise.
        later = await plane.serve(asks_for(secret, "b", STREAMED))
        assert (later.status, later.code) == (500, "middleware_failed")
        assert upstream.asked == 1
        assert plane.is_idle()
