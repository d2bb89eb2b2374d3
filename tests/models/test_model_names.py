"""Counters keep a bounded number of names that clients chose; the request log keeps them all."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from config import Database
from models import model_names
from models.db.database import run_in_transaction
from models.entry import Entry
from models.ledger import apply_batch
from models.request_log import RequestLog
from models.tokens import Token
from models.usage import UsageHour, UsageMinute
from tests.models.rows import BY, a_project, an_entry

_HOUR_US = 3_600_000_000


@pytest.fixture(autouse=True)
def few_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Room for three names; nothing is remembered from the tests before."""
    monkeypatch.setattr(model_names, "UNLISTED_MAX", 3)
    model_names._placed.clear()
    yield
    model_names._placed.clear()


def listed(_provider: str, model: str) -> bool:
    return model == "gpt-4o"


class ProjectJournal:
    """A journal of one project; each batch follows the one before."""

    def __init__(self, project: UUID) -> None:
        self.project = project
        self._journal = str(uuid4())
        self._end = 0

    async def count(self, *models: str, **wanted: object) -> None:
        await self.take([an_entry(project_id=self.project, model=m, **wanted) for m in models])

    async def take(self, entries: list[Entry]) -> None:
        start, self._end = self._end, self._end + len(entries)
        end = await apply_batch(self._journal, start, self._end, entries, is_listed=listed)
        assert end == self._end

    async def counted(self) -> dict[str, int]:
        """Requests by name in the hours, which are those in the minutes."""
        hours, minutes = Counter[str](), Counter[str]()
        for table, names in ((UsageHour, hours), (UsageMinute, minutes)):
            for row in await table.filter(project_id=self.project):
                names[row.model] += row.requests
        assert hours == minutes
        return dict(hours)


@pytest.fixture
def journal(connected: Database) -> ProjectJournal:
    return ProjectJournal(uuid4())


async def test_names_beyond_the_bound_are_counted_together_and_logged_apart(
    journal: ProjectJournal,
) -> None:
    await journal.count("a", "b", "a", "gpt-4o", "")
    await journal.count("c", "d", "a", "e", "gpt-4o")
    await journal.count("d", "c")
    assert await journal.counted() == {"a": 3, "b": 1, "c": 2, "other": 3, "gpt-4o": 2, "": 1}
    logged = await RequestLog.filter(project_id=journal.project).values_list("model", flat=True)
    assert Counter(logged) == Counter(
        ["a", "b", "a", "gpt-4o", "", "c", "d", "a", "e", "gpt-4o", "d", "c"]
    )


async def test_a_worker_that_starts_anew_or_is_another_decides_alike(
    journal: ProjectJournal,
) -> None:
    """What the database has decides, not what a process remembers."""
    await journal.count("a", "b")
    for name in ("c", "d", "a", "d", "gpt-4o"):
        model_names._placed.clear()
        await journal.count(name)
    assert await journal.counted() == {"a": 2, "b": 1, "c": 1, "other": 2, "gpt-4o": 1}


async def test_each_project_and_hour_has_room_of_its_own(journal: ProjectJournal) -> None:
    other = ProjectJournal(uuid4())
    await journal.count("a", "b", "c", "d")
    await other.count("d")
    await journal.count("d", at_us=an_entry().at_us + _HOUR_US)
    assert await other.counted() == {"d": 1}
    assert await journal.counted() == {"a": 1, "b": 1, "c": 1, "other": 1, "d": 1}


async def test_names_of_allow_lists_are_counted_under_their_own(journal: ProjectJournal) -> None:
    project = await a_project(allowed_models=["of-the-project", "mine-*"])
    token, _ = await Token.issue(project, by=BY, allowed_models=["of-the-token"])
    journal.project = project.id
    await journal.count("a", "b", "c")
    of_it = {"token_id": token.id}
    await journal.count("of-the-token", "of-the-project", "mine-1", "d", **of_it)
    # Another token has no such list; the name has its place by now.
    await journal.count("of-the-token", "mine-2")
    assert await journal.counted() == {
        **dict.fromkeys(("a", "b", "c", "of-the-project"), 1),
        "of-the-token": 2,
        "other": 3,
    }


async def test_a_batch_that_fails_gives_no_place(journal: ProjectJournal) -> None:
    async def fail() -> None:
        await journal.count("x", "y", "z")
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await run_in_transaction(fail)
    journal = ProjectJournal(journal.project)
    await journal.count("a", "b", "c")
    assert await journal.counted() == {"a": 1, "b": 1, "c": 1}


async def test_a_full_hour_is_decided_without_reading_its_counters(
    journal: ProjectJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read = model_names._read

    async def counted_read(*args: object) -> frozenset[str]:
        reads.append(args)
        return await read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(model_names, "_read", counted_read)
    for number in range(20):
        await journal.count(*(f"name {number} {i}" for i in range(20)))
    assert len(reads) == 1
    assert sum((await journal.counted()).values()) == 400


async def test_hours_are_waited_for_in_one_order(
    journal: ProjectJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two consumers that wait for them crosswise would end each other's batch as a deadlock."""
    asked: list[int] = []
    read = model_names._read

    async def noted(hour: model_names._Hour, is_listed: model_names.IsListed) -> frozenset[str]:
        asked.append(hour.number)
        return await read(hour, is_listed)

    monkeypatch.setattr(model_names, "_read", noted)
    start = an_entry().at_us
    hours = [start + n * _HOUR_US for n in (3, 1, 4, 0, 2)]
    await journal.take([an_entry(project_id=journal.project, model="a", at_us=at) for at in hours])
    assert asked == sorted(asked)
    assert len(asked) == 5


async def test_a_model_that_is_called_other_takes_no_place(journal: ProjectJournal) -> None:
    """Else a worker that starts anew would decide otherwise than the one before."""
    await journal.count("other", "a", "b")
    model_names._placed.clear()
    await journal.count("c", "other", "d")
    assert await journal.counted() == {"a": 1, "b": 1, "c": 1, "other": 3}
    one = ProjectJournal(uuid4())
    await one.count("other", "a", "b", "c")
    assert await one.counted() == {"a": 1, "b": 1, "c": 1, "other": 1}


def test_an_older_look_at_the_names_takes_no_place_away() -> None:
    hour = model_names._Hour(str(uuid4()), 1)
    model_names._remember(hour, frozenset({"a", "b", "c", "d"}))
    model_names._remember(hour, frozenset({"a", "b", "c"}))
    assert model_names._placed[hour] == {"a", "b", "c", "d"}


async def test_what_is_remembered_is_bounded(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_names, "_REMEMBERED_MAX", 2)
    for _ in range(4):
        await ProjectJournal(uuid4()).count("a")
    assert len(model_names._placed) == 2


async def test_consumers_at_the_same_time_keep_the_bound_together(journal: ProjectJournal) -> None:
    """On PostgreSQL each has a connection of its own, as those of other machines have."""
    consumers = [ProjectJournal(journal.project) for _ in range(5)]
    for turn in range(4):
        await asyncio.gather(
            *(
                consumer.count(f"{turn} of {n}", f"{turn} of {n}")
                for n, consumer in enumerate(consumers)
            )
        )
        model_names._placed.clear()
    found = await journal.counted()
    assert len(found) == 4
    assert found["other"] == 40 - 3 * 2
    assert sum(found.values()) == 40
