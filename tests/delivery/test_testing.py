"""Sending a test."""

from __future__ import annotations

import json
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from delivery import testing
from models.destination_rules import generated_secret
from models.destinations import Destination, DestinationPolicy
from models.ids import new_id
from proxy.upstream.dialing import tls_context
from tests.delivery.receiver import Receiver, answer, receiving
from tests.delivery.test_otlp import spans_in
from tests.models.rows import RING

SECRET = generated_secret()


def a_destination(kind: Any, url: str | None = None, secret: str | None = None) -> Destination:
    row = Destination(id=new_id(), name="audit", kind=kind, url=url)
    if secret is not None:
        sealed = json.dumps({"secret": secret})
        row.ciphertext, row.encryption_key_id = RING.encrypt(sealed, row.id), RING.newest
    return row


def a_tester(data_dir: Path, *origins: str) -> testing.Tester:
    return testing.Tester(data_dir, RING, DestinationPolicy(frozenset(origins), 1_000_000))


async def test_a_webhook_gets_a_signed_test(receiver: Receiver, tmp_path: Path) -> None:
    tried = await a_tester(tmp_path).test(a_destination("webhook", receiver.url, SECRET))
    assert (tried.ok, tried.status) == (True, 204)
    (got,) = receiver.received
    read = Verifier(SECRET).verify(got.body, got.headers)
    assert read["type"] == "llm_proxy.test"
    assert read["data"]["destination"] == "audit"


@pytest.mark.parametrize(("kind", "secret"), [("otlp", None), ("langfuse", "pk-lf-1:sk-lf-2")])
async def test_a_receiver_of_traces_gets_a_span(
    receiver: Receiver, tmp_path: Path, kind: str, secret: str | None
) -> None:
    tried = await a_tester(tmp_path).test(a_destination(kind, receiver.url, secret))
    assert tried.ok
    (span,) = spans_in(receiver.received[0].body)
    assert span.name == "llm-proxy test"


async def test_authorities_are_read_once_and_off_the_loop(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def reading() -> ssl.SSLContext:
        threads.append(threading.current_thread())
        return tls_context()

    for place in ("delivery.testing", "proxy.upstream.pool"):
        monkeypatch.setattr(f"{place}.tls_context", reading)
    tester = a_tester(tmp_path)
    for _ in range(2):
        assert (await tester.test(a_destination("webhook", receiver.url, SECRET))).ok
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_a_file_gets_a_line(tmp_path: Path) -> None:
    tried = await a_tester(tmp_path).test(a_destination("jsonl"))
    assert tried.ok
    assert "audit.jsonl" in tried.message
    assert "llm_proxy.test" in (tmp_path / "exports" / "audit.jsonl").read_text()


async def test_what_a_receiver_says_against_it_is_shown(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers = lambda _: answer(403, b"unknown signature")
    tried = await a_tester(tmp_path).test(a_destination("webhook", receiver.url, SECRET))
    assert (tried.ok, tried.status) == (False, 403)
    assert tried.message == "The receiver answered 403: unknown signature"


async def test_a_rejected_span_is_no_success(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers = lambda _: answer(200, b'{"partialSuccess": {"rejectedSpans": 1}}')
    assert not (await a_tester(tmp_path).test(a_destination("otlp", receiver.url))).ok


async def test_what_stands_in_the_way_here_is_said(receiver: Receiver, tmp_path: Path) -> None:
    async with receiving() as gone:
        url = gone.url
    tried = await a_tester(tmp_path).test(a_destination("webhook", url, SECRET))
    assert (tried.ok, tried.status) == (False, None)
    listed = a_tester(tmp_path, "https://hooks.example.com")
    tried = await listed.test(a_destination("webhook", receiver.url, SECRET))
    assert "DESTINATION_ORIGINS" in tried.message
    assert receiver.received == []
    tried = await a_tester(tmp_path).test(a_destination("webhook", receiver.url))
    assert "secret" in tried.message
