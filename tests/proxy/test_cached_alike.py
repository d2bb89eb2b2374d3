"""A kept answer for a request that is alike to an earlier one: given exactly as a look-up would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import time
from typing import Any, Final

import pytest
from msgspec import structs

from config import Database
from models import Token
from models.entry import Entry
from proxy import caching
from proxy.cache import answers as module
from proxy.caching import Caching
from proxy.decided import Decisions
from server.http import framing
from tests.models.rows import BY
from tests.proxy.alike import ANSWER, MOST_UNTIL_KNOWN, PATH, Sender, Sending, a_head, answer_of
from tests.proxy.cached import (
    ASKED,
    DONE,
    EVENTS,
    STREAMED,
    USAGE,
    Told,
    a_caching_plane,
    a_token,
    another_worker,
    begins,
    chunk,
    ends,
)
from tests.proxy.planes import Plane
from tests.proxy.scripted import CHAT, Client, Peer
from tests.proxy.served import serve
from tests.proxy.upstream.conftest import until

OTHER: Final = b'{"model": "gpt-4o", "temperature": 0, "messages": [], "max_tokens": 9}'
#: A stream whose client asks for its usage, as we write the question where it does not.
ASKS_FOR_USAGE: Final = b'{"stream_options":{"include_usage":true},' + STREAMED[1:]
SAYS_USAGE: Final = b'data: {"choices": [], "usage": %b}\n\n' % json.dumps(USAGE).encode()
STREAM: Final = b"".join(map(chunk, (*EVENTS, SAYS_USAGE, DONE))) + b"0\r\n\r\n"
LARGE: Final = b'{"model": "gpt-4o", "choices": [], "text": "%b"}' % (b"a" * 700_000)
#: Each is sent in turn by the same client.
BODIES: Final = (
    *(ASKED,) * MOST_UNTIL_KNOWN,
    OTHER, ASKED, OTHER, CHAT, ASKED, CHAT, STREAMED, ASKED, STREAMED,
    ASKS_FOR_USAGE, STREAMED, ASKS_FOR_USAGE, ASKS_FOR_USAGE,
    b'{"model": "gpt-4o-search-preview", "temperature": 0}', b"", b"no JSON", b'{"messages": []}',
    ASKED[:-1] + b', "store": true}', ASKED[:-1] + b', "background": true}',
    b'{"model": "' + b"m" * 600 + b'", "temperature": 0}', ASKED, OTHER,
)  # fmt: skip
#: Of a project's cache and of its token, more lines, and how many of these are not looked up.
KINDS: Final[dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...], bool]]] = {
    "settled": ({}, {}, (), True),
    "all": ({"only": "all"}, {}, (), True),
    "of tokens": ({"only": "all", "scope": "token"}, {}, (), True),
    "asked anew": ({}, {}, ("Cache-Control: no-cache",), False),
    "not kept": ({}, {}, ("Cache-Control: no-store",), False),
    "of an age": ({}, {}, ("Cache-Control: max-age=60",), False),
    "of HTTP/1.0": ({}, {}, ("Pragma: no-cache",), False),
    "a line that counts": ({}, {}, ("X-Trial: 1",), True),
    "a line that counts and changes": ({}, {}, ("X-Trial: {number:04}",), False),
    "tagged": ({}, {"tags": {"team": "b"}}, (), True),
    "limited": (
        {},
        {"max_requests": 999, "requests_per_minute": 999, "max_parallel_requests": 9},
        (),
        True,
    ),
}


@pytest.fixture(autouse=True)
def _no_heads_remembered() -> Iterator[None]:
    framing.forget()
    yield
    framing.forget()


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_caching_plane(tmp_path, sqlite_database) as made:
        yield made


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Those that were."""
    seen: list[object] = []
    look_up = Caching.look_up

    async def noted(caching: Caching, *given: Any) -> Any:
        seen.append(given)
        return await look_up(caching, *given)

    monkeypatch.setattr(Caching, "look_up", noted)
    return seen


def _entry(entry: Entry) -> Entry:
    """Without times, and whose it is."""
    named = dict.fromkeys(("id", "project_id", "token_id", "key_id"), "")
    times = dict.fromkeys(("at_us", "ttfb_us", "duration_us", "overhead_us"), 0)
    return structs.replace(entry, **named, **times)


async def _streams(peer: Peer) -> None:
    await peer.send(begins() + STREAM)


@pytest.mark.parametrize("kind", KINDS)
async def test_kept_answers_are_given_and_recorded_as_if_each_was_looked_up(
    plane: Plane, kind: str, monkeypatch: pytest.MonkeyPatch, looked_up: list[object]
) -> None:
    cache, wanted, fields, at_once = KINDS[kind]
    sending = Sending(plane, "", PATH, *fields)

    async def answers(peer: Peer) -> None:
        await (_streams(peer) if b'"stream": true' in sending.sent[-1] else peer.answer(ANSWER))

    sending.answers = answers

    async def all_of_them() -> tuple[int, list[Entry], list[tuple[object, ...]]]:
        """Of a project of its own."""
        _, sending.secret = await a_token(plane, cache=cache, **wanted)
        sending.begin_anew()
        before = len(plane.seen.entries)
        looked_up.clear()
        answers = [answer_of(await sending.send(body)) for body in BODIES]
        entries = [_entry(entry) for entry in plane.seen.entries[before:]]
        return len(sending.sent), entries, answers

    with monkeypatch.context() as general:
        general.setattr(Decisions, "keep", lambda *_: None)
        anew = await all_of_them()
    assert len(looked_up) == len(BODIES)
    assert await all_of_them() == anew
    assert (len(looked_up) < len(BODIES)) == at_once
    assert plane.is_idle()


async def known(plane: Plane, **wanted: Any) -> tuple[Token, Sending]:
    """A client whose next request is like those that were answered from what is kept."""
    token, secret = await a_token(plane, **wanted)
    sending = Sending(plane, secret)
    for _ in range(MOST_UNTIL_KNOWN):
        await sending.send(ASKED)
    return token, sending


def hit(client: Client) -> bool:
    return client.field(b"cache-status") == b"llm-proxy; hit"


async def test_after_a_purge_the_upstream_is_asked(plane: Plane, looked_up: list[object]) -> None:
    token, sending = await known(plane)
    looked_up.clear()
    assert hit(await sending.send(ASKED))
    assert not looked_up
    await (await token.project).purge_cache(by=BY)
    assert not hit(await sending.send(ASKED))
    assert len(sending.sent) == 2


async def test_one_is_given_in_a_task_of_its_callers(plane: Plane, looked_up: list[object]) -> None:
    _, sending = await known(plane)
    looked_up.clear()
    client = Sender(a_head(sending.secret, ASKED, number=99), ASKED)
    await plane.plane.serve(client)
    assert hit(client)
    assert (client.status, client.ended, looked_up) == (200, "finish", [])
    assert plane.entries()[-1].cache == "hit"
    assert plane.is_idle()


async def test_what_is_too_old_is_not_given(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    _, sending = await known(plane, cache={"ttl_seconds": 100})
    for seconds, asked in ((99.0, 1), (101.0, 2)):
        monkeypatch.setattr(module, "time", lambda after=seconds: time() + after)
        assert hit(await sending.send(ASKED)) == (asked == 1)
        assert len(sending.sent) == asked


async def test_what_another_worker_was_given_anew_is_given_here(
    plane: Plane, tmp_path: Path, looked_up: list[object]
) -> None:
    _, sending = await known(plane)
    with another_worker(plane, tmp_path) as twin:
        sending.fields = ("Cache-Control: no-cache",)
        await serve(twin, sending.client(ASKED))
        await until(lambda: not list((tmp_path / "cache" / "flights").iterdir()))
    assert len(sending.sent) == 2
    looked_up.clear()
    sending.fields = ()
    assert hit(await sending.send(ASKED))
    # What is in its own memory is the one before.
    assert len(looked_up) == 1
    assert len(sending.sent) == 2


async def test_a_revoked_token_is_given_nothing(plane: Plane) -> None:
    token, sending = await known(plane)
    await token.revoke(by=BY)
    assert (await sending.send(ASKED)).code == "token_revoked"


@pytest.mark.parametrize("kind", ["stream", "large"])
async def test_a_kept_answer_of_many_pieces_is_given_and_no_upstream_asked(
    plane: Plane, kind: str
) -> None:
    _, sending = await known(plane)
    body = ASKS_FOR_USAGE if kind == "stream" else OTHER
    sending.answers = _streams if kind == "stream" else lambda peer: peer.answer(LARGE)
    sending.sent.clear()
    contents = [(await sending.send(body)).content for _ in range(4)]
    assert sending.was_decided()
    assert len(sending.sent) == 1
    assert [entry.cache for entry in plane.seen.entries[-4:]] == ["miss", "hit", "hit", "hit"]
    assert len(set(contents)) == 1
    assert contents[0] == (LARGE if kind == "large" else b"".join([*EVENTS, SAYS_USAGE, DONE]))
    assert plane.is_idle()


async def test_requests_that_are_alike_share_an_answer_that_comes(plane: Plane) -> None:
    _, sending = await known(plane)
    told = Told()
    sending.answers = told
    sending.sent.clear()
    clients = [sending.client(ASKS_FOR_USAGE) for _ in range(3)]
    tasks = [plane.begin(client) for client in clients]
    told.say(begins() + chunk(EVENTS[0]))
    await until(lambda: all(client.answer is not None for client in clients))
    told.say(ends())
    await asyncio.gather(*tasks)
    assert len(sending.sent) == 1
    assert {client.content for client in clients} == {EVENTS[0] + DONE}
    assert sorted(entry.cache for entry in plane.seen.entries[-3:]) == ["hit", "hit", "miss"]


@pytest.mark.parametrize("first", [STREAMED, ASKS_FOR_USAGE])
async def test_a_client_is_told_usage_where_it_asked_for_it_and_nowhere_else(
    plane: Plane, first: bytes
) -> None:
    """Both are sent alike, with another one's answer as the client is to have it."""
    _, sending = await known(plane)
    sending.answers = _streams
    sending.sent.clear()
    bodies = [first, first, STREAMED, ASKS_FOR_USAGE, STREAMED, ASKS_FOR_USAGE]
    for body in bodies:
        answer = (await sending.send(body)).content
        assert (SAYS_USAGE in answer) == (body is ASKS_FOR_USAGE)
    assert len(sending.sent) == 2


async def test_what_is_remembered_of_requests_is_bounded(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "_KNOWN_MAX", 2)
    _, sending = await known(plane)
    for number in range(5):
        body = ASKED[:-1] + b', "max_tokens": %d}' % number
        for _ in range(2):
            await sending.send(body)
        assert len(plane.plane._caching._known) <= 2
    assert hit(await sending.send(ASKED))
