"""Objects that an administrator says whose they are."""

from __future__ import annotations

from uuid import uuid4

import pytest

from config import Database
from models import AuditEvent, Token, generation
from models.adoption import NO_TOKEN, Adopted, adopt, listed, move
from models.errors import NotOfTheProject
from models.objects import Found, UpstreamObject, find
from tests.models.rows import BY, RING, a_project


async def test_ids_are_remembered_with_a_key_and_a_token_and_audited(connected: Database) -> None:
    project = await a_project()
    (key,) = await project.current_keys()
    token, _ = await Token.issue(project, by=BY)
    before = await generation.current()
    done = await adopt(project, ["file-1", "batch_1", "file-1"], by=BY, token_id=token.id)
    assert done == Adopted(2, 0)
    assert await find([(str(project.id), "file-1")]) == {
        (str(project.id), "file-1"): Found(str(key.id), str(token.id))
    }
    assert {row.id: row.kind for row in await UpstreamObject.all()} == {
        "file-1": "file", "batch_1": "batch",
    }  # fmt: skip
    event = await AuditEvent.get(action="object.adopt")
    assert (event.target_id, event.changes["ids"]) == (
        str(project.id), [None, ["batch_1", "file-1"]],
    )  # fmt: skip
    assert await generation.current() > before


async def test_an_id_that_is_known_stays_whose_it_is(connected: Database) -> None:
    project = await a_project()
    token, _ = await Token.issue(project, by=BY)
    await adopt(project, ["file-1"], by=BY)
    assert await adopt(project, ["file-1", "file-2"], by=BY, token_id=token.id) == Adopted(1, 1)
    rows = {row.id: row.token_id for row in await UpstreamObject.all()}
    assert rows == {"file-1": NO_TOKEN, "file-2": token.id}
    assert await adopt(project, ["file-1"], by=BY) == Adopted(0, 1)
    assert await AuditEvent.filter(action="object.adopt").count() == 2


async def test_key_and_token_have_to_be_the_project_s(connected: Database) -> None:
    project, other = await a_project("one"), await a_project("two")
    (theirs,) = await other.current_keys()
    token, _ = await Token.issue(other, by=BY)
    for key_id, token_id in ((theirs.id, None), (None, token.id), (uuid4(), None)):
        with pytest.raises(NotOfTheProject):
            await adopt(project, ["file-1"], by=BY, key_id=key_id, token_id=token_id)
    second = await project.add_key(api_key="sk-2", ring=RING, by=BY)
    with pytest.raises(NotOfTheProject) as refused:
        await adopt(project, ["file-1"], by=BY)
    assert refused.value.field == "key_id"
    assert await adopt(project, ["file-1"], by=BY, key_id=second.id) == Adopted(1, 0)


async def test_they_are_listed_in_order_of_their_ids(connected: Database) -> None:
    project, other = await a_project("one"), await a_project("two")
    await adopt(project, ["c", "a", "b"], by=BY, kind="file")
    await adopt(other, ["a", "d"], by=BY)
    assert [row.id for row in await listed(project.id, limit=2)] == ["a", "b"]
    assert [row.id for row in await listed(project.id, limit=2, after="b")] == ["c"]
    assert [row.project_id for row in await listed(other.id, limit=5, named="a")] == [other.id]


async def test_objects_of_a_key_that_is_gone_are_moved_to_another(connected: Database) -> None:
    project = await a_project()
    (old,) = await project.current_keys()
    token, _ = await Token.issue(project, by=BY)
    await adopt(project, ["file-1", "file-2"], by=BY, token_id=token.id)
    new = await project.add_key(api_key="sk-2", ring=RING, by=BY)
    with pytest.raises(NotOfTheProject):
        # It is there still.
        await move(project, old.id, new.id, by=BY)
    await old.remove(by=BY)
    before = await generation.current()
    assert await move(project, old.id, new.id, by=BY) == 2
    assert await move(project, old.id, new.id, by=BY) == 0
    rows = await UpstreamObject.all()
    assert {(row.key_id, row.token_id) for row in rows} == {(new.id, token.id)}
    event = await AuditEvent.get(action="object.move")
    assert event.changes == {"key_id": [str(old.id), str(new.id)], "count": [None, 2]}
    assert await generation.current() > before
    with pytest.raises(NotOfTheProject):
        await move(project, new.id, old.id, by=BY)
