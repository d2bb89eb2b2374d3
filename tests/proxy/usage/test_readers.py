"""Usage of every dialect, plain and streamed, honest and hostile."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.decoding.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT
from proxy.usage.accumulator import Usage, UsageAccumulator
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.sse_usage import EVENT_MAX_BYTES, EVENTS_PER_TURN, SseUsageReader


def counts(usage: Usage | None) -> Usage | None:
    """The four numbers that most answers have."""
    return None if usage is None else Usage(*usage[:4])


def plain(body: bytes, *, size: int = 1 << 20) -> UsageAccumulator:
    """What is read of a plain answer that comes in pieces of this size."""
    reader = JsonUsageReader()
    for start in range(0, len(body), size):
        reader.relay(body[start : start + size])
    reader.end()
    return reader.accumulated


def streamed(stream: bytes, *, size: int = 1 << 20) -> UsageAccumulator:
    reader = SseUsageReader()
    for start in range(0, len(stream), size):
        reader.relay(stream[start : start + size])
    reader.end()
    return reader.accumulated


def sse(*events: Any, end: bytes = b"\n") -> bytes:
    """Events as OpenAI sends them."""
    texts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
    return b"".join(b"data: " + text + end + end for text in texts)


CHAT_USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 12, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 4, "accepted_prediction_tokens": 0},
}
RESPONSES_USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 10},
    "output_tokens": 8,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 38,
}
ANTHROPIC_USAGE = {
    "input_tokens": 7,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 50,
    "output_tokens": 12,
    "service_tier": "standard",
    "server_tool_use": None,
}

PLAIN: dict[str, tuple[dict[str, Any], Usage | None]] = {
    "chat": ({"choices": [{"message": {}}], "usage": CHAT_USAGE}, Usage(20, 9, 12, 4)),
    "completions": (
        {"choices": [{"text": "x"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        Usage(3, 2, 0, 0),
    ),
    "embeddings": (
        {"data": [{"embedding": [0.1, -2e-5]}], "usage": {"prompt_tokens": 5, "total_tokens": 5}},
        Usage(5, 0, 0, 0),
    ),
    "responses": ({"output": [], "usage": RESPONSES_USAGE}, Usage(30, 8, 10, 5)),
    "messages": ({"type": "message", "usage": ANTHROPIC_USAGE}, Usage(157, 12, 50, 0)),
    "generic": (
        # A transcription.
        {"text": "hi", "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 45}},
        Usage(14, 45, 0, 0),
    ),
    "free": (
        # A moderation, of a server that reports what it used.
        {"results": [], "usage": {"prompt_tokens": 6, "total_tokens": 6}},
        Usage(6, 0, 0, 0),
    ),
    "transcription by the second": (
        {"usage": {"type": "duration", "seconds": 9}},
        Usage(None, None, None, None),
    ),
    "OpenAI's form with Anthropic's cache": (
        {"usage": {**CHAT_USAGE, "cache_read_input_tokens": 12, "cache_creation_input_tokens": 3}},
        Usage(20, 9, 12, 4),
    ),
    "details that are null": (
        {"usage": {**CHAT_USAGE, "prompt_tokens_details": None, "completion_tokens_details": {}}},
        Usage(20, 9, 0, 0),
    ),
    "no usage": ({"choices": []}, None),
    "usage null": ({"usage": None}, None),
    "usage empty": ({"usage": {}}, None),
}


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
@pytest.mark.parametrize(("answer", "usage"), PLAIN.values(), ids=PLAIN)
def test_plain_answers(answer: dict[str, Any], usage: Usage | None, size: int) -> None:
    read = plain(json.dumps({"model": "gpt-4o", **answer}).encode(), size=size)
    assert (read.model, counts(read.usage), read.exact) == (
        "gpt-4o",
        usage,
        usage is not None,
    )


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize(("answer", "usage"), PLAIN.values(), ids=PLAIN)
def test_a_large_answer_says_the_same_as_a_small_one(
    answer: dict[str, Any], usage: Usage | None, position: str
) -> None:
    decoy = {"usage": {"prompt_tokens": 999}, "text": '{"usage":\\' * 99, "n": [1, 2]}
    padding = {"padding": [decoy, "x" * JsonUsageReader.KEEP_BYTES, decoy]}
    parts = [padding, {"model": "gpt-4o", **answer}]
    first, second = parts if position == "before" else reversed(parts)
    large = json.dumps({**first, **second}).encode()
    assert len(large) > JsonUsageReader.KEEP_BYTES
    for size in (1 << 20, 65_521, 977):
        read = plain(large, size=size)
        assert (read.model, counts(read.usage)) == ("gpt-4o", usage)


def test_an_answer_that_did_not_end_says_nothing() -> None:
    reader = JsonUsageReader()
    reader.relay(json.dumps({"usage": CHAT_USAGE}).encode())
    assert (counts(reader.accumulated.usage), reader.accumulated.exact) == (None, False)


@pytest.mark.parametrize("padding", [9, JsonUsageReader.KEEP_BYTES], ids=["small", "large"])
def test_a_json_answer_that_is_cut_within_its_text_is_not_exact(padding: int) -> None:
    """However cleanly the transfer of it ended: what it would have said next is not known."""
    answer = json.dumps({"model": "m", "usage": CHAT_USAGE, "padding": ["x" * padding]}).encode()
    assert plain(answer).exact
    assert not plain(answer[:-1]).exact


# Streams

CHAT_STREAM = (
    {"model": "gpt-4o-2024", "choices": [{"delta": {"content": "a"}}], "usage": None},
    {"model": "gpt-4o-2024", "choices": [{"delta": {}, "finish_reason": "stop"}], "usage": None},
    {"model": "gpt-4o-2024", "choices": [], "usage": CHAT_USAGE},
    b"[DONE]",
)
ANTHROPIC_START = {
    "type": "message_start",
    "message": {"model": "claude-x", "usage": {**ANTHROPIC_USAGE, "output_tokens": 1}},
}

STREAMS: dict[str, tuple[bytes, str, Usage]] = {
    "completions": (
        sse(
            {"model": "m", "choices": [{"text": "a"}], "usage": None},
            {"model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
            b"[DONE]",
        ),
        "m",
        Usage(3, 2, 0, 0),
    ),
    "chat": (sse(*CHAT_STREAM), "gpt-4o-2024", Usage(20, 9, 12, 4)),
    "chat with CRLF": (sse(*CHAT_STREAM, end=b"\r\n"), "gpt-4o-2024", Usage(20, 9, 12, 4)),
    "chat with CR": (sse(*CHAT_STREAM, end=b"\r"), "gpt-4o-2024", Usage(20, 9, 12, 4)),
    "chat with a byte order mark": (
        b"\xef\xbb\xbf" + sse(*CHAT_STREAM[2:]),
        "gpt-4o-2024",
        Usage(20, 9, 12, 4),
    ),
    "chat whose last blank line is missing": (
        sse(*CHAT_STREAM[:3])[:-1],
        "gpt-4o-2024",
        Usage(20, 9, 12, 4),
    ),
    "usage beside choices": (
        sse(
            {
                "model": "m",
                "choices": [{"delta": {"content": "a"}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 2},
            }
        ),
        "m",
        Usage(1, 2, 0, 0),
    ),
    "usage that grows": (
        sse(
            *[
                {
                    "model": "m",
                    "choices": [{"delta": {"content": "a"}}],
                    "usage": {"prompt_tokens": 5, "completion_tokens": n},
                }
                for n in range(4)
            ]
        ),
        "m",
        Usage(5, 3, 0, 0),
    ),
    "data over two lines": (
        b'data: {"model":"m","usage":\ndata: {"prompt_tokens":1,"completion_tokens":2}}\n\n',
        "m",
        Usage(1, 2, 0, 0),
    ),
    "responses, completed": (
        sse(
            {"type": "response.created", "response": {"model": "gpt-5", "usage": None}},
            {"type": "response.output_text.delta", "delta": '"usage":{"input_tokens":999}'},
            {
                "type": "response.completed",
                "response": {"model": "gpt-5", "usage": RESPONSES_USAGE},
            },
        ),
        "gpt-5",
        Usage(30, 8, 10, 5),
    ),
    "responses, incomplete": (
        sse(
            {
                "type": "response.incomplete",
                "response": {"model": "gpt-5", "usage": RESPONSES_USAGE},
            }
        ),
        "gpt-5",
        Usage(30, 8, 10, 5),
    ),
    "messages": (
        sse(
            ANTHROPIC_START,
            {"type": "content_block_delta", "delta": {"text": "x"}},
            {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 34}},
            {"type": "message_stop"},
        ),
        "claude-x",
        Usage(157, 34, 50, 0),
    ),
    "messages whose delta repeats the input alone": (
        sse(
            ANTHROPIC_START,
            {"type": "message_delta", "usage": {"input_tokens": 7, "output_tokens": 34}},
        ),
        "claude-x",
        Usage(157, 34, 50, 0),
    ),
    "messages whose delta has it all": (
        sse(ANTHROPIC_START, {"type": "message_delta", "usage": ANTHROPIC_USAGE}),
        "claude-x",
        Usage(157, 12, 50, 0),
    ),
}


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(("stream", "model", "usage"), STREAMS.values(), ids=STREAMS)
def test_streams(stream: bytes, model: str, usage: Usage, size: int) -> None:
    read = streamed(stream, size=size)
    assert (read.model, counts(read.usage), read.exact) == (model, usage, True)


@pytest.mark.parametrize(
    ("stream", "final"),
    [
        (sse(*CHAT_STREAM[:2]), False),
        (sse(*CHAT_STREAM[:3]), True),
        (sse(ANTHROPIC_START), False),
        (sse(ANTHROPIC_START, {"type": "message_stop"}), True),
        (sse(ANTHROPIC_START, {"type": "message_delta", "usage": {"output_tokens": 3}}), True),
        (
            sse(
                {
                    "choices": [{"delta": {"content": "a"}}],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
                }
            ),
            False,
        ),
        (STREAMS["responses, completed"][0], True),
    ],
)
def test_a_stream_that_is_cut_is_final_once_the_last_word_was_spoken(
    stream: bytes, final: bool
) -> None:
    reader = SseUsageReader()
    reader.relay(stream)
    assert reader.accumulated.exact is final


FAILED: dict[str, bytes] = {
    "OpenAI's": sse({"error": {"message": "The server had an error.", "code": "1302"}}),
    "OpenAI's as a text": sse({"error": "overloaded"}),
    "OpenAI's for responses": sse({"type": "error", "code": "server_error", "message": "Sorry."}),
    "Anthropic's": b"event: error\n"
    + sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "by the event's name alone": b"event: error\ndata: overloaded\n\n",
    "by its name, with CRLF": b"event:error\r\ndata: {}\r\n\r\n",
    "a response": sse({"type": "response.failed", "response": {"error": {"code": "x"}}}),
}


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("failure", FAILED.values(), ids=FAILED)
def test_usage_of_a_stream_that_failed_is_not_exact(failure: bytes, order: str, size: int) -> None:
    reported = sse(*CHAT_STREAM[:3])
    stream = failure + reported if order == "before" else reported + failure
    read = streamed(stream + sse(b"[DONE]"), size=size)
    assert (counts(read.usage), read.exact, read.failed) == (
        Usage(20, 9, 12, 4),
        False,
        True,
    )


@pytest.mark.parametrize(
    "event",
    [
        {"error": None, "choices": [{"delta": {"content": "error"}}]},
        {"type": "response.created", "response": {"error": None, "status": "in_progress"}},
        {"choices": [{"delta": {"content": 'an "error": {}'}}]},
        b"event: error",
    ],
)
def test_a_stream_that_speaks_of_errors_has_not_failed(event: Any) -> None:
    read = streamed(sse(event, *CHAT_STREAM))
    assert (read.exact, read.failed) == (True, False)


@pytest.mark.parametrize("clean", [True, False])
def test_messages_without_their_last_word_are_unknown_however_they_end(clean: bool) -> None:
    reader = SseUsageReader()
    reader.relay(sse(ANTHROPIC_START, {"type": "content_block_delta", "delta": {"text": "x"}}))
    if clean:
        reader.end()
    assert (counts(reader.accumulated.usage), reader.accumulated.exact) == (
        Usage(157, 1, 50, 0),
        False,
    )


DENSE: dict[str, bytes] = {
    "blank lines": b"\n",
    "blank lines with CRLF": b"\r\n",
    "comments": b": x\n\n",
    "events without data": b"id: 1\n\n",
    "empty data": b"data:\n\n",
    "deltas": b'data: {"choices":[]}\n\n',
}


@pytest.mark.parametrize("withhold", [True, False])
@pytest.mark.parametrize("event", DENSE.values(), ids=DENSE)
def test_events_that_say_nothing_are_never_taken_apart(
    event: bytes, withhold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, looked = SseUsageReader(withhold=withhold), []
    monkeypatch.setattr(SseUsageReader, "_read", lambda _, event: looked.append(event))
    stream = event * (256 * 1024 // len(event))
    passed = reader.relay(stream)
    assert passed + reader._buffer.rest() == stream if withhold else passed == stream
    assert (looked, reader.behind) == ([], False)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("withhold", [True, False])
def test_a_turn_takes_apart_so_many_events_and_the_rest_in_later_ones(
    withhold: bool, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What passes, and what is counted, is the same as if all had been done at once."""
    growing = [
        {
            "model": "m",
            "choices": [{"delta": {"content": "a"}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": n},
        }
        for n in range(1000)
    ]
    only = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1000}}
    stream = sse(*growing, only, end=end)
    looked: list[bytes] = []
    read = SseUsageReader._read

    def look(reader: SseUsageReader, event: bytes) -> bool:
        looked.append(event)
        return read(reader, event)

    monkeypatch.setattr(SseUsageReader, "_read", look)
    reader = SseUsageReader(withhold=withhold)
    passed, turns = reader.relay(stream + sse(b"[DONE]", end=end) + b": x"), 1
    while reader.behind:
        assert len(looked) <= EVENTS_PER_TURN
        looked.clear()
        passed += reader.catch_up()
        turns += 1
    assert turns >= 1001 // EVENTS_PER_TURN
    passed += reader.end()
    kept = sse(*growing, end=end) if withhold else stream
    assert passed == kept + sse(b"[DONE]", end=end) + b": x"
    assert (counts(reader.accumulated.usage), reader.accumulated.exact) == (
        Usage(1, 1000, 0, 0),
        True,
    )


@pytest.mark.parametrize("withhold", [True, False])
@pytest.mark.parametrize(("stream", "model", "usage"), STREAMS.values(), ids=STREAMS)
def test_a_large_event_says_the_same_as_a_small_one(
    stream: bytes, model: str, usage: Usage, withhold: bool
) -> None:
    image = b'"image":["%b",{"usage":{"prompt_tokens":999}}],' % (b"x" * EVENT_MAX_BYTES)
    for begin in (b'data: {"', b'"response": {"', b'"message": {"'):
        # Its second line is no beginning of an object of the event's own.
        times = 1 if b'"usage":\ndata' in stream else -1
        large = stream.replace(begin, begin[:-1] + image + begin[-1:], times)
        reader = SseUsageReader(withhold=withhold)
        passed = reader.relay(large)
        while reader.behind:
            passed += reader.catch_up()
        passed += reader.end()
        assert (
            reader.accumulated.model,
            counts(reader.accumulated.usage),
            reader.accumulated.exact,
        ) == (
            model,
            usage,
            True,
        )
        assert passed == large or withhold


def test_a_large_event_is_scanned_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    feed = TopLevelScanner.feed

    def scan(scanner: TopLevelScanner, data: bytes) -> None:
        nonlocal steps
        before = scanner.steps
        feed(scanner, data)
        steps += scanner.steps - before

    monkeypatch.setattr(TopLevelScanner, "feed", scan)
    quotes = b'{"output":[' + b'"",' * 900_000 + b'""],"usage":{"input_tokens":5}}'
    reader = SseUsageReader()
    reader.relay(b'data: {"type":"response.completed","response":' + quotes + b"}\n\n")
    turns = 0
    while reader.behind:
        steps = 0
        reader.catch_up()
        turns += 1
        assert steps < 2000
    assert turns > 50
    assert counts(reader.accumulated.usage) == Usage(5, 0, 0, 0)


def test_a_large_answer_is_scanned_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[int] = []
    feed = TopLevelScanner.feed

    def scan(scanner: TopLevelScanner, data: bytes) -> None:
        fed.append(len(data))
        feed(scanner, data)

    monkeypatch.setattr(TopLevelScanner, "feed", scan)
    reader = JsonUsageReader()
    quotes = b'"",' * 300_000
    reader.relay(b'{"x":[' + quotes + b'""],"usage":{"prompt_tokens":4}}')
    turns = 1
    while reader.behind:
        fed.clear()
        reader.catch_up()
        turns += 1
        # All of it is quotes and commas, and each costs as much as many other bytes.
        assert sum(fed) <= TURN_WEIGHT // 32 + PART_BYTES
    assert turns > len(quotes) // (TURN_WEIGHT // 32 + PART_BYTES)
    reader.end()
    assert counts(reader.accumulated.usage) == Usage(4, 0, 0, 0)


def test_an_event_without_end_is_not_kept_and_what_follows_is_read() -> None:
    reader = SseUsageReader()
    piece = b"x" * (EVENT_MAX_BYTES // 8)
    assert reader.relay(b"data: " + piece) == b"data: " + piece
    for _ in range(24):
        assert reader.relay(piece) == piece
        assert reader._buffer.pending <= EVENT_MAX_BYTES
    reader.relay(b"\n\n" + sse(*CHAT_STREAM))
    assert reader.end() == b""
    assert (counts(reader.accumulated.usage), reader.accumulated.exact) == (
        counts(streamed(sse(*CHAT_STREAM)).usage),
        True,
    )
    assert reader.accumulated.usage is not None


# Hostile

DEEP = b"[" * 100_000 + b"]" * 100_000
HOSTILE: dict[str, tuple[bytes, Usage | None]] = {
    "texts": (
        b'{"prompt_tokens":"20","completion_tokens":9}',
        Usage(None, 9, 0, 0),
    ),
    "a text with digits behind": (b'{"prompt_tokens":"2","x":1}', None),
    "a fraction": (
        b'{"prompt_tokens":1.5,"completion_tokens":9}',
        Usage(None, 9, 0, 0),
    ),
    "an exponent": (b'{"prompt_tokens":1e400}', None),
    "NaN": (b'{"prompt_tokens":NaN}', None),
    "true": (b'{"prompt_tokens":true}', None),
    "a list": (b'[{"prompt_tokens":1}]', None),
    "nested": (b'{"prompt_tokens":{"prompt_tokens":1}}', None),
    "nested too deep": (b'{"prompt_tokens":1,"x":' + DEEP + b"}", None),
    "negative": (b'{"prompt_tokens":-5,"completion_tokens":9}', Usage(None, 9, 0, 0)),
    "all negative": (b'{"prompt_tokens":-5,"completion_tokens":-1}', None),
    "huge": (b'{"prompt_tokens":%s,"completion_tokens":9}' % (b"9" * 40), Usage(None, 9, 0, 0)),
    "too many digits": (b'{"prompt_tokens":%s}' % (b"9" * 5000), None),
    "the largest": (
        b'{"prompt_tokens":9007199254740992,"completion_tokens":9007199254740992.0}',
        Usage(2**53, 2**53, 0, 0),
    ),
    "just too large": (
        b'{"prompt_tokens":9007199254740993,"completion_tokens":0}',
        Usage(None, 0, 0, 0),
    ),
    "twice": (b'{"prompt_tokens":1,"prompt_tokens":2,"completion_tokens":3}', Usage(2, 3, 0, 0)),
    "negative details": (
        b'{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":-1}}',
        Usage(1, 0, None, 0),
    ),
    "a lone surrogate": (b'{"prompt_tokens":1,"note":"\\ud800"}', Usage(1, 0, 0, 0)),
    "invalid UTF-8": (b'{"prompt_tokens":1,"note":"\xff\xfe"}', Usage(1, 0, 0, 0)),
    "NUL": (b'{"prompt_tokens":1,"note":"\\u0000"}', Usage(1, 0, 0, 0)),
}


@pytest.mark.parametrize(("reported", "usage"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_reports_are_unknown_or_clean(reported: bytes, usage: Usage | None) -> None:
    body = b'{"choices":[{"text":"a"}],"usage":' + reported + b"}"
    assert counts(plain(body).usage) == usage
    assert counts(streamed(b"data: " + body + b"\n\n").usage) == usage
    large = b'{"x":"' + b"y" * JsonUsageReader.KEEP_BYTES + b'",' + body[1:]
    # Nesting beyond what a value may weigh is not collected at all.
    assert counts(plain(large, size=65_536).usage) == usage


@pytest.mark.parametrize(
    "model",
    [b'"\\ud800"', b'"\xff"', b"5", b"null", b"[]", b'"a\\u0000b"', b'"' + b"m" * 99 + b'"'],
)
def test_a_strange_model_breaks_nothing(model: bytes) -> None:
    body = b'{"model":' + model + b',"choices":[{"text":"a"}],"usage":{"prompt_tokens":1}}'
    for read in (plain(body), streamed(b"data: " + body + b"\n\n")):
        assert read.model is None or read.model.encode()


WORDS = b"""
    "usage" "model" "prompt_tokens" "choices":[] "response" : , { } [ ] " \\ \\ud800 1 -1 null data:
"""
FRAGMENTS = st.sampled_from([*WORDS.split(), b"\n", b"\r", b"\n\n", b"\xff", b" "])
READERS: list[Callable[[], JsonUsageReader | SseUsageReader]] = [
    JsonUsageReader,
    SseUsageReader,
    lambda: SseUsageReader(withhold=True),
]


@given(st.sampled_from(READERS), st.lists(st.one_of(FRAGMENTS, st.binary(max_size=9)), max_size=60))
@example(READERS[0], [b'{"usage":', b"[" * 200_000])
@settings(max_examples=400, deadline=None)
def test_arbitrary_bytes_break_nothing(
    reader_of: Callable[[], JsonUsageReader | SseUsageReader], pieces: list[bytes]
) -> None:
    reader = reader_of()
    for piece in pieces:
        reader.relay(piece)
    reader.end()
    usage = counts(reader.accumulated.usage)
    assert usage is None or all(0 <= count < 1 << 55 for count in usage if isinstance(count, int))
