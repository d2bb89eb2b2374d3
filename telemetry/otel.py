"""OpenTelemetry traces, beside the path: a span for each request, made when it has ended.

Off unless the standard OTEL_* variables say where spans go; then the optional dependencies of
`llm-proxy[otel]` are needed. Spans carry no content, only what the entry has, under the names of
the GenAI semantic conventions (`genai`).
`traceparent` and `tracestate` go to the upstream as they came, with the client's other headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from loguru import logger

from config import VERSION, traces_wanted
from config.tracing import has_own_session
from models.entry import Entry, storable
from proxy.headers import RawHeaders
from telemetry import tls
from telemetry.genai import SCHEMA_URL, Call

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_CONTEXT: Final = (b"traceparent", b"tracestate")


class Traced(NamedTuple):
    """An entry, and the context that its client sent."""

    entry: Entry
    context: dict[str, str]


class TracesUnavailable(Exception):
    """The optional dependencies are not installed."""


def context_of(headers: RawHeaders) -> dict[str, str]:
    """The fields of W3C Trace Context, as far as there are any."""
    return {
        name.lower().decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if len(name) in (10, 11) and name.lower() in _CONTEXT
    }


class Traces:
    """Spans of one worker, sent in batches by a thread of the SDK's. Raises TracesUnavailable."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        try:
            # Heavy, and optional: only where traces are wanted.
            from opentelemetry import trace  # noqa: PLC0415
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
                TraceContextTextMapPropagator,
            )
        except ImportError as exc:
            raise TracesUnavailable("pip install 'llm-proxy[otel]'") from exc
        resource = Resource.create()
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "llm-proxy"}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        if exporter is None:
            exporter = OTLPSpanExporter(session=None if has_own_session() else tls.session())
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("llm-proxy", VERSION, schema_url=SCHEMA_URL)
        self._extract = TraceContextTextMapPropagator().extract
        self._client = trace.SpanKind.CLIENT
        self._failed = trace.Status(trace.StatusCode.ERROR)

    @classmethod
    def wanted(cls) -> Traces | None:
        """Only where the environment asks for them; a start does not fail for want of traces."""
        if not traces_wanted():
            return None
        try:
            return cls()
        except TracesUnavailable as exc:
            logger.warning("OTEL_*: traces disabled, OpenTelemetry is not installed: {}", exc)
            return None

    def write(self, traced: list[Traced]) -> None:
        """Hand a batch over."""
        for entry, context in traced:
            entry = storable(entry)  # noqa: PLW2901  (what a client named may be long)
            call = _call(entry)
            span = self._tracer.start_span(
                call.span_name,
                context=self._extract(context),
                kind=self._client,
                attributes=call.attributes(),
                start_time=entry.at_us * 1000,
            )
            if call.failed:
                span.set_status(self._failed)
            span.end(end_time=(entry.at_us + entry.duration_us) * 1000)

    def close(self) -> None:
        """Send what is left. Blocks: to be called in a thread."""
        self._provider.shutdown()


def _call(entry: Entry) -> Call:
    parts = entry.parts
    return Call(
        id=entry.id,
        project_id=entry.project_id,
        token_id=entry.token_id,
        provider=entry.provider,
        endpoint=entry.endpoint,
        method=entry.method,
        model=entry.model,
        status=entry.status,
        outcome=entry.outcome,
        creates=entry.counted or entry.cache == "hit",
        prompt_tokens=entry.prompt_tokens,
        completion_tokens=entry.completion_tokens,
        cached_tokens=entry.cached_tokens,
        cache_write_tokens=None if parts is None else parts.cache_write_tokens,
        reasoning_tokens=entry.reasoning_tokens,
        answer_model=entry.answer_model,
        service_tier=entry.service_tier,
        upstream_code=entry.upstream_code,
        cost_nanos=entry.cost_nanos,
        cache=entry.cache,
        saved_nanos=entry.saved_nanos,
    )
