"""SENTRY_DSN: an unforeseen error is reported once, and nothing private with it."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from loguru import logger

from config import ConfigError, load
from fake_upstream import FakeUpstream
from proxy.decoding.content_coding import Decoder
from telemetry import sentry
from telemetry.sentry import PER_MINUTE, Reports
from tests.fixtures.service import UPSTREAM_KEY, RunService
from tests.system.streams import CHAT, STREAM

KNOWN = "a-known-secret"


class Ingest(ThreadingHTTPServer):
    """Takes what Sentry's SDK sends. While `held`, it takes connections and answers nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.envelopes: list[bytes] = []
        self.answering = threading.Event()
        self.answering.set()

    def wait(self) -> None:
        """Until an event has come: the last ones have a second to, and a machine may stall."""
        deadline = time.monotonic() + 60
        while not self.events:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @property
    def dsn(self) -> str:
        return f"http://publickey@127.0.0.1:{self.server_port}/7"

    @property
    def events(self) -> list[dict[str, Any]]:
        """A header, then a header and a payload for each item."""
        lines = [line for body in self.envelopes for line in body.splitlines()]
        return [found for line in lines if "exception" in (found := json.loads(line))]


class _Handler(BaseHTTPRequestHandler):
    server: Ingest

    def do_POST(self) -> None:
        self.server.answering.wait()
        body = self.rfile.read(int(self.headers["content-length"]))
        if coding := self.headers.get("content-encoding"):
            body = Decoder(coding.encode()).feed(body)
        self.server.envelopes.append(body)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    server = Ingest()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.answering.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reports]:
    # As long as a stall of the machine may take.
    monkeypatch.setattr(sentry, "LAST_REPORTS", 60.0)
    logger.remove()
    found = Reports(ingest.dsn, (KNOWN,))
    found.open()
    yield found
    found.close()


def fail(message: str) -> None:
    password = "hunter2"  # A variable of the frame, and not to be seen.
    try:
        raise RuntimeError(message)
    except RuntimeError:
        logger.bind(request_id=str(len(password))).exception("it broke: {}", KNOWN)


async def test_an_unforeseen_error_is_reported_once(
    run_service: RunService, up: FakeUpstream, ingest: Ingest
) -> None:
    service = run_service(SENTRY_DSN=ingest.dsn, LOG_FORMAT="json")
    issued = await service.make_token(up.url)
    with closing(sqlite3.connect(service.database.path)) as database:
        # Nobody writes such a row: a list that is none.
        database.execute("UPDATE token SET allowed_models = ?", (f"[{issued.secret}",))
        database.commit()
    body = STREAM | {"user": "somebody-private"}
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http:
        answer = await http.post(CHAT, json=body)
    await asyncio.to_thread(ingest.wait)
    assert await asyncio.to_thread(service.stop) == 0

    assert answer.status_code == 500
    (logged,) = [line for line in map(json.loads, service.log.splitlines()) if "exception" in line]
    (event,) = ingest.events
    assert event["tags"] == {"request_id": logged["request_id"]}
    assert event["level"] == "error"
    assert event["exception"]["values"][-1]["stacktrace"]["frames"]
    for private in (issued.secret, UPSTREAM_KEY, "somebody-private", "127.0.0.1:", '"vars"'):
        assert not any(private.encode() in envelope for envelope in ingest.envelopes)
    assert "publickey" not in service.log


def test_a_report_has_what_helps_and_no_more(ingest: Ingest, opened: Reports) -> None:
    fail(f"no {KNOWN}, no sk-0123456789, no llmp_x\n[input_value='private']" + "x" * 1000)
    opened.close()

    (event,) = ingest.events
    (exception,) = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == (
        "RuntimeError",
        "no [redacted], no [redacted], no [redacted]",
    )
    assert event["logentry"]["message"] == "it broke: [redacted]"
    assert event["tags"] == {"request_id": "7"}
    assert event["release"].startswith("llm-proxy@")
    assert {"request", "user", "extra", "breadcrumbs", "modules"}.isdisjoint(event)
    frame = exception["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail"
    assert "vars" not in frame
    assert b"hunter2 " not in ingest.envelopes[0]


def test_what_an_sdk_might_add_is_taken_away(opened: Reports) -> None:
    frame = {"function": "f", "vars": {"password": "hunter2"}}
    event: Any = {
        "exception": {"values": [{"value": "told", "stacktrace": {"frames": [frame]}}]},
        "logentry": {"message": "said"},
        "request": {"headers": {"authorization": "hunter2"}},
        "extra": {"sys.argv": ["hunter2"]},
    }

    left = opened._scrub(event, {})

    assert left.keys() == {"exception", "logentry"}
    assert "hunter2" not in str(left)


def test_what_is_no_exception_is_not_reported(ingest: Ingest, opened: Reports) -> None:
    logger.error("a worker ended")
    logger.opt(exception=ValueError("of no interest")).warning("expected")
    opened.close()

    assert ingest.envelopes == []


def test_a_flood_of_errors_is_reported_in_part(ingest: Ingest, opened: Reports) -> None:
    for number in range(PER_MINUTE + 20):
        fail(f"number {number}")
    opened.close()

    assert 0 < len(ingest.events) <= PER_MINUTE


async def test_a_sentry_that_is_away_costs_reports_and_nothing_else(
    run_service: RunService, up: FakeUpstream, ingest: Ingest
) -> None:
    ingest.answering.clear()
    service = run_service(SENTRY_DSN=ingest.dsn)
    issued = await service.make_token(up.url)
    other = await service.make_token(up.url)
    with closing(sqlite3.connect(service.database.path)) as database:
        database.execute(
            "UPDATE token SET allowed_models = '[' WHERE id = ?", (str(issued.token.id),)
        )
        database.commit()
    async with httpx.AsyncClient(base_url=service.url) as http:
        for who, status in ((issued, 500), (issued, 500), (other, 200)):
            answer = await http.post(CHAT, json=STREAM, headers=who.bearer)
            assert answer.status_code == status

    assert await asyncio.to_thread(service.stop) == 0
    assert "is killed" not in service.log
    assert ingest.envelopes == []


def test_without_the_package_the_start_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(sentry, "find_spec", lambda _: None)
    wanted = load({"SENTRY_DSN": "https://key@sentry.example/1"}, None)

    with pytest.raises(ConfigError, match=r"^SENTRY_DSN: .*pip install"):
        Reports.wanted(wanted)
    assert Reports.wanted(load({}, None)) is None
