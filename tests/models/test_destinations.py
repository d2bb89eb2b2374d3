"""Destinations: what may be set, what stays hidden, and what they are told of."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from models import AuditEvent, destinations
from models.crypto import KeyRing
from models.destination_rules import DestinationSettings, is_file_name
from models.destinations import Destination, DestinationPolicy, DestinationState
from models.errors import (
    DestinationRefused,
    DestinationRemoved,
    NameTaken,
    OriginNotAllowed,
    SecretMustBeGiven,
    TooManyDestinations,
)
from models.tokens import Token
from tests.models.rows import BY, RING, a_project

SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
URL = "https://hooks.example.com/in"
NEXT = datetime(2026, 11, 29, 5, tzinfo=UTC)


def wanted(kind: str) -> dict[str, Any]:
    """The least that a destination of this kind has."""
    least: dict[str, dict[str, Any]] = {
        "webhook": {"url": URL, "secret": SECRET},
        "otlp": {"url": "http://127.0.0.1:4318"},
        "langfuse": {"url": "https://cloud.langfuse.com", "secret": "pk-lf-1:sk-lf-2"},
        "jsonl": {},
    }
    return {"name": kind, **least[kind]}


async def made(kind: Any = "webhook", **more: Any) -> Destination:
    row, _ = await Destination.make(kind=kind, ring=RING, by=BY, **wanted(kind) | more)
    return row


async def changes_of(row: Destination, action: str) -> dict[str, Any]:
    events = await AuditEvent.filter(target_id=str(row.id), action=action).order_by("-id")
    return events[0].changes


@pytest.mark.usefixtures("connected")
async def test_what_was_set_is_read_back_and_secrets_are_only_opened() -> None:
    project = await a_project()
    row = await made(
        headers={"x-team": "s3cret"},
        events=["key.suspended"],
        requests=True,
        filter={"project_id": str(project.id), "outcome": "timeout"},
    )
    stored = await Destination.get(id=row.id)
    assert stored.opened(RING).secret == SECRET
    assert stored.opened(RING).headers == {"x-team": "s3cret"}
    assert (stored.has_secret, stored.has_headers) == (True, True)
    assert stored.only == {"project_id": str(project.id), "outcome": "timeout"}
    assert (stored.events, stored.requests, stored.is_active) == (["key.suspended"], True, True)
    event = await AuditEvent.get(action="destination.create")
    assert event.changes["headers"] == [None, "given"]
    for shown in (json.dumps(event.changes), repr(stored.opened(RING)), str(stored.ciphertext)):
        assert "s3cret" not in shown
        assert SECRET[6:] not in shown


@pytest.mark.usefixtures("connected")
async def test_a_webhook_without_a_secret_is_given_one_that_is_known_once() -> None:
    row, secret = await Destination.make(kind="webhook", ring=RING, by=BY, name="made", url=URL)
    assert secret is not None
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert row.opened(RING).secret == secret
    assert secret not in json.dumps(await changes_of(row, "destination.create"))
    assert await row.change(ring=RING, by=BY, requests=True) is None
    another = await row.change(ring=RING, by=BY, secret=None)
    assert another not in (None, secret)
    assert (await Destination.get(id=row.id)).opened(RING).secret == another
    assert await changes_of(row, "destination.update") == {"secret": ["given", "given anew"]}


@pytest.mark.usefixtures("connected")
async def test_a_change_says_what_changed_and_again_changes_nothing() -> None:
    row = await made(headers={"x-team": "one"})
    await row.change(ring=RING, by=BY, name="renamed", headers=None, events=[], requests=True)
    assert await changes_of(row, "destination.update") == {
        "name": ["webhook", "renamed"],
        "events": [None, []],
        "requests": [False, True],
        "headers": ["given", None],
    }
    assert row.opened(RING) == (SECRET, {})
    await row.change(ring=RING, by=BY, name="renamed", headers=None, requests=True)
    assert await AuditEvent.filter(action="destination.update").count() == 1
    await row.switch_off(by=BY, reason="The receiver answered 410.")
    await row.switch_off(by=BY, reason="The receiver answered 410.")
    assert not (await Destination.get(id=row.id)).is_active
    assert await AuditEvent.filter(action="destination.update").count() == 2
    await row.remove(by=BY)
    await row.remove(by=BY)
    assert await AuditEvent.filter(action="destination.delete").count() == 1
    with pytest.raises(DestinationRemoved):
        await row.change(ring=RING, by=BY, name="gone")


@pytest.mark.usefixtures("connected")
async def test_what_failed_is_tried_at_once_after_a_change_and_a_test_that_worked() -> None:
    row = await made()
    failing: dict[str, Any] = {"failures": 3, "retry_at": NEXT, "failing_since": NEXT}
    await DestinationState.create(destination_id=row.id, **failing)

    async def waits() -> bool:
        state = await DestinationState.get(destination_id=row.id)
        assert (state.failures > 0) == (state.failing_since is not None)
        return state.retry_at is not None

    await row.note_test(works=False, said="No answer.", by=BY)
    await row.change(ring=RING, by=BY, requests=False)
    assert await waits()
    await row.note_test(works=True, said="It works.", by=BY)
    assert not await waits()
    await DestinationState.filter(destination_id=row.id).update(**failing)
    await row.change(ring=RING, by=BY, requests=True)
    assert not await waits()


@pytest.mark.usefixtures("connected")
async def test_secrets_that_are_taken_away_are_erased() -> None:
    row = await made("otlp", headers={"x-key": "k"}, secret="bearer")
    await row.change(ring=RING, by=BY, secret=None)
    await row.change(ring=RING, by=BY, headers={"authorization": "Basic x"})
    await row.change(ring=RING, by=BY, headers={"x-key": "k"})
    assert (await Destination.get(id=row.id)).opened(RING) == (None, {"x-key": "k"})
    await row.change(ring=RING, by=BY, headers=None)
    stored = await Destination.get(id=row.id)
    assert (stored.ciphertext, stored.encryption_key_id) == (None, None)
    assert (stored.has_secret, stored.has_headers) == (False, False)
    assert stored.opened(RING) == (None, {})


@pytest.mark.usefixtures("connected")
async def test_names_are_unique_whatever_their_case() -> None:
    await made("jsonl", name="Requests")
    with pytest.raises(NameTaken):
        await made("jsonl", name="requests")
    other = await made()
    with pytest.raises(NameTaken):
        await other.change(ring=RING, by=BY, name="REQUESTS")


@pytest.mark.usefixtures("connected")
async def test_secrets_do_not_follow_an_address_to_another_origin() -> None:
    row = await made("otlp", secret="bearer-1", headers={"x-key": "k"})
    await row.change(ring=RING, by=BY, url="http://127.0.0.1:4318/v1/traces")
    with pytest.raises(SecretMustBeGiven) as caught:
        await row.change(ring=RING, by=BY, url="http://elsewhere.example:4318", headers=None)
    assert caught.value.fields == ("secret",)
    with pytest.raises(SecretMustBeGiven) as caught:
        await row.change(ring=RING, by=BY, url="http://elsewhere.example:4318", secret="b")
    assert caught.value.fields == ("headers",)
    await row.change(
        ring=RING, by=BY, url="http://elsewhere.example:4318", headers=None, secret="bearer-2"
    )
    assert row.opened(RING) == ("bearer-2", {})
    # A webhook's secret signs and is not sent.
    hook = await made()
    await hook.change(ring=RING, by=BY, url="https://elsewhere.example/in")
    assert hook.opened(RING).secret == SECRET


@pytest.mark.usefixtures("connected")
async def test_only_listed_origins_are_taken() -> None:
    policy = DestinationPolicy(frozenset({"https://hooks.example.com:443"}))
    row, _ = await Destination.make(
        kind="webhook", ring=RING, by=BY, policy=policy, name="listed", url=URL
    )
    elsewhere = "http://hooks.example.com/in"
    with pytest.raises(OriginNotAllowed, match="DESTINATION_ORIGINS"):
        await row.change(ring=RING, by=BY, policy=policy, url=elsewhere)
    with pytest.raises(OriginNotAllowed):
        await Destination.make(
            kind="webhook", ring=RING, by=BY, policy=policy, name="other", url=elsewhere
        )
    assert await Destination.all().count() == 1


@pytest.mark.usefixtures("connected")
async def test_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "MOST", 2)
    await made("jsonl", is_active=False)
    await made()
    with pytest.raises(TooManyDestinations):
        await made("otlp")
    await (await Destination.get(name="jsonl")).remove(by=BY)
    await made("otlp")


@pytest.mark.usefixtures("connected")
async def test_ids_of_a_filter_are_those_of_something() -> None:
    project, other = await a_project(), await a_project("Other")
    token, _ = await Token.issue(other, by=BY)
    absent = "00000000-0000-4000-8000-000000000000"
    for only, field in (
        ({"project_id": absent}, "filter.project_id"),
        ({"token_id": absent}, "filter.token_id"),
        ({"project_id": str(project.id), "token_id": str(token.id)}, "filter.token_id"),
    ):
        with pytest.raises(DestinationRefused) as caught:
            await made(filter=only)
        assert [problem[0] for problem in caught.value.problems] == [field]
    await made(filter={"project_id": str(other.id), "token_id": str(token.id)})


@pytest.mark.usefixtures("connected")
async def test_what_stays_is_not_asked_for_again() -> None:
    project = await a_project()
    row = await made(filter={"project_id": str(project.id)})
    await project.erase(by=BY)
    elsewhere = DestinationPolicy(frozenset({"https://other.example.com:443"}))
    await row.change(
        ring=RING, by=BY, policy=elsewhere, name="renamed", url=URL,
        filter={"project_id": str(project.id)},
    )  # fmt: skip
    assert (row.name, row.only) == ("renamed", {"project_id": str(project.id)})
    with pytest.raises(DestinationRefused):
        await made("jsonl", filter={"project_id": str(project.id)})


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("kind", "more", "fields"),
    [
        ("webhook", {"url": None}, ["url"]),
        ("webhook", {"secret": "whsec_c2hvcnQ="}, ["secret"]),
        ("webhook", {"secret": SECRET.removeprefix("whsec_")}, ["secret"]),
        ("webhook", {"secret": SECRET.replace("whsec_", "WHSEC_")}, ["secret"]),
        ("webhook", {"secret": f"{SECRET}!"}, ["secret"]),
        ("webhook", {"secret": "whsec_" + base64.b64encode(b"s" * 65).decode()}, ["secret"]),
        ("webhook", {"events": []}, ["events"]),
        ("otlp", {"events": ["key.resting"]}, ["events"]),
        ("otlp", {"requests": False}, ["requests"]),
        ("otlp", {"secret": "b", "headers": {"authorization": "Bearer x"}}, ["headers"]),
        ("langfuse", {"secret": None}, ["secret"]),
        ("langfuse", {"secret": "pk-lf-1"}, ["secret"]),
        ("jsonl", {"name": "../up", "url": URL}, ["name", "url"]),
        ("jsonl", {"secret": "s", "headers": {"x-a": "b"}}, ["secret", "headers"]),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_a_kind_does_not_take_is_named(
    kind: str, more: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(DestinationRefused) as caught:
        await made(kind, **more)
    assert [problem[0] for problem in caught.value.problems] == fields
    assert await Destination.all().count() == 0


@pytest.mark.usefixtures("connected")
async def test_secrets_are_encrypted_anew_with_the_newest_key() -> None:
    row, plain = await made(headers={"x-team": "one"}), await made("jsonl")
    newer = KeyRing([b"n" * 32, b"k" * 32])
    assert await row.reencrypt(newer)
    assert not await row.reencrypt(newer)
    assert not await plain.reencrypt(newer)
    stored = await Destination.get(id=row.id)
    assert stored.opened(KeyRing([b"n" * 32])) == (SECRET, {"x-team": "one"})


@pytest.mark.parametrize(
    ("kind", "url", "address"),
    [
        ("webhook", "https://a.example/in/", "https://a.example/in/"),
        ("otlp", "http://c.example:4318", "http://c.example:4318/v1/traces"),
        ("otlp", "http://c.example:4318/v1/traces", "http://c.example:4318/v1/traces"),
        ("otlp", "https://c.example/otlp/", "https://c.example/otlp/v1/traces"),
        ("langfuse", "https://l.example", "https://l.example/api/public/otel/v1/traces"),
        (
            "langfuse",
            "https://l.example/api/public/otel/",
            "https://l.example/api/public/otel/v1/traces",
        ),
        ("jsonl", None, None),
    ],
)
def test_what_is_posted_to(kind: Any, url: str | None, address: str | None) -> None:
    assert Destination(kind=kind, name="x", url=url).address == address


def test_a_file_has_the_name_of_its_destination_and_no_other_place() -> None:
    assert Destination(kind="jsonl", name="Requests-1.x").file_name == "Requests-1.x.jsonl"
    for name in ("../up", "/etc/x", ".hidden", "a/b", "a\\b", "a\x00", "", "é", "a" * 101, "a\n"):
        assert not is_file_name(name)
        with pytest.raises(ValueError, match="no file"):
            _ = Destination(kind="jsonl", name=name).file_name


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "ftp://a.example", "neither http nor https"),
        ("url", "https://user:pw@a.example", "into headers"),
        ("url", "https://a.example/?key=1", "into headers"),
        ("url", "https://a.example/../b", "not a plain path"),
        ("url", "https://a_b!.example", "neither an address nor a host name"),
        ("secret", "with space", "visible ASCII"),
        ("secret", "", "at least 1 character"),
        ("headers", {}, "at least 1 item"),
        ("headers", {"host": "a"}, "set by the proxy"),
        ("headers", {"Webhook-Id": "a"}, "set by the proxy"),
        ("headers", {"User-Agent": "a"}, "set by the proxy"),
        ("headers", {"X-A": "1", "x-a": "2"}, "twice"),
        ("headers", {"x a": "1"}, "not the name of a header field"),
        ("headers", {"x-a": "1\r\nx-b: 2"}, "printable ASCII"),
        ("headers", {"x-a": ""}, "printable ASCII"),
        ("events", ["key.gone"], "The events are: request.failed, budget.threshold"),
        ("events", ["key.resting", "key.resting"], "twice"),
        ("filter", {"projectid": "x"}, "not permitted"),
        ("filter", {"project_id": "x"}, "not an id"),
        ("filter", {"outcome": "fine"}, "'complete'"),
    ],
)
def test_wrong_values_are_refused_with_what_is_wrong(field: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DestinationSettings.model_validate({field: value}, strict=True)
    assert said in str(caught.value)


def test_right_values_are_taken_in_one_spelling() -> None:
    settings = DestinationSettings.model_validate(
        {
            "url": "https://Hooks.Example.com:8443/In//a",
            "headers": {"X-Team": "a b"},
            "events": [],
            "filter": {"project_id": None},
        },
        strict=True,
    )
    assert settings.url == "https://hooks.example.com:8443/In//a"
    assert settings.headers == {"x-team": "a b"}
    assert settings.filter is not None
    assert settings.filter.stored() is None
