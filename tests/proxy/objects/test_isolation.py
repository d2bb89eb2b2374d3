"""A project that isolates objects: what is another's is not there, in the provider's own words."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from config import Database
from models import Project, Token
from models.errors import DatabaseUnavailable
from models.objects import Found, Kept
from tests.models.rows import BY
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import HEAD_OK, Client, Peer, a_client

RESPONSES: Final = "/v1/responses"
FORM: Final = "multipart/form-data; boundary=b"


class Isolated:
    """A project of one account, two of its tokens, and what its upstream saw."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.seen: list[bytes] = []
        self.answer = b'{"id":"made-1"}'
        self.head = HEAD_OK
        self.token: Token
        self.secret = self.other = self.key = ""

    async def make(self, isolation: str, provider: str = "openai", **wanted: Any) -> Isolated:
        project = {"isolation": isolation, "provider": provider}
        self.token, self.secret = await self.plane.token(project=project, **wanted)
        made = await Project.get(id=self.token.project_id)
        self.key = str((await made.current_keys())[0].id)
        _, self.other = await Token.issue(made, by=BY)
        self.plane.upstream.follow(self._serve)
        return self

    async def _serve(self, peer: Peer) -> None:
        while True:
            self.seen.append(await peer.request())
            await peer.answer(self.answer, self.head)

    def known(self, *ids: str, token: str = "") -> None:
        """As though answers had told of them, to the first token or to another."""
        found = Found(self.key, token or str(self.token.id))
        for one in ids:
            self.plane.index.note(str(self.token.project_id), Kept(one, "file"), found)

    async def ask(
        self, method: str, path: str, *body: bytes, secret: str = "", fields: tuple[str, ...] = ()
    ) -> Client:
        client = a_client(
            method, *body, secret=secret or self.secret, path=path, fields=fields,
            length=-1 if body else 0,
        )  # fmt: skip
        return await self.plane.serve(client)


@pytest.fixture
async def isolated(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Isolated]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Isolated(plane)


@pytest.mark.parametrize(
    ("provider", "path", "error"),
    [
        ("openai", "/v1/files/file-9",
         {"error": {"message": "No such File object: file-9", "type": "invalid_request_error",
                    "param": "id", "code": None}}),
        ("openai", "/v1/responses/resp_9",
         {"error": {"message": "Response with id 'resp_9' not found.",
                    "type": "invalid_request_error", "param": None, "code": None}}),
        ("openai", "/v1/batches/batch_9",
         {"error": {"message": "No batch found with id 'batch_9'.",
                    "type": "invalid_request_error", "param": None, "code": None}}),
        ("anthropic", "/v1/files/file_9",
         {"type": "error", "error": {"type": "not_found_error",
                                     "message": "File not found: file_9"}}),
    ],
)  # fmt: skip
async def test_an_unknown_object_is_not_there_in_the_words_of_the_provider(
    isolated: Isolated, provider: str, path: str, error: dict[str, Any]
) -> None:
    await isolated.make("project", provider, max_requests=5)
    client = await isolated.ask("GET", path)
    assert (client.status, client.code) == (404, "object_not_found")
    assert json.loads(client.content) == error
    assert client.field(b"x-should-retry") == b"false"
    assert isolated.seen == []
    assert await isolated.plane.admitted(isolated.secret) == 5
    assert isolated.plane.is_idle()


@pytest.mark.parametrize(("isolation", "other"), [("project", 200), ("token", 404)])
async def test_what_a_token_made_is_its_own_or_its_project_s(
    isolated: Isolated, isolation: str, other: int
) -> None:
    await isolated.make(isolation)
    made = await isolated.ask("POST", "/v1/files", b"{}")
    assert made.status == 200
    assert isolated.plane.entries()[-1].objects == (Kept("made-1", "file"),)
    assert (await isolated.ask("GET", "/v1/files/made-1")).status == 200
    client = await isolated.ask("GET", "/v1/files/made-1", secret=isolated.other)
    assert client.status == other
    assert len(isolated.seen) == (3 if other == 200 else 2)


async def test_another_project_s_object_is_not_there_though_it_is_known(isolated: Isolated) -> None:
    await isolated.make("project")
    isolated.known("file-1")
    stranger = await Isolated(isolated.plane).make("project")
    assert (await stranger.ask("GET", "/v1/files/file-1")).status == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (RESPONSES, b'{"model":"m","previous_response_id":"resp_9"}', 404),
        (RESPONSES, b'{"model":"m","previous_response_id":"file-1"}', 200),
        (RESPONSES, b'{"model":"m","input":[{"type":"item_reference","id":"msg_9"}]}', 404),
        (RESPONSES, b'{"model":"m","previous\\u005fresponse_id":"resp_9"}', 404),
        (RESPONSES, b'{"model":"m","file_id":"file-1","file_id":"file-9"}', 404),
        (RESPONSES, b'{"model":"m","input":"%b","x":{"FILE_ID":"file-9"}}' % (b"x" * (1 << 20)),
         404),
        (RESPONSES, b'{"model":"m","input":"%b","x":{"file_id":"file-1"}}' % (b"x" * (1 << 20)),
         200),
        (RESPONSES, b'{"model":"m","input":"hello"}', 200),
        ("/v1/vector_stores", b'{"file_ids":["file-1","file-9"]}', 404),
        ("/v1/chat/completions",
         b'{"model":"m","messages":[{"content":[{"file":{"file_id":"file-9"}}]}]}', 404),
        ("/v1/batches", b'{"input_file_id":"file-9"}', 404),
        (RESPONSES, b'{"model":"m","file_ids":[{"id":"file-9"}]}', 404),
        (RESPONSES, b'{"model":"m","input":[{"type":"image_generation_call","id":"ig_9"}]}', 404),
        (RESPONSES, b'{"model":"m","x":"%b","file_id":"%b"}'
         % (b"x" * 65536, rb"\u0039" * 80), 404),
        (RESPONSES, b'{"model":"m","x":"%b","video":"data:,%b"}'
         % (b"x" * 65536, b"9" * 480), 200),
        # A member that begins at the end of one part, and goes on somewhere in the next.
        (RESPONSES, b'{"x":"%b","input":[{%b"id":"msg_9"}]}'
         % (b"x" * (16384 - 100 - 17), b" " * 200 + b"\n" * 32768), 404),
        # Texts that some servers decode otherwise.
        (RESPONSES, '{"file_id":"file-9"}'.encode("utf-16"), 400),
        (RESPONSES, '{"file_id":"file-9"}'.encode("utf-16-le"), 400),
        # Of what it names nothing can be known.
        (RESPONSES, b'{"file_id":', 400),
    ],
    ids=lambda value: value[:60] if isinstance(value, bytes) else None,
)  # fmt: skip
async def test_bodies_may_name_own_objects_only(
    isolated: Isolated, path: str, body: bytes, status: int
) -> None:
    await isolated.make("token")
    isolated.known("file-1")
    client = await isolated.ask("POST", path, body)
    assert (client.status, len(isolated.seen)) == (status, int(status == 200))
    assert isolated.plane.is_idle()


@pytest.mark.parametrize(
    ("charset", "status"), [("utf-7", 400), ('"UTF-16"', 400), ("UTF-8", 200), ('"utf8"', 200)]
)
async def test_a_body_in_a_charset_that_hides_ids_is_refused(
    isolated: Isolated, charset: str, status: int
) -> None:
    await isolated.make("project")
    declared = f"Content-Type: application/json; charset={charset}"
    client = await isolated.ask("POST", RESPONSES, b'{"model":"m"}', fields=(declared,))
    assert client.status == status


async def test_a_form_in_an_url_s_words_is_refused(isolated: Isolated) -> None:
    await isolated.make("project")
    declared = "Content-Type: application/x-www-form-urlencoded"
    for body in (b"file_id=file-9", b'{"x":"&file_id=file-9&y="}'):
        client = await isolated.ask("POST", "/v1/vector_stores", body, fields=(declared,))
        assert (client.status, isolated.seen) == (400, [])


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/batches", "/v1/responses"])
async def test_who_is_shown_ids_has_not_made_them(isolated: Isolated, path: str) -> None:
    await isolated.make("token")
    isolated.answer = (
        b'{"container_id":"cntr_9","output_file_id":"file-9","output":[{"id":"msg_9"}],"data":[]}'
    )
    await isolated.ask("GET", path)
    assert isolated.plane.entries()[-1].objects is None


def a_form(name: str, value: str) -> bytes:
    part = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    return f"{part}--b--\r\n".encode()


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/v1/containers/cntr_1/files", a_form("file_id", "file-9"), 404),
        ("/v1/containers/cntr_1/files", a_form("file_id", "cntr_1"), 200),
        ("/v1/containers/cntr_1/files", a_form("file_ids[]", "file-9"), 404),
        ("/v1/videos/edits", a_form("video[id]", "video_9"), 404),
        ("/v1/videos/edits", a_form("prompt", "file_id"), 200),
        ("/v1/containers/cntr_1/files", b"--b--", 400),
        ("/v1/images/edits", a_form("image[file_id]", "file-9"), 404),
        ("/v1/images/edits", a_form("image.file_id", "file-9"), 404),
        ("/v1/audio/transcriptions", a_form("file_id", "file-9"), 200),
        # An upload's bytes pass as they come: its fields name nothing.
        ("/v1/files", a_form("file_id", "file-9"), 200),
    ],
)
async def test_forms_may_name_own_objects_only(
    isolated: Isolated, path: str, form: bytes, status: int
) -> None:
    await isolated.make("project")
    isolated.known("cntr_1")
    client = await isolated.ask("POST", path, form, fields=(f"Content-Type: {FORM}",))
    assert (client.status, len(isolated.seen)) == (status, int(status == 200))


@pytest.mark.parametrize("coding", ["compress", "gzip, gzip", "gzip"])
@pytest.mark.parametrize("path", [RESPONSES, "/v1/vector_stores"])
async def test_a_coding_that_cannot_be_undone_is_refused(
    isolated: Isolated, path: str, coding: str
) -> None:
    await isolated.make("project")
    client = await isolated.ask("POST", path, b"{}", fields=(f"Content-Encoding: {coding}",))
    assert (client.status, client.code, isolated.seen) == (400, "invalid_request", [])


async def test_while_the_database_is_away_what_is_not_known_here_waits(
    isolated: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await isolated.make("project")
    isolated.known("file-1")

    async def away(_wanted: object) -> dict[Any, Any]:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(isolated.plane.index, "_find", away)
    assert (await isolated.ask("GET", "/v1/files/file-1")).status == 200
    client = await isolated.ask("GET", "/v1/files/file-2")
    assert (client.status, client.code) == (503, "database_unavailable")
    isolated.answer = b'{"data":[{"id":"file-1"},{"id":"file-2"}]}'
    client = await isolated.ask("GET", "/v1/files")
    assert (client.status, client.code) == (503, "database_unavailable")


@pytest.mark.parametrize("path", [RESPONSES, "/v1/vector_stores"])
async def test_a_compressed_body_hides_no_object(isolated: Isolated, path: str) -> None:
    await isolated.make("project")
    for name, status in (("file-9", 404), ("file-1", 200)):
        isolated.known("file-1")
        body = gzip.compress(b'{"model":"m","file_ids":["%b"]}' % name.encode())
        client = await isolated.ask("POST", path, body, fields=("Content-Encoding: gzip",))
        assert client.status == status


# Lists


def a_list(*ids: str, **more: Any) -> bytes:
    data = [{"id": one, "object": "file", "bytes": 5} for one in ids]
    return json.dumps({"object": "list", "data": data, **more}, indent=1).encode()


async def test_a_list_holds_own_objects_and_all_else_that_it_says(isolated: Isolated) -> None:
    await isolated.make("token")
    isolated.known("file-1", "file-3")
    isolated.known("file-2", token=str(uuid4()))
    isolated.answer = a_list("file-2", "file-1", "file-9", "file-3", has_more=True, last_id="x")
    client = await isolated.ask("GET", "/v1/files?limit=4")
    assert client.status == 200
    assert json.loads(client.content) == json.loads(
        a_list("file-1", "file-3", has_more=True, last_id="x")
    )
    assert client.field(b"content-length") is None
    assert b"accept-encoding: identity" in isolated.seen[0].lower()
    assert client.recorded_by["finish"] == 1
    # One of nobody's and one of all.
    isolated.answer = a_list("file-2")
    assert json.loads((await isolated.ask("GET", "/v1/files")).content)["data"] == []
    isolated.answer = a_list("file-1", "file-3")
    assert (await isolated.ask("GET", "/v1/files")).content == isolated.answer


async def test_a_list_of_a_project_that_isolates_nothing_passes_as_it_came(
    isolated: Isolated,
) -> None:
    await isolated.make("none")
    isolated.answer = a_list("file-1")
    client = await isolated.ask("GET", "/v1/files", fields=("Accept-Encoding: gzip",))
    assert client.content == isolated.answer
    assert b"accept-encoding: gzip" in isolated.seen[0].lower()


async def test_a_long_list_is_asked_about_in_parts_and_never_kept_whole(
    isolated: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await isolated.make("project")
    mine = [f"file-{n}" for n in range(0, 4000, 2)]
    isolated.known(*mine)
    asked: list[int] = []
    find = isolated.plane.index._find

    async def noted(wanted: Any) -> Any:
        asked.append(len(wanted))
        return await find(wanted)

    monkeypatch.setattr(isolated.plane.index, "_find", noted)
    isolated.answer = a_list(*[f"file-{n}" for n in range(4000)])
    client = await isolated.ask("GET", "/v1/files")
    assert [one["id"] for one in json.loads(client.content)["data"]] == mine
    assert sum(asked) == 2000
    assert len(asked) > 2


@pytest.mark.parametrize(
    "answer",
    [
        b'{"data":[],"first_id":null}',
        b'{ "data" : [ ] }',
        b'{"object":"list"}',
        b'{"data":[{"id":"file-1"}],"warnings":["x",{"text":"y"}]}',
        b"[]",
        b"no json",
    ],
)
async def test_what_holds_nothing_of_others_passes_byte_for_byte(
    isolated: Isolated, answer: bytes
) -> None:
    await isolated.make("project")
    isolated.known("file-1")
    isolated.answer = answer
    assert (await isolated.ask("GET", "/v1/files")).content == answer


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (b'[{"id":"file-9"},{"id":"file-1"}]', b'[{"id":"file-1"}]'),
        (b'{"files":[{"id":"file-9"}, {"id":"file-1"}]}', b'{"files":[ {"id":"file-1"}]}'),
        (b'{"data":["file-9",5,{"name":"x"},{"id":"file-1"}]}', b'{"data":[{"id":"file-1"}]}'),
    ],
)
async def test_lists_of_other_forms_hold_own_objects_only(
    isolated: Isolated, answer: bytes, passes: bytes
) -> None:
    await isolated.make("project")
    isolated.known("file-1")
    isolated.answer = answer
    assert (await isolated.ask("GET", "/v1/files")).content == passes


async def test_a_list_that_cannot_be_looked_into_is_no_answer(isolated: Isolated) -> None:
    await isolated.make("project")
    isolated.head = HEAD_OK + b"Content-Encoding: br\r\n"
    client = await isolated.ask("GET", "/v1/files")
    assert (client.status, client.code) == (502, "upstream_protocol_error")


async def test_an_error_in_place_of_a_list_passes(isolated: Isolated) -> None:
    await isolated.make("project")
    isolated.head = b"HTTP/1.1 403 No\r\nContent-Type: application/json\r\n"
    isolated.answer = b'{"error":{"data":[{"id":"x"}]}}'
    client = await isolated.ask("GET", "/v1/files")
    assert (client.status, client.content) == (403, isolated.answer)


async def test_a_list_that_is_cut_never_looks_whole(isolated: Isolated) -> None:
    async def cut(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b'Content-Length: 100\r\n\r\n{"data":[{"id":"file-1"},')
        peer.break_off()

    await isolated.make("project")
    isolated.known("file-1")
    isolated.plane.upstream.follow(cut)
    client = await isolated.ask("GET", "/v1/files")
    assert (client.ended, client.content) == ("abort", b'{"data":[{"id":"file-1"}')
    assert isolated.plane.entries()[-1].outcome == "upstream_broke"


# Stored completions, which show prompts and answers


@pytest.mark.parametrize(("isolation", "served"), [("none", False), ("project", True)])
async def test_stored_completions_are_served_where_objects_are_isolated(
    isolated: Isolated, isolation: str, served: bool
) -> None:
    await isolated.make(isolation)
    isolated.known("chatcmpl-1")
    isolated.answer = b'{"data":[{"id":"chatcmpl-9"},{"id":"chatcmpl-1"}]}'
    listed = await isolated.ask("GET", "/v1/chat/completions")
    one = await isolated.ask("GET", "/v1/chat/completions/chatcmpl-1")
    removed = await isolated.ask("DELETE", "/v1/chat/completions/chatcmpl-1")
    if served:
        assert (listed.content, one.status) == (b'{"data":[{"id":"chatcmpl-1"}]}', 200)
        assert removed.status == 200
        assert (await isolated.ask("GET", "/v1/chat/completions/chatcmpl-9")).status == 404
    else:
        assert (listed.status, listed.code) == (405, "method_not_allowed")
        assert (one.status, one.code) == (404, "endpoint_not_allowed")
        assert b"isolates objects" in one.content
        assert removed.status == 404
        assert isolated.seen == []


async def test_a_completion_is_one_s_own_where_it_was_to_be_stored(isolated: Isolated) -> None:
    await isolated.make("token")
    isolated.answer = b'{"id":"chatcmpl-1","choices":[]}'
    body = b'{"model":"gpt-4o","messages":[],"store":true}'
    assert (await isolated.ask("POST", "/v1/chat/completions", body)).status == 200
    path = "/v1/chat/completions/chatcmpl-1"
    assert (await isolated.ask("GET", path)).status == 200
    assert (await isolated.ask("GET", path, secret=isolated.other)).status == 404
