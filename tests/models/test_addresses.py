"""Keys go only where they were entered for, whatever is changed about their project."""

import asyncio
from typing import Any, Final
from uuid import UUID

import pytest

from models import generation
from models.audit import AuditEvent
from models.bindings import Upstreams, binding
from models.db.conditions import select
from models.errors import KeyMustBeGiven, KeyNotNeeded, NameTaken, OriginNotAllowed
from models.project_fields import GivenKey
from models.projects import Project
from models.upstream_keys import UpstreamKey
from tests.models.rows import API_KEY, BY, RING, a_project

pytestmark = pytest.mark.usefixtures("connected")

OPENAI: Final = "https://api.openai.com"
UPSTREAMS: Final = Upstreams(
    {"openai": OPENAI, "anthropic": "https://api.anthropic.com", "like": f"{OPENAI}/eu"}
)
ELSEWHERE: Final = "https://elsewhere.example"
NEW: Final = GivenKey("sk-new-key-0002", RING)


async def _change(project: Project, **wanted: Any) -> None:
    await project.change(by=BY, upstreams=UPSTREAMS, **wanted)


async def _keys(project: Project) -> list[tuple[UUID, str | None]]:
    keys = await UpstreamKey.filter(project_id=project.id).order_by("id")
    return [(key.id, key.bound_to) for key in keys]


async def _only_key(project: Project) -> UpstreamKey:
    return await UpstreamKey.get(project_id=project.id)


async def test_a_new_key_is_bound_to_the_address_of_its_project() -> None:
    project = await a_project()
    assert (await _only_key(project)).bound_to == "provider:openai"
    other = await a_project("Other", base_url="http://10.0.0.7:8000/v1")
    added = await other.add_key(api_key="sk-x", ring=RING, by=BY)
    assert (await _only_key(project)).bound_to == "provider:openai"
    assert {where for _, where in await _keys(other)} == {"http://10.0.0.7:8000"}
    assert added.bound_to == "http://10.0.0.7:8000"


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (None, {"base_url": ELSEWHERE}),
        (None, {"provider": "anthropic"}),
        (None, {"provider": "gone"}),
        (None, {"base_url": "http://api.openai.com"}),
        (None, {"base_url": f"{OPENAI}:8443"}),
        (None, {"base_url": "https://api.openai.com.elsewhere.example"}),
        ("http://10.0.0.7:8000", {"base_url": None}),
        ("http://10.0.0.7:8000", {"base_url": "http://10.0.0.7"}),
        ("https://one.example", {"base_url": "https://one.example.org"}),
    ],
)
async def test_a_change_that_sends_keys_elsewhere_needs_a_key(
    before: str | None, change: dict[str, Any]
) -> None:
    project = await a_project(base_url=before)
    second = await project.add_key(api_key="sk-x", ring=RING, by=BY, label="b", weight=3)
    await second.change(by=BY, is_active=False)
    keys, audited, moved = await _keys(project), await _audited(), await generation.current()
    with pytest.raises(KeyMustBeGiven) as caught:
        await _change(await Project.get(id=project.id), name="renamed", **change)
    assert [key_id for key_id, _ in caught.value.keys] == [key_id for key_id, _ in keys]
    assert API_KEY not in str(caught.value)
    row = await Project.get(id=project.id)
    assert (row.name, row.provider, row.base_url) == ("Search", "openai", before)
    assert (await _keys(project), await _audited()) == (keys, audited)
    assert await generation.current() == moved

    await _change(project, key=NEW, **change)
    new = await _only_key(project)
    assert new.id not in dict(keys)
    assert RING.decrypt(new.ciphertext, new.id) == NEW.api_key
    assert new.bound_to == binding(project.provider, project.base_url)
    assert new.is_active
    actions = (await _audited())[len(audited) :]
    assert actions == ["project.update", "key.remove", "key.remove", "key.add"]
    written = repr([event.changes for event in await AuditEvent.all()])
    assert NEW.api_key not in written


async def _audited() -> list[str]:
    return [event.action for event in await AuditEvent.all().order_by("id")]


@pytest.mark.parametrize(
    ("before", "change", "bound_to"),
    [
        ("https://a.example/one", {"base_url": "https://a.example/two"}, "https://a.example:443"),
        ("https://a.example", {"base_url": "https://A.example:443"}, "https://a.example:443"),
        ("https://a.example", {"base_url": "https://a.example."}, "https://a.example:443"),
        ("https://a.example", {"provider": "anthropic"}, "https://a.example:443"),
        (None, {"base_url": f"{OPENAI}/v1"}, f"{OPENAI}:443"),
        (None, {"provider": "like"}, "provider:like"),
        (f"{OPENAI}/proxy", {"base_url": None}, "provider:openai"),
    ],
)
async def test_a_change_that_leads_to_the_same_place_keeps_the_keys(
    before: str | None, change: dict[str, Any], bound_to: str
) -> None:
    project = await a_project(base_url=before)
    key = await _only_key(project)
    await _change(project, **change)
    assert await _keys(project) == [(key.id, bound_to)]
    fresh = await Project.get(id=project.id)
    assert UPSTREAMS.fits(bound_to, fresh.provider, fresh.base_url)


async def test_a_given_key_replaces_those_that_would_move_and_no_others() -> None:
    project = await a_project(base_url=ELSEWHERE)
    first = await _only_key(project)
    second = await project.add_key(api_key="sk-x", ring=RING, by=BY, label="b", weight=3)
    # As a key that has an address of its own.
    await UpstreamKey.filter(id=first.id).update(bound_to="provider:openai")
    with pytest.raises(KeyMustBeGiven) as caught:
        await _change(project, base_url=None)
    assert [key_id for key_id, _ in caught.value.keys] == [second.id]
    await _change(project, base_url=None, key=NEW)
    kept, new = await UpstreamKey.filter(project_id=project.id).order_by("id")
    assert kept.id == first.id
    assert (new.label, new.weight, new.bound_to) == ("b", 3, "provider:openai")
    assert RING.decrypt(new.ciphertext, new.id) == NEW.api_key

    # Once more, as a client does that heard no answer: nothing is left to replace.
    await _change(project, base_url=None, key=NEW)
    await _change(project, name="renamed", base_url=None, key=NEW)
    assert [key_id for key_id, _ in await _keys(project)] == [kept.id, new.id]
    with pytest.raises(KeyNotNeeded):
        await _change(project, key=NEW)
    with pytest.raises(KeyNotNeeded):
        await _change(project, name="again", key=NEW)


async def test_a_given_key_alone_replaces_those_that_were_left_behind() -> None:
    project = await a_project()
    await Project.filter(id=project.id).update(base_url=ELSEWHERE)
    await _change(project, key=NEW)
    assert (await _only_key(project)).bound_to == f"{ELSEWHERE}:443"


async def test_a_project_without_keys_moves_freely_and_takes_the_key_that_is_given() -> None:
    project = await a_project()
    await (await _only_key(project)).remove(by=BY)
    await _change(project, base_url=ELSEWHERE)
    assert await _keys(project) == []
    await _change(project, base_url=None, key=NEW)
    assert (await _only_key(project)).bound_to == "provider:openai"


async def test_a_refused_change_replaces_nothing() -> None:
    await a_project("Other")
    project = await a_project()
    keys = await _keys(project)
    with pytest.raises(NameTaken):
        await _change(project, base_url=ELSEWHERE, key=NEW, name="Other")
    assert await _keys(project) == keys


async def test_changes_at_once_send_no_key_elsewhere() -> None:
    project = await a_project()
    rows = [await Project.get(id=project.id) for _ in range(6)]
    places = [f"https://{n}.example" for n in range(3)]
    changes = [
        _change(row, base_url=place, key=GivenKey(f"sk-for-{place}", RING))
        for row, place in zip(rows, places, strict=False)
    ]
    changes += [_change(rows[3], base_url="https://none.example")]
    adding = [row.add_key(api_key=f"sk-added-{n}", ring=RING, by=BY) for n, row in enumerate(rows)]
    await asyncio.gather(*changes, *adding, return_exceptions=True)
    fresh = await Project.get(id=project.id)
    assert fresh.base_url in places
    for key in await UpstreamKey.filter(project_id=project.id):
        secret = RING.decrypt(key.ciphertext, key.id)
        assert key.bound_to == f"{fresh.base_url}:443"
        assert secret.startswith("sk-added") or secret == f"sk-for-{fresh.base_url}"


async def test_origins_of_the_operator_bound_what_a_project_may_name() -> None:
    listed = Upstreams(
        {"openai": OPENAI, "local": "http://10.0.0.7:8000"},
        frozenset({"local"}),
        frozenset({"https://gateway.example:443"}),
    )
    assert listed.allows("openai", "https://Gateway.example/eu")
    # The operator's own word, but not for projects to name.
    assert listed.allows("local", None)
    for provider, base_url in (
        ("openai", None),
        ("gone", None),
        ("openai", ELSEWHERE),
        ("local", "http://10.0.0.7:8000"),
        ("openai", "http://gateway.example"),
    ):
        assert not listed.allows(provider, base_url)
        with pytest.raises(OriginNotAllowed):
            await Project.create_with_key(
                name="no", provider=provider, base_url=base_url, api_key="sk-x", ring=RING, by=BY,
                upstreams=listed,
            )  # fmt: skip
    project = await a_project()
    with pytest.raises(OriginNotAllowed):
        await project.change(by=BY, upstreams=listed, base_url=ELSEWHERE, key=NEW)
    # What was set before there was a list is no reason to refuse other changes.
    await project.change(by=BY, upstreams=listed, name="renamed", base_url=None)
    await project.change(by=BY, upstreams=listed, base_url="https://gateway.example/v1", key=NEW)


async def test_rows_of_the_release_before_are_bound_by_the_database() -> None:
    project = await a_project(base_url="https://a.example/v1")
    key = await _only_key(project)
    columns = (
        "id, project_id, label, hint, ciphertext, encryption_key_id, weight, is_active, created_at"
    )
    new = UUID(int=7)
    await select(
        f"INSERT INTO upstream_key ({columns})"
        f" SELECT {{}}, {columns.partition(', ')[2]} FROM upstream_key WHERE id = {{}}",
        [str(new), str(key.id)],
    )
    assert (await UpstreamKey.get(id=new)).bound_to == key.bound_to == "https://a.example:443"
