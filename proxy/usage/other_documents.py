"""Dialects whose numbers stand in plain JSON documents: Ollama's own, Vertex's predictions, Cohere.

Ollama's streams are lines of JSON, the last of which says `done`. A prediction of Vertex AI states
the tokens of each text that was embedded. Cohere charges `billed_units`, which it writes as floats.
"""

from __future__ import annotations

from typing import Final

from proxy.decoding.json_reading import Unreadable
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.json_documents import Shape
from proxy.usage.own_dialect import (
    Counts,
    Members,
    OwnDialect,
    decode_members,
    decode_texts,
    present,
    report,
    text_in,
)
from proxy.usage.reported import COUNT_MAX
from proxy.usage.sought import Sought


class Ollama(OwnDialect):
    """Answers of `/api/chat`, `/api/generate` and `/api/embed`."""

    shape = Shape((b"model", b"done", b"error", b"prompt_eval_count", b"eval_count"))

    def document(self, text: bytes) -> None:
        try:
            said = decode_members(text)
        except Unreadable:
            return
        read = self.read
        if (error := present(said, "error")) is not None:
            self.fail(error)
        read.model = text_in(said, "model") or read.model
        done = present(said, "done")
        self.goes_on = done == b"false"
        if done == b"true":
            read.terminal = read.finished = True
        counts = Counts(text)
        prompt = counts.count("prompt_eval_count", "prompt")
        completion = counts.count("eval_count", "completion")
        if prompt is not None or completion is not None or counts.lost:
            read.restate(
                report(counts.lost, prompt_tokens=prompt, completion_tokens=completion),
                final=True,
            )


class Predictions(OwnDialect):
    """Answers of Vertex's `predict`; all but embeddings report no tokens."""

    shape = Shape((b"error",), b"predictions", (b"embeddings",))

    __slots__ = ("_lost", "_tokens")

    def __init__(self, read: UsageAccumulator) -> None:
        super().__init__(read)
        self._tokens: int | None = None
        self._lost = False

    def document(self, text: bytes) -> None:
        try:
            said = decode_members(text)
            if (error := present(said, "error")) is not None:
                self.fail(error)
            if (listed := present(said, "predictions")) is not None:
                for prediction in decode_texts(listed):
                    self._take(decode_members(prediction))
        except Unreadable:
            self._lost = True
        if self._tokens is not None:
            lost = ("prompt",) if self._lost else ()
            self.read.restate(report(lost, prompt_tokens=self._tokens), final=True)

    def listed(self, text: bytes) -> None:
        try:
            self._take(decode_members(text))
        except Unreadable:
            self._lost = True

    def _take(self, prediction: Members) -> None:
        embeddings = present(prediction, "embeddings")
        if embeddings is None:
            return
        statistics = present(decode_members(embeddings), "statistics")
        counts = Counts(statistics or b"{}")
        tokens = counts.count("token_count", "prompt")
        if tokens is None:
            # Of the sum a part is missing.
            self._lost = True
            return
        self._tokens = min((self._tokens or 0) + tokens, COUNT_MAX)


class Cohere(OwnDialect):
    """Answers of `/v2/chat`, `/v2/embed` and `/v2/rerank`, and of `/v1` before them."""

    shape = Shape((b"usage", b"meta", b"type", b"event_type", b"delta", b"response", b"error"))
    sought = (Sought(b"message-end"), Sought(b"error"))

    def document(self, text: bytes) -> None:
        try:
            said = decode_members(text)
        except Unreadable:
            return
        if (error := present(said, "error")) is not None:
            self.fail(error)
        ends = text_in(said, "type", "event_type") in ("message-end", "stream-end")
        self.goes_on = "event_type" in said and not ends
        for name in ("delta", "response"):
            inner = present(said, name)
            if inner is not None and ends:
                try:
                    said = said | decode_members(inner)
                except Unreadable:
                    return
        usage = present(said, "usage") or present(said, "meta")
        if usage is not None:
            self._take(usage, final=True)
        if ends:
            self.read.terminal = self.read.finished = True

    def _take(self, usage: bytes, *, final: bool) -> None:
        try:
            said = Counts(usage)
            units = Counts(said.raw("billed_units") or b"{}")
        except Unreadable:
            return
        prompt = units.count("input_tokens", "prompt")
        completion = units.count("output_tokens", "completion")
        searches = units.count("search_units", "web_searches")
        if searches:
            # Of a rerank: what one costs no sheet of tokens says.
            self.read.tools = {"rerank"}
        if prompt is None and completion is None and not searches:
            return
        lost = units.lost | {_OF_UNITS[name] for name in _OF_UNITS if units.raw(name) is not None}
        self.read.restate(
            report(
                lost,
                prompt_tokens=0 if searches and prompt is None else prompt,
                completion_tokens=completion,
            ),
            final=final,
        )


#: Charged by the piece.
_OF_UNITS: Final = {"classifications": "prompt", "images": "image_input"}
