"""Projects and their upstream keys: rules, audit and invalidation."""

import pytest

from models import generation
from models.audit import AuditEvent
from models.crypto import KeyRing
from models.errors import KeyRemoved, NameTaken, ProjectDeleted
from models.project_fields import RevokedCounts
from models.projects import Project
from models.tokens import Token
from models.upstream_keys import UpstreamKey
from tests.models.rows import API_KEY, BY, RING, a_project

pytestmark = pytest.mark.usefixtures("connected")


async def _actions() -> list[str]:
    return [event.action for event in await AuditEvent.all().order_by("id")]


async def test_a_new_project_has_its_key_encrypted() -> None:
    project = await a_project(base_url="https://upstream.example/v1/")
    assert project.base_url == "https://upstream.example"
    key = await UpstreamKey.get(project_id=project.id)
    assert API_KEY not in key.ciphertext
    assert RING.decrypt(key.ciphertext, key.id) == API_KEY
    assert key.hint == "sk-…mnop"
    assert await _actions() == ["project.create", "key.add"]
    assert await generation.current() == 1


async def test_two_living_projects_may_not_share_a_name() -> None:
    first = await a_project("Search")
    with pytest.raises(NameTaken):
        await a_project("Search")
    other = await a_project("Other")
    with pytest.raises(NameTaken):
        await other.change(by=BY, name="Search")
    await first.erase(by=BY)
    await other.change(by=BY, name="Search")
    await a_project("Other")


async def test_a_refused_creation_leaves_nothing() -> None:
    await a_project("Search")
    with pytest.raises(NameTaken):
        await a_project("Search")
    assert await Project.all().count() == 1
    assert await UpstreamKey.all().count() == 1
    assert await _actions() == ["project.create", "key.add"]


async def test_a_change_is_audited_with_before_and_after() -> None:
    project = await a_project()
    await project.change(by=BY, requests_per_minute=60, allowed_models=["gpt-*"])
    event = await AuditEvent.filter(action="project.update").get()
    assert event.changes == {
        "requests_per_minute": [None, 60],
        "allowed_models": [None, ["gpt-*"]],
    }
    assert (event.actor, event.ip, event.request_id) == ("cli:tester", "192.0.2.1", "r-1")
    assert (event.target_type, event.target_id, event.outcome) == (
        "project",
        str(project.id),
        "ok",
    )


async def test_a_change_of_nothing_is_none() -> None:
    project = await a_project()
    before = await generation.current()
    await project.change(by=BY, name=project.name)
    assert await generation.current() == before
    assert "project.update" not in await _actions()


async def test_null_takes_a_limit_away_and_absence_leaves_it() -> None:
    project = await a_project(requests_per_minute=60, max_parallel_requests=2)
    await project.change(by=BY, requests_per_minute=None)
    fresh = await Project.get(id=project.id)
    assert fresh.requests_per_minute is None
    assert fresh.max_parallel_requests == 2


async def test_deactivating_and_activating_are_named_in_the_audit() -> None:
    project = await a_project()
    await project.deactivate(by=BY)
    assert not (await Project.get(id=project.id)).is_active
    await project.activate(by=BY)
    assert (await _actions())[-2:] == ["project.deactivate", "project.activate"]


async def test_erasing_revokes_erases_and_keeps_history() -> None:
    project = await a_project()
    token, _ = await Token.issue(project, by=BY)
    await project.erase(by=BY)
    kept = await Project.get(id=project.id)
    assert kept.name == "Search"
    assert kept.deleted_at is not None
    assert not kept.is_active
    assert await UpstreamKey.all().count() == 0
    assert (await Token.get(id=token.id)).status == "revoked"
    with pytest.raises(ProjectDeleted):
        await kept.change(by=BY, name="Again")
    with pytest.raises(ProjectDeleted):
        await kept.add_key(api_key=API_KEY, ring=RING, by=BY)
    await kept.erase(by=BY)
    assert (await _actions()).count("project.delete") == 1


async def test_revoking_all_tokens_counts_them() -> None:
    project = await a_project()
    tokens = [(await Token.issue(project, by=BY))[0] for _ in range(3)]
    await tokens[0].revoke(by=BY)
    assert await project.revoke_tokens(by=BY) == RevokedCounts(2, 1, 3)
    assert await project.revoke_tokens(by=BY) == RevokedCounts(0, 3, 3)
    other = await a_project("Other")
    assert await other.revoke_tokens(by=BY) == RevokedCounts(0, 0, 0)


async def test_keys_are_changed_and_removed() -> None:
    project = await a_project()
    key = await project.add_key(
        api_key="sk-second-key-of-the-project", ring=RING, by=BY, label="b", weight=3
    )
    await key.change(by=BY, weight=5, is_active=False)
    fresh = await UpstreamKey.get(id=key.id)
    assert (fresh.label, fresh.weight, fresh.is_active) == ("b", 5, False)
    await key.remove(by=BY)
    assert await UpstreamKey.get_or_none(id=key.id) is None
    assert (await _actions())[-3:] == ["key.add", "key.update", "key.remove"]
    assert await generation.current() == 4


async def test_a_key_that_somebody_else_removed_is_left_alone() -> None:
    key = await UpstreamKey.get(project_id=(await a_project()).id)
    again = await UpstreamKey.get(id=key.id)
    await key.remove(by=BY)
    with pytest.raises(KeyRemoved):
        await again.change(by=BY, weight=5)
    await again.remove(by=BY)
    assert (await _actions())[-2:] == ["key.add", "key.remove"]


async def test_a_keys_change_is_told_from_what_it_was_and_not_from_what_was_read() -> None:
    key = await UpstreamKey.get(project_id=(await a_project()).id)
    again = await UpstreamKey.get(id=key.id)
    await key.change(by=BY, weight=5)
    await again.change(by=BY, weight=7)
    # What was read before says that nothing is to be done.
    await key.change(by=BY, weight=5)
    events = await AuditEvent.filter(action="key.update").order_by("id")
    assert [event.changes["weight"] for event in events] == [[1, 5], [5, 7], [7, 5]]


async def test_keys_are_reencrypted_once() -> None:
    project = await a_project()
    key = await UpstreamKey.get(project_id=project.id)
    ring = KeyRing([b"n" * 32, b"k" * 32])
    assert await key.reencrypt(ring)
    assert not await key.reencrypt(ring)
    fresh = await UpstreamKey.get(id=key.id)
    assert KeyRing([b"n" * 32]).decrypt(fresh.ciphertext, fresh.id) == API_KEY


async def test_no_secret_is_in_the_audit_trail() -> None:
    project = await a_project()
    token, secret = await Token.issue(project, by=BY, name="CI")
    rotated = await token.rotate(by=BY)
    written = repr([event.changes for event in await AuditEvent.all()])
    for hidden in (API_KEY, secret, rotated, secret[:-4], "ciphertext", "digest"):
        assert hidden not in written
