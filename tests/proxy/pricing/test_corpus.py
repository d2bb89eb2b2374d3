"""Answers of providers, from their bytes to their cost, against what the price pages say."""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from fake_upstream.frames import frame
from proxy.headers import RawHeaders
from proxy.pricing.prices import Call, Prices
from proxy.usage.dialects import OWN
from proxy.usage.meter import Meter, meter_for

CORPUS: Final = Path(__file__).with_name("corpus.toml")
_NOON: Final = "2026-11-28T12:00:00Z"
_JSON: Final[RawHeaders] = [(b"Content-Type", b"application/json")]
_GZIP: Final[RawHeaders] = [*_JSON, (b"Content-Encoding", b"gzip")]
_EVENTS: Final[RawHeaders] = [(b"Content-Type", b"text/event-stream")]


_STREAMED: Final = ("chat", "responses", "messages", "images", "transcription")


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """A row of the corpus, which says itself what each field means."""

    name: str
    kind: str
    provider: str
    model: str
    answer: str
    charge: str
    source: str
    at: str = _NOON
    place: str = ""
    times: str = "1"
    work: list[tuple[int, str]] = []
    each: list[tuple[int, str]] = []

    @property
    def dollars(self) -> Decimal | None:
        return None if self.charge == "null" else Decimal(self.charge)


CASES: Final = msgspec.convert(
    tomllib.loads(CORPUS.read_text(encoding="utf-8"))["case"], list[Case], strict=False
)
_BY_NAME: Final = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def read(headers: RawHeaders, pieces: list[bytes], kind: str = "") -> Meter:
    """A meter that has read this answer to its end."""
    dialect: Any = kind if kind in OWN else "generic"
    meter = meter_for(headers, asked_for_usage=False, dialect=dialect)
    for piece in pieces:
        meter.relay(piece)
        while meter.behind:
            meter.catch_up()
    meter.end()
    return meter


def cost(case: Case, meter: Meter) -> tuple[Decimal | None, str]:
    """What the proxy says that it cost, in USD, and by whose word."""
    assert meter.exact
    assert meter.usage is not None
    at = datetime.fromisoformat(case.at).replace(tzinfo=UTC).timestamp()
    call = Call(case.provider, case.model, meter.model or "", case.place)
    nanos, source = Prices().price(call, meter.usage, at)
    return None if nanos is None else Decimal(nanos) / 10**9, source


def agrees(case: Case, meter: Meter) -> bool:
    """Whether the cost is the page's to within 0.1 %, or a nano-dollar, and null where that is."""
    ours, source = cost(case, meter)
    if case.dollars is None:
        return (ours, source) == (None, "")
    return (
        ours is not None
        and abs(ours - case.dollars) <= max(case.dollars / 1000, Decimal("1e-9"))
        and source.startswith("genai-prices ")
    )


def test_the_corpus_is_large_and_names_every_case_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 165
    assert sum(case.dollars is None for case in CASES) >= 30


@_BY_NAME
def test_a_charge_is_what_its_work_comes_to(case: Case) -> None:
    tokens = sum((count * Decimal(rate) for count, rate in case.work), Decimal(0)) / 10**6
    pieces = sum((count * Decimal(dollars) for count, dollars in case.each), Decimal(0))
    if case.dollars is None:
        assert not case.work
    else:
        assert case.dollars == tokens * Decimal(case.times) + pieces
    assert ": " in case.source


@_BY_NAME
def test_an_answer_costs_what_the_provider_charges(case: Case) -> None:
    assert agrees(case, read(_JSON, [case.answer.encode()], case.kind))


@_BY_NAME
def test_a_compressed_answer_costs_the_same(case: Case) -> None:
    assert agrees(case, read(_GZIP, [gzip.compress(case.answer.encode())], case.kind))


@_BY_NAME
def test_a_streamed_answer_costs_the_same(case: Case) -> None:
    stream = streamed(case)
    if stream is not None:
        assert agrees(case, read(_EVENTS, [stream], case.kind))


@pytest.mark.parametrize("kind", [*_STREAMED, "gemini", "converse"])
def test_a_stream_cut_at_any_byte_costs_the_same(kind: str) -> None:
    case = next(case for case in CASES if case.kind == kind and case.dollars is not None)
    stream = streamed(case) or b""
    for cut in range(len(stream)):
        assert agrees(case, read(_EVENTS, [stream[:cut], stream[cut:]], kind)), cut


def streamed(case: Case) -> bytes | None:
    """The same answer as a stream has it; None where its API does not stream it."""
    answer: dict[str, Any] = msgspec.json.decode(case.answer)
    if case.kind == "transcription" and answer["usage"].get("type") == "duration":
        return None
    if case.kind == "converse":
        return b"".join(_converse(answer))
    if case.kind == "gemini" and "candidates" in answer:
        begun = answer | {"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1}}
        begun["candidates"] = [{"content": {"parts": [{"text": "Hel"}]}, "index": 0}]
        return _framed(begun) + _framed(answer)
    events = {
        "chat": _chat,
        "responses": _responses,
        "messages": _messages,
        "images": _images,
        "transcription": _transcription,
    }.get(case.kind)
    return None if events is None else b"".join(_framed(event) for event in events(answer))


def _converse(answer: dict[str, Any]) -> Iterator[bytes]:
    yield frame("messageStart", {"role": "assistant"})
    yield frame("messageStop", {"stopReason": "end_turn"})
    yield frame("metadata", {name: answer[name] for name in answer if name != "output"})


def _framed(event: dict[str, Any] | bytes) -> bytes:
    if isinstance(event, bytes):
        return b"data: " + event + b"\n\n"
    name = f"event: {event['type']}\n" if "type" in event else ""
    return name.encode() + b"data: " + msgspec.json.encode(event) + b"\n\n"


def _chat(answer: dict[str, Any]) -> Iterator[dict[str, Any] | bytes]:
    chunk = {**answer, "object": "chat.completion.chunk", "usage": None}
    choice = {"index": 0, "delta": {"content": "Hello."}, "finish_reason": None}
    yield chunk | {"choices": [choice]}
    yield chunk | {"choices": [choice | {"delta": {}, "finish_reason": "stop"}]}
    yield chunk | {"choices": [], "usage": answer["usage"]}
    yield b"[DONE]"


def _responses(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    for item in answer["output"]:
        yield {"type": "response.output_item.done", "item": item}
    yield {"type": "response.completed", "response": answer}


def _messages(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usage = answer["usage"]
    begun = {**answer, "content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_delta", "index": 0, "delta": {"text": "Hello."}}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    yield {"type": "message_stop"}


def _images(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "image_generation.partial_image", "b64_json": "aGVsbG8="}
    yield {"type": "image_generation.completed", "b64_json": "aGVsbG8=", "usage": answer["usage"]}


def _transcription(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "transcript.text.delta", "delta": "Hel"}
    yield {"type": "transcript.text.done", "text": "Hello.", "usage": answer["usage"]}
