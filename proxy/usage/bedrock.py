"""Bedrock's usage: of Converse, and of `invoke`, whose answers are each model's own, sans-io.

`inputTokens` has neither the tokens read from a cache nor those written to one. Streams are frames
(`decoding/event_stream.py`): those of Converse end with a `metadata` event; in those of `invoke`
each `chunk` holds an event of the model's own, and the last one the service's own count.
"""

from __future__ import annotations

import binascii
from typing import Any, Final

from proxy.decoding.event_stream import Frame
from proxy.decoding.json_reading import Unreadable
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.error_code import code_of_aws
from proxy.usage.json_documents import Shape
from proxy.usage.json_usage import ABSENT, apply, decode_answer
from proxy.usage.own_dialect import (
    Counts,
    Members,
    OwnDialect,
    decode_members,
    decode_texts,
    present,
    report,
    small,
)
from proxy.usage.reported import CacheCreation, Reported
from proxy.usage.sse_usage import SseUsageReader

#: Header lines in which Bedrock states the counts and the tier of an `invoke`.
INPUT_FIELD: Final = b"x-amzn-bedrock-input-token-count"
OUTPUT_FIELD: Final = b"x-amzn-bedrock-output-token-count"
TIER_FIELD: Final = b"x-amzn-bedrock-service-tier"
FIELDS: Final = (INPUT_FIELD, OUTPUT_FIELD, TIER_FIELD)

_METRICS: Final = "amazon-bedrock-invocationMetrics"
_HOUR: Final = "1h"


class Framed(OwnDialect):
    """A dialect whose streams are frames."""

    __slots__ = ()

    def frame(self, frame: Frame) -> None:
        """The next frame of a stream."""
        kind = frame.headers.get(b":message-type")
        if kind == b"event":
            if frame.payload is not None:
                self.event(frame.headers.get(b":event-type", b""), frame.payload)
        elif kind in (b"exception", b"error"):
            said = frame.headers.get(b":exception-type") or frame.headers.get(b":error-code", b"")
            self.read.failed = True
            self.read.code = self.read.code or code_of_aws(said)

    def event(self, kind: bytes, payload: bytes) -> None:
        """The next event of a stream."""
        raise NotImplementedError


class Converse(Framed):
    """Answers of `converse` and `converse-stream`."""

    shape = Shape((b"usage", b"serviceTier", b"performanceConfig", b"trace"))

    __slots__ = ()

    def event(self, kind: bytes, payload: bytes) -> None:
        if kind == b"metadata":
            self.document(payload)
            self.read.terminal = True
        elif kind == b"messageStop":
            self.read.finished = True

    def document(self, text: bytes) -> None:
        try:
            said = decode_members(text)
        except Unreadable:
            return
        _take_usage(self.read, said, tier=_inner_text(said, "serviceTier", "type"))
        # A prompt router says which model it chose.
        router = _inner(said, "trace", "promptRouter")
        chosen = router.get("invokedModelId") if isinstance(router, dict) else None
        if isinstance(chosen, str) and chosen:
            self.read.model = chosen


class Invoke(Framed):
    """Answers of `invoke` and `invoke-with-response-stream`.

    `fields` are the header lines of `FIELDS` that the answer has: they count where its body states
    no usage.
    """

    shape = Shape(
        (
            b"model", b"type", b"usage", b"choices", b"error", b"inputTextTokenCount", b"results",
            b"prompt_token_count", b"generation_token_count",
        )
    )  # fmt: skip

    __slots__ = ("_events", "_input", "_output", "_tier")

    def __init__(self, read: UsageAccumulator, fields: dict[bytes, bytes]) -> None:
        super().__init__(read)
        #: Reads the events of Anthropic's and others' in the chunks of a stream.
        self._events = SseUsageReader(read)
        self._input = _number(fields.get(INPUT_FIELD))
        self._output = _number(fields.get(OUTPUT_FIELD))
        self._tier = fields.get(TIER_FIELD, b"").decode("latin-1")[:32] or None

    def event(self, kind: bytes, payload: bytes) -> None:
        if kind != b"chunk":
            return
        try:
            encoded = text_of_bytes(decode_members(payload))
            text = binascii.a2b_base64(encoded)
        except (Unreadable, binascii.Error, ValueError):
            return
        if _is_of_note(text):
            self._events.relay(b"data: " + text.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n")
            self._take_metrics(text)

    def _take_metrics(self, text: bytes) -> None:
        try:
            metrics = present(decode_members(text), _METRICS)
            if metrics is None:
                return
            read = self.read
            if not read.final:
                read.update(None, _of_metrics(metrics), final=True)
        except Unreadable:
            return
        read.terminal = read.finished = True
        self._set_tier()

    def _set_tier(self) -> None:
        if self._tier is not None and self.read.any:
            self.read.update(None, Reported(service_tier=self._tier), final=False)

    def document(self, text: bytes) -> None:
        read = self.read
        try:
            answer = decode_answer(text, read)
            said = decode_members(text)
        except Unreadable:
            return
        apply(read, answer, final=True)
        if bytes(answer.error) not in ABSENT:
            self.fail(bytes(answer.error))
        if not read.any:
            # Nova's, which is Converse's.
            _take_usage(read, said, tier=None)
        if not read.any:
            counts = Counts(text)
            prompt = counts.count("inputTextTokenCount", "prompt")
            completion = _of_results(said, counts.lost)
            if prompt is None:
                # Llama's.
                prompt = counts.count("prompt_token_count", "prompt")
                completion = counts.count("generation_token_count", "completion")
            if prompt is not None or completion is not None:
                read.restate(
                    report(counts.lost, prompt_tokens=prompt, completion_tokens=completion),
                    final=True,
                )

    def end(self) -> None:
        read = self.read
        if not read.any and not read.failed and (self._input, self._output) != (None, None):
            fields = Reported(input_tokens=self._input, output_tokens=self._output)
            read.update(None, fields, final=True)
        self._set_tier()
        read.end()


#: Words of chunks that say something of usage, of the model, or of a failure.
_NOTABLE: Final = (b'"usage"', b'"model"', b"invocationMetrics", b"error", b"message_stop")


def _is_of_note(text: bytes) -> bool:
    return any(word in text for word in _NOTABLE)


def text_of_bytes(said: Members) -> str:
    """The `bytes` of a chunk. Raises Unreadable where there are none."""
    raw = said.get("bytes")
    encoded = bytes(raw)[1:-1] if raw is not None else b""
    if not encoded:
        raise Unreadable("no chunk")
    return encoded.replace(b"\\/", b"/").decode("latin-1")


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and len(value) < 16 and value.isdigit() else None


def _inner(said: Members, name: str, inner: str) -> Any:
    value = small(bytes(said.get(name, b"null")))
    return value.get(inner) if isinstance(value, dict) else None


def _inner_text(said: Members, name: str, inner: str) -> str | None:
    value = _inner(said, name, inner)
    return value[:32] if isinstance(value, str) else None


def _take_usage(read: UsageAccumulator, said: Members, *, tier: str | None) -> None:
    """Note the usage of Converse's form, where there is one."""
    usage = present(said, "usage")
    if usage is None:
        return
    try:
        found = reported(usage, tier, _inner_text(said, "performanceConfig", "latency"))
    except Unreadable:
        return
    read.restate(found, final=True)


def reported(text: bytes, tier: str | None, latency: str | None) -> Reported:
    """A `usage` object of Converse in Anthropic's names. Raises Unreadable for what is no object.

    An optimized latency has a price of its own, as Anthropic's `speed` has.
    """
    said = Counts(text)
    cached = said.count("cacheReadInputTokens", "cached")
    if cached is None:
        cached = said.count("cacheReadInputTokenCount", "cached")
    written = said.count("cacheWriteInputTokens", "cache_write")
    if written is None:
        written = said.count("cacheWriteInputTokenCount", "cache_write")
    by_age = said.parts("cacheDetails", "ttl", "inputTokens", {_HOUR: "cache_write_1h"})
    prompt = said.count("inputTokens", "prompt")
    completion = said.count("outputTokens", "completion")
    if said.lost & {"cached", "cache_write"}:
        # A prompt is the sum of its parts.
        said.lost.add("prompt")
    created = CacheCreation(ephemeral_1h_input_tokens=by_age[_HOUR]) if by_age else None
    return report(
        said.lost,
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_input_tokens=cached,
        cache_creation_input_tokens=written,
        cache_creation=created,
        service_tier=tier,
        speed=latency,
    )


def _of_metrics(text: bytes) -> Reported:
    """The service's own count in the last chunk. Raises Unreadable for what is no object."""
    said = Counts(text)
    fields = {
        "input_tokens": said.count("inputTokenCount", "prompt"),
        "output_tokens": said.count("outputTokenCount", "completion"),
        "cache_read_input_tokens": said.count("cacheReadInputTokenCount", "cached"),
        "cache_creation_input_tokens": said.count("cacheWriteInputTokenCount", "cache_write"),
    }
    if said.lost & {"cached", "cache_write"}:
        said.lost.add("prompt")
    return report(said.lost, **fields)


def _of_results(said: Members, lost: set[str]) -> int | None:
    """The completion of Titan's texts, each of which states its own."""
    listed = present(said, "results")
    if listed is None:
        return None
    total = 0
    try:
        for result in decode_texts(listed):
            counts = Counts(bytes(result))
            total += counts.count("tokenCount", "completion") or 0
            lost |= counts.lost
    except Unreadable:
        lost.add("completion")
    return total
