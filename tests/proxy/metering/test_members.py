"""What bodies ask for: how much of an answer, and whether a prompt may be longer than its bytes."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from proxy.body.kept_body import KeptBody
from proxy.body.multipart import Part
from proxy.body.plain_members import plain_members
from proxy.body.request_body import whole
from proxy.metering import forms, members
from proxy.metering.asks import COUNT_MAX, Asks
from proxy.providers.endpoints import Dialect

#: Whose bodies say nothing of a cost that can be known.
UNREAD = {"none", "free", "batches"}
SAID = [{"role": "user", "content": "hi"}]
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {}}}


def asks(dialect: str, body: Any, pattern: str = "/v1/any") -> Asks:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    kept = KeptBody(text)
    found = members.of_json(dialect, pattern, whole(kept), kept)
    if (plain := plain_members(text)) is not None:
        # What is decoded at once says the same.
        assert members.of_json(dialect, pattern, plain, kept) == found
    return found


@pytest.mark.parametrize(
    ("dialect", "body", "most"),
    [
        ("chat", {"max_tokens": 7}, 7),
        ("chat", {"max_completion_tokens": 7}, 7),
        ("chat", {"max_tokens": 5, "max_completion_tokens": 9}, 9),
        ("chat", {"max_tokens": "12"}, 12),
        ("chat", {"max_tokens": 10.5}, 11),
        ("chat", b'{"max_tokens": 1e300}', COUNT_MAX),
        # Readers differ on which of two counts, and on case.
        ("chat", b'{"max_tokens": 9, "Max_Tokens": 20, "max_tokens": 1}', 20),
        ("chat", b'{"\\u006dax_tokens": 20, "max_tokens": 1}', 20),
        ("completions", {"prompt": "a", "max_tokens": 3}, 3),
        ("responses", {"input": "a", "max_output_tokens": 4}, 4),
        ("messages", {"messages": SAID, "max_tokens": 6}, 6),
        ("gemini", {"generationConfig": {"maxOutputTokens": 8}}, 8),
        ("gemini", {"generation_config": {"max_output_tokens": 8}}, 8),
        ("gemini", b'{"generationConfig": {"maxOutputTokens": 8, "maxOutputTokens": 3}}', 8),
        ("converse", {"inferenceConfig": {"maxTokens": 5}}, 5),
        ("ollama", {"options": {"num_predict": 11}}, 11),
        ("invoke", {"prompt": "a", "max_gen_len": 13}, 13),
        ("invoke", {"inputText": "a", "textGenerationConfig": {"maxTokenCount": 14}}, 14),
    ],
)
def test_the_largest_answer_that_any_reader_finds_counts(
    dialect: str, body: Any, most: int
) -> None:
    said = asks(dialect, body)
    assert (said.max_output, said.is_open) == (most, False)


@pytest.mark.parametrize("value", [0, -1, True, "many", [1], {"a": 1}, "9" * 300])
def test_an_answer_of_a_length_that_is_none_is_as_long_as_the_model_makes_it(value: Any) -> None:
    assert asks("chat", {"max_tokens": value, "max_completion_tokens": 5}).is_open


@pytest.mark.parametrize("dialect", sorted(set(get_args(Dialect)) - UNREAD))
def test_every_dialect_says_which_members_bound_an_answer(dialect: str) -> None:
    assert dialect in members.DIALECTS


@pytest.mark.parametrize("member", ["max_output_tokens", "max_length", "prompt_token_ids"])
def test_a_length_by_an_unknown_name_leaves_the_answer_open(member: str) -> None:
    said = asks("chat", {"max_tokens": 5, member: 100_000})
    assert (said.is_open, said.grows) == (True, True)
    assert not asks("chat", {"max_tokens": 5, "knows_of_more": 1}).is_open


@pytest.mark.parametrize("member", ["num_return_sequences", "use_beam_search", "sampleCount"])
def test_more_answers_by_an_unknown_name_bound_nothing(member: str) -> None:
    assert asks("chat", {member: 5}).unbounded
    assert not asks("chat", {member: None}).unbounded


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [{"prompt": "a"}]},
        {"instances": [{"content": {"uri": "a"}}]},
        {"instances": ["a"]},
        {"instances": [{"content": "a"}], "parameters": {"sampleCount": 4}},
        {"requests": [{}]},
    ],
)
def test_of_predict_vectors_alone_are_known(body: Any) -> None:
    assert asks("predict", body).unbounded


def test_no_length_is_none_and_null_says_nothing() -> None:
    said = asks("chat", {"messages": SAID, "max_tokens": None})
    assert (said.max_output, said.is_open) == (0, False)


@pytest.mark.parametrize(
    ("dialect", "body", "choices", "prompts"),
    [
        ("chat", {"n": 3}, 3, 1),
        ("completions", {"prompt": ["a", "b"], "n": 2, "best_of": 5}, 5, 2),
        ("completions", {"prompt": ['a","b', "\\"]}, 1, 2),
        ("completions", {"prompt": [1, 2, 3]}, 1, 1),
        ("completions", {"prompt": [[1, 2], [3]]}, 1, 2),
        ("completions", {"prompt": "a, b"}, 1, 1),
        ("gemini", {"generationConfig": {"candidateCount": 4}}, 4, 1),
        ("chat", {"n": None}, 1, 1),
        ("chat", {"n": "2"}, 2, 1),
    ],
)
def test_answers_and_prompts_are_counted(
    dialect: str, body: Any, choices: int, prompts: int
) -> None:
    said = asks(dialect, body)
    assert (said.choices, said.prompts, said.unbounded) == (choices, prompts, "")


def test_a_number_of_answers_that_cannot_be_read_bounds_nothing() -> None:
    assert asks("chat", {"n": "several"}).unbounded
    assert asks("completions", b'{"prompt": [' + b'"a",' * 600_000 + b'"a"]}').unbounded


PLAIN: list[tuple[str, Any]] = [
    ("chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}),
    ("chat", {"messages": [*SAID, {"role": "assistant", "content": None, "tool_calls": []}]}),
    ("chat", {"messages": SAID, "tools": [FUNCTION], "metadata": {"a": "image_url"}}),
    ("chat", {"messages": [{"role": "user", "content": 'about {"type": "image_url"}'}]}),
    ("chat", {"messages": SAID, "tools": None, "web_search_options": None}),
    ("responses", {"input": "a", "instructions": "b", "tools": [{"type": "function"}]}),
    ("responses", {"input": [{"type": "function_call", "arguments": "{}"}, *SAID]}),
    ("responses", {"input": [{"type": "function_call_output", "output": "a"}]}),
    ("responses", {"input": "a", "previous_response_id": None}),
    ("messages", {"messages": SAID, "system": "a", "thinking": {"budget_tokens": 5}}),
    (
        "messages",
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "input": {"type": "image", "image": "a"}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "content": [{"type": "text", "text": "a"}]}
                    ],
                },
            ],
            "tools": [{"name": "look", "input_schema": {"properties": {"image": {}}}}],
        },
    ),
    ("gemini", {"contents": [{"parts": [{"text": "a"}, {"functionCall": {"args": {"a": 1}}}]}]}),
    ("gemini", {"contents": [], "tools": [{"functionDeclarations": []}]}),
    ("converse", {"messages": [{"content": [{"text": "a"}, {"toolUse": {"input": {}}}]}]}),
    ("converse", {"messages": [], "toolConfig": {"tools": [{"toolSpec": {}}]}}),
    ("ollama", {"messages": SAID, "options": {"temperature": 0}}),
    ("embeddings", {"input": ["a", "b"]}),
    ("embeddings", {"input": [1, 2]}),
    ("generic", {"input": "a", "voice": "b"}),
    ("predict", {"instances": [{"content": "a", "task_type": "b"}], "parameters": {}}),
]


@pytest.mark.parametrize(("dialect", "body"), PLAIN)
def test_text_has_no_more_tokens_than_bytes(dialect: str, body: Any) -> None:
    said = asks(dialect, body)
    assert (said.grows, said.media, said.unpriced, said.unbounded) == (False, set(), "", "")


GROWING: list[tuple[str, Any]] = [
    ("chat", {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "a"}}]}]}),
    ("chat", {"messages": [{"content": {"type": "image_url"}}]}),
    ("chat", {"messages": [{"content": ["a", {"type": "file", "file": {"file_id": "a"}}]}]}),
    ("chat", {"messages": [{"content": [{"image_url": "a"}]}]}),
    ("chat", {"messages": [{"content": "a", "audio": {"id": "a"}}]}),
    ("chat", {"messages": [{"content": "a", "images": ["a"]}]}),
    ("chat", {"messages": [{"content": [{"type": "of tomorrow"}]}]}),
    ("chat", {"messages": SAID, "knows_of_more": "a"}),
    ("chat", {"messages": SAID, "chat_template": "{{ a }}"}),
    ("chat", {"messages": SAID, "tools": [{"type": "of tomorrow"}]}),
    ("chat", {"messages": SAID, "tools": [{"google_search": {}}]}),
    ("chat", {"messages": SAID, "web_search_options": {}}),
    ("chat", b'{"messages": [{"content": [{"type": "\\u0069mage_url"}]}]}'),
    ("responses", {"input": "a", "previous_response_id": "resp_1"}),
    ("responses", {"input": "a", "conversation": "conv_1"}),
    ("responses", {"input": "a", "prompt": {"id": "pmpt_1"}}),
    ("responses", {"input": [{"type": "item_reference", "id": "a"}]}),
    ("responses", {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
    (
        "responses",
        {"input": [{"type": "function_call_output", "output": [{"type": "input_file"}]}]},
    ),
    ("responses", {"input": "a", "tools": [{"type": "file_search"}]}),
    ("messages", {"messages": [{"content": [{"type": "image", "source": {}}]}]}),
    ("messages", {"messages": [{"content": [{"type": "document", "source": {}}]}]}),
    (
        "messages",
        {"messages": [{"content": [{"type": "tool_result", "content": [{"type": "image"}]}]}]},
    ),
    ("messages", {"messages": SAID, "system": [{"type": "image"}]}),
    ("messages", {"messages": SAID, "container": "a"}),
    ("messages", {"messages": SAID, "mcp_servers": [{"url": "a"}]}),
    ("messages", {"messages": SAID, "tools": [{"type": "bash_20250124", "name": "bash"}]}),
    ("gemini", {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png"}}]}]}),
    ("gemini", {"contents": {"parts": {"file_data": {"fileUri": "a"}}}}),
    ("gemini", {"contents": [], "cachedContent": "cachedContents/a"}),
    ("gemini", {"contents": [], "tools": [{"googleSearch": {}}]}),
    (
        "gemini",
        {
            "contents": [
                {"parts": [{"functionResponse": {"parts": [{"inlineData": {"data": "a"}}]}}]}
            ]
        },
    ),
    ("converse", {"messages": [{"content": [{"image": {}}]}]}),
    ("converse", {"messages": [{"content": [{"toolResult": {"content": [{"document": {}}]}}]}]}),
    ("converse", {"messages": [], "system": [{"of_tomorrow": {}}]}),
    ("converse", {"messages": [], "additionalModelRequestFields": {"a": 1}}),
    ("converse", {"messages": [], "promptVariables": {"a": 1}}),
    ("ollama", {"messages": [{"content": "a", "images": ["a"]}]}),
    ("ollama", {"prompt": "a", "images": ["a"]}),
    ("embeddings", {"input": [{"type": "image_url"}]}),
    ("embeddings", {"input": ["a", {"image": "b"}]}),
    ("invoke", {"prompt": "a", "images": ["a"]}),
]


@pytest.mark.parametrize(("dialect", "body"), GROWING)
def test_what_is_named_stored_or_unheard_of_may_be_as_long_as_the_context(
    dialect: str, body: Any
) -> None:
    assert asks(dialect, body).grows


@pytest.mark.parametrize(
    "piece", [b"{}", b'{"content":[]}', b'{"content":[{"type":"text"}]}', b"0"]
)
def test_more_pieces_than_are_looked_into_may_hold_anything(piece: bytes) -> None:
    body = b'{"messages":[' + b",".join([piece] * 5_000) + b"]}"
    assert asks("chat", body).grows
    few = b'{"messages":[' + b",".join([piece] * 5) + b"]}"
    assert asks("chat", few).grows is (piece in (b"0", b'{"content":[{}]}'))


def test_a_text_that_is_too_large_to_be_looked_into_may_hold_anything() -> None:
    assert asks("chat", {"messages": [{"content": "a" * 1_600_000}]}).grows
    assert not asks("chat", {"messages": [{"content": "a" * 600_000}]}).grows


def test_numbers_behind_what_is_too_large_are_read() -> None:
    said = asks("chat", {"messages": [{"content": "a" * 1_600_000}], "max_tokens": 7, "n": 2})
    assert (said.max_output, said.choices, said.is_open, said.unbounded) == (7, 2, False, "")


def test_deep_results_of_tools_are_not_followed_for_ever() -> None:
    inner: Any = "a"
    for _ in range(50):
        inner = [{"type": "tool_result", "content": inner}]
    assert asks("messages", {"messages": [{"content": inner}]}).grows


@pytest.mark.parametrize(
    ("dialect", "tools", "more", "searches", "priced"),
    [
        ("responses", [{"type": "web_search"}], {"max_tool_calls": 3}, 3, True),
        ("responses", [{"type": "web_search"}], {}, 0, False),
        ("messages", [{"type": "web_search_20250305", "max_uses": 2}], {}, 2, True),
        ("messages", [{"type": "web_search_20250305"}], {}, 0, False),
        ("messages", [{"type": "web_fetch_20250910"}], {}, 0, True),
        ("messages", [{"type": "code_execution_20250825"}], {}, 0, False),
        ("responses", [{"type": "image_generation"}], {"max_tool_calls": 3}, 0, False),
        ("responses", [{"type": "mcp"}], {}, 0, True),
    ],
)
def test_hosted_tools_have_a_price_where_their_calls_are_bounded(
    dialect: str, tools: Any, more: Any, searches: int, priced: bool
) -> None:
    said = asks(dialect, {"tools": tools, **more})
    assert said.grows
    assert (said.searches, not said.unpriced) == (searches, priced)


def test_audio_and_terms_are_seen() -> None:
    said = asks("chat", {"modalities": ["text", "audio"], "service_tier": "Priority"})
    assert (said.speaks, said.tiers) == (True, {"priority"})
    said = asks("chat", {"messages": [{"content": [{"type": "input_audio"}]}]})
    assert said.media == {"audio"}
    said = asks("messages", {"speed": "fast", "inference_geo": "us"})
    assert (said.speeds, said.geos) == ({"fast"}, {"us"})
    said = asks("converse", {"performanceConfig": {"latency": "optimized"}})
    assert (said.speeds, said.grows) == ({"optimized"}, False)
    assert asks("gemini", {"generationConfig": {"responseModalities": ["AUDIO"]}}).speaks
    assert asks("chat", {"prediction": {"type": "content"}}).predicted


@pytest.mark.parametrize(
    ("body", "caches", "hour"),
    [
        ({"system": "a"}, False, False),
        ({"system": [{"type": "text", "cache_control": {"type": "ephemeral"}}]}, True, False),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, True, True),
        (b'{"system": [{"type": "text", "\\u0063ache_control": {}}]}', True, True),
    ],
)
def test_a_cache_is_written_where_the_client_asks_it(body: Any, caches: bool, hour: bool) -> None:
    said = asks("messages", body)
    assert (said.caches, said.caches_for_an_hour) == (caches, hour)


def test_vectors_have_no_answer_in_tokens() -> None:
    assert not asks("embeddings", {"input": "a"}).answers
    pattern = "/v1beta/models/{model}:batchEmbedContents"
    said = asks("gemini", {"requests": [{"content": {"parts": [{"text": "a"}]}}]}, pattern)
    assert (said.answers, said.grows) == (False, False)
    body = {"content": {"parts": [{"inlineData": {"data": ""}}]}}
    assert asks("gemini", body, "/v1beta/models/{model}:embedContent").grows


def test_a_form_has_files() -> None:
    parts = [Part(b"model", False, b"gpt-4o-transcribe", 17), Part(b"n", False, b"4", 1)]
    said = forms.of_form(parts)
    assert (said.grows, said.choices, "audio" in said.media) == (True, 4, True)


def test_a_body_with_too_many_members_bounds_nothing() -> None:
    body = {str(number): 1 for number in range(1_000)}
    assert asks("chat", body).unbounded
    assert asks("chat", b"[1]").unbounded
