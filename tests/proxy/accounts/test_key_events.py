"""A key that begins to rest or is suspended is told of once, whichever workers see it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import time

import pytest

from models import Event, KeyRest, changes, key_states
from models.events import moment
from proxy.accounts.rests import Scope
from tests.models.rows import a_project
from tests.proxy.accounts.test_sharing import (
    CHAT,
    _first_key,
    _said,
    _target,
    a_worker,
    an_upstream,
)
from tests.proxy.rows import a_grant, a_key
from tests.proxy.upstream.conftest import until

pytestmark = pytest.mark.usefixtures("connected")


async def test_a_key_that_two_workers_let_rest_is_told_of_once_for_each_model() -> None:
    project = await a_project()
    key = await _first_key(project)
    await key.filter(id=key.id).update(label="main")
    ends = time() + 60
    async with a_worker() as (_, one), a_worker() as (_, other):
        for sharing in (one, other):
            sharing.rests(key.id, CHAT, ends, "429 slow_down")
            sharing.rests(key.id, Scope("", "/v1/models"), ends, "429 slow_down")
        await until(lambda: not one._unsaid and not other._unsaid)
        # Where no key is fit, each answer moves the end.
        one.rests(key.id, CHAT, ends + 30, "429 slow_down")
        await until(lambda: not one._unsaid)
    events = sorted(await Event.all(), key=lambda event: event.data["model"] or "")
    assert [(event.data["model"], event.data["endpoint"]) for event in events] == [
        (None, "/v1/models"),
        ("gpt-4o", None),
    ]
    for event in events:
        assert (event.kind, event.project_id, event.key_id) == ("key.resting", project.id, key.id)
        assert (event.data["reason"], event.data["key_label"]) == ("429 slow_down", "main")
        assert event.data["project_name"] == "Search"


async def test_a_key_that_rests_anew_is_told_of_anew() -> None:
    key = await _first_key(await a_project())
    for _ in range(2):
        ends = changes.now() + timedelta(seconds=30)
        await key_states.rest(key.id, "gpt-4o", "", ends, "429")
        last = (await Event.all().order_by("-id"))[0]
        assert last.data["until"] == moment(ends)
        await KeyRest.filter(key_id=key.id).update(until=changes.now() - timedelta(seconds=1))
    assert await Event.all().count() == 2


async def test_a_key_that_two_workers_suspend_is_told_of_once_and_without_its_material() -> None:
    project = await a_project()
    key = await _first_key(project)
    refused = _said("401 No", b'{"error":{"code":"invalid_api_key"}}')
    async with an_upstream(refused, refused) as up, a_worker() as one, a_worker() as other:
        grant = a_grant(keys=(a_key(key_id=key.id),))
        for _, sharing in (one, other):
            sharing.blamed(grant, _target(grant, key.id, up.url), "401 invalid_api_key")
        await asyncio.gather(*one[1]._tests, *other[1]._tests)
    (event,) = await Event.all()
    assert (event.kind, event.project_id, event.key_id) == ("key.suspended", project.id, key.id)
    assert event.data == {
        "reason": "401 invalid_api_key",
        "key_label": "",
        "project_name": "Search",
    }
