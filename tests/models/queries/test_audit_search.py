"""The audit by part of a name: the right events, by whichever scan, and what is gone too."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from config import Database
from models import AdminUser, AuditEvent, Destination, Token
from models.audit import Actor
from models.ids import first_id_at
from models.queries import audit_names, audit_search, lists, scans
from tests.models.rows import BY, RING, a_project

NOW = datetime.now(UTC)


@pytest.fixture(params=[1, 250])
async def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small windows every strategy begins, and gives up, in the middle of a page."""
    monkeypatch.setattr(scans, "_FIRST_WINDOW", request.param)


async def _all(rows: lists.Listing[AuditEvent]) -> list[UUID]:
    found: list[UUID] = []
    before = None
    while True:
        page, before = await lists.page(rows, limit=4, before=before)
        found += [row.id for row in page]
        if before is None:
            return found


async def test_events_of_several_actors_and_targets_by_every_strategy(
    connected: Database, window: None
) -> None:
    chance = random.Random(4)
    await AuditEvent.bulk_create(
        AuditEvent(
            id=UUID(int=first_id_at(NOW + timedelta(minutes=n)).int + chance.getrandbits(64)),
            at=NOW + timedelta(minutes=n),
            actor=chance.choice(["admin:ada", "admin:bob", "cli:eve"]),
            action=chance.choice(["token.revoke", "key.add"]),
            target_type="token",
            target_id=chance.choice(["1", "2", "3", None]),
            outcome="ok",
        )
        for n in range(60)
    )
    everything = await AuditEvent.all().order_by("-id")
    start, end = NOW + timedelta(minutes=15), NOW + timedelta(minutes=50)
    for actors in (None, [], ["cli:eve"], ["admin:ada", "admin:bob"]):
        for targets in (None, [], ["2"], ["1", "3", "9"]):
            for action in (None, "key.add"):
                expected = [
                    row.id
                    for row in everything
                    if (actors is None or row.actor in actors)
                    and (targets is None or row.target_id in targets)
                    and action in (None, row.action)
                    and start <= row.at < end
                ]
                rows = audit_search.events(
                    actors=actors, targets=targets, action=action, start=start, end=end
                )
                assert await _all(rows) == expected, (actors, targets, action)


async def _noted(actor: str, **more: str) -> None:
    given: dict[str, Any] = {"action": "x.y", "target_type": "page", "outcome": "ok", **more}
    await AuditEvent.create(at=NOW, actor=actor, **given)


async def test_part_of_an_actors_name_suffices_and_a_whole_one_stands_for_itself(
    connected: Database,
) -> None:
    for actor in ("admin:ada", "admin:ada.l", "cli:Eve", "management:ci", "admin:ada"):
        await _noted(actor)
    assert (await audit_search.actors("ada")).values == ("admin:ada", "admin:ada.l")
    assert (await audit_search.actors("admin:ada")).values == ("admin:ada",)
    assert (await audit_search.actors("eve")).values == ("cli:Eve",)
    unknown = await audit_search.actors("%")
    assert (unknown.values, unknown.is_known) == ((), False)


async def test_actors_are_found_by_steps_of_the_index_however_many_events_they_have(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(audit_search.MOST + 2):
        await _noted(f"management:m{number:03}")
    cut = await audit_search.actors("management:")
    assert (len(cut.values), cut.is_cut) == (audit_search.MOST, True)
    monkeypatch.setattr(audit_search, "_MOST_ACTORS", 2)
    assert (await audit_search.actors("m001")).values == ("management:m001",)
    assert not (await audit_search.actors("m002")).is_known


async def test_targets_are_found_by_what_they_are_or_were_called(connected: Database) -> None:
    shop = await a_project("Web shop")
    gone = await a_project("Old shop")
    token, _ = await Token.issue(shop, by=BY, name="shop-checkout")
    key = await shop.add_key(api_key="sk-proj-another-key-of-it", ring=RING, by=BY, label="spare")
    user = await AdminUser.create_with_password(username="shopkeeper", password="x" * 12, by=BY)
    other = await AdminUser.create_with_password(username="ada", password="x" * 12, by=BY)
    told, _ = await Destination.make(kind="jsonl", ring=RING, by=BY, name="shop-events")
    everything = {shop.id, gone.id, token.id, user.id, told.id}
    assert set((await audit_search.targets("SHOP")).values) == {"SHOP", *map(str, everything)}
    await gone.erase(by=BY)
    await key.remove(by=BY)
    await user.remove(by=BY)
    await told.remove(by=BY)
    found = set((await audit_search.targets("shop")).values)
    assert found == {"shop", *map(str, everything)}
    assert (await audit_search.targets("spare")).values == ("spare", str(key.id))
    assert (await audit_search.targets(str(other.id))).values == (str(other.id),)
    assert not (await audit_search.targets("none of them")).is_known
    await _noted("admin:ada", target_id="POST /projects")
    assert (await audit_search.targets("POST /projects")).is_known

    events = await AuditEvent.all()
    names = await audit_names.of_events(events)
    called = {str(id_): names.called.get(str(id_)) for id_ in (*everything, key.id, other.id)}
    assert called == {
        str(shop.id): "Web shop", str(gone.id): "Old shop", str(token.id): "shop-checkout",
        str(key.id): "spare", str(user.id): "shopkeeper", str(other.id): "ada",
        str(told.id): "shop-events",
    }  # fmt: skip
    for living in (shop.id, token.id, other.id):
        assert str(living) in names.living
    for removed in (gone.id, key.id, user.id, told.id):
        assert str(removed) not in names.living


async def test_a_key_that_went_with_its_project_is_called_as_it_was_when_it_came(
    connected: Database,
) -> None:
    project = await a_project()
    key = await project.add_key(api_key="sk-proj-another-key-of-it", ring=RING, by=BY, label="eu")
    await project.erase(by=Actor("system"))
    names = await audit_names.of_events(await AuditEvent.filter(target_id=str(key.id)))
    assert names.called[str(key.id)] == "eu"


def test_changes_are_told_with_names_and_without_what_stayed() -> None:
    project, gone = str(uuid4()), str(uuid4())
    changes = {"project_id": [None, project], "key_id": [gone, project], "weight": [1, 1]}
    told = audit_names.differences(changes, {project: "Docs"})
    assert [(one.label, one.before, one.after) for one in told] == [
        ("project", None, "Docs"), ("key", gone, "Docs"),
    ]  # fmt: skip
