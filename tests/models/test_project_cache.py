"""What makes a project's kept answers void: another epoch, which its grants have at once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest

from config import Database
from models import generation, project_cache
from models.audit import AuditEvent
from models.cache_rule import CacheRule
from models.db.conditions import execute
from models.db.database import open_database
from models.grants import GrantRecord, load_grant, load_grants
from models.project_cache import ProjectCache
from models.projects import Project
from models.secrets import digest
from models.tokens import Token
from models.upstream_keys import UpstreamKey
from tests.models.rows import API_KEY, BY, RING, a_project
from tests.models.test_revocations import locked

RULE: Final = {"ttl_seconds": 60, "scope": "token", "only": "all"}
AT: Final = "https://a.example"

Change = Callable[[Project], Awaitable[Any]]


async def _grant(secret: str) -> GrantRecord:
    found = await load_grant(digest(secret), RING)
    assert found is not None
    return found


async def _made() -> tuple[Project, str]:
    project = await a_project(cache=RULE, base_url=AT)
    _, secret = await Token.issue(project, by=BY)
    return project, secret


async def _key(project: Project, **wanted: Any) -> None:
    await (await UpstreamKey.get(project_id=project.id)).change(by=BY, ring=RING, **wanted)


@pytest.mark.usefixtures("connected")
async def test_a_grant_has_its_projects_rule_and_epoch() -> None:
    project, secret = await _made()
    grant = await _grant(secret)
    assert grant.cache == CacheRule(60, "token", "all")
    first = grant.cache_epoch
    await project.purge_cache(by=BY)
    second = (await _grant(secret)).cache_epoch
    await project.purge_cache(by=BY)
    third = (await _grant(secret)).cache_epoch
    assert first < second < third
    _, other = await Token.issue(await a_project("other"), by=BY)
    # Both at once, as a burst of requests loads them.
    both = await load_grants([digest(secret), digest(other)], RING)
    epochs = {
        found.cache_epoch: found.cache for found in both.values() if isinstance(found, GrantRecord)
    }
    assert epochs == {0: None, third: CacheRule(60, "token", "all")}
    assert [event.action for event in await AuditEvent.filter(target_id=project.id).order_by("id")][
        1:
    ] == ["project.purge_cache"] * 2


@pytest.mark.usefixtures("connected")
async def test_an_epoch_never_comes_again_where_its_row_is_lost() -> None:
    """A database that is restored knows nothing of the purges since: machines' answers do."""
    project, secret = await _made()
    await project.purge_cache(by=BY)
    gone = (await _grant(secret)).cache_epoch
    await ProjectCache.all().delete()
    await project.purge_cache(by=BY)
    assert (await _grant(secret)).cache_epoch > gone


@pytest.mark.usefixtures("connected")
async def test_an_epoch_rises_on_a_machine_whose_clock_is_behind() -> None:
    project, secret = await _made()
    ahead = 2**53
    await ProjectCache.create(project_id=project.id, epoch=ahead)
    await project.purge_cache(by=BY)
    assert (await _grant(secret)).cache_epoch == ahead + 1


async def _another_provider(project: Project) -> None:
    await project.change(by=BY, provider="groq")


async def _both_ways(project: Project) -> None:
    await project.deactivate(by=BY)
    await project.activate(by=BY)


async def _off_and_on(project: Project) -> None:
    await project.change(by=BY, cache=None)
    await project.change(by=BY, cache=RULE)


VOID: Final[dict[str, Change]] = {
    "purge": lambda project: project.purge_cache(by=BY),
    "base_url": lambda project: project.change(by=BY, base_url=f"{AT}/other"),
    "v1_prefix": lambda project: project.change(by=BY, v1_prefix="/v2"),
    "provider": _another_provider,
    "deactivation": _both_ways,
    "deactivation with more": lambda project: project.change(by=BY, is_active=False, name="x"),
    "switched off and on": _off_and_on,
    "a key's base_url": lambda project: _key(project, base_url=f"{AT}/key"),
    "a key's v1_prefix": lambda project: _key(project, v1_prefix="/v3"),
    "deletion": lambda project: project.erase(by=BY),
}
STAY: Final[dict[str, Change]] = {
    "name": lambda project: project.change(by=BY, name="renamed"),
    "limits": lambda project: project.change(by=BY, requests_per_minute=5),
    "the same rule": lambda project: project.change(by=BY, cache=RULE, base_url=AT),
    "another ttl": lambda project: project.change(by=BY, cache={**RULE, "ttl_seconds": 5}),
    "a key's weight": lambda project: _key(project, weight=3),
}


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("change", "voids"),
    [*((change, True) for change in VOID.values()), *((change, False) for change in STAY.values())],
    ids=[*VOID, *STAY],
)
async def test_what_answers_were_made_by_makes_them_void(change: Change, voids: bool) -> None:
    project, secret = await _made()
    before = await generation.current()
    epoch = (await _grant(secret)).cache_epoch
    await change(project)
    assert ((await _grant(secret)).cache_epoch > epoch) is voids
    changes = await generation.changes_since(before)
    assert changes or not voids


@pytest.fixture
async def postgres(postgres_database: Database) -> AsyncIterator[Database]:
    """The models, connected to PostgreSQL."""
    async with open_database(postgres_database):
        yield postgres_database


@pytest.mark.parametrize("change", ["purge", "deactivation", "deletion"])
async def test_answers_are_void_at_once_where_others_hold_the_projects_row(
    postgres: Database, change: str
) -> None:
    project, secret = await _made()
    epoch = (await _grant(secret)).cache_epoch
    before = await generation.current()
    async with locked(postgres, "project", "token", "upstream_key"):
        found = await Project.find(project.id)
        assert found is not None
        if change == "deactivation":
            await found.deactivate(by=BY)
        else:
            await VOID[change](found)
        assert (await _grant(secret)).cache_epoch > epoch
        assert await generation.changes_since(before)
        if change != "purge":
            assert await project_cache.current() == {}


@pytest.mark.usefixtures("connected")
async def test_current_epochs_are_those_of_projects_that_keep_answers() -> None:
    fresh, _ = await _made()
    purged = await a_project("purged", cache=RULE)
    await purged.purge_cache(by=BY)
    off, none = await a_project("off", cache=RULE), await a_project("none")
    await off.deactivate(by=BY)
    gone = await a_project("gone", cache=RULE)
    await gone.erase(by=BY)
    await none.purge_cache(by=BY)
    found = await project_cache.current()
    assert set(found) == {fresh.id, purged.id}
    assert found[fresh.id] == 0 < found[purged.id]
    await execute("UPDATE project SET cache = NULL")
    assert await project_cache.current() == {}


@pytest.mark.usefixtures("connected")
async def test_a_key_of_another_address_is_added_without_a_purge() -> None:
    """It is in the key of an answer, so that nothing is found that another account said."""
    project, secret = await _made()
    epoch = (await _grant(secret)).cache_epoch
    await project.add_key(api_key=API_KEY, ring=RING, by=BY, base_url=f"{AT}/second")
    assert (await _grant(secret)).cache_epoch == epoch
