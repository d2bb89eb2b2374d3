"""Objects that an answer tells of, in whatever form it comes and however it is cut."""

from __future__ import annotations

import gzip
import json
from typing import Any, Final

import pytest

from models.objects import TOLD_MAX, Found, Kept
from proxy.objects.index import Index
from proxy.objects.rules import rule_of
from proxy.objects.watch import Watch
from proxy.providers.catalog import BUILT_IN
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead
from proxy.usage.meter import Meter
from tests.proxy.rows import a_grant
from tests.proxy.transform_rules import StreamCase, check_stream, cut, relayed

JSON: Final = (b"content-type", b"application/json")
EVENTS: Final = (b"content-type", b"text/event-stream")
GRANT: Final = a_grant(isolation="project")


async def nothing(_: Any) -> dict[tuple[str, str], Found]:
    return {}


def watching(
    request: str, *headers: tuple[bytes, bytes], status: int = 200, index: Index | None = None
) -> tuple[Watch, AnswerTransform]:
    method, _, path = request.partition(" ")
    provider = "anthropic" if "messages" in path else "openai"
    rule = rule_of(BUILT_IN[provider].match(path.encode())[method], method)
    in_path = rule.id_in(path.encode()) if rule.id_segment else ""
    watch = Watch(index or Index(nothing), GRANT, rule, in_path)
    head = UpstreamHead(status, b"OK", list(headers), None)
    return watch, watch.around(Meter(None, None), head, "key-1")


def told(request: str, answer: Any, *headers: tuple[bytes, bytes], status: int = 200) -> list[Kept]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    found = []
    sizes = (1, 100) if len(body) < 10_000 else (999, 10_000)
    for size in (*sizes, len(body)):
        watch, transform = watching(request, *(headers or (JSON,)), status=status)
        assert b"".join(relayed(transform, cut(body, size))) == body
        found.append(watch.objects(counted=True))
    assert found[0] == found[1] == found[2]
    return list(found[0] or ())


def events(*documents: Any) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (d.get("type", "x").encode(), json.dumps(d).encode())
        for d in documents
    )


RESPONSE: Final = {
    "id": "resp_1", "object": "response", "store": True, "status": "completed",
    "output": [
        {"type": "message", "id": "msg_1", "content": [{"text": "x", "annotations": []}]},
        {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1"},
    ],
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
}  # fmt: skip
OF_RESPONSE: Final = [
    Kept("resp_1", "response"), Kept("msg_1", "item"), Kept("cntr_1", "container"),
    Kept("ci_1", "item"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_line", "answer", "found"),
    [
        ("POST /v1/files", {"id": "file-1", "object": "file"}, [Kept("file-1", "file")]),
        ("POST /v1/uploads", {"id": "upload_1"}, [Kept("upload_1", "upload")]),
        ("POST /v1/uploads/upload_1/complete", {"id": "upload_1", "file": {"id": "file-1"}},
         [Kept("file-1", "file")]),
        ("POST /v1/vector_stores", {"id": "vs_1"}, [Kept("vs_1", "vector_store")]),
        ("POST /v1/videos", {"id": "video_1"}, [Kept("video_1", "video")]),
        ("POST /v1/videos/video_1/remix", {"id": "video_2"}, [Kept("video_2", "video")]),
        ("POST /v1/conversations", {"id": "conv_1"}, [Kept("conv_1", "conversation")]),
        ("POST /v1/containers", {"id": "cntr_1"}, [Kept("cntr_1", "container")]),
        ("POST /v1/batches", {"id": "batch_1", "output_file_id": None}, [Kept("batch_1", "batch")]),
        ("GET /v1/batches/batch_1",
         {"id": "batch_1", "output_file_id": "file-o", "error_file_id": "file-e"},
         [Kept("file-o", "file", "batch_1"), Kept("file-e", "file", "batch_1")]),
        ("GET /v1/batches",
         {"data": [{"id": "batch_1", "output_file_id": "file-o"}, {"id": "batch_2"}]},
         [Kept("file-o", "file", "batch_1")]),
        ("POST /v1/responses", RESPONSE, OF_RESPONSE),
        ("GET /v1/responses/resp_1", RESPONSE,
         [Kept("msg_1", "item", "resp_1"), Kept("cntr_1", "container", "resp_1"),
          Kept("ci_1", "item", "resp_1")]),
        ("POST /v1/responses/resp_1/cancel", {"id": "resp_1", "output": []}, []),
        ("POST /v1/conversations/conv_1/items", {"object": "list", "data": [{"id": "msg_1"}]},
         [Kept("msg_1", "item")]),
        ("POST /v1/chat/completions", {"id": "chatcmpl-1", "choices": []},
         [Kept("chatcmpl-1", "completion")]),
        ("POST /v1/chat/completions", {"request_id": "r-1"}, [Kept("r-1", "deferred")]),
        ("POST /v1/messages", {"id": "msg_1", "container": {"id": "container_1"}},
         [Kept("container_1", "container")]),
        ("POST /v1/messages/batches", {"id": "msgbatch_1"}, [Kept("msgbatch_1", "batch")]),
        ("POST /v1/files", {"id": 5}, []),
        ("POST /v1/files", {"id": "no id"}, []),
        ("POST /v1/files", [1], []),
        ("POST /v1/files", b"{", []),
    ],
)  # fmt: skip
def test_a_document_tells_of(request_line: str, answer: Any, found: list[Kept]) -> None:
    assert told(request_line, answer) == found
    compressed = gzip.compress(
        answer if isinstance(answer, bytes) else json.dumps(answer).encode(), mtime=0
    )
    assert told(request_line, compressed, JSON, (b"content-encoding", b"gzip")) == found


def test_a_response_that_is_not_stored_is_not_remembered() -> None:
    """Nor is what is in it, but for the container in which its code ran."""
    container = [Kept("cntr_1", "container")]
    assert told("POST /v1/responses", RESPONSE | {"store": False}) == container
    stream = STREAM.replace(b'"id": "resp_1",', b'"id": "resp_1", "store": false,')
    stream = stream.replace(b'"store": true', b'"store": false')
    assert told("POST /v1/responses", stream, EVENTS) == container


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_tells_of_nothing(status: int) -> None:
    assert told("POST /v1/files", {"id": "file-1"}, status=status) == []


STREAM: Final = events(
    {"type": "response.created", "response": {"id": "resp_1", "output": []}},
    {"type": "response.output_item.added", "item": {"id": "msg_1", "type": "message"}},
    *({"type": "response.output_text.delta", "item_id": "msg_1", "delta": "x"} for _ in range(50)),
    {"type": "response.output_item.done",
     "item": {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1"}},
    {"type": "response.completed", "response": RESPONSE},
)  # fmt: skip


def test_a_stream_of_a_response_tells_of_the_same() -> None:
    assert set(told("POST /v1/responses", STREAM, EVENTS)) == {*OF_RESPONSE}
    compressed = gzip.compress(STREAM, mtime=0)
    found = told("POST /v1/responses", compressed, EVENTS, (b"content-encoding", b"gzip"))
    assert set(found) == {*OF_RESPONSE}


def test_streams_of_chats_and_messages_tell_of_what_is_kept() -> None:
    chat = events(*({"id": "chatcmpl-1", "choices": [], "n": n} for n in range(3)))
    assert told("POST /v1/chat/completions", chat, EVENTS) == [Kept("chatcmpl-1", "completion")]
    messages = events(
        {"type": "message_start", "message": {"id": "msg_1", "container": None}},
        {"type": "message_delta", "delta": {"container": {"id": "container_1"}}},
    )
    assert told("POST /v1/messages", messages, EVENTS) == [Kept("container_1", "container")]


def test_an_id_is_known_before_its_bytes_are_passed_on() -> None:
    index = Index(nothing)
    _, transform = watching("POST /v1/responses", EVENTS, index=index)
    project = GRANT.project_text
    first = STREAM.index(b"\n\n") + 2
    assert not index.known(project, ["resp_1"])
    assert transform.relay(STREAM[:first]) == STREAM[:first]
    assert index.known(project, ["resp_1"]) == {"resp_1": Found("key-1", GRANT.token_text)}


def test_a_large_document_is_looked_into_without_being_kept() -> None:
    image = {"type": "image_generation_call", "id": "ig_1", "result": "A" * 400_000}
    answer = RESPONSE | {"output": [image, *RESPONSE["output"]]}  # type: ignore[misc]
    found = told("POST /v1/responses", answer)
    assert set(found) == {*OF_RESPONSE, Kept("ig_1", "item")}


def test_only_so_many_are_told_of() -> None:
    many = [{"id": f"msg_{n}"} for n in range(3 * TOLD_MAX)]
    found = told("POST /v1/responses", {"id": "resp_1", "output": many})
    assert len(found) == TOLD_MAX
    assert found[0] == Kept("resp_1", "response")


def test_what_is_deleted_is_told_of_where_that_was_answered_well() -> None:
    index = Index(nothing)
    index.note(GRANT.project_text, Kept("file-1", "file"), Found("key-1", GRANT.token_text))
    watch, _ = watching("DELETE /v1/files/file-1", JSON, status=404, index=index)
    assert (watch.objects(counted=True), len(index.known(GRANT.project_text, ["file-1"]))) == (
        None,
        1,
    )
    watch, _ = watching("DELETE /v1/files/file-1", JSON, index=index)
    assert watch.objects(counted=True) == (Kept("file-1", "file", gone=True),)
    assert not index.known(GRANT.project_text, ["file-1"])


@pytest.mark.parametrize(("headers", "compressed"), [(JSON, False), (EVENTS, True)])
def test_a_watched_answer_keeps_the_rules_of_transforms(
    headers: tuple[bytes, bytes], compressed: bool
) -> None:
    body = json.dumps(RESPONSE).encode() if headers is JSON else STREAM
    coding = ()
    if compressed:
        body, coding = gzip.compress(body, mtime=0), ((b"content-encoding", b"gzip"),)  # type: ignore[assignment]
    check_stream(
        StreamCase(
            lambda: watching("POST /v1/responses", headers, *coding)[1], body, body, 1024 * 1024
        )
    )


# Responses in the background

RUNNING: Final = RESPONSE | {"background": True, "status": "queued", "created_at": 5, "usage": None}


@pytest.mark.parametrize("counted", [False, True])
def test_a_response_in_the_background_is_one_until_it_said_what_it_used(counted: bool) -> None:
    watch, transform = watching("POST /v1/responses", JSON)
    relayed(transform, [json.dumps(RUNNING).encode()])
    kinds = {kept.id: kept.kind for kept in watch.objects(counted=counted) or ()}
    assert kinds["resp_1"] == ("response" if counted else "background")
    assert kinds["msg_1"] == "item"
    assert watch.finished is None


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_shows_it_finished(status: str, streams: bool) -> None:
    shown = RUNNING | {"status": status}
    body, kind = json.dumps(shown).encode(), JSON
    if streams:
        body, kind = events({"type": "response.completed", "response": shown}), EVENTS
    watch, transform = watching("GET /v1/responses/resp_1", kind)
    relayed(transform, cut(body, 10))
    assert watch.finished is not None
    assert (watch.finished.id, watch.finished.created) == ("resp_1", 5)


@pytest.mark.parametrize(
    "shown", [RUNNING, RESPONSE, RUNNING | {"status": "completed", "background": False}]
)
def test_any_other_answer_shows_none(shown: dict[str, Any]) -> None:
    watch, transform = watching("GET /v1/responses/resp_1", JSON)
    relayed(transform, [json.dumps(shown).encode()])
    assert watch.finished is None
