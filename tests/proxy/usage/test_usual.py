"""Documents that are read at once: what is told of them is what the general way reads."""

from __future__ import annotations

from typing import Any, Final, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.usage import usual
from proxy.usage.meter import meter_of_document
from proxy.usage.reported import COUNT_MAX, CompletionDetails, PromptDetails, Reported
from proxy.usage.usual import FORMS, Reading

CHAT: Final[dict[str, Any]] = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris."}}],
    "usage": {
        "prompt_tokens": 1019,
        "completion_tokens": 310,
        "total_tokens": 1329,
        "prompt_tokens_details": {"cached_tokens": 1000, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 300,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    },
    "service_tier": "default",
}
RESPONSE: Final[dict[str, Any]] = {
    "id": "resp_1",
    "error": None,
    "model": "gpt-5",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Paris."}]}],
    "service_tier": "default",
    "tools": [{"type": "web_search"}],
    "usage": {
        "input_tokens": 36,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 87,
        "output_tokens_details": {"reasoning_tokens": 64},
        "total_tokens": 123,
    },
}
MESSAGE: Final[dict[str, Any]] = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "Paris."}],
    "usage": {
        "input_tokens": 12,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15},
        "output_tokens": 7,
        "service_tier": "standard",
        "inference_geo": "us",
    },
}
USUAL: Final = {
    "chat": CHAT,
    "completions": CHAT,
    "embeddings": {
        "data": [],
        "model": "m",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    },
    "responses": RESPONSE,
    "messages": MESSAGE,
}

counts = st.sampled_from((0, 1, 7, 11, COUNT_MAX))
odd = st.one_of(
    counts, st.none(), st.sampled_from((-1, 1.5, 7.0, COUNT_MAX + 1, "3", [], {}, "t" * 40))
)


def _odd_fields(form: type = Reported) -> list[tuple[str, ...]]:
    """The path of each field that a report can have."""
    paths: list[tuple[str, ...]] = []
    for name, kind in get_type_hints(form).items():
        parts = [one for one in getattr(kind, "__args__", ()) if hasattr(one, "__struct_fields__")]
        paths.append((name,))
        if parts:
            paths += [(name, *path) for path in _odd_fields(parts[0])]
    return paths


PLACES: Final = (
    *(("usage", *path) for path in _odd_fields()),
    *((name,) for name in ("model", "usage", "service_tier", "error", "output", "tools")),
)
members = st.one_of(
    odd,
    st.sampled_from((
        "gpt-4o", "", {"code": "broken"}, {"audio_tokens": 3}, {"cached_tokens": 1},
        {"reasoning_tokens": 1}, {"web_search_requests": 2},
        [{"type": "web_search_call"}], [{"type": "web_search"}], [{"type": "function_call"}],
    )),
)  # fmt: skip


def changed(document: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """The same where another value, or one more, stands at a place."""
    name, *rest = path
    if not rest:
        return document | {name: value}
    inner = document.get(name)
    inner = inner if isinstance(inner, dict) else {}
    return document | {name: changed(inner, tuple(rest), value)}


def compare(dialect: str, text: bytes) -> bool:
    """Whether a document is read at once; then as the general way reads it."""
    told = FORMS[dialect](text)
    if told is None:
        return False
    meter = meter_of_document(text)
    assert told == (meter.model or "", meter.usage)
    assert type(told[1]) is tuple
    assert meter.exact
    assert not meter.code
    assert not meter.failed
    assert meter.accumulated is not None
    assert not meter.accumulated.lost
    return True


@pytest.mark.parametrize("dialect", FORMS)
def test_what_upstreams_usually_answer_is_read_at_once(dialect: str) -> None:
    assert compare(dialect, msgspec.json.encode(USUAL[dialect]))


@given(
    st.sampled_from(list(FORMS)),
    st.lists(st.tuples(st.sampled_from(PLACES), members), max_size=3),
)
def test_whatever_a_document_says_is_read_as_the_general_way_does(
    dialect: str, changes: list[tuple[tuple[str, ...], object]]
) -> None:
    document = USUAL[dialect]
    for path, value in changes:
        document = changed(document, path, value)
    compare(dialect, msgspec.json.encode(document))


@pytest.mark.parametrize("path", PLACES, ids=".".join)
@pytest.mark.parametrize("dialect", FORMS)
def test_each_field_that_means_something_is_read_or_leads_to_the_general_way(
    dialect: str, path: tuple[str, ...]
) -> None:
    for value in (7, None, "", "fast", 1.5, {}, [], {"code": "x"}, [{"type": "web_search_call"}]):
        compare(dialect, msgspec.json.encode(changed(USUAL[dialect], path, value)))


def test_reasoning_that_is_no_part_of_the_completion_is_left_to_the_general_way() -> None:
    apart = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 11}
    said = apart | {"completion_tokens_details": {"reasoning_tokens": 7}}
    assert not compare("chat", msgspec.json.encode({"usage": said}))
    assert compare("chat", msgspec.json.encode({"usage": said | {"total_tokens": 4}}))


@pytest.mark.parametrize("text", [b"", b"{}", b"nothing", b'{"usage":{"prompt_tokens":1}', b"\xff"])
@pytest.mark.parametrize("dialect", FORMS)
def test_what_is_no_whole_document_is_left_to_the_general_way(dialect: str, text: bytes) -> None:
    assert not compare(dialect, text)


@pytest.mark.parametrize("form", [usual._ChatUsage, usual._ResponseUsage, usual._MessageUsage])
def test_no_field_that_upstreams_report_is_overlooked(form: type[msgspec.Struct]) -> None:
    assert set(form.__struct_fields__) == set(Reported.__struct_fields__)
    assert set(usual._Into.__struct_fields__) == set(PromptDetails.__struct_fields__)
    assert set(usual._Out.__struct_fields__) == set(CompletionDetails.__struct_fields__)


def test_a_form_that_does_not_fit_is_tried_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usual, "_NOT_TRIED", 5)
    text = msgspec.json.encode(CHAT)
    reading = Reading("messages")
    tried = []
    for _ in range(40):
        tried.append(reading.usual is FORMS["messages"])
        assert reading.usual(text) is None
        reading.missed()
    assert tried == ([True] * 8 + [False] * 5) * 3 + [True]


def test_a_dialect_without_a_form_is_read_the_general_way() -> None:
    assert Reading("generic").usual(msgspec.json.encode(CHAT)) is None
