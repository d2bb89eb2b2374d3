"""The one event that is kept from the client: the usage that we asked for ourselves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.usage.accumulator import Usage
from proxy.usage.sse_usage import EVENT_MAX_BYTES, SseUsageReader
from tests.proxy.usage.test_readers import CHAT_STREAM, CHAT_USAGE, FRAGMENTS, counts, sse

ONLY_USAGE = sse({"model": "m", "choices": [], "usage": CHAT_USAGE})
WITHHELD: dict[str, tuple[list[bytes], list[int]]] = {
    # The pieces of a stream, and which of them reach the client.
    "the usage event": ([sse(*CHAT_STREAM[:2]), ONLY_USAGE, sse(b"[DONE]")], [0, 2]),
    "with CRLF": (
        [
            sse(CHAT_STREAM[0], end=b"\r\n"),
            ONLY_USAGE.replace(b"\n", b"\r\n"),
            b"data: [DONE]\r\n\r\n",
        ],
        [0, 2],
    ),
    "with CR": (
        [sse(CHAT_STREAM[0], end=b"\r"), ONLY_USAGE.replace(b"\n", b"\r"), b"data: [DONE]\r\r"],
        [0, 2],
    ),
    "at the very end": ([sse(CHAT_STREAM[0]), ONLY_USAGE], [0]),
    "at the very end with CR": ([b"data: 1\r\r", ONLY_USAGE.replace(b"\n", b"\r")], [0]),
    "without the last blank line": ([sse(CHAT_STREAM[0]), ONLY_USAGE[:-1]], [0]),
    "with lines of other kinds": ([b": hi\n\n", b": x\nid: 1\nevent: e\n" + ONLY_USAGE], [0]),
    "usage beside choices passes": (
        [sse({"choices": [{"delta": {"content": "a"}}], "usage": CHAT_USAGE})],
        [0],
    ),
    "usage beside a reason passes": (
        [sse({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": CHAT_USAGE})],
        [0],
    ),
    "usage beside an empty choice passes": (
        [sse({"choices": [{}], "usage": CHAT_USAGE})],
        [0],
    ),
    "usage beside a choice without a delta": (
        [sse({"choices": [{"index": 0}], "usage": CHAT_USAGE})],
        [],
    ),
    "usage beside a role passes": (
        [sse({"choices": [{"delta": {"role": "assistant"}}], "usage": CHAT_USAGE})],
        [0],
    ),
    # LiteLLM's answer to the question.
    "usage beside a choice that says nothing": (
        [
            sse(CHAT_STREAM[0]),
            sse({"choices": [{"index": 0, "delta": {}}], "usage": CHAT_USAGE}),
            sse(b"[DONE]"),
        ],
        [0, 2],
    ),
    "usage beside a text that is empty": (
        [sse({"choices": [{"index": 0, "text": "", "logprobs": None}], "usage": CHAT_USAGE})],
        [],
    ),
    "usage without choices passes": ([sse({"usage": CHAT_USAGE})], [0]),
    "null usage passes": ([sse({"choices": [], "usage": None})], [0]),
    "empty choices without usage pass": ([sse({"choices": [], "prompt_filter_results": []})], [0]),
    "what is no JSON passes": (
        [b"data: {\n\n", b"\n\n\n", b"nonsense\n\n", b": ping\n\n"],
        [0, 1, 2, 3],
    ),
    "an unfinished event passes": ([sse(CHAT_STREAM[0]), b'data: {"choices":[],"usa'], [0, 1]),
    "a byte order mark passes": ([b"\xef\xbb\xbf" + sse(CHAT_STREAM[0]), ONLY_USAGE], [0]),
}


@pytest.mark.parametrize(("pieces", "passing"), WITHHELD.values(), ids=WITHHELD)
def test_only_the_usage_that_we_asked_for_is_withheld(
    pieces: list[bytes], passing: list[int]
) -> None:
    stream, expected = b"".join(pieces), b"".join(pieces[index] for index in passing)
    for cut in range(len(stream) + 1):
        reader = SseUsageReader(withhold=True)
        passed = reader.relay(stream[:cut]) + reader.relay(stream[cut:]) + reader.end()
        assert passed == expected, cut
        asked_himself = SseUsageReader()
        assert asked_himself.relay(stream[:cut]) == stream[:cut]
        assert asked_himself.relay(stream[cut:]) + asked_himself.end() == stream[cut:]
        assert counts(asked_himself.accumulated.usage) == counts(reader.accumulated.usage)


def test_an_event_passes_with_its_last_byte() -> None:
    reader = SseUsageReader(withhold=True)
    assert reader.relay(b"data: 1\n") == b""
    assert reader.relay(b"\ndata:") == b"data: 1\n\n"


def test_an_oversize_event_passes_and_what_follows_is_read() -> None:
    reader = SseUsageReader(withhold=True)
    huge = b'data: {"b64":"' + b"x" * (EVENT_MAX_BYTES + 10)
    passed = b"".join(reader.relay(huge[at : at + 65536]) for at in range(0, len(huge), 65536))
    # Nothing more than the last pieces of it is still held.
    assert len(huge) - len(passed) < 65536 * 2
    passed += reader.relay(b'"}\n\n' + ONLY_USAGE + sse(b"[DONE]")) + reader.end()
    assert passed == huge + b'"}\n\n' + sse(b"[DONE]")
    assert counts(reader.accumulated.usage) == Usage(20, 9, 12, 4)


@given(st.lists(st.one_of(FRAGMENTS, st.just(ONLY_USAGE), st.binary(max_size=9)), max_size=40))
@settings(max_examples=300, deadline=None)
def test_what_is_not_withheld_passes_byte_for_byte(pieces: list[bytes]) -> None:
    reader = SseUsageReader(withhold=True)
    passed = b"".join(map(reader.relay, pieces)) + reader.end()
    stream = b"".join(pieces)
    whole = SseUsageReader()
    assert whole.relay(stream) + whole.end() == stream
    assert counts(reader.accumulated.usage) == counts(whole.accumulated.usage)
    # Nothing is added or moved, and nothing is missing where nothing was reported.
    left = iter(stream)
    assert all(byte in left for byte in passed)
    assert passed == stream or whole.accumulated.usage is not None
