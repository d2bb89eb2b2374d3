"""Which failures another account is asked after, and what client, ledger and quota see of it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from time import time
from typing import Any, Final
from uuid import UUID

import pytest

from config import Database
from models import Project
from models.failover import DEFAULT_STATUSES
from models.upstream_keys import UpstreamKeyPlace
from proxy.accounts.rests import Scope
from tests.models.rows import BY, RING
from tests.proxy.accounts.several import (
    ANSWER,
    Behaviour,
    Several,
    answering,
    cut,
    informed,
    lost,
    silent,
    well,
)
from tests.proxy.planes import a_plane
from tests.proxy.scripted import CHAT, Peer, a_client
from tests.proxy.upstream.conftest import until

RULE: Final[dict[str, Any]] = {
    "max_attempts": 3, "statuses": list(DEFAULT_STATUSES), "first_byte_timeout": None,
}  # fmt: skip
BLAMED: Final = b'{"error":{"message":"no","code":"invalid_api_key"}}'
#: Of `google.rpc.RetryInfo`.
WAIT: Final = (
    b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":['
    b'{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"560s"}]}}'
)
GEMINI: Final = "/v1/models/gemini-2.5-flash:generateContent"
WITH_AN_ID: Final = b'{"model":"gpt-4o","messages":[{"content":[{"file_id":"file-1"}]}]}'
OF_A_MEGABYTE: Final = b'{"model":"gpt-4o","messages":[],"x":"' + b"x" * (1 << 20) + b'"}'


@pytest.fixture
async def several(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Several]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Several(plane)


async def test_a_status_of_the_rule_is_answered_by_the_next_account(several: Several) -> None:
    await several.make(answering(429), answering(503), well, failover=RULE, max_requests=5)
    client = await several.ask()
    assert (client.status, client.content, client.ended) == (200, ANSWER, "finish")
    assert client.field(b"x-llm-proxy-attempts") == b"3"
    assert several.attempts() == [(0, 429), (1, 503), (2, 200)]
    entry = several.entry
    assert (UUID(entry.key_id), entry.outcome, entry.status) == (several.keys[2], "complete", 200)
    assert (entry.prompt_tokens, len(several.plane.entries())) == (3, 1)
    # Taken once, however many were asked.
    assert await several.plane.admitted(several.secret) == 4
    assert not entry.given_back
    assert several.plane.is_idle()


#: What the first account does, and the second one is asked after it.
FAILED_OVER: Final[dict[str, tuple[Behaviour, dict[str, Any]]]] = {
    **{str(status): (answering(status), {}) for status in DEFAULT_STATUSES},
    "504, where the project takes it": (answering(504), {"statuses": [504]}),
    "408, where the project takes it": (answering(408), {"statuses": [408]}),
    "a code that blames the key": (answering(400, BLAMED), {}),
    "the same, compressed": (
        answering(400, gzip.compress(BLAMED), "Content-Encoding: gzip"),
        {},
    ),
    "silence, where the project bounds it": (silent, {"first_byte_timeout": 0.1}),
}


@pytest.mark.parametrize("case", FAILED_OVER)
async def test_another_account_is_asked_after(several: Several, case: str) -> None:
    behaviour, more = FAILED_OVER[case]
    await several.make(behaviour, well, failover={**RULE, **more})
    client = await several.ask()
    assert (client.status, client.content) == (200, ANSWER)
    # A key that was blamed may have been tested by now.
    assert several.asked[:2] == [0, 1]
    if behaviour is silent:
        assert several.attempts()[0] == (0, "abandoned")


@pytest.mark.parametrize(
    ("body", "asked"), [(b'{"contents":[]}', [0, 1]), (OF_A_MEGABYTE, [0])], ids=["small", "large"]
)
async def test_a_model_in_the_path_is_asked_for_again_as_one_in_a_body(
    several: Several, body: bytes, asked: list[int]
) -> None:
    """Though the body need not be read, and nothing of a large one is."""
    path = "/v1beta/models/gemini-2.5-flash:generateContent"
    await several.make(answering(429), well, failover=RULE, provider="gemini")
    client = await several.ask(body, path=path)
    assert (client.status, several.asked) == (200 if len(asked) == 2 else 429, asked)
    assert several.entry.model == "gemini-2.5-flash"
    assert several.plane.is_idle()


#: What the first account does, the rule, the body; and what the client then gets.
NOT_FAILED_OVER: Final[dict[str, tuple[Behaviour, dict[str, Any] | None, bytes, int]]] = {
    "no rule": (answering(429), None, CHAT, 429),
    "a status that is not in the rule": (answering(404), RULE, CHAT, 404),
    "400": (answering(400), RULE, CHAT, 400),
    "504, unless named": (answering(504), RULE, CHAT, 504),
    "409, unless named": (answering(409), RULE, CHAT, 409),
    "a status taken out of the rule": (answering(500), {**RULE, "statuses": [429]}, CHAT, 500),
    "a connection lost after the request": (lost, RULE, CHAT, 502),
    "an answer that was cut": (cut, RULE, CHAT, 200),
    "an interim answer went to the client": (informed, RULE, CHAT, 503),
    "an id of the account's in the body": (answering(429), RULE, WITH_AN_ID, 429),
    "a body larger than a megabyte": (answering(429), RULE, OF_A_MEGABYTE, 429),
}


@pytest.mark.parametrize("case", NOT_FAILED_OVER)
async def test_no_other_account_is_asked_after(several: Several, case: str) -> None:
    behaviour, rule, body, status = NOT_FAILED_OVER[case]
    await several.make(behaviour, well, failover=rule, max_requests=5)
    client = await several.ask(body)
    assert several.asked == [0]
    assert client.status == status
    assert client.ended == ("abort" if behaviour is cut else "finish")
    assert client.field(b"x-llm-proxy-attempts") is None
    entry = several.entry
    assert (entry.attempts, UUID(entry.key_id)) == (None, several.keys[0])
    assert await several.plane.admitted(several.secret) == 4
    assert several.plane.is_idle()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/files/file-1"), ("GET", "/v1/files"), ("GET", "/v1/responses/resp_1")],
)
async def test_what_an_account_keeps_is_asked_of_no_other(
    several: Several, method: str, path: str
) -> None:
    await several.make(answering(429), well, failover=RULE)
    for _ in range(2):
        await several.plane.serve(a_client(method, secret=several.secret, path=path))
    # The second time as well, though it rests.
    assert several.asked == [0, 0]


async def test_an_upstream_that_is_not_there_is_tried_with_each_key(
    tmp_path: Path, sqlite_database: Database, unused_tcp_port: int
) -> None:
    async with a_plane(tmp_path, sqlite_database) as plane:
        several = Several(plane)
        plane.upstream.url = f"http://127.0.0.1:{unused_tcp_port}"
        await several.make(well, well, failover=RULE, max_requests=5)
        client = await several.ask()
        assert (client.status, client.code) == (502, "upstream_unreachable")
        assert client.field(b"x-llm-proxy-attempts") == b"2"
        assert several.attempts() == [(0, "unreachable"), (1, "unreachable")]
        assert several.entry.outcome == "upstream_unreachable"
        # No byte went anywhere: the quota is given back, and the token was not used.
        assert await plane.admitted(several.secret) == 5
        assert several.entry.given_back
        assert plane.is_idle()


async def test_no_more_accounts_are_asked_than_the_rule_says(several: Several) -> None:
    await several.make(*[answering(429)] * 4, failover={**RULE, "max_attempts": 2})
    client = await several.ask()
    assert (client.status, several.asked) == (429, [0, 1])
    # Resting ones are no help: of two that are left one is asked, then none is fit.
    client = await several.ask()
    assert (client.status, several.asked) == (429, [0, 1, 2, 3])
    client = await several.ask()
    assert (client.status, len(several.asked)) == (429, 5)


async def test_the_last_answer_is_the_clients_byte_for_byte(several: Several) -> None:
    said = b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}'
    await several.make(answering(429), answering(429, said, "Retry-After: 7"), failover=RULE)
    client = await several.ask()
    assert (client.status, client.content, client.field(b"retry-after")) == (429, said, b"7")
    assert several.entry.upstream_code == "rate_limit_exceeded"


async def test_a_limited_account_is_left_alone_for_that_model_only(several: Several) -> None:
    await several.make(answering(429), well, failover=None)
    assert (await several.ask()).status == 429
    # Without failover too: the next request is asked of one that is fit.
    assert (await several.ask()).status == 200
    other = CHAT.replace(b"gpt-4o", b"gpt-4o-mini")
    assert (await several.ask(other)).status == 429
    assert several.asked == [0, 1, 0]


async def test_a_stream_is_not_asked_for_again_once_it_began(several: Several) -> None:
    await several.make(cut, well, failover=RULE)
    client = await several.ask(CHAT.replace(b"{", b'{"stream":true,', 1))
    assert (client.status, client.ended, several.asked) == (200, "abort", [0])


async def test_the_answer_before_an_account_that_is_not_there_is_the_client_s(
    several: Several, unused_tcp_port: int
) -> None:
    """It says until when to wait, and nothing was done: no usage is missing."""
    said = b'{"error":{"code":"rate_limit_exceeded"}}'
    limited = answering(429, said, "Retry-After: 7")
    await several.make(limited, failover=RULE, max_requests=5)
    project = await Project.get(id=several.token.project_id)
    key = await project.add_key(
        api_key="sk-account-1",
        ring=RING,
        by=BY,
        priority=1,
        base_url=f"http://127.0.0.1:{unused_tcp_port}",
    )
    several.keys.append(key.id)
    client = await several.ask()
    assert (client.status, client.content, client.ended) == (429, said, "finish")
    assert client.field(b"retry-after") == b"7"
    assert client.field(b"x-llm-proxy-attempts") == b"2"
    assert several.attempts() == [(0, 429), (1, "unreachable")]
    entry = several.entry
    assert (entry.status, entry.upstream_code) == (429, "rate_limit_exceeded")
    assert (UUID(entry.key_id), entry.outcome) == (several.keys[0], "complete")
    assert several.plane.is_idle()
    # As of an account that is alone.
    await key.change(by=BY, is_active=False)
    assert (await several.ask()).status == 429
    alone = several.entry
    assert (alone.usage, alone.counted, alone.charge) == (entry.usage, entry.counted, entry.charge)


async def test_an_answer_before_one_that_was_abandoned_is_nobody_s(
    several: Several, unused_tcp_port: int
) -> None:
    rule = {**RULE, "first_byte_timeout": 0.1}
    await several.make(answering(429), silent, failover=rule)
    project = await Project.get(id=several.token.project_id)
    key = await project.add_key(
        api_key="sk-account-2",
        ring=RING,
        by=BY,
        priority=2,
        base_url=f"http://127.0.0.1:{unused_tcp_port}",
    )
    several.keys.append(key.id)
    client = await several.ask()
    assert (client.status, client.code) == (502, "upstream_unreachable")
    assert several.attempts() == [(0, 429), (1, "abandoned"), (2, "unreachable")]
    assert several.plane.is_idle()


@pytest.mark.parametrize("last", [lost, answering(502)], ids=["lost", "502"])
async def test_what_may_have_been_done_by_the_last_account_is_not_hidden(
    several: Several, last: Behaviour
) -> None:
    await several.make(answering(429), last, failover=RULE)
    assert (await several.ask()).status == 502
    assert UUID(several.entry.key_id) == several.keys[1]
    assert several.plane.is_idle()


async def test_an_account_elsewhere_that_is_not_there_is_followed_by_one_that_is(
    several: Several, unused_tcp_port: int
) -> None:
    await several.make(well, failover=RULE)
    project = await Project.get(id=several.token.project_id)
    places: tuple[tuple[int, UpstreamKeyPlace], ...] = (
        (0, {"base_url": f"http://127.0.0.1:{unused_tcp_port}"}),
        (1, {"base_url": several.plane.upstream.url, "v1_prefix": "/api/v2"}),
    )
    for priority, place in places:
        key = await project.add_key(
            api_key="sk-account-0", ring=RING, by=BY, priority=priority, **place
        )
        several.keys.append(key.id)
    first = await project.keys.all().order_by("id").first()
    assert first is not None
    await first.change(by=BY, is_active=False)
    seen: list[bytes] = []

    async def note(peer: Peer) -> None:
        seen.append(await peer.request())
        await well(peer)

    several.plane.upstream.follow(note)
    client = await several.ask()
    assert client.status == 200
    assert several.attempts() == [(1, "unreachable"), (2, 200)]
    assert seen[0].startswith(b"POST /api/v2/chat/completions ")


async def test_the_only_account_is_looked_into_where_its_answer_blames_it(
    several: Several,
) -> None:
    """Its requests go on to it, since there is no other; but it says that it is suspended."""
    await several.make(answering(401, BLAMED), failover=None)
    client = await several.ask()
    assert (client.status, client.content, several.entry.attempts) == (401, BLAMED, None)
    await asyncio.gather(*several.plane.sharing._tests)
    # The client's request and ours.
    assert several.asked == [0, 0]
    project = await Project.get(id=several.token.project_id)
    (key,) = await project.current_keys()
    assert (key.state, key.last_error) == ("suspended", "401 invalid_api_key")
    assert (await several.ask()).status == 401


@pytest.mark.parametrize("form", [b"%b", b"[%b]"], ids=["plain", "of an endpoint that streams"])
async def test_the_only_account_is_blamed_in_the_details_of_an_error_too(
    several: Several, form: bytes
) -> None:
    """As Google blames keys: its code is INVALID_ARGUMENT, whatever was invalid."""
    said = b'{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"%b"}]}}'
    behave = answering(400, form % (said % b"API_KEY_INVALID"))
    await several.make(behave, failover=None, provider="gemini")
    assert (await several.ask(path=GEMINI)).status == 400
    await asyncio.gather(*several.plane.sharing._tests)
    project = await Project.get(id=several.token.project_id)
    (key,) = await project.current_keys()
    assert (key.state, key.last_error) == ("suspended", "400 INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("fields", "least"), [([], 500), (["Retry-After: 90"], 80), (["Retry-After: 600"], 500)]
)
async def test_the_only_account_rests_for_as_long_as_its_body_says(
    several: Several, fields: list[str], least: float
) -> None:
    await several.make(answering(429, WAIT, *fields), failover=None, provider="gemini")
    assert (await several.ask(path=GEMINI)).status == 429
    until_s = several.plane.rests.fit_at(several.keys[0], Scope("gemini-2.5-flash", ""))
    assert least < until_s - time() < least + 70


@pytest.mark.parametrize(("delay", "state"), [(b"7s", "active"), (b"12s", "resting")])
async def test_the_only_account_that_is_to_rest_shortly_is_not_told_of_as_resting(
    several: Several, delay: bytes, state: str
) -> None:
    await several.make(answering(429, WAIT.replace(b"560s", delay)), failover=None)
    assert (await several.ask()).status == 429
    await several.plane.sharing._say()
    project = await Project.get(id=several.token.project_id)
    (key,) = await project.current_keys()
    said = "429 RESOURCE_EXHAUSTED" if state == "resting" else None
    assert (key.state, key.last_error) == (state, said)


@pytest.mark.parametrize(
    ("status", "retry_after", "state"),
    [(429, "40", "resting"), (408, "40", "resting"), (529, "", "resting"), (429, "9", "active"),
     (500, "40", "active"), (400, "40", "active")],
)  # fmt: skip
async def test_the_only_account_rests_and_is_asked_all_the_same(
    several: Several, status: int, retry_after: str, state: str
) -> None:
    fields = [f"Retry-After: {retry_after}"] if retry_after else []
    await several.make(answering(status, b"{}", *fields), failover=None)
    for asked in (1, 2):
        client = await several.ask()
        assert (client.status, several.entry.attempts) == (status, None)
        assert several.asked == [0] * asked
    await several.plane.sharing._say()
    project = await Project.get(id=several.token.project_id)
    (key,) = await project.current_keys()
    assert key.state == state
    assert key.last_error == (str(status) if state == "resting" else None)


async def test_an_error_that_blames_no_key_is_looked_into_by_nobody(several: Several) -> None:
    await several.make(answering(403, b'{"error":{"code":"model_denied"}}'), failover=None)
    assert (await several.ask()).status == 403
    assert (several.asked, several.plane.sharing._tests) == ([0], set())


async def test_an_account_is_given_up_only_where_there_is_another_to_ask(several: Several) -> None:
    patience: list[float] = []

    async def noted(peer: Peer) -> None:
        present = asyncio.get_running_loop().time()
        patience.extend(one.deadline - present for one in several.plane.pool.busy)
        await well(peer)

    await several.make(noted, answering(429), failover={**RULE, "first_byte_timeout": 0.5})
    await several.ask()
    scope = Scope("gpt-4o", "")
    several.plane.rests.rest(several.keys[1], scope, 60)
    await several.ask()
    first, alone = patience
    assert first <= 0.5
    # The only one that is fit is waited for as anybody's.
    assert alone > 0.5


class Piece(bytes):
    """One that tells when nothing refers to it any more."""

    gone: int = 0

    def __del__(self) -> None:
        Piece.gone += 1


@pytest.mark.parametrize("rule", [None, RULE])
async def test_a_body_is_kept_only_where_it_may_be_sent_again(
    several: Several, rule: dict[str, Any] | None
) -> None:
    gone: list[int] = []

    async def counted(peer: Peer) -> None:
        await asyncio.wait([one.upload for one in several.plane.pool.busy if one.upload])
        gone.append(Piece.gone)
        await well(peer)

    await several.make(counted, well, failover=rule)
    Piece.gone = 0
    body = CHAT.replace(b"[]", b"[" + b" " * 100_000 + b"]")
    await several.plane.serve(a_client("POST", Piece(body), secret=several.secret))
    assert gone == [0 if rule else 1]
    assert Piece.gone == 1


async def test_a_client_that_leaves_is_told_of_by_the_attempt_it_left(several: Several) -> None:
    await several.make(answering(429), silent, failover=RULE)
    client = a_client("POST", secret=several.secret)
    task = several.plane.begin(client)
    await until(lambda: several.asked == [0, 1])
    await several.plane.leave(client, task)
    assert several.attempts() == [(0, 429), (1, "client_left")]
    assert (several.entry.outcome, UUID(several.entry.key_id)) == ("client_left", several.keys[1])
    assert several.plane.is_idle()


async def test_only_the_account_that_refuses_the_question_for_usage_is_not_asked_it(
    several: Several,
) -> None:
    asked: list[tuple[int, bool]] = []
    refused = answering(400, b'{"error":{"message":"unknown: stream_options"}}')

    async def serve(peer: Peer) -> None:
        while True:
            request = await peer.request()
            number = int(request.partition(b"sk-account-")[2][:1])
            asks = b"stream_options" in request
            asked.append((number, asks))
            await (refused if asks and not number else well)(peer)

    await several.make(well, well, failover=None)
    several.plane.upstream.follow(serve)
    stream = CHAT.replace(b"{", b'{"stream":true,', 1)
    for _ in range(2):
        await several.ask(stream)
    assert asked == [(0, True), (0, False), (0, False)]
    several.plane.rests.rest(several.keys[0], Scope("gpt-4o", ""), 60)
    await several.ask(stream)
    assert asked[3:] == [(1, True)]
