"""Answers that no request can find any more are removed soon, by one worker of the machine."""

import asyncio
from pathlib import Path
from typing import Final

from config import Database
from models import project_cache
from models.db.database import open_database
from models.errors import DatabaseUnavailable
from models.polling import Polling
from models.projects import Project
from proxy.cache.answers import Answers
from proxy.cache.answers_file import AnswersFile
from server.process.void_answers import VoidAnswers
from tests.models.rows import BY, a_project
from tests.proxy.cache.made import key, stored

RULE: Final = {"ttl_seconds": 60, "scope": "project", "only": "all"}
ROOM: Final = 8 * 1024 * 1024


class Told:
    """In place of the machine's answers: what it was told is current."""

    def __init__(self) -> None:
        self.rounds = asyncio.Queue[dict[str, int]]()

    async def last(self) -> int:
        """None."""
        return 0

    async def forget(self, current: dict[str, int], last: int) -> int:
        """Note it."""
        self.rounds.put_nowait(current)
        return 1

    def taken(self) -> list[dict[str, int]]:
        """What it was told since the last look."""
        return [self.rounds.get_nowait() for _ in range(self.rounds.qsize())]


async def test_answers_go_when_they_are_void_and_not_with_every_change(
    database: Database, tmp_path: Path
) -> None:
    async with open_database(database):
        told = Told()
        work = VoidAnswers(tmp_path, told, Polling())
        await work.look()
        assert told.taken() == [{}]
        project = await a_project(cache=RULE)
        await work.look()
        assert told.taken() == [{str(project.id): 0}]
        await work.look()
        await project.change(by=BY, name="renamed")
        await work.look()
        assert told.taken() == []
        await project.purge_cache(by=BY)
        await work.look()
        (current,) = told.taken()
        assert current[str(project.id)] > 0
        await (await Project.get(id=project.id)).deactivate(by=BY)
        await work.look()
        assert told.taken() == [{}]
        await work.close()


async def test_what_is_purged_is_soon_on_no_disk(database: Database, tmp_path: Path) -> None:
    file = AnswersFile(tmp_path / "cache", ROOM)
    async with open_database(database):
        project, other = await a_project(cache=RULE), await a_project("other", cache=RULE)
        for number, owner in enumerate((project, other)):
            file.put(stored(number, b"{}", project=str(owner.id)))
        answers = Answers(tmp_path / "cache", ROOM, workers=1)
        work = VoidAnswers(tmp_path, answers, Polling())
        await work.look()
        assert [file.get(key(number)) is None for number in (0, 1)] == [False, False]
        await project.purge_cache(by=BY)
        await work.look()
        assert [file.get(key(number)) is None for number in (0, 1)] == [True, False]
        await other.erase(by=BY)
        await work.look()
        assert file.get(key(1)) is None
        await work.close()
        await answers.close()
    file.close()


async def test_what_is_kept_right_after_a_purge_stays(database: Database, tmp_path: Path) -> None:
    file = AnswersFile(tmp_path / "cache", ROOM)
    async with open_database(database):
        project = await a_project(cache=RULE)
        file.put(stored(0, b"{}", project=str(project.id)))
        await project.purge_cache(by=BY)

        class Asked(Answers):
            """Somebody purges again, asks and has an answer kept before the epochs are used."""

            async def forget(self, current: dict[str, int], last: int) -> int:
                await project.purge_cache(by=BY)
                epoch = (await project_cache.current())[project.id]
                file.put(stored(1, b"{}", project=str(project.id), epoch=epoch))
                return await super().forget(current, last)

        answers = Asked(tmp_path / "cache", ROOM, workers=1)
        work = VoidAnswers(tmp_path, answers, Polling())
        await work.look()
        assert [file.get(key(number)) is None for number in (0, 1)] == [True, False]
        await work.close()
        await answers.close()
    file.close()


async def test_one_worker_of_a_machine_removes_them(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with open_database(sqlite_database):
        told = Told()
        first, second = (
            VoidAnswers(tmp_path, told, Polling()),
            VoidAnswers(tmp_path, told, Polling()),
        )
        await first.look()
        await second.look()
        assert len(told.taken()) == 1
        await first.close()
        await second.look()
        assert len(told.taken()) == 1
        await second.close()


async def test_what_was_not_removed_in_an_outage_is_removed_afterwards(
    sqlite_database: Database, tmp_path: Path
) -> None:
    class Away(Told):
        async def forget(self, current: dict[str, int], last: int) -> int:
            await super().forget(current, last)
            raise DatabaseUnavailable("away")

    async with open_database(sqlite_database):
        away = Away()
        work = VoidAnswers(tmp_path, away, Polling(), every=0)
        work.open()
        for _ in range(2):
            await away.rounds.get()
        await work.close()
