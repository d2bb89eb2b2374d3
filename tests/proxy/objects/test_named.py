"""The ids that a request's body names, as any reader of JSON may find them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.objects.named import NAMED_MAX, Unnamed, may_name, named_in


def named(body: Any) -> set[str]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = named_in(text)
    assert len(set(found)) == len(found)
    # Where one is found, the quick look has seen that there may be.
    assert may_name(text) or not found
    return set(found)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"previous_response_id": "resp_1"}, {"resp_1"}),
        ({"previous_response_id": None}, set()),
        ({"conversation": "conv_1"}, {"conv_1"}),
        ({"conversation": {"id": "conv_1"}}, {"conv_1"}),
        ({"input_file_id": "file-1", "endpoint": "/v1/responses"}, {"file-1"}),
        ({"file_ids": ["file-1", "file-2"]}, {"file-1", "file-2"}),
        ({"input": [{"content": [{"type": "input_file", "file_id": "file-1"}]}]}, {"file-1"}),
        ({"messages": [{"content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
         {"file-1"}),
        ({"messages": [{"content": [{"source": {"type": "file", "file_id": "file_1"}}]}]},
         {"file_1"}),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]},
                    {"type": "code_interpreter", "container": "cntr_1"}]}, {"vs_1", "cntr_1"}),
        ({"tools": [{"container": {"type": "auto", "file_ids": ["file-1"]}}]}, {"file-1"}),
        ({"container": {"id": "container_1", "skills": []}}, {"container_1"}),
        ({"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}}, {"vs_1"}),
        ({"cachedContent": "cachedContents/a", "cached_content": "cachedContents/b"},
         {"cachedContents/a", "cachedContents/b"}),
        ({"items": [{"id": "msg_1"}]}, {"msg_1"}),
        ({"video": {"id": "video_1"}, "prompt": "x"}, {"video_1"}),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, {"msg_1"}),
        ({"input": [{"id": "msg_1"}]}, {"msg_1"}),
        ({"input": [{"type": None, "id": "msg_1"}]}, {"msg_1"}),
        ({"file_ids": [{"id": "file-1"}, "file-2"]}, {"file-1", "file-2"}),
        ({"input": [{"type": "image_generation_call", "id": "ig_1", "result": None}]}, {"ig_1"}),
        (b'{"type":"image_generation_call","id":"ig_1","result":"A","result":null}', {"ig_1"}),
        ({"input": [{"type": "image_generation_call", "id": "ig_1", "result": "A"}]}, set()),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, {"rs_1"}),
        ({"input": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "A"}]}, set()),
        ({"input": [{"type": "message", "id": "msg_1", "role": "assistant", "content": []}]},
         set()),
    ],
)  # fmt: skip
def test_ids_are_found_where_the_api_has_them(body: Any, found: set[str]) -> None:
    assert named(body) == found


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"file_id": "mine"}},
        {"tools": [{"type": "function", "parameters": {"file_id": "x"}}]},
        {"tools": [{"input_schema": {"properties": {"container": {"id": "x"}}}}]},
        {"messages": [{"content": [{"type": "tool_use", "input": {"file_id": "x"}}]}]},
        {"input": [{"content": [{"annotations": [{"file_id": "file-1"}]}]}]},
        {"input": [{"type": "function_call", "arguments": '{"file_id": "x"}'}]},
        {"messages": [{"content": 'say "file_id": "x"'}]},
        {"prompt": {"id": "pmpt_1"}},
        {"video": "https://example.com/a.mp4", "file_id": "data:image/png;base64,AAAA"},
        {"file_id": 5, "container": {}, "file_ids": [1, None, {}], "conversation": ""},
        [],
        "text",
    ],
)
def test_what_a_client_says_in_its_own_words_is_no_id(body: Any) -> None:
    assert named(body) == set()


@pytest.mark.parametrize(
    "body",
    [
        b'{"file_id":"file-1","file_id":"file-2"}',
        b'{"file_id":["file-1"],"File_ID":"file-2"}',
        b'{"file\\u005fid":"file-1","file_id":"file-2"}',
        b'{"file_id":"file-1","container":{"id":"file-2","id":"file-1"}}',
        # A member that is a tool's for one reader, and not for another.
        b'{"file_id":"file-1","c":{"type":"tool_use","type":"x","input":{"file_id":"file-2"}}}',
    ],
)
def test_what_any_reader_may_take_counts(body: bytes) -> None:
    assert named(body) == {"file-1", "file-2"}


def test_letters_that_fold_into_ascii_hide_no_member() -> None:
    assert named('{"previou\u017f_response_id":"resp_1"}'.encode()) == {"resp_1"}
    assert named(b'{"previou\\u017f_response_id":"resp_1"}') == {"resp_1"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"file_id":"x"} more',
        b"[" * 100_000,
        b'{"file_id":' * 20_000,
        json.dumps({"file_ids": [f"file-{n}" for n in range(NAMED_MAX + 1)]}).encode(),
        b'{"file_id":"\xff"}',
    ],
)
def test_what_cannot_be_known_is_said_to_be(body: bytes) -> None:
    with pytest.raises(Unnamed):
        named_in(body)


def test_ids_in_deep_objects_are_not_copied_at_each_level() -> None:
    """A quadratic walk of this body would take many seconds."""
    ids = [f"f{n}" for n in range(NAMED_MAX)]
    depth = 300
    body = b'{"a":' * depth + json.dumps({"file_ids": ids * 4}).encode() + b"}" * depth
    assert len(named_in(body)) == NAMED_MAX
