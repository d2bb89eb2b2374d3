"""Traces and reports go also behind an authority that is none by the letter, as requests do."""

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3.connection
import urllib3.util.ssl_
from loguru import logger

from config.tracing import has_own_session
from telemetry import sentry
from telemetry.otel import Traced, Traces
from telemetry.sentry import Reports
from tests.fixtures.plain_authority import PlainAuthority, make_plain_authority
from tests.operations.test_observer import entry


class Receiver(ThreadingHTTPServer):
    """Behind a private authority; `paths` are those that something came to."""

    def __init__(self, private: PlainAuthority) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket = private.serving().wrap_socket(self.socket, server_side=True)
        self.paths: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def private(tmp_path: Path) -> PlainAuthority:
    return make_plain_authority(tmp_path)


@pytest.fixture
def receiver(private: PlainAuthority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """One that an older Python too refuses by default, as 3.13 does."""
    made: Callable[..., ssl.SSLContext] = urllib3.util.ssl_.create_urllib3_context

    def strict(*args: Any, **more: Any) -> ssl.SSLContext:
        context = made(*args, **more)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        # `requests` takes them before what its session says.
        monkeypatch.delenv(name, raising=False)
    for module in (urllib3.util.ssl_, urllib3.connection):
        monkeypatch.setattr(module, "create_urllib3_context", strict)
    server = Receiver(private)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_trace_is_sent(
    receiver: Receiver, private: PlainAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://127.0.0.1:{receiver.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(private.authority))
    traces = Traces()
    traces.write([Traced(entry(), {})])
    traces.close()
    assert receiver.paths == ["/v1/traces"]


def test_a_trace_is_not_sent_to_somebody_elses_server(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file says whom to believe: the system's authorities are not believed beside it."""
    (tmp_path / "other").mkdir()
    other = make_plain_authority(tmp_path / "other")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://127.0.0.1:{receiver.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(other.authority))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    traces = Traces()
    traces.write([Traced(entry(), {})])
    traces.close()
    assert receiver.paths == []


def test_a_report_is_sent(
    receiver: Receiver, private: PlainAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentry, "LAST_REPORTS", 60.0)
    monkeypatch.setenv("SSL_CERT_FILE", str(private.authority))
    logger.remove()
    reports = Reports(f"https://publickey@127.0.0.1:{receiver.server_port}/7", ())
    reports.open()
    try:
        raise RuntimeError("it broke")
    except RuntimeError:
        logger.exception("it broke")
    reports.close()
    assert receiver.paths == ["/api/7/envelope/"]


def test_a_package_that_brings_a_session_of_its_own_is_left_alone() -> None:
    assert not has_own_session({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"})
    assert has_own_session({"OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "gcp"})
    assert has_own_session({"OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER": "gcp"})
