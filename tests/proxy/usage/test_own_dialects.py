"""Usage in dialects of their own, in every form and cut anywhere, honest and hostile."""

from __future__ import annotations

import gzip
import json
import sys
from types import FrameType
from typing import Any

import pytest

from fake_upstream.frames import chunk, frame
from proxy.headers import RawHeaders
from proxy.usage.accumulator import Usage
from proxy.usage.json_documents import KEPT_BYTES
from proxy.usage.meter import Meter, meter_for
from tests.proxy.usage.own_answers import (
    CLAUDE,
    CLAUDE_STREAM,
    CONVERSE,
    CONVERSE_STREAM,
    FIRST,
    GEMINI,
    GEMINI_CHUNKS,
    LAST,
    OLLAMA_LINES,
    PLAIN,
    STREAMS,
    Answer,
    gemini_chunk,
    lines,
    prediction,
    sse,
)

_ALL = {f"{name}, plain": one for name, one in PLAIN.items()} | {
    f"{name}, streamed": one for name, one in STREAMS.items()
}


def a_meter(dialect: str, *headers: tuple[bytes, bytes], **given: Any) -> Meter:
    fields: RawHeaders = list(headers)
    return meter_for(fields, asked_for_usage=False, counted=True, dialect=dialect, **given)  # type: ignore[arg-type]


def through(meter: Meter, *pieces: bytes) -> Meter:
    """The meter behind an answer in these pieces, each of which passed at once and unchanged."""
    for piece in pieces:
        assert meter.relay(piece) == piece
        while meter.behind:
            assert meter.catch_up() == b""
    assert meter.end() == b""
    return meter


def said(meter: Meter) -> tuple[Usage | None, bool, str | None]:
    return meter.usage, meter.exact, meter.model


@pytest.mark.parametrize("answer", _ALL.values(), ids=_ALL)
def test_an_answer_is_read_however_it_is_cut(answer: Answer) -> None:
    wanted = answer.usage, answer.usage is not None, answer.model
    text = answer.text
    assert said(through(a_meter(answer.dialect), text)) == wanted
    assert said(through(a_meter(answer.dialect), *(bytes((one,)) for one in text))) == wanted
    for cut in {*range(1, 40), *range(40, len(text), 23), len(text) - 1}:
        assert said(through(a_meter(answer.dialect), text[:cut], text[cut:])) == wanted


@pytest.mark.parametrize("answer", _ALL.values(), ids=_ALL)
def test_a_compressed_answer_says_the_same(answer: Answer) -> None:
    meter = a_meter(answer.dialect, (b"content-encoding", b"gzip"))
    through(meter, gzip.compress(answer.text))
    assert said(meter) == (answer.usage, answer.usage is not None, answer.model)


@pytest.mark.parametrize("answer", STREAMS.values(), ids=STREAMS)
def test_the_event_that_ends_a_stream_is_noticed(answer: Answer) -> None:
    meter = a_meter(answer.dialect)
    meter.relay(answer.text)
    assert meter.terminal_seen
    assert meter.exact


def test_a_stream_that_has_not_ended_is_not_exact() -> None:
    for text, dialect in (
        (sse(*GEMINI_CHUNKS[:2]), "gemini"),
        (b"".join(CONVERSE_STREAM[:-1]), "converse"),
        (b"".join(CLAUDE_STREAM[:-2]), "invoke"),
        (lines(OLLAMA_LINES[0]), "ollama"),
    ):
        meter = a_meter(dialect)
        meter.relay(text)
        assert (meter.exact, meter.terminal_seen) == (False, False)


def test_the_last_statement_of_a_stream_stands_alone() -> None:
    """What an early chunk of Gemini's states and the last one leaves out is 0."""
    early = LAST | {"candidatesTokenCount": 3}
    late = {"promptTokenCount": 100, "candidatesTokenCount": 20}
    chunks = sse(gemini_chunk("x", early), gemini_chunk("", late, finishReason="STOP"))
    assert said(through(a_meter("gemini"), chunks))[0] == Usage(100, 20, 0, 0)


def test_every_choice_of_gemini_must_have_ended() -> None:
    other = gemini_chunk("x", LAST, finishReason="STOP", index=1)
    meter = a_meter("gemini")
    meter.relay(sse(*GEMINI_CHUNKS[:2], other))
    assert (meter.terminal_seen, meter.exact) == (False, False)
    meter.relay(sse(GEMINI_CHUNKS[2]))
    assert (meter.terminal_seen, meter.exact) == (True, True)


@pytest.mark.parametrize("reason", ["FINISH_REASON_UNSPECIFIED", "", 0, None, [], True])
def test_what_is_no_reason_ends_nothing(reason: object) -> None:
    meter = a_meter("gemini")
    meter.relay(sse(gemini_chunk("x", LAST, finishReason=reason)))
    assert meter.terminal_seen is (reason is True)


# Failures inside an answer of 200

FAILED = {
    "Gemini, an event": (
        "gemini",
        sse(GEMINI_CHUNKS[0], {"error": {"code": 503, "status": "UNAVAILABLE", "message": "x"}}),
        "UNAVAILABLE",
    ),
    "Gemini, bare": (
        "gemini",
        sse(GEMINI_CHUNKS[0])
        + json.dumps({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, indent=1).encode(),
        "RESOURCE_EXHAUSTED",
    ),
    "Gemini, in an array": (
        "gemini",
        json.dumps([GEMINI_CHUNKS[0], {"error": {"code": 500, "status": "INTERNAL"}}]).encode(),
        "INTERNAL",
    ),
    "Gemini, alone in an array": (
        "gemini",
        b'[{"error": {"code": 500, "status": "INTERNAL"}}]',
        "INTERNAL",
    ),
    "Bedrock, an exception": (
        "converse",
        b"".join(CONVERSE_STREAM[:2])
        + frame("throttlingException", {"message": "slow"}, "exception"),
        "throttlingException",
    ),
    "Bedrock, an error": (
        "invoke",
        CLAUDE_STREAM[0] + frame("InternalFailure", b"", "error"),
        "InternalFailure",
    ),
    "Bedrock, an event of Anthropic's": (
        "invoke",
        CLAUDE_STREAM[0] + chunk({"type": "error", "error": {"type": "overloaded_error"}}),
        "overloaded_error",
    ),
    "Ollama": ("ollama", lines(OLLAMA_LINES[0], {"error": "the runner has stopped"}), "error"),
}


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(("dialect", "text", "code"), FAILED.values(), ids=FAILED)
def test_a_failure_inside_an_answer_is_seen(
    dialect: str, text: bytes, code: str, size: int
) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    meter = through(a_meter(dialect), *pieces)
    assert (meter.failed, meter.code, meter.exact) == (True, code, False)


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, {"error": {"code": 400, "message": "x", "status": "INVALID_ARGUMENT"}},
         "INVALID_ARGUMENT"),
        ({}, [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}], "RESOURCE_EXHAUSTED"),
        ({"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/"},
         {"message": "Too many"}, "ThrottlingException"),
        ({"x-amzn-ErrorType": "ValidationException"}, {"code": "other"}, "ValidationException"),
        ({}, {"__type": "com.amazon.coral.service#AccessDeniedException"},
         "AccessDeniedException"),
        ({}, {"error": "model 'x' not found"}, "error"),
        ({}, {"error": {"code": 404, "status": 404}}, "404"),
    ],
)  # fmt: skip
def test_a_refusal_of_each_service_says_its_code(
    headers: dict[str, str], body: Any, code: str
) -> None:
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    for dialect in ("gemini", "converse", "generic"):
        meter = a_meter(dialect, (b"content-type", b"application/json"), *fields, status=400)
        assert through(meter, json.dumps(body).encode()).code == code


def test_an_error_that_aws_names_in_its_head_alone_has_a_code() -> None:
    meter = a_meter("converse", (b"x-amzn-errortype", b"AccessDeniedException"), status=403)
    assert through(meter, b"<html>").code == "AccessDeniedException"


# Odd and large answers


def large(answer: dict[str, Any], *, before: bool) -> bytes:
    """The answer with something larger than is kept beside what it says."""
    decoy = {"usageMetadata": {"promptTokenCount": 999}, "text": '{"usage":\\' * 9, "n": [1, 2]}
    padding = {"padding": [decoy, "x" * KEPT_BYTES, decoy]}
    parts = (padding, answer) if before else (answer, padding)
    return json.dumps(parts[0] | parts[1]).encode()


@pytest.mark.parametrize("before", [True, False])
def test_a_document_of_any_size_says_the_same(before: bool) -> None:
    chunks = [large(one, before=before) for one in GEMINI_CHUNKS]
    picture = {"inlineData": {"data": "A" * KEPT_BYTES}}
    inside = [
        json.dumps(one | {"candidates": [{"content": {"parts": [picture]}, "index": 0, "x": 1}]}
                   if number < 2 else
                   one | {"candidates": [{"content": {"parts": [picture]}, "index": 0,
                                          "finishReason": "STOP"}]}).encode()
        for number, one in enumerate(GEMINI_CHUNKS)
    ]  # fmt: skip
    for made in (chunks, inside):
        for text in (
            b"[" + b",".join(made) + b"]",
            b"".join(b"data: %b\n\n" % one for one in made),
        ):
            for size in (1 << 20, 65_521, 977):
                pieces = [text[at : at + size] for at in range(0, len(text), size)]
                meter = through(a_meter("gemini"), *pieces)
                assert said(meter) == (GEMINI, True, "gemini-2.5-flash")
                assert meter.terminal_seen


def test_a_list_of_predictions_of_any_size_is_added_up() -> None:
    many = [prediction(3) | {"padding": "x" * 500} for _ in range(1000)]
    text = json.dumps({"predictions": many, "metadata": {}}).encode()
    assert len(text) > KEPT_BYTES
    assert said(through(a_meter("predict"), text))[0] == Usage(3000, 0, 0, 0)


def test_a_prediction_without_its_count_leaves_the_sum_unknown() -> None:
    text = json.dumps({"predictions": [prediction(3), {"embeddings": {"values": [1]}}]}).encode()
    usage, exact, _ = said(through(a_meter("predict"), text))
    assert not exact or usage is None or "prompt" in usage.lost


@pytest.mark.parametrize(
    ("odd", "lost", "kept"),
    [
        ({"candidatesTokenCount": "20"}, {"completion"}, ("prompt", 107)),
        ({"thoughtsTokenCount": 1.5}, {"completion", "reasoning"}, ("prompt", 107)),
        ({"promptTokenCount": -1}, {"prompt"}, ("completion", 50)),
        ({"cachedContentTokenCount": 2**60}, {"cached"}, ("prompt", 107)),
        ({"promptTokensDetails": "?"}, {"audio_input", "image_input"}, ("prompt", 107)),
        ({"candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": {}}]},
         {"audio_output", "image_output"}, ("completion", 50)),
        ({"trafficType": 7}, {"service_tier"}, ("completion", 50)),
        ({"promptTokenCount": 100.0}, set(), ("prompt", 107)),
    ],
)  # fmt: skip
def test_an_odd_number_of_geminis_loses_itself_alone(
    odd: dict[str, Any], lost: set[str], kept: tuple[str, int]
) -> None:
    text = json.dumps(gemini_chunk("", LAST | odd, finishReason="STOP")).encode()
    usage, exact, _ = said(through(a_meter("gemini"), text))
    assert usage is not None
    assert exact
    assert usage.lost == lost
    assert getattr(usage, kept[0]) == kept[1]


def test_a_search_of_geminis_counts_beside_the_tokens() -> None:
    grounding = {"webSearchQueries": ["a", "b"], "groundingChunks": [{"web": {}}]}
    text = sse(gemini_chunk("", LAST, finishReason="STOP", groundingMetadata=grounding))
    usage = through(a_meter("gemini"), text).usage
    assert usage is not None
    assert (usage.web_searches, usage.tools) == (2, frozenset())
    maps = sse(gemini_chunk("", LAST, groundingMetadata={"groundingChunks": [{"maps": {}}]}))
    usage = through(a_meter("gemini"), maps).usage
    assert usage is not None
    assert usage.tools == {"grounding"}


HOSTILE = {
    "deep nesting": b'{"candidates":' + b"[" * 40_000,
    "deep objects": b'{"a":' * 10_000,
    "tiny objects": b"{}" * 2_000,
    "tiny candidates": b'{"candidates":[' + b"{}," * 100_000,
    "brackets alone": b"[" * 40_000,
    "many members": b"{" + b'"a":1,' * 4_000,
    "a long string": b'{"a":"' + b"x" * 1_000_000,
    "backslashes": b'{"a":"' + b"\\" * 400_001,
    "a number": b"1",
    "blank events": b"\n" * 40_000,
    "tiny events": b"data:{}\n\n" * 2_000,
    "events that mention what is sought": b'data:"usageMetadata"error\n\n' * 2_000,
    "tiny frames": frame("x", b"") * 500,
    "white space": b" " * 1_000_000,
    "a byte order mark": b"\xef\xbb\xbf" * 1000,
    "invalid text": b'{"a":"\xff\xfe"}' * 1000,
    "NUL": b"\x00" * 100_000,
}


_TURNS = 20


@pytest.mark.parametrize("dialect", ["gemini", "converse", "ollama"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_answer_takes_many_steps_in_a_turn(dialect: str, text: bytes) -> None:
    """Counted in calls of functions: 20 ms are some 100,000 of them."""
    meter = a_meter(dialect)
    calls = most = 0

    def note(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    def counted(work: Any, *given: bytes) -> None:
        nonlocal calls, most
        calls = 0
        sys.setprofile(note)
        try:
            work(*given)
        finally:
            sys.setprofile(None)
        most = max(most, calls)

    for at in range(0, len(text), 1 << 18):
        counted(meter.relay, text[at : at + (1 << 18)])
        # More of the same has no other cost.
        for _ in range(_TURNS):
            if meter.behind:
                counted(meter.catch_up)
        while meter.behind:
            meter.catch_up()
    meter.end()
    assert most < 25_000
    assert meter.usage is None


# Frames


def test_a_stream_of_frames_that_is_cut_is_never_whole() -> None:
    text = b"".join(CONVERSE_STREAM)
    ends = {0}
    for one in CONVERSE_STREAM:
        ends.add(max(ends) + len(one))
    for cut in range(1, len(text) + 1):
        assert through(a_meter("converse"), text[:cut]).cut_short is (cut not in ends)


def test_a_damaged_frame_breaks_the_stream_and_ends_its_reading() -> None:
    text = b"".join(CONVERSE_STREAM)
    before = len(text) - len(CONVERSE_STREAM[-1])
    for at in (*range(12), *range(before, len(text))):
        damaged = text[:at] + bytes((text[at] ^ 1,)) + text[at + 1 :]
        meter = through(a_meter("converse"), damaged)
        assert not meter.exact, at
        # The first byte of all tells the form, too.
        assert meter.cut_short or at == 0, at


def test_a_frame_longer_than_any_may_be_is_not_waited_for() -> None:
    from struct import pack
    from zlib import crc32

    for total, headers in ((2**31, 0), (30 * 2**20, 100), (200_000, 150_000), (15, 0), (40, 30)):
        prelude = pack(">II", total, headers)
        text = prelude + pack(">I", crc32(prelude))
        meter = a_meter("converse")
        meter.relay(CONVERSE_STREAM[0] + text)
        assert meter.cut_short
        through(meter, b"x" * 100)
        assert meter.cut_short


def test_a_frame_of_any_size_is_checked_and_what_is_behind_it_read() -> None:
    huge = frame("contentBlockDelta", b"{" + b" " * 3_000_000 + b"}")
    text = CONVERSE_STREAM[0] + huge + b"".join(CONVERSE_STREAM[1:])
    meter = through(
        a_meter("converse"), *(text[at : at + 65_521] for at in range(0, len(text), 65_521))
    )
    assert (meter.usage, meter.exact, meter.cut_short) == (CONVERSE, True, False)
    broken = text[:1_000_000] + b"x" + text[1_000_001:]
    assert through(a_meter("converse"), broken).cut_short


def test_frames_that_are_not_known_change_nothing() -> None:
    other = frame("initial-response", {"usage": {"inputTokens": 99}}) + frame("x", b"\xff")
    text = other + b"".join(CONVERSE_STREAM)
    meter = through(a_meter("converse"), text)
    assert (meter.usage, meter.exact, meter.cut_short) == (CONVERSE, True, False)


def test_what_is_no_chunk_says_nothing() -> None:
    odd = [{}, {"bytes": 5}, {"bytes": "?"}, {"bytes": "YQ=="}, {"bytes": "e30="}, [], "x"]
    text = b"".join(frame("chunk", one) for one in odd) + b"".join(CLAUDE_STREAM)
    assert said(through(a_meter("invoke"), text)) == (CLAUDE, True, "claude-x")


def test_an_invoke_without_usage_in_its_body_has_the_counts_of_its_head() -> None:
    head = (
        (b"X-Amzn-Bedrock-Input-Token-Count", b"20"),
        (b"x-amzn-bedrock-output-token-count", b"10"),
        (b"X-Amzn-Bedrock-Service-Tier", b"flex"),
    )
    text = b'{"outputs": [{"text": "x", "stop_reason": "stop"}]}'
    wanted = Usage(20, 10, 0, 0, service_tier="flex")
    assert said(through(a_meter("invoke", *head), text)) == (wanted, True, None)
    # The body's own count stands, with the head's tier.
    usage = through(a_meter("invoke", *head), PLAIN["invoke"].text).usage
    assert usage == CLAUDE._replace(service_tier="flex")
    usage = through(a_meter("invoke", *head), STREAMS["invoke"].text).usage
    assert usage == CLAUDE._replace(service_tier="flex")


# Transfers that do not say where they end


def test_a_stream_that_only_its_close_ends_must_have_said_so() -> None:
    for name, answer in STREAMS.items():
        whole = through(a_meter(answer.dialect, watch=True), answer.text)
        assert not whole.cut_short, name
    for dialect, text in (
        ("gemini", sse(*GEMINI_CHUNKS[:2])),
        ("gemini", json.dumps(GEMINI_CHUNKS[:2]).encode()[:-1]),
        ("gemini", PLAIN["gemini"].text[:-30]),
        ("converse", b"".join(CONVERSE_STREAM[:-1])),
        ("ollama", lines(OLLAMA_LINES[0])),
        ("cohere", lines({"event_type": "text-generation", "text": "x"})),
    ):
        meter = through(a_meter(dialect, watch=True), text)
        assert (meter.cut_short, meter.exact) == (True, False), (dialect, text)
    # All that is charged was stated before.
    meter = through(a_meter("invoke", watch=True), *CLAUDE_STREAM[:-1])
    assert (meter.cut_short, meter.exact) == (True, True)


def test_a_prompt_that_was_answered_with_nothing_has_its_early_usage() -> None:
    assert said(through(a_meter("gemini"), sse({"usageMetadata": FIRST})))[0] == Usage(90, 0, 0, 0)
