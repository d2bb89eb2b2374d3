"""Spans, read by the OpenTelemetry project's own definition of them (opentelemetry-proto)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from delivery.langfuse import langfuse
from delivery.otlp import Otlp
from delivery.posting import Poster
from telemetry.genai import SCHEMA_URL
from tests.delivery.receiver import Receiver, answer
from tests.delivery.rows import BEGAN, KEY, PROJECT, a_request, an_event


def spans_in(body: bytes) -> list[Span]:
    """As a receiver has them."""
    (resource_spans,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert attributes(resource_spans.resource)["service.name"] == "llm-proxy"
    (scope_spans,) = resource_spans.scope_spans
    assert {resource_spans.schema_url, scope_spans.schema_url} == {SCHEMA_URL}
    assert scope_spans.scope.name == "llm-proxy"
    return list(scope_spans.spans)


def attributes(holder: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in holder.attributes}


def partial(rejected: int, message: str) -> bytes:
    """An answer that says so, by the project's own library."""
    said = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return bytes(ExportTraceServiceResponse(partial_success=said).SerializeToString())


async def test_a_request_is_a_span_by_the_conventions(receiver: Receiver, poster: Poster) -> None:
    item = a_request(cache_write_tokens=3, answer_model="gpt-4o-2024-08-06")
    outcome = await Otlp(poster, f"{receiver.url}/v1/traces", [], []).send([item])
    assert outcome.verdict == "taken"
    assert receiver.received[0].headers["content-type"] == "application/x-protobuf"
    (span,) = spans_in(receiver.received[0].body)
    assert (span.name, span.kind) == ("chat gpt-4o", Span.SPAN_KIND_CLIENT)
    assert span.start_time_unix_nano == int(BEGAN.timestamp() * 1_000_000) * 1000
    assert span.end_time_unix_nano - span.start_time_unix_nano == 90_000_000
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_creation.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "llm_proxy.request_id": item.id,
        "llm_proxy.project_id": str(PROJECT),
        "llm_proxy.token_id": "00000000-0000-0000-0000-000000000002",
        "llm_proxy.key_id": str(KEY),
        "llm_proxy.outcome": "complete",
        "llm_proxy.cost_usd": 1.5e-06,
    }


async def test_the_same_request_is_the_same_span_again(receiver: Receiver, poster: Poster) -> None:
    item, other = a_request(), a_request()
    sender = Otlp(poster, receiver.url, [], [])
    await sender.send([item, other])
    await sender.send([item])
    (first, second), (again,) = (spans_in(one.body) for one in receiver.received)
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)
    assert first.trace_id != second.trace_id
    assert first.trace_id.hex() == item.id.replace("-", "")


async def test_a_failed_request_says_why(receiver: Receiver, poster: Poster) -> None:
    item = a_request(status=502, outcome="upstream_broke", upstream_code="overloaded_error")
    await Otlp(poster, receiver.url, [], []).send([item])
    (span,) = spans_in(receiver.received[0].body)
    assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "upstream_broke")
    said = attributes(span)
    assert said["error.type"] == "upstream_broke"
    assert said["llm_proxy.upstream_code"] == "overloaded_error"


async def test_what_is_no_request_has_a_span_of_its_name(
    receiver: Receiver, poster: Poster
) -> None:
    await Otlp(poster, receiver.url, [], []).send([an_event("llm-proxy test")])
    (span,) = spans_in(receiver.received[0].body)
    assert span.name == "llm-proxy test"


@pytest.mark.parametrize(
    ("said", "rejected"),
    [
        (ExportTraceServiceResponse().SerializeToString(), 0),
        (partial(1, "too old"), 1),
        (partial(900, ""), 2),
        (partial(-1, "x"), 0),
        (partial(1, "too old")[:-3], 0),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0),
        (b"{}", 0),
        (b'{"partialSuccess": {}}', 0),
        (b'{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}', 1),
        (b'{"partialSuccess": {"rejectedSpans": 900}}', 2),
        (b'{"partialSuccess": {"rejectedSpans": -1}}', 0),
        (b'{"partialSuccess": [7]}', 0),
        (b'{"partialSuccess": {"rejectedSpans": "many"}}', 0),
        (b'{"partialSuccess": {"rejectedSpans": 1}, "more": ' + b"[" * 8000, 0),
        (b"neither", 0),
    ],
)
async def test_what_the_receiver_did_not_want_is_counted(
    receiver: Receiver, poster: Poster, said: bytes, rejected: int
) -> None:
    receiver.answers = lambda _: answer(200, said)
    outcome = await Otlp(poster, receiver.url, [], []).send([a_request(), a_request()])
    assert (outcome.verdict, outcome.rejected) == ("taken", rejected)
    if b"too old" in said:
        assert outcome.why == "The receiver rejected 1 of 2 spans: too old"


async def test_langfuse_gets_its_header_its_keys_and_its_own_attributes(
    receiver: Receiver, poster: Poster
) -> None:
    sender = langfuse(poster, f"{receiver.url}/traces", "pk-lf-1:sk-lf-2", {"x-team": "a"})
    await sender.send([a_request(), a_request(endpoint="/v1/embeddings", status=429)])
    (got,) = receiver.received
    assert got.headers["authorization"] == "Basic " + base64.b64encode(b"pk-lf-1:sk-lf-2").decode()
    assert (got.headers["x-langfuse-ingestion-version"], got.headers["x-team"]) == ("4", "a")
    first, second = (attributes(span) for span in spans_in(got.body))
    assert first["langfuse.observation.type"] == "generation"
    assert json.loads(first["langfuse.observation.cost_details"]) == {"total": 1.5e-06}
    assert first["langfuse.trace.metadata.project_id"] == str(PROJECT)
    assert second["langfuse.observation.type"] == "embedding"
    assert second["langfuse.observation.level"] == "ERROR"


async def test_tags_and_end_users_are_told_of(receiver: Receiver, poster: Poster) -> None:
    item = a_request(tags={"team": "search", "feature": "rag"}, end_user="u-1")
    await Otlp(poster, receiver.url, [], []).send([item])
    await langfuse(poster, receiver.url, "pk-lf-1:sk-lf-2", {}).send([item])
    (plain,), (shown,) = (spans_in(one.body) for one in receiver.received)
    for said in (attributes(plain), attributes(shown)):
        assert (said["llm_proxy.tag.team"], said["user.id"]) == ("search", "u-1")
    said = attributes(shown)
    tags = [one.string_value for one in said["langfuse.trace.tags"].values]
    assert tags == ["team:search", "feature:rag"]
    assert said["langfuse.trace.metadata.feature"] == "rag"


async def test_keys_that_langfuse_says_back_are_not_quoted(
    receiver: Receiver, poster: Poster
) -> None:
    receiver.answers = lambda one: answer(
        401, f"{one.headers['authorization']} with sk-lf-2".encode()
    )
    outcome = await langfuse(poster, receiver.url, "pk-lf-1:sk-lf-2", {}).send([a_request()])
    assert outcome.why == "The receiver answered 401: Basic (secret) with (secret)"


@pytest.mark.parametrize("secret", [None, "sk-lf-2"])
def test_langfuse_without_both_keys_is_said(poster: Poster, secret: str | None) -> None:
    with pytest.raises(ValueError, match="PUBLIC_KEY:SECRET_KEY"):
        langfuse(poster, "https://cloud.langfuse.com", secret, {})
