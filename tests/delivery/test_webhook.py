"""Webhooks, read by the Standard Webhooks library itself."""

from __future__ import annotations

import base64
import json

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from delivery.posting import Poster
from delivery.webhook import Webhook
from models.destination_rules import generated_secret
from tests.delivery.receiver import Receiver, answer, receiving
from tests.delivery.rows import a_request, an_event


async def test_the_library_of_the_standard_takes_what_we_sign(
    receiver: Receiver, poster: Poster
) -> None:
    secret = generated_secret()
    sender = Webhook(poster, f"{receiver.url}/hook", secret, {"x-team": "search"})
    items = [an_event(days=7), a_request()]
    for item in items:
        assert (await sender.send([item])).verdict == "taken"
    for item, got in zip(items, receiver.received, strict=True):
        read = Verifier(secret).verify(got.body, got.headers)
        assert read == json.loads(item.encoded())
        assert (got.headers["webhook-id"], got.headers["x-team"]) == (item.id, "search")
        with pytest.raises(WebhookVerificationError):
            Verifier(generated_secret()).verify(got.body, got.headers)
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(got.body + b" ", got.headers)


async def test_what_is_sent_says_its_type_its_time_and_its_data(
    receiver: Receiver, poster: Poster
) -> None:
    item = a_request(status=429, cost_nanos=2_500_000_000)
    await Webhook(poster, receiver.url, generated_secret(), {}).send([item])
    read = json.loads(receiver.received[0].body)
    assert (read["type"], read["timestamp"]) == ("request", "2026-11-29T04:00:00.250000Z")
    said = {name: read["data"][name] for name in ("id", "status", "cost_usd", "duration_ms")}
    assert said == {"id": item.id, "status": 429, "cost_usd": 2.5, "duration_ms": 90.0}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "taken"), (204, "taken"), (301, "again"), (308, "again"), (400, "refused"),
     (401, "refused"), (404, "refused"), (408, "again"), (410, "gone"), (422, "refused"),
     (425, "refused"), (429, "again"), (500, "again"), (502, "again"), (503, "again")],
)  # fmt: skip
async def test_what_a_status_means(
    receiver: Receiver, poster: Poster, status: int, verdict: str
) -> None:
    receiver.answers = lambda _: answer(status)
    outcome = await Webhook(poster, receiver.url, generated_secret(), {}).send([an_event()])
    assert (outcome.verdict, outcome.status) == (verdict, status)


async def test_no_answer_is_tried_again(poster: Poster) -> None:
    async with receiving() as gone:
        url = gone.url
    outcome = await Webhook(poster, url, generated_secret(), {}).send([an_event()])
    assert (outcome.verdict, outcome.status) == ("again", None)


async def test_a_secret_that_the_receiver_says_back_is_not_quoted(
    receiver: Receiver, poster: Poster
) -> None:
    receiver.answers = lambda one: answer(500, f"no {one.headers['x-key']}\x00!".encode())
    sender = Webhook(poster, receiver.url, generated_secret(), {"x-key": "very-secret"})
    said = (await sender.send([an_event()])).why
    assert said == "The receiver answered 500: no (secret)\N{REPLACEMENT CHARACTER}!"


@pytest.mark.parametrize(
    "secret", [None, "plain", "whsec_%%%", base64.b64encode(b"k" * 32).decode()]
)
def test_a_secret_that_is_none_is_said(poster: Poster, secret: str | None) -> None:
    with pytest.raises(ValueError, match="secret"):
        Webhook(poster, "https://hooks.example.com", secret, {})
