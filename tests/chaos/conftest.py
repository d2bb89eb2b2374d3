"""Services for this room: started once for many tests, because every worker costs a second."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pytest

from config import Database
from fake_upstream import FakeUpstream
from tests.fixtures.database import run_sql
from tests.fixtures.service import UPSTREAM_KEY, Service

_ROOT = Path(__file__).parents[2]
#: The limits' functions as they are installed, without a limit on waiting for a lock.
_WAIT_FOR_LOCKS = """
DO $$
DECLARE
    installed text;
BEGIN
    SELECT pg_get_functiondef('limit_acquire'::regproc) INTO installed;
    ASSERT installed LIKE '%lock_timeout = ''2s''%';
    EXECUTE replace(installed, 'lock_timeout = ''2s''', 'lock_timeout = 0');
END
$$
"""


class PatientService(Service):
    """A service that gives up nothing because its machine stands still."""

    command: ClassVar[tuple[str, ...]] = ("tests.chaos.patient",)

    @property
    def environ(self) -> dict[str, str]:
        """With the tests to be imported."""
        return super().environ | {"PYTHONPATH": self._given.get("PYTHONPATH", str(_ROOT))}


class ChaosService(PatientService):
    """One whose workers die at armed points."""

    command: ClassVar[tuple[str, ...]] = ("tests.chaos.serve",)

    @property
    def environ(self) -> dict[str, str]:
        """With the points' directory."""
        return super().environ | {"CHAOS_DIRECTORY": str(self.directory)}

    def arm(self, point: str) -> None:
        """Have the next worker that comes to this point die."""
        (self.directory / point).touch()


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """An upstream that wants the projects' key."""
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        yield upstream


#: A database of one's own, by the name of its backend.
Databases = Callable[[str], Database]


@pytest.fixture(scope="session")
def new_database(
    sqlite_template: Database,
    postgres_server: Database,
    postgres_template: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Databases]:
    """Migrated databases, one for each call."""
    with ExitStack() as stack:

        def make(backend: str) -> Database:
            if backend == "postgres":
                return stack.enter_context(_copied(postgres_server, postgres_template))
            path = tmp_path_factory.mktemp("database") / "llm-proxy.db"
            shutil.copyfile(sqlite_template.path, path)
            return replace(sqlite_template, path=path)

        yield make


@contextmanager
def _copied(server: Database, template: Database) -> Iterator[Database]:
    name = f"llm_proxy_{uuid4().hex}"
    run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template.database}")
    try:
        yield replace(template, database=name)
    finally:
        run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def started(*services: Service) -> Iterator[None]:
    """The services, started together and torn down however it goes."""
    with ExitStack() as stack:
        for service in services:
            stack.callback(service.tear_down)
            service.launch()
        for service in services:
            service.wait_until_ready()
        yield


@pytest.fixture(scope="session")
def one_machine(
    new_database: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Service]]:
    """Four workers of one machine, on SQLite."""
    yield from _machines(new_database("sqlite"), tmp_path_factory, "4")


@pytest.fixture(scope="session")
def two_machines(
    new_database: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Service]]:
    """Two workers on each of two machines, which share a PostgreSQL."""
    database = new_database("postgres")
    run_sql(database, _WAIT_FOR_LOCKS)
    yield from _machines(database, tmp_path_factory, "2", "2")


def _machines(
    database: Database, tmp_path_factory: pytest.TempPathFactory, *shares: str
) -> Iterator[list[Service]]:
    directory = tmp_path_factory.mktemp("machines")
    services: list[Service] = [
        PatientService(directory / str(number), database, {"WEB_CONCURRENCY": workers})
        for number, workers in enumerate(shares)
    ]
    with started(*services):
        yield services


@pytest.fixture
def machines(request: pytest.FixtureRequest) -> list[Service]:
    """Both run until the session ends, whatever the order of the tests."""
    chosen: list[Service] = request.getfixturevalue(request.param)
    return chosen


#: Tests that run on one machine with four workers, and on two with two each.
on_one_and_on_two = pytest.mark.parametrize(
    "machines",
    [pytest.param("one_machine", id="sqlite"), pytest.param("two_machines", id="postgres")],
    indirect=True,
)
