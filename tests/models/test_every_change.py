"""Every change leaves its line in the audit, and what concerns requests moves the generation."""

import pytest

from models import audit, generation
from models.administrators import AdminSession, AdminUser
from models.audit import Actor, AuditEvent
from models.destinations import Destination
from models.management_tokens import ManagementToken
from models.projects import Project
from models.tokens import Token
from tests.models.rows import API_KEY, BY, RING, a_project

pytestmark = pytest.mark.usefixtures("connected")


class Trail:
    """What was written since the last look, into the audit and into the history of changes."""

    def __init__(self, seen: int) -> None:
        self._seen = seen
        self._events = 0

    @classmethod
    async def begin(cls) -> "Trail":
        trail = cls(await generation.current())
        trail._events = await AuditEvent.all().count()
        return trail

    async def grown(self) -> tuple[list[str], set[str]]:
        """Actions in order, and the kinds of rows whose grants are dropped."""
        events = await AuditEvent.all().order_by("id").offset(self._events)
        changes = await generation.changes_since(self._seen)
        assert changes is not None
        self._seen = await generation.current()
        self._events += len(events)
        for event in events:
            assert (event.actor, event.ip, event.request_id) == (BY.name, BY.ip, BY.request_id)
            assert event.outcome == "ok"
            assert event.target_id
        return [event.action for event in events], {change.kind for change in changes}


async def test_changes_of_a_token() -> None:
    project = await a_project()
    trail = await Trail.begin()
    token, _ = await Token.issue(project, by=BY, max_requests=3)
    # Workers may remember its digest as one that no token has.
    assert await trail.grown() == (["token.create"], {"token"})
    await token.change(by=BY, name="renamed", max_requests=4)
    assert await trail.grown() == (["token.update"], {"token"})
    event = await AuditEvent.get(action="token.update")
    assert event.changes == {"name": ["", "renamed"], "max_requests": [3, 4]}
    await token.change(by=BY, name="renamed")
    assert await trail.grown() == ([], set())
    await token.rotate(by=BY, grace_seconds=60)
    assert await trail.grown() == (["token.rotate"], {"token"})
    await token.revoke(by=BY)
    assert await trail.grown() == (["token.revoke"], {"token"})
    await token.revoke(by=BY)
    assert await trail.grown() == ([], set())


async def test_changes_of_a_project_and_its_keys() -> None:
    trail = await Trail.begin()
    project = await a_project()
    assert await trail.grown() == (["project.create", "key.add"], {"project"})
    await project.change(by=BY, requests_per_minute=5)
    assert await trail.grown() == (["project.update"], {"project"})
    await project.deactivate(by=BY)
    assert await trail.grown() == (["project.deactivate"], {"project"})
    await project.deactivate(by=BY)
    assert await trail.grown() == ([], set())
    await project.activate(by=BY)
    assert await trail.grown() == (["project.activate"], {"project"})
    key = await project.add_key(api_key=API_KEY, ring=RING, by=BY)
    assert await trail.grown() == (["key.add"], {"project"})
    await key.change(by=BY, weight=2)
    assert await trail.grown() == (["key.update"], {"project"})
    await key.change(by=BY, weight=2)
    assert await trail.grown() == ([], set())
    await key.remove(by=BY)
    assert await trail.grown() == (["key.remove"], {"project"})
    await key.remove(by=BY)
    assert await trail.grown() == ([], set())
    await project.revoke_tokens(by=BY)
    assert await trail.grown() == (["project.revoke_tokens"], {"project"})
    await project.erase(by=BY)
    assert await trail.grown() == (["project.delete"], {"project"})
    await (await Project.get(id=project.id)).erase(by=BY)
    assert await trail.grown() == ([], set())


async def test_changes_of_who_may_change() -> None:
    trail = await Trail.begin()
    await AdminUser.create_with_password(username="ada", password="correct horse", by=BY)
    bob = await AdminUser.create_with_password(username="bob", password="correct horse", by=BY)
    assert await trail.grown() == (["admin.create"] * 2, set())
    session, _ = await AdminSession.open(bob, by=BY)
    assert await trail.grown() == (["admin.sign_in"], set())
    await session.revoke(by=BY)
    await session.revoke(by=BY)
    assert await trail.grown() == (["admin.sign_out"], set())
    await bob.set_password("battery staple", by=BY)
    assert await trail.grown() == (["admin.password"], set())
    await bob.change(by=BY, role="viewer")
    await bob.change(by=BY, role="viewer")
    assert await trail.grown() == (["admin.update"], set())
    await bob.remove(by=BY)
    await bob.remove(by=BY)
    assert await trail.grown() == (["admin.remove"], set())
    token, _ = await ManagementToken.issue(name="deploy", scope="read", by=BY)
    assert await trail.grown() == (["management_token.create"], set())
    await token.revoke(by=BY)
    await token.revoke(by=BY)
    assert await trail.grown() == (["management_token.revoke"], set())


async def test_changes_of_a_destination() -> None:
    trail = await Trail.begin()
    row, _ = await Destination.make(
        kind="webhook", ring=RING, by=BY, name="ops", url="https://ops.example.com"
    )
    assert await trail.grown() == (["destination.create"], set())
    for _ in range(2):
        await row.change(ring=RING, by=BY, name="on-call", requests=True)
    assert await trail.grown() == (["destination.update"], set())
    await row.note_test(works=True, said="It works.", by=BY)
    assert await trail.grown() == (["destination.test"], set())
    for _ in range(2):
        await row.switch_off(by=BY, reason="It is gone.")
    assert await trail.grown() == (["destination.update"], set())
    for _ in range(2):
        await row.remove(by=BY)
    assert await trail.grown() == (["destination.delete"], set())


async def test_what_others_wrote_is_kept_as_text_that_every_database_stores() -> None:
    by = Actor(f"cli:\x00{'x' * 300}", ip="192.0.2.1\x00", request_id="r\ud800")
    await audit.record(by, "token.revoke", "token", "t\x00", {"name": ("\x00", ["\ud800"])})
    event = await AuditEvent.get()
    assert len(event.actor) == 200
    texts = (event.actor, event.ip, event.request_id, event.target_id, repr(event.changes))
    assert all(text.isprintable() for text in texts if text is not None), texts
