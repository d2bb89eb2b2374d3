"""`/manage/destinations`"""

import base64
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from config import Database, Settings
from models import AuditEvent, Destination, DestinationState, OutboxItem
from models.crypto import KeyRing
from tests.manage.conftest import MANAGEMENT_TOKEN, Json, Make, serving

PATH = "/manage/destinations"
URL = "https://hooks.example.com/in"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


async def made(client: httpx.AsyncClient, **given: Any) -> Json:
    response = await client.post(PATH, json={"kind": "webhook", "url": URL} | given)
    assert response.status_code == 201, response.text
    row: Json = response.json()
    return row


async def test_destination_is_made_shown_changed_and_deleted(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    row = await made(
        client,
        name="ops",
        events=["key.suspended", "budget.exceeded"],
        requests=True,
        filter={"project_id": project["id"], "outcome": "timeout"},
        headers={"X-Team": "s3cret"},
    )
    assert list(row) == [
        "id", "name", "kind", "url", "has_secret", "has_headers", "events", "requests", "filter",
        "is_active", "state", "delivered", "dropped", "waiting", "waiting_since",
        "last_delivered_at", "last_dropped_at", "last_error", "last_error_at", "failing_since",
        "next_try_at", "created_at", "updated_at", "secret",
    ]  # fmt: skip
    secret = row.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert (row["has_secret"], row["has_headers"], row["state"]) == (True, True, "active")
    assert row["filter"] == {"project_id": project["id"], "outcome": "timeout"}
    assert (await client.get(f"{PATH}/{row['id']}")).json() == row

    changed = await client.patch(
        f"{PATH}/{row['id']}", json={"events": None, "filter": None, "is_active": False}
    )
    assert changed.status_code == 200
    assert changed.json() == row | {
        "events": None,
        "filter": None,
        "is_active": False,
        "state": "inactive",
        "updated_at": changed.json()["updated_at"],
        "secret": None,
    }
    other = await made(client, kind="jsonl", name="file", url=None)
    assert other["secret"] is None
    listed = (await client.get(PATH)).json()["data"]
    assert [one["name"] for one in listed] == ["file", "ops"]
    (found,) = (await client.get(PATH, params={"is_active": "false"})).json()["data"]
    assert found["name"] == "ops"
    (found,) = (await client.get(PATH, params={"kind": "jsonl"})).json()["data"]
    assert found["name"] == "file"

    assert (await client.delete(f"{PATH}/{row['id']}")).status_code == 204
    assert (await client.delete(f"{PATH}/{row['id']}")).status_code == 404
    events = await AuditEvent.filter(target_id=row["id"]).order_by("id")
    assert [event.action for event in events] == [
        "destination.create",
        "destination.update",
        "destination.delete",
    ]
    said = json.dumps([event.changes for event in events])
    assert "s3cret" not in said
    assert secret not in said


async def test_secrets_are_in_no_answer_but_the_one_that_made_them(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    given = await made(client, name="given", secret=SECRET, headers={"authorization": "Basic h"})
    assert given["secret"] is None
    stored = await Destination.get(id=given["id"])
    ring = KeyRing(settings.encryption_keys)
    assert stored.opened(ring) == (SECRET, {"authorization": "Basic h"})
    again = await client.patch(f"{PATH}/{given['id']}", json={"secret": None})
    assert again.json()["secret"] not in (None, SECRET)
    assert (await Destination.get(id=given["id"])).opened(ring).secret == again.json()["secret"]
    for answer in (await client.get(PATH), await client.get(f"{PATH}/{given['id']}")):
        assert "Basic h" not in answer.text
        assert SECRET not in answer.text
        assert again.json()["secret"] not in answer.text


async def test_how_deliveries_go_is_shown_and_a_change_has_what_failed_tried_at_once(
    client: httpx.AsyncClient,
) -> None:
    row = await made(client, name="ops")
    at = datetime(2026, 11, 29, 5, tzinfo=UTC)
    await DestinationState.create(
        destination_id=row["id"], delivered=7, dropped=2, failures=3, failing_since=at,
        last_error="The receiver answered 503.", last_error_at=at, retry_at=at,
    )  # fmt: skip
    for _ in range(2):
        await OutboxItem.create(
            destination_id=row["id"], kind="event", item_id=uuid4(), at=at, size=9
        )
    shown = (await client.get(f"{PATH}/{row['id']}")).json()
    moment = "2026-11-29T05:00:00Z"
    assert (shown["state"], shown["delivered"], shown["dropped"]) == ("failing", 7, 2)
    assert (shown["waiting"], shown["waiting_since"]) == (2, moment)
    assert (shown["last_error"], shown["next_try_at"]) == ("The receiver answered 503.", moment)
    assert shown["failing_since"] == moment
    await client.patch(f"{PATH}/{row['id']}", json={"headers": {"x-a": "b"}})
    shown = (await client.get(f"{PATH}/{row['id']}")).json()
    assert (shown["state"], shown["next_try_at"], shown["failing_since"]) == ("active", None, None)
    assert shown["last_error"] == "The receiver answered 503."
    off = await client.patch(f"{PATH}/{row['id']}", json={"is_active": False})
    assert (off.json()["state"], off.json()["waiting"]) == ("inactive", 2)


async def test_a_test_is_sent_at_once_and_audited(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    file = await made(client, kind="jsonl", name="file", url=None, is_active=False)
    at = datetime(2026, 11, 29, 5, tzinfo=UTC)
    await DestinationState.create(destination_id=file["id"], failures=1, retry_at=at)
    response = await client.post(f"{PATH}/{file['id']}/test")
    assert response.status_code == 200
    tried = response.json()
    assert (tried["works"], tried["status"]) == (True, None)
    line = json.loads((settings.data_dir / "exports" / "file.jsonl").read_text())
    assert line["type"] == "llm_proxy.test"
    # What failed before is tried again.
    assert (await DestinationState.get(destination_id=file["id"])).retry_at is None

    with socket.socket() as nobody:
        # Bound, so that nobody else can listen there meanwhile.
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/in"
        hook = await made(client, name="hook", url=address, headers={"x-key": "s3cret"})
        response = await client.post(f"{PATH}/{hook['id']}/test")
    assert (response.status_code, response.json()["works"]) == (200, False)
    assert "127.0.0.1" in response.json()["message"]
    assert "s3cret" not in response.text
    assert (await client.post(f"{PATH}/{uuid4()}/test")).status_code == 404
    events = await AuditEvent.filter(action="destination.test").order_by("id")
    assert [event.changes["works"] for event in events] == [[None, True], [None, False]]
    assert events[1].changes["message"] == [None, response.json()["message"]]


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({}, "kind", "required"),
        ({"kind": "email"}, "kind", "'webhook', 'otlp', 'langfuse' or 'jsonl'"),
        ({"kind": "webhook"}, "url", "needs an address"),
        ({"kind": "webhook", "url": "hooks.example.com"}, "url", "neither http nor https"),
        ({"kind": "webhook", "url": URL, "secret": "s3cret"}, "secret", "24 to 64 bytes"),
        ({"kind": "webhook", "url": URL, "events": ["key.gone"]}, "events", "key.suspended"),
        ({"kind": "webhook", "url": URL, "events": "all"}, "events", "not a list"),
        ({"kind": "webhook", "url": URL, "requests": 1}, "requests", "neither true nor false"),
        ({"kind": "webhook", "url": URL, "headers": {"host": "a"}}, "headers", "by the proxy"),
        ({"kind": "webhook", "url": URL, "filter": {"model": "x"}}, "filter.model", "no such"),
        (
            {"kind": "webhook", "url": URL, "filter": {"project_id": str(UUID(int=7))}},
            "filter.project_id",
            "no project",
        ),
        (
            {"kind": "webhook", "url": URL, "filter": {"token_id": str(UUID(int=7))}},
            "filter.token_id",
            "no token",
        ),
        ({"kind": "langfuse", "url": URL}, "secret", "public key, a colon"),
        ({"kind": "otlp", "url": URL, "events": ["key.resting"]}, "events", "webhook or jsonl"),
        ({"kind": "jsonl", "name": "a/b"}, "name", "its file's"),
        ({"kind": "jsonl", "url": URL}, "url", "DATA_DIR/exports"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bad_field_is_named_with_the_mend(
    client: httpx.AsyncClient, given: Json, field: str, said: str
) -> None:
    response = await client.post(PATH, json={"name": "x"} | given)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "invalid_request"
    (detail,) = error["details"]
    assert detail["field"] == field
    assert said in detail["message"]
    assert "s3cret" not in response.text
    assert await Destination.all().count() == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_conflicts_have_their_codes(client: httpx.AsyncClient) -> None:
    row = await made(client, name="ops", headers={"x-key": "k"})
    taken = await client.post(PATH, json={"kind": "jsonl", "name": "OPS"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "conflict")
    moved = await client.patch(f"{PATH}/{row['id']}", json={"url": "https://elsewhere.example"})
    assert (moved.status_code, moved.json()["error"]["code"]) == (409, "secret_must_be_given")
    assert [detail["field"] for detail in moved.json()["error"]["details"]] == ["headers"]
    given = {"url": "https://elsewhere.example", "headers": None}
    assert (await client.patch(f"{PATH}/{row['id']}", json=given)).status_code == 200
    assert (await client.patch(f"{PATH}/{row['id']}", json={"kind": "otlp"})).status_code == 400
    for method in ("GET", "PATCH", "DELETE"):
        absent = await client.request(method, f"{PATH}/{uuid4()}")
        assert absent.status_code == 404


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_origin_that_is_not_listed_is_refused_and_audited(
    connected: Database, settings: Settings
) -> None:
    listed = replace(settings, destination_origins=("https://hooks.example.com:443",))
    headers = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}
    async with (
        serving(listed) as url,
        httpx.AsyncClient(base_url=url, headers=headers, verify=False) as client,
    ):
        await made(client, name="listed")
        given = {"kind": "webhook", "name": "other", "url": "http://127.0.0.1:9/in"}
        refused = await client.post(PATH, json=given)
    assert refused.status_code == 400
    (detail,) = refused.json()["error"]["details"]
    assert detail["field"] == "url"
    assert "DESTINATION_ORIGINS" in detail["message"]
    assert await AuditEvent.filter(outcome="refused").count() == 1
