"""OpenTelemetry: nothing unless asked for, and then a span for each request."""

import asyncio
import gzip
import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from config import traces_wanted
from fake_upstream import FakeUpstream, expected_usage
from proxy.downstream import RequestHead
from proxy.exchange import Exchange
from proxy.header_lines import HeaderLines
from proxy.pricing.sheet import listed_name
from telemetry import observer as observing
from telemetry.metrics import Metrics, WorkerGauges
from telemetry.observer import Observer
from telemetry.otel import Traces
from telemetry.request_log_lines import RequestLines
from tests.fixtures.service import RunService
from tests.operations.test_observer import entry
from tests.proxy.rows import an_exchange
from tests.system.streams import CHAT

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
BODY: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Secret"}]}


class Collector(ThreadingHTTPServer):
    """Takes what the OTLP exporter sends over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def wait(self, count: int) -> None:
        """Until so many spans have come."""
        deadline = time.monotonic() + 60
        while len(self.spans) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @property
    def spans(self) -> list[Any]:
        return [
            (resource.resource, span)
            for body in self.received
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def attributes(holder: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in holder.attributes}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
    ],
)
def test_traces_are_off_unless_asked_for(environ: dict[str, str], wanted: bool) -> None:
    assert traces_wanted(environ) is wanted


async def test_each_request_is_a_span_of_its_clients_trace(
    run_service: RunService, up: FakeUpstream, collector: Collector
) -> None:
    # In batches of some milliseconds.
    service = run_service(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="100")
    issued = await service.make_token(up.url)
    context = {"traceparent": PARENT, "tracestate": "vendor=1"}
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http:
        done = await http.post(CHAT, json=BODY, headers=context)
        failed = await http.post(CHAT, json=BODY, headers={"x-fake": "status=500"})
        assert (done.status_code, failed.status_code) == (200, 500)
    await asyncio.to_thread(collector.wait, 2)
    assert await asyncio.to_thread(service.stop) == 0

    (resource, first), (_, second) = collector.spans
    said = attributes(first)
    usage = expected_usage(CHAT, BODY)
    assert attributes(resource)["service.name"] == "llm-proxy"
    assert (first.name, first.trace_id.hex()) == ("chat gpt-4o", TRACE)
    assert first.parent_span_id.hex() == "b7ad6b7169203331"
    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.provider.name"] == "openai"
    assert said["gen_ai.request.model"] == "gpt-4o"
    assert said["gen_ai.usage.input_tokens"] == usage.prompt
    assert said["gen_ai.usage.output_tokens"] == usage.completion
    assert said["http.response.status_code"] == 200
    assert said["llm_proxy.request_id"] == done.headers["x-llm-proxy-request-id"]
    assert 0 < first.end_time_unix_nano - first.start_time_unix_nano < 60 * 10**9
    assert (attributes(second)["error.type"], second.parent_span_id) == ("500", b"")
    for private in (b"Secret", issued.secret.encode()):
        assert not any(private in body for body in collector.received)
    # The upstream sees the client's context, unchanged.
    assert up.requests[0].header("traceparent") == PARENT.encode()
    assert up.requests[0].header("tracestate") == b"vendor=1"


async def test_what_was_not_sent_yet_is_sent_at_the_end(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    # Not before, and however long the machine stalls.
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    monkeypatch.setattr(observing, "_LAST_SPANS", 60.0)
    observer = traced()
    observer.recorded(entry(), a_request())

    await observer.close()

    assert len(collector.spans) == 1


async def test_a_collector_that_is_away_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes connections and says nothing.
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(600), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    # Without an end of ours it would be waited for longer than we wait here.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "300")
    observer = traced()
    observer.recorded(entry(), a_request())

    async with asyncio.timeout(20):
        await observer.close()
    silent.close()


def traced() -> Observer:
    return Observer(
        Metrics(listed_name),
        RequestLines(io.StringIO(), "json", 0.0),
        lambda: WorkerGauges(0, 0, 0),
        traces=Traces(),
    )


def a_request() -> Exchange:
    return an_exchange(RequestHead("POST", b"/", "1.1", HeaderLines.of([]), None, "127.0.0.1"))
