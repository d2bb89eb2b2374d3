"""What of usage is read from the answers of each provider, and from the odd ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.usage.accumulator import Usage, UsageAccumulator, recorded
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.meter import meter_for
from tests.proxy.usage.test_readers import plain, sse, streamed

ANSWERS: dict[str, tuple[dict[str, Any], Usage]] = {
    "Anthropic's, written for five minutes": (
        {
            "usage": {
                "input_tokens": 5, "cache_read_input_tokens": 50_000, "output_tokens": 500,
                "cache_creation_input_tokens": 10_000, "service_tier": "standard",
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 10_000, "ephemeral_1h_input_tokens": 0,
                },
                "server_tool_use": {"web_search_requests": 2},
                "inference_geo": "us", "speed": "fast",
            }
        },
        Usage(
            60_005, 500, 50_000, 0, cache_write=10_000, cache_write_1h=0, web_searches=2,
            service_tier="standard", inference_geo="us", speed="fast",
        ),
    ),
    "Anthropic's, by their kinds alone": (
        {
            "usage": {
                "input_tokens": 5, "output_tokens": 1,
                "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 7},
            }
        },
        Usage(42, 1, 0, 0, cache_write=37, cache_write_1h=7),
    ),
    "OpenAI's with audio": (
        {
            "service_tier": "flex",
            "usage": {
                "prompt_tokens": 40, "completion_tokens": 30, "total_tokens": 70,
                "prompt_tokens_details": {
                    "cached_tokens": 8, "audio_tokens": 20, "image_tokens": 6,
                    "cache_write_tokens": 4,
                    "cached_tokens_details": {"audio_tokens": 3, "image_tokens": 2},
                },
                "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 20},
            },
        },
        Usage(
            40, 30, 8, 5, cache_write=4, audio_input=20, audio_output=20, image_input=6,
            service_tier="flex", cached_audio=3, cached_image=2,
        ),
    ),
    "images": (
        {
            "data": [{"b64_json": "AAAA"}],
            "usage": {
                "total_tokens": 100, "input_tokens": 50, "output_tokens": 50,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
                "output_tokens_details": {"image_tokens": 50, "text_tokens": 0},
            },
        },
        Usage(50, 50, 0, 0, image_input=40, image_output=50),
    ),
    "a transcription, by the token": (
        {
            "text": "hi",
            "usage": {
                "type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59,
                "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
            },
        },
        Usage(14, 45, 0, 0, audio_input=14),
    ),
    "a transcription, by the second": (
        {"text": "hi", "usage": {"type": "duration", "seconds": 9}},
        Usage(None, None, None, None, audio_seconds=9),
    ),
    "Mistral's seconds": (
        {"usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_audio_seconds": 11}},
        Usage(3, 2, 0, 0, audio_seconds=11),
    ),
    "DeepSeek's": (
        {
            "usage": {
                "prompt_tokens": 10_000, "completion_tokens": 5,
                "prompt_cache_hit_tokens": 9_000, "prompt_cache_miss_tokens": 1_000,
            }
        },
        Usage(10_000, 5, 9_000, 0),
    ),
    "Moonshot's": (
        {"usage": {"prompt_tokens": 9, "completion_tokens": 5, "cached_tokens": 4}},
        Usage(9, 5, 4, 0),
    ),
    "xAI's, whose completion leaves reasoning out": (
        {
            "usage": {
                "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 21,
                "completion_tokens_details": {"reasoning_tokens": 7},
                "server_side_tool_usage_details": {"web_search_calls": 1, "x_search_calls": 2},
            }
        },
        Usage(9, 12, 0, 7, web_searches=1, tools=frozenset({"x_search"})),
    ),
    "OpenAI's, whose completion includes it": (
        {
            "usage": {
                "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21,
                "completion_tokens_details": {"reasoning_tokens": 7},
            }
        },
        Usage(9, 12, 0, 7),
    ),
    "Perplexity's": (
        {
            "usage": {
                "prompt_tokens": 9, "completion_tokens": 5, "num_search_queries": 3,
                "citation_tokens": 100, "reasoning_tokens": 2,
            }
        },
        Usage(9, 5, 0, 2, web_searches=3, tools=frozenset({"citation_tokens"})),
    ),
    "in a choice": (
        {"choices": [{"index": 0}, {"usage": {"prompt_tokens": 9, "completion_tokens": 5}}]},
        Usage(9, 5, 0, 0),
    ),
    "a response that searched, and opened what it found": (
        {
            "output": [
                {"type": "web_search_call", "action": {"type": "search", "query": "a"}},
                {"type": "web_search_call", "action": {"type": "open_page", "url": "b"}},
                {"type": "file_search_call", "results": None},
                {"type": "message", "content": [{"text": '"type": "mcp_call"'}]},
            ],
            "usage": {"input_tokens": 9, "output_tokens": 5, "input_tokens_details": {}},
        },
        Usage(9, 5, 0, 0, web_searches=1, tools=frozenset({"file_search"})),
    ),
    "a fraction": (
        {"usage": {"prompt_tokens": 12.5, "completion_tokens": 9}},
        Usage(None, 9, 0, 0, lost=frozenset({"prompt"})),
    ),
    "whole floats": (
        {"usage": {"prompt_tokens": 19.0, "completion_tokens": 9.0}},
        Usage(19, 9, 0, 0),
    ),
    "details as PHP writes none": (
        {
            "usage": {
                "prompt_tokens": 19, "completion_tokens": 9,
                "prompt_tokens_details": [], "completion_tokens_details": [],
            }
        },
        Usage(19, 9, 0, 0),
    ),
    "details of another form": (
        {"usage": {"prompt_tokens": 19, "completion_tokens": 9, "prompt_tokens_details": [1]}},
        Usage(19, 9, None, 0, lost=frozenset({"cached"})),
    ),
    "a tier that is none": (
        {"service_tier": 5, "usage": {"prompt_tokens": 19, "completion_tokens": 9}},
        Usage(19, 9, 0, 0, lost=frozenset({"service_tier"})),
    ),
    "a cache of which not all is known": (
        {"usage": {"input_tokens": 5, "output_tokens": 9, "cache_read_input_tokens": "7"}},
        Usage(None, 9, None, 0, lost=frozenset({"cached", "prompt"})),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "usage"), ANSWERS.values(), ids=ANSWERS)
def test_plain_answers(answer: dict[str, Any], usage: Usage) -> None:
    read = plain(json.dumps({"model": "m", **answer}).encode())
    assert (read.usage, read.exact) == (usage, True)


@pytest.mark.parametrize(("answer", "usage"), ANSWERS.values(), ids=ANSWERS)
def test_the_same_in_a_stream(answer: dict[str, Any], usage: Usage) -> None:
    stream = sse({"type": "response.completed", "response": answer})
    assert streamed(stream).usage == usage
    if "output" not in answer:
        assert streamed(sse(answer)).usage == usage


def test_a_large_answer_in_which_hosted_tools_may_have_been_used_says_so() -> None:
    answer = {"usage": {"input_tokens": 9, "output_tokens": 5}, "output": ["x" * 300_000]}
    with_tools = answer | {"tools": [{"type": "function"}, {"type": "web_search"}]}
    for said, tools in ((answer, set()), (with_tools, {"unknown"})):
        read = plain(json.dumps(said).encode())
        assert read.usage is not None
        assert read.usage.tools == tools


def test_what_is_reported_again_is_not_lost() -> None:
    accumulated = UsageAccumulator()
    reader = JsonUsageReader(accumulated)
    reader.relay(b'{"usage": {"prompt_tokens": 0.5, "completion_tokens": 9}}')
    reader.end()
    again = JsonUsageReader(accumulated)
    again.relay(b'{"usage": {"prompt_tokens": 7}}')
    again.end()
    assert accumulated.usage == Usage(7, 9, 0, 0)


def test_the_usage_is_kept_as_it_came_for_costs_that_the_upstream_states() -> None:
    stream = sse({"choices": [], "usage": {"prompt_tokens": 1, "cost": 0.014}})
    assert streamed(stream).raw == b'{"prompt_tokens": 1, "cost": 0.014}'
    assert plain(b'{"usage":{"prompt_tokens":1,"cost":2}}').raw == b'{"prompt_tokens":1,"cost":2}'


GROQ = sse(
    {"choices": [{"delta": {"content": "a"}}]},
    {
        "choices": [{"delta": {}, "finish_reason": "stop"}],
        "x_groq": {"usage": {"prompt_tokens": 4, "completion_tokens": 2}},
    },
    b"[DONE]",
)
MOONSHOT = sse(
    {"choices": [{"delta": {"content": "a"}}]},
    {
        "choices": [
            {
                "delta": {},
                "finish_reason": "stop",
                "usage": {"prompt_tokens": 4, "completion_tokens": 2},
            }
        ]
    },
    b"[DONE]",
)


@pytest.mark.parametrize("stream", [GROQ, MOONSHOT], ids=["Groq", "Moonshot"])
def test_usage_that_stands_elsewhere_in_a_stream(stream: bytes) -> None:
    read = streamed(stream)
    assert (read.usage, read.exact) == (Usage(4, 2, 0, 0), True)


def test_zeros_in_every_chunk_are_no_report() -> None:
    """LiteLLM's, in the stream of completions that was not asked for its usage."""
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    chunks = [{"choices": [{"text": "a", "finish_reason": None}], "usage": zeros}] * 3
    read = streamed(sse(*chunks, b"[DONE]"))
    assert (read.usage, read.exact) == (None, False)
    assert recorded(read, counted=True) == ("unknown", None)


START = {
    "type": "message_start",
    "message": {"model": "c", "usage": {"input_tokens": 12, "output_tokens": 1}},
}


@pytest.mark.parametrize(
    "rest",
    [[], [{"type": "error", "error": {"type": "overloaded_error"}}], [{"type": "content_block"}]],
    ids=["just ends", "fails", "goes on and ends"],
)
def test_a_placeholder_is_never_exact(rest: list[dict[str, Any]]) -> None:
    assert not streamed(sse(START, *rest)).exact


def test_a_refusal_that_states_usage_keeps_it() -> None:
    meter = meter_for([(b"content-type", b"application/json")], asked_for_usage=True, status=500)
    meter.relay(b'{"error": {"message": "no"}, "usage": {"prompt_tokens": 3}}')
    meter.end()
    assert recorded(meter.accumulated, counted=True) == ("exact", Usage(3, 0, 0, 0))


IMAGE = b"A" * (8 * 1024 * 1024)


@pytest.mark.parametrize("withhold", [True, False])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_terminal_event_of_megabytes_is_read_in_bounded_memory(
    withhold: bool, end: bytes
) -> None:
    meter = meter_for([(b"content-type", b"text/event-stream")], asked_for_usage=withhold)
    usage = {
        "input_tokens": 64, "input_tokens_details": {"cached_tokens": 32}, "output_tokens": 1500,
    }  # fmt: skip
    before = b'event: response.completed%bdata: {"type":"response.completed","response":{' % end
    after = b'"}],"model":"m","usage":%b}}' % json.dumps(usage).encode()
    stream = before + b'"output":[{"result":"' + IMAGE + after + 2 * end
    stream += sse({"type": "x"}, end=end)
    passed = most = 0
    for start in range(0, len(stream), 65_536):
        passed += len(meter.relay(stream[start : start + 65_536]))
        while meter.behind:
            passed += len(meter.catch_up())
        most = max(most, start + 65_536 - passed)
        assert _kept_by(meter) < 1024 * 1024
    assert passed + len(meter.end()) == len(stream)
    assert most < 512 * 1024
    assert meter.usage == Usage(64, 1500, 32, 0)
    assert meter.exact
    assert meter.terminal_seen
    assert meter.model == "m"


def _kept_by(meter: Any) -> int:
    """Bytes that the reader of a stream holds."""
    reader = meter._reader
    large = [one for one in (reader._passing, reader._large and reader._large[0]) if one]
    held: int = sum(len(one._unread) + len(one._carry) for one in large)
    return held + int(reader._buffer.pending + len(reader._last) + len(reader._stretch.data))
