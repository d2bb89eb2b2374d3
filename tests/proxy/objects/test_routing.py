"""A request that names objects goes to the account that knows them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from config import Database
from models.adoption import move
from models.errors import DatabaseUnavailable
from models.failover import DEFAULT_STATUSES
from models.objects import Found, Kept
from models.projects import Project
from models.upstream_keys import UpstreamKey
from proxy.accounts.rests import Scope
from proxy.journal.database_sink import DatabaseSink
from proxy.objects.index import Index
from tests.models.rows import BY, an_entry
from tests.proxy.accounts.several import Several, answering, well
from tests.proxy.planes import a_plane
from tests.proxy.scripted import HEAD_OK, Client, Peer, a_client

RULE: Final[dict[str, Any]] = {
    "max_attempts": 3, "statuses": list(DEFAULT_STATUSES), "first_byte_timeout": None,
}  # fmt: skip
FILE: Final = b'{"id":"file-1","object":"file"}'
RESPONSE: Final = b'{"id":"resp_1","object":"response","store":true,"output":[]}'
OF_RESPONSES: Final = "/v1/responses"
FOLLOWING: Final = b'{"model":"gpt-4o","previous_response_id":"resp_1","input":"x"}'


@pytest.fixture
async def several(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Several]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Several(plane)


async def learn(several: Several, key: int, *ids: str) -> None:
    """As though answers of that account had told of them."""
    for one in ids:
        several.plane.index.note(
            str(several.token.project_id),
            Kept(one, "file"),
            Found(str(several.keys[key]), str(several.token.id)),
        )


async def ask(several: Several, method: str, path: str, *body: bytes) -> Client:
    client = a_client(method, *body, secret=several.secret, path=path)
    return await several.plane.serve(client)


async def test_an_answer_s_ids_are_in_the_entry_and_in_memory(several: Several) -> None:
    await several.make(answering(200, FILE), well, failover=None)
    client = await ask(several, "POST", "/v1/files", b"{}")
    assert (client.status, client.content) == (200, FILE)
    # The entry is written before the answer's last bytes.
    assert client.recorded_by["finish"] == 1
    assert several.entry.objects == (Kept("file-1", "file"),)
    project = str(several.token.project_id)
    assert several.plane.index.known(project, ["file-1"])["file-1"] == Found(
        str(several.keys[0]), str(several.token.id)
    )


async def test_the_id_of_a_stream_is_known_while_it_runs_and_written_down_though_it_breaks(
    several: Several,
) -> None:
    async def begins(peer: Peer) -> None:
        head = HEAD_OK.replace(b"application/json", b"text/event-stream")
        event = b'event: response.created\ndata: {"type":"x","response":%b}\n\n' % RESPONSE
        await peer.send(head + b"Content-Length: 1000\r\n\r\n" + event)
        peer.break_off()

    await several.make(begins, well, failover=None)
    client = await ask(several, "POST", OF_RESPONSES, b'{"model":"gpt-4o","stream":true}')
    assert client.ended == "abort"
    assert several.entry.objects == (Kept("resp_1", "response"),)


@pytest.mark.parametrize("rests", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/files/file-1", b""),
        ("GET", "/v1/responses/file-1", b""),
        ("POST", OF_RESPONSES, b'{"model":"gpt-4o","previous_response_id":"file-1"}'),
        ("POST", "/v1/batches", b'{"input_file_id":"file-1","endpoint":"/v1/responses"}'),
        ("POST", "/v1/vector_stores", b'{"file_ids":["file-1"]}'),
        ("POST", "/v1/chat/completions",
         b'{"model":"gpt-4o","messages":[{"content":[{"file":{"file_id":"file-1"}}]}]}'),
        ("POST", OF_RESPONSES, b'{"model":"gpt-4o","x":"%b","conversation":{"id":"file-1"}}'
         % (b"x" * (1 << 20))),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else None,
)  # fmt: skip
async def test_a_request_goes_where_its_objects_are_known_though_that_account_rests(
    several: Several, method: str, path: str, body: bytes, rests: bool
) -> None:
    """The token's own account is the first; another one made the file while that rested."""
    await several.make(well, well, failover=RULE)
    await learn(several, 1, "file-1")
    if rests:
        several.plane.rests.rest(several.keys[1], Scope("gpt-4o", ""), 60)
        several.plane.rests.failed(several.keys[1])
    client = await ask(several, method, path, *([body] if body else []))
    assert (client.status, several.asked) == (200, [1])
    assert UUID(several.entry.key_id) == several.keys[1]
    assert several.plane.is_idle()


async def test_a_compressed_body_is_read_for_its_ids(several: Several) -> None:
    await several.make(well, well, failover=RULE)
    await learn(several, 1, "resp_1")
    client = a_client(
        "POST", gzip.compress(FOLLOWING), secret=several.secret, path=OF_RESPONSES,
        fields=("Content-Encoding: gzip",),
    )  # fmt: skip
    await several.plane.serve(client)
    assert several.asked == [1]


@pytest.mark.parametrize(
    "body", [FOLLOWING, b'{"model":"gpt-4o","input":[{"type":"item_reference","id":"resp_1"}]}']
)
async def test_nothing_is_failed_over_that_names_objects(several: Several, body: bytes) -> None:
    await several.make(well, answering(429), failover=RULE)
    await learn(several, 1, "resp_1")
    client = await ask(several, "POST", OF_RESPONSES, body)
    assert (client.status, several.asked) == (429, [1])


async def test_objects_of_two_accounts_are_refused(several: Several) -> None:
    await several.make(well, well, failover=None, max_requests=5)
    await learn(several, 0, "file-1")
    await learn(several, 1, "file-2")
    client = await ask(several, "POST", "/v1/vector_stores", b'{"file_ids":["file-1","file-2"]}')
    assert (client.status, client.code, several.asked) == (400, "invalid_request", [])
    # What is not sent takes nothing.
    assert await several.plane.admitted(several.secret) == 5
    assert several.plane.is_idle()


async def test_an_unknown_id_goes_to_the_token_s_own_account_and_is_not_failed_over(
    several: Several,
) -> None:
    await several.make(answering(429), well, failover=RULE)
    for _ in range(2):
        assert (await ask(several, "POST", OF_RESPONSES, FOLLOWING)).status == 429
    assert several.asked == [0, 0]
    # Unknown ones beside one that is known are that one's.
    await learn(several, 1, "file-1")
    body = b'{"model":"gpt-4o","previous_response_id":"resp_1","x":{"file_id":"file-1"}}'
    assert (await ask(several, "POST", OF_RESPONSES, body)).status == 200


@pytest.mark.parametrize("how", ["deactivated", "removed"])
async def test_an_object_whose_key_is_gone_is_refused_for_good(several: Several, how: str) -> None:
    await several.make(well, well, well, failover=RULE)
    await learn(several, 1, "resp_1")
    key = await UpstreamKey.get(id=several.keys[1])
    await (key.change(by=BY, is_active=False) if how == "deactivated" else key.remove(by=BY))
    client = await ask(several, "POST", OF_RESPONSES, FOLLOWING)
    assert (client.status, client.code, several.asked) == (503, "no_upstream_key", [])
    assert client.field(b"x-should-retry") == b"false"


async def test_the_only_key_that_is_left_is_not_asked_for_what_another_one_knew(
    several: Several,
) -> None:
    await several.make(well, well, failover=None)
    await stored(several, 1, "resp_1")
    await (await UpstreamKey.get(id=several.keys[1])).remove(by=BY)
    client = await ask(several, "POST", OF_RESPONSES, FOLLOWING)
    assert (client.status, client.code, several.asked) == (503, "no_upstream_key", [])


async def stored(several: Several, key: int, one: str) -> None:
    """As another machine has it."""
    entry = an_entry(
        project_id=several.token.project_id, token_id=several.token.id,
        key_id=str(several.keys[key]), objects=(Kept(one, "response"),),
    )  # fmt: skip
    await DatabaseSink().deliver(str(uuid4()), 0, 1, [entry])


async def test_objects_that_were_moved_are_asked_for_where_they_are_known_now(
    several: Several,
) -> None:
    """Though this worker remembers the key that is gone."""
    await several.make(well, well, well, failover=None)
    await stored(several, 1, "resp_1")
    await ask(several, "POST", OF_RESPONSES, FOLLOWING)
    await (await UpstreamKey.get(id=several.keys[1])).remove(by=BY)
    assert (await ask(several, "POST", OF_RESPONSES, FOLLOWING)).status == 503
    project = await Project.get(id=several.token.project_id)
    assert await move(project, several.keys[1], several.keys[2], by=BY) == 1
    assert (await ask(several, "POST", OF_RESPONSES, FOLLOWING)).status == 200
    assert several.asked == [1, 2]


async def test_what_other_machines_stored_is_found(several: Several) -> None:
    await several.make(well, well, failover=None)
    await stored(several, 1, "resp_1")
    await ask(several, "POST", OF_RESPONSES, FOLLOWING)
    assert several.asked == [1]


async def test_while_the_database_is_away_the_token_s_own_account_is_asked(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    await several.make(well, well, failover=None)

    async def away(_wanted: object) -> dict[Any, Any]:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(several.plane.index, "_find", away)
    assert (await ask(several, "POST", OF_RESPONSES, FOLLOWING)).status == 200
    assert several.asked == [0]


async def test_what_was_deleted_is_forgotten(several: Several) -> None:
    await several.make(well, answering(200, b'{"deleted":true}'), failover=None)
    await learn(several, 1, "file-1")
    await ask(several, "DELETE", "/v1/files/file-1")
    assert several.entry.objects == (Kept("file-1", "file", gone=True),)
    await ask(several, "GET", "/v1/files/file-1")
    assert several.asked == [1, 0]


@pytest.mark.parametrize("stores", [False, True])
async def test_a_chat_is_remembered_where_it_asks_to_be_kept(
    several: Several, stores: bool
) -> None:
    await several.make(answering(200, b'{"id":"chatcmpl-1","choices":[]}'), well, failover=None)
    body = {"model": "gpt-4o", "messages": [{"content": '"store": true'}], "store": stores}
    await ask(several, "POST", "/v1/chat/completions", json.dumps(body).encode())
    assert several.entry.objects == ((Kept("chatcmpl-1", "completion"),) if stores else None)


async def test_a_project_with_one_account_has_nothing_to_do_with_objects(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    await several.make(answering(200, FILE), failover=RULE)
    monkeypatch.setattr(Index, "look_up", None)
    await ask(several, "POST", "/v1/files", b"{}")
    await ask(several, "GET", "/v1/files/file-9")
    await ask(several, "POST", OF_RESPONSES, FOLLOWING)
    assert [entry.objects for entry in several.plane.entries()] == [None] * 3
    assert not several.plane.index._known


async def test_a_body_that_is_no_json_streams_through_as_with_one_account(
    several: Several,
) -> None:
    await several.make(well, well, failover=None)
    taken: list[bool] = []

    async def begins(peer: Peer) -> None:
        await peer.head()
        taken.append(True)
        await peer.read(10)
        await peer.answer()

    several.plane.upstream.follow(begins)

    async def until_it_was_begun() -> None:
        while not taken:
            await asyncio.sleep(0)

    client = a_client(
        "POST", b"x" * 5, until_it_was_begun, b"y" * 5, secret=several.secret,
        path="/v1/audio/speech", fields=("Content-Type: audio/wav",),
    )  # fmt: skip
    assert (await several.plane.serve(client)).status == 200


async def test_ids_that_cannot_be_stored_are_unknown_ones(several: Several) -> None:
    await several.make(well, well, failover=None)
    assert (await ask(several, "GET", "/v1/files/%00" + "a" * 300)).status == 200
    body = b'{"model":"gpt-4o","previous_response_id":"\\ud800"}'
    assert (await ask(several, "POST", OF_RESPONSES, body)).status == 200
