"""Destinations: set up by a form for each kind, shown with how deliveries go, secrets never."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from admin.components import lookups
from config import Settings
from models import AuditEvent, Destination, DestinationState, Event, OutboxItem
from models.ids import new_id
from models.ledger import apply_batch
from tests.admin.conftest import BY, RING, Browser, make_project, on_both
from tests.models.rows import an_entry

LIST = "/admin/destinations"
URL = "https://ops.example.com/in"


async def made(kind: Any = "webhook", **more: Any) -> Destination:
    given = {"name": "ops", "url": URL} if kind == "webhook" else {"name": kind}
    row, _ = await Destination.make(kind=kind, ring=RING, by=BY, **(given | more))
    return row


def shown_secret(text: str) -> str:
    match = re.search(r'id="secret"[^>]*>(whsec_[^<]+)<', text)
    assert match
    return match[1]


@on_both
async def test_a_webhooks_life(admin: Browser) -> None:
    project = await make_project()
    assert "No destinations yet" in (await admin.get(LIST)).text
    made_page = await admin.submit(
        f"{LIST}/new?kind=webhook", LIST, kind="webhook", name="ops", url=URL, scope="some",
        event=["key.suspended", "budget.exceeded"], requests="true", project_id=str(project.id),
        headers="X-Team: s3cret\nX-Other: two",
    )  # fmt: skip
    assert made_page.url.path.endswith("/secret")
    secret = shown_secret(made_page.text)
    row = await Destination.get(name="ops")
    at = f"{LIST}/{row.id}"
    assert row.opened(RING) == (secret, {"x-team": "s3cret", "x-other": "two"})
    assert row.events == ["key.suspended", "budget.exceeded"]
    assert row.only == {"project_id": str(project.id)}
    assert (await admin.get(f"{at}/secret")).url.path == at

    renamed = await admin.submit(
        f"{at}/edit", name="on-call", url=URL, scope="all", drop_headers="true"
    )
    assert "The destination was changed." in renamed.text
    changed = await Destination.get(id=row.id)
    assert (changed.name, changed.events, changed.requests) == ("on-call", None, False)
    assert changed.only is None
    assert changed.opened(RING) == (secret, {})
    assert "is switched off" in (await admin.submit(at, f"{at}/disable")).text
    assert "is on again" in (await admin.submit(at, f"{at}/enable")).text
    renewed = shown_secret((await admin.submit(f"{at}/renew")).text)
    assert (await Destination.get(id=row.id)).opened(RING).secret == renewed != secret
    for page in (LIST, at, f"{at}/edit"):
        text = (await admin.get(page)).text
        assert "s3cret" not in text
        assert renewed[6:] not in text
    assert "was deleted." in (await admin.submit(f"{at}/delete")).text
    assert not await Destination.exists()
    actions = [event.action for event in await AuditEvent.filter(target_type="destination")]
    assert set(actions) == {
        "destination.create", "destination.show_secret", "destination.update", "destination.delete",
    }  # fmt: skip


async def test_each_kind_has_a_form_of_its_own(admin: Browser) -> None:
    chooser = (await admin.get("/admin/destinations/new")).text
    for kind in ("webhook", "otlp", "langfuse", "jsonl"):
        assert f"{LIST}/new?kind={kind}" in chooser
        form = (await admin.get(f"{LIST}/new?kind={kind}")).text
        assert ('name="url"' in form) == (kind != "jsonl")
        assert ('name="scope"' in form) == (kind in ("webhook", "jsonl"))
    for kind, fields in (
        ("otlp", {"url": "http://collector:4318", "headers": "x-api-key: a:b"}),
        ("langfuse", {"url": "https://cloud.langfuse.com", "secret": "pk-lf-1:sk-lf-2"}),
        ("jsonl", {"scope": "none", "requests": "true"}),
    ):
        page = await admin.submit(f"{LIST}/new?kind={kind}", LIST, kind=kind, name=kind, **fields)
        assert f"{kind} is told from now on." in page.text
        row = await Destination.get(name=kind)
        assert (row.kind, row.requests) == (kind, True)
    assert (await Destination.get(name="otlp")).opened(RING).headers == {"x-api-key": "a:b"}
    # What is left empty stays.
    langfuse = await Destination.get(name="langfuse")
    await admin.submit(f"{LIST}/{langfuse.id}/edit", name="lf", url="https://cloud.langfuse.com")
    assert (await Destination.get(name="lf")).opened(RING).secret == "pk-lf-1:sk-lf-2"


async def test_mistakes_stand_at_their_fields(admin: Browser) -> None:
    await made()
    for kind, fields, said in (
        ("webhook", {"url": ""}, "needs an address"),
        ("webhook", {"url": "nowhere"}, "neither http nor https"),
        ("webhook", {"secret": "s3cret"}, "24 to 64 bytes in base64"),
        ("webhook", {"headers": "s3cret"}, "Line 1: not as in x-api-key"),
        ("webhook", {"headers": "host: s3cret"}, "set by the proxy itself"),
        ("webhook", {"scope": "none"}, "With neither events nor requests"),
        ("webhook", {"scope": "some"}, "With neither events nor requests"),
        ("webhook", {"token_id": "x"}, "This is not an id."),
        ("webhook", {"name": "OPS"}, "There is a destination named OPS already."),
        ("jsonl", {"name": "a/b"}, "The name of a jsonl destination is its file"),
    ):
        given = {"name": "x", "url": URL, "scope": "all"} | fields
        answer = await admin.submit(f"{LIST}/new?kind={kind}", LIST, kind=kind, **given)
        assert answer.status_code == 422, fields
        assert said in answer.text, fields
        assert "s3cret" not in answer.text
    assert (await admin.submit(f"{LIST}/new?kind=otlp", LIST, kind="ftp")).status_code == 422
    row = await made(name="moved", headers={"x-a": "b"})
    at = f"{LIST}/{row.id}/edit"
    moved = await admin.submit(at, name="moved", url="https://elsewhere.example", scope="all")
    assert (moved.status_code, "give them anew" in moved.text) == (422, True)
    assert await Destination.all().count() == 2


@on_both
async def test_how_deliveries_go_is_seen(admin: Browser, viewer: Browser) -> None:
    row = await made()
    now = datetime.now(UTC)
    await DestinationState.create(
        destination_id=row.id, delivered=1234, dropped=56, failures=2,
        last_error="The receiver answered 503.", last_error_at=now, last_delivered_at=now,
        failing_since=now - timedelta(hours=2), retry_at=now + timedelta(minutes=5),
    )  # fmt: skip
    request, failed = an_entry(id=str(new_id())), an_entry(id=str(new_id()))
    await apply_batch("j", 0, 1, [request, failed])
    event = await Event.create(at=now, kind="key.suspended", data={})
    for kind, item_id in (
        ("request", request.id), ("event", event.id), ("event", failed.id), ("event", uuid4()),
    ):  # fmt: skip
        await OutboxItem.create(destination_id=row.id, kind=kind, item_id=item_id, at=now, size=9)
    for browser in (admin, viewer):
        listed = (await browser.get(LIST)).text
        page = (await browser.get(f"{LIST}/{row.id}")).text
        for text in (listed, page):
            assert "Failing" in text
            assert "1,234" in text
            assert "The receiver answered 503." in text
        assert f"/admin/requests/{request.id}" in page
        assert "Failing since" in page
        # Of a failed request the row of the request is what is sent.
        for told in ("request", "key.suspended", "request.failed", "no longer stored"):
            assert re.search(rf'<td class="mono">{told}</td>', page)
    await row.switch_off(by=BY, reason="The receiver answered 410.")
    assert "Switched off" in (await viewer.get(LIST)).text
    assert "nothing more is kept" in (await viewer.get(f"{LIST}/{row.id}")).text


async def test_a_filter_by_a_deleted_project_stays_when_the_form_is_saved(admin: Browser) -> None:
    project = await make_project()
    row = await made(filter={"project_id": str(project.id)})
    await project.erase(by=BY)
    at = f"{LIST}/{row.id}/edit"
    chosen = re.search(
        r'<option value="([^"]+)" selected>A deleted one', (await admin.get(at)).text
    )
    assert chosen
    saved = await admin.submit(at, name="on-call", url=URL, scope="all", project_id=chosen[1])
    assert saved.status_code == 200
    stored = await Destination.get(id=row.id)
    assert (stored.name, stored.only) == ("on-call", {"project_id": str(project.id)})


async def test_a_filter_by_a_project_beyond_the_choices_has_its_name(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST_CHOICES", 1)
    await make_project("a")
    project = await make_project("z")
    row = await made(filter={"project_id": str(project.id)})
    page = (await admin.get(f"{LIST}/{row.id}/edit")).text
    assert f'<option value="{project.id}" selected>z</option>' in page


async def test_a_test_is_sent_from_the_page(admin: Browser, settings: Settings) -> None:
    row = await made("jsonl")
    at = f"{LIST}/{row.id}"
    told = await admin.submit(at, f"{at}/test")
    assert "It works: a line was written to jsonl.jsonl" in told.text
    csrf = await admin.token(at)
    swapped = await admin.post(
        f"{at}/test",
        data={"csrf": csrf},
        headers={"hx-request": "true", "hx-target": "test-result"},
    )
    assert "Works" in swapped.text
    assert "<html" not in swapped.text
    written = (settings.data_dir / "exports" / "jsonl.jsonl").read_text().splitlines()
    assert len(written) == 2
    assert await AuditEvent.filter(action="destination.test", actor="admin:ada").count() == 2


async def test_a_destination_that_is_gone_is_not_found(admin: Browser) -> None:
    at = f"{LIST}/{uuid4()}"
    for page in (at, f"{at}/edit", f"{at}/delete", f"{at}/renew"):
        assert (await admin.get(page)).status_code == 404
    other = await made("jsonl")
    assert (
        await admin.submit(LIST + "/new?kind=otlp", f"{LIST}/{other.id}/renew")
    ).status_code == 404
