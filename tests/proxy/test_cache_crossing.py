"""A thousand random runs of two projects: no kept answer ever crosses to where it must not.

Each request has an id in a field that is in no key, and the upstream's answer says which request
brought it. So of each answer it is known whose it is, and by what it was asked for.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from config import Database
from models.projects import Project
from models.tokens import Token
from proxy.cache.answers import Answers
from tests.models.rows import BY
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.served import Served, serve

RUNS: Final = 1000
#: Runs after which a project is set up otherwise, or emptied.
CHANGED_EVERY: Final = 40

#: Those of each pair are the same to a careless reader.
PATHS: Final = ("/v1/chat/completions", "/v1/chat/completions?a=1", "/v1/embeddings")
BODIES: Final = (
    b'{"model":"m","temperature":0,"messages":[{"role":"user","content":"a"}]}',
    b'{"model":"m","temperature":0, "messages":[{"role":"user","content":"a"}]}',
    b'{"model":"m","temperature":0,"messages":[{"role":"user","content":"b"}]}',
    b'{"model":"m","temperature":0.0,"messages":[{"role":"user","content":"a"}],"user":"u"}',
    b'{"model":"m","temperature":0,"stream":true,"messages":[]}',
    # As the one before is sent on, with the question for its usage: only its answer differs.
    b'{"stream_options":{"include_usage":true},"model":"m","temperature":0,"stream":true,'
    b'"messages":[]}',
)
#: What is never kept.
OTHERS: Final = (
    b'{"model":"m","temperature":1,"messages":[{"role":"user","content":"a"}]}',
    b'{"model":"m","temperature":0,"temperature":1,"messages":[]}',
    b'{"model":"m","temperature":0,"messages":[],"tools":[{"type":"web_search"}]}',
    b'{"model":"m","temperature":0,"messages":[],"store":true}',
)
COUNTED: Final = ("x-team: a", "x-team: b", "accept-language: de", "openai-beta: a")
LEFT_OUT: Final = ("user-agent: a", "user-agent: b", "traceparent: c", "idempotency-key: d")
#: How the upstream answers; mostly well.
WAYS: Final = ("whole",) * 8 + ("slow", "slow", "cut", "error", "varies", "failed")
SAID: Final = ("",) * 7 + ("no-cache", "no-store", "max-age=0")
_ID: Final = re.compile(rb'"by": ?"([0-9]+)"')


class Ask(NamedTuple):
    """One request: what it is, and who makes it."""

    number: int
    project: int
    token: int
    path: str
    body: bytes
    counted: tuple[str, ...]
    left_out: tuple[str, ...]
    way: str
    said: str

    @property
    def meaning(self) -> tuple[object, ...]:
        """All of it that may change its answer, but for who asks."""
        return self.path, self.body, tuple(sorted(self.counted))

    @property
    def is_kept(self) -> bool:
        return self.body in BODIES and self.said != "no-store"


@dataclass
class Side:
    """A project as it is set up now. `emptied` is how often its kept answers were."""

    project: Project
    secrets: list[str]
    scope: str = "project"
    emptied: int = 0


def an_ask(rng: random.Random, number: int) -> Ask:
    is_kept = rng.random() < 0.85
    path = rng.choice(PATHS) if is_kept else PATHS[0]
    return Ask(
        number,
        rng.randrange(2),
        rng.randrange(3),
        path,
        rng.choice(BODIES if is_kept else OTHERS),
        tuple(rng.sample(COUNTED, rng.choice((0, 0, 0, 1, 2)))),
        tuple(rng.sample(LEFT_OUT, rng.randrange(3))),
        rng.choice(WAYS),
        rng.choice(SAID),
    )


async def upstream(peer: Peer) -> None:
    """Say of each request in its answer which it was."""
    while True:
        request = await peer.request()
        head, _, body = request.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        by = fields[b"x-request-id"]
        way = fields[b"x-client-request-id"].decode()
        for _ in range(20 if way == "slow" else 1):
            await asyncio.sleep(0)
        status = b"500 Oops" if way == "error" else b"200 OK"
        told = b"set-cookie: by=%b\r\nx-ratelimit-remaining-requests: %b\r\n" % (by, by)
        told += b"vary: user-agent\r\n" if way == "varies" else b""
        if b'"stream":true' in body and way != "error":
            events = [b'data: {"by": "%b"}\n\n' % by] * 2
            if b"include_usage" in body:
                events.append(b'data: {"by": "%b", "choices": [], "usage": {}}\n\n' % by)
            if way == "failed":
                events.append(b'data: {"error": {"message": "no", "by": "%b"}}\n\n' % by)
            events.append(b"data: [DONE]\n\n")
            answer = b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events)
            answer += b"0\r\n\r\n"
            framing = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        else:
            said = b"" if way != "failed" else b', "error": {"message": "no", "code": 502}'
            answer = b'{"by": "%b"%b}' % (by, said)
            framing = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(answer)
        if way == "cut":
            answer = answer[: len(answer) - 3]
        await peer.send(b"HTTP/1.1 %b\r\n%b%b\r\n" % (status, told, framing))
        await asyncio.sleep(0)
        await peer.send(answer)
        if way == "cut":
            peer.close()
            return


class World:
    """Both projects, all that was asked, and what is true of each answer."""

    def __init__(self, plane: Plane, rng: random.Random) -> None:
        self.plane = plane
        self.rng = rng
        self.sides: list[Side] = []
        self.asked: dict[int, tuple[Ask, str, int]] = {}
        self.kinds: Counter[str] = Counter()

    async def open(self) -> None:
        for _ in range(2):
            cache = {"ttl_seconds": 3600, "scope": "project", "only": "deterministic"}
            token, secret = await self.plane.token(project={"cache": cache})
            project = await Project.get(id=token.project_id)
            secrets = [secret]
            secrets += [(await Token.issue(project, by=BY))[1] for _ in range(2)]
            self.sides.append(Side(project, secrets))

    async def change(self) -> None:
        """Empty a project, or have its tokens share their answers or no longer."""
        side = self.rng.choice(self.sides)
        if self.rng.random() < 0.5:
            await side.project.purge_cache(by=BY)
            side.emptied += 1
        else:
            side.scope = "token" if side.scope == "project" else "project"
            cache: dict[str, Any] = {
                "ttl_seconds": 3600, "scope": side.scope, "only": "deterministic",
            }  # fmt: skip
            await side.project.change(by=BY, cache=cache)

    def begin(self, ask: Ask) -> tuple[Ask, Client, Served]:
        side = self.sides[ask.project]
        self.asked[ask.number] = ask, side.scope, side.emptied
        fields = (
            *ask.counted, *ask.left_out, "accept-encoding: identity", f"x-request-id: {ask.number}",
            f"x-client-request-id: {ask.way}", *([f"cache-control: {ask.said}"] * bool(ask.said)),
        )  # fmt: skip
        client = a_client(
            "POST", ask.body, secret=side.secrets[ask.token], path=ask.path, fields=fields
        )
        return ask, client, serve(self.plane.plane, client)

    async def run(self, asks: list[Ask]) -> None:
        begun = [self.begin(ask) for ask in asks]
        await asyncio.gather(*(served for _, _, served in begun))
        for ask, client, _ in begun:
            self.judge(ask, client)

    def judge(self, ask: Ask, client: Client) -> None:
        """Whose answer it is, and whether that may be."""
        status = (client.field(b"cache-status") or b"").decode() if client.answer else ""
        origins = {int(number) for number in _ID.findall(client.content)}
        self.kinds[status.partition("; ")[2]] += 1
        self.kinds["broken"] += client.ended == "abort"
        # No answer is put together from two.
        assert len(origins) <= 1, (ask, client.content)
        if not origins:
            assert client.status != 200 or client.ended == "abort", (ask, client.content)
            return
        if client.status == 200 and client.ended == "finish":
            assert (b"usage" in client.content) == (b"usage" in ask.body), (ask, client.content)
        (number,) = origins
        origin, scope, emptied = self.asked[number]
        if origin is ask:
            return
        self.kinds["shared"] += 1
        side = self.sides[ask.project]
        assert client.status == 200
        assert origin.project == ask.project
        assert (scope, emptied) == (side.scope, side.emptied)
        assert scope == "project" or origin.token == ask.token
        assert origin.meaning == ask.meaning
        assert origin.is_kept
        assert ask.is_kept
        assert ask.said not in ("no-cache", "max-age=0")
        assert origin.way in ("whole", "slow") or client.ended == "abort", (origin, client.content)
        assert status in ("llm-proxy; hit", "llm-proxy; fwd=miss; collapsed")
        assert client.field(b"set-cookie") is None
        assert client.field(b"x-ratelimit-remaining-requests") is None
        if client.ended == "finish":
            assert client.content.endswith((b"}", b"data: [DONE]\n\n"))


@pytest.fixture
async def world(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[World]:
    answers = Answers(tmp_path / "cache", 16 * 1024 * 1024, workers=1)
    answers.open()
    async with a_plane(tmp_path, sqlite_database, answers=answers) as plane:
        world = World(plane, random.Random(20))
        await world.open()
        plane.upstream.follow(upstream)
        yield world
    await answers.close()


async def test_no_answer_ever_crosses(world: World) -> None:
    number = 0
    for run in range(RUNS):
        if run % CHANGED_EVERY == CHANGED_EVERY - 1:
            await world.change()
        asks = []
        for _ in range(world.rng.randrange(1, 6)):
            asks.append(an_ask(world.rng, number))
            number += 1
            if world.rng.random() < 0.4:
                # The same again, of somebody else perhaps.
                token, project = world.rng.randrange(3), world.rng.randrange(2)
                again = asks[-1]._replace(number=number, token=token, project=project)
                asks.append(again)
                number += 1
        await world.run(asks)
    # What would make of this a test of nothing.
    kinds = {
        "hit",
        "fwd=miss; collapsed",
        "fwd=miss",
        "fwd=bypass",
        "fwd=request",
        "shared",
        "broken",
    }
    assert {kind for kind, times in world.kinds.items() if times > 50} >= kinds, world.kinds
