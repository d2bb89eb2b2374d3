"""What a start makes, keeps and refuses."""

import asyncio
import socket
import stat
from contextlib import suppress

import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream
from models import AdminUser, Project
from tests.fixtures import commands
from tests.fixtures.service import RunService, Service

#: Files of generated secrets in DATA_DIR.
SECRETS = ("admin-password", "encryption-key", "management-token")


def refused(service: Service) -> str:
    """What a service says that exits with 2."""
    service.launch()
    assert service.wait() == 2
    return service.log


async def answers(service: Service, bearer: dict[str, str]) -> bool:
    """Whether the token works there."""
    async with httpx.AsyncClient(base_url=service.url, headers=bearer, timeout=30) as http:
        return (await http.get("/v1/models")).status_code == 200


async def until_it_says_so(service: Service) -> None:
    """Wait for `/ready` alone: of two in one directory the later forgets the first one's levels."""
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=service.url) as http:
        while True:
            with suppress(httpx.TransportError):
                if (await http.get("/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.02)


async def test_second_start_keeps_the_secrets(run_service: RunService, up: FakeUpstream) -> None:
    service = run_service()
    issued = await service.make_token(up.url)
    made = {name: (service.data_dir / name).read_text() for name in SECRETS}
    modes = {stat.S_IMODE((service.data_dir / name).stat().st_mode) for name in SECRETS}
    assert service.stop() == 0

    service.start()

    assert {name: (service.data_dir / name).read_text() for name in SECRETS} == made
    assert modes == {0o600}
    assert stat.S_IMODE(service.data_dir.stat().st_mode) == 0o700
    # The upstream's key can still be decrypted, too.
    assert await answers(service, issued.bearer)


async def test_two_services_start_at_once_on_a_fresh_sqlite(
    run_service: RunService, up: FakeUpstream
) -> None:
    """As a platform would that starts the next release beside the running one."""
    first = run_service(start=False, OPENAI_API_KEY="sk-given-at-the-first-start")
    second = run_service(first.database, start=False, OPENAI_API_KEY="sk-given-at-the-first-start")
    second.data_dir = first.data_dir
    for service in (first, second):
        service.launch()
    for service in (first, second):
        await until_it_says_so(service)

    issued = await first.make_token(up.url)

    assert await answers(first, issued.bearer)
    assert await answers(second, issued.bearer)
    async with first.models():
        assert await AdminUser.all().count() == 1
        assert await Project.filter(name="default").count() == 1
    assert first.stop() == 0
    assert second.stop() == 0


@pytest.mark.real_start
async def test_key_in_the_environment_makes_a_first_project(
    run_service: RunService, up: FakeUpstream
) -> None:
    up.api_keys = {"sk-from-the-environment"}
    service = run_service(OPENAI_API_KEY="sk-from-the-environment", OPENAI_BASE_URL=up.url + "/v1")
    path = service.data_dir / "default-token"

    secret = path.read_text().strip()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await answers(service, {"authorization": f"Bearer {secret}"})
    # Said after a first start, to a log without secrets.
    assert f"Admin: {service.url}/admin/, user admin" in service.log
    assert f"Password: in {service.data_dir / 'admin-password'}" in service.log
    assert f"the token in {path} is for {service.url}/v1" in service.log
    assert secret not in service.log
    assert not any((service.data_dir / name).read_text().strip() in service.log for name in SECRETS)


@pytest.mark.real_start
def test_port_in_use(run_service: RunService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(run_service(start=False, PORT=str(port)))

    assert said.splitlines() == [
        f"HOST, PORT: cannot listen on 127.0.0.1:{port} (Address already in use). "
        "Allowed: a free address of this machine."
    ]


@pytest.mark.real_start
def test_wrong_configuration_is_told_all_at_once(run_service: RunService) -> None:
    said = refused(
        run_service(
            start=False,
            WEB_CONCURRENCY="many",
            ENCRYPTION_KEY="c2VjcmV0LXRoYXQtaXMtdG9vLXNob3J0",
            MANAGEMENT_TOKEN="short-secret",
            UPSTREAM_IDLE_TIMEOUT="-1",
            TRUSTED_PROXIES="everywhere",
        )
    )

    lines = said.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == [
        "ENCRYPTION_KEY",
        "MANAGEMENT_TOKEN",
        "TRUSTED_PROXIES",
        "UPSTREAM_IDLE_TIMEOUT",
        "WEB_CONCURRENCY",
    ]
    assert all("Allowed: " in line for line in lines)
    assert "c2VjcmV0" not in said
    assert "short-secret" not in said


def test_wrong_encryption_key_stops_the_start(run_service: RunService, up: FakeUpstream) -> None:
    service = run_service(OPENAI_API_KEY="sk-given")
    assert service.stop() == 0
    (service.data_dir / "encryption-key").unlink()
    before = len(service.log)

    assert "ENCRYPTION_KEY" in refused(service)[before:]


# PostgreSQL


def test_postgres_behind_names_the_command_that_mends_it(
    run_service: RunService, empty_postgres_database: Database
) -> None:
    service = run_service(empty_postgres_database, start=False)

    assert "llm-proxy migrate" in refused(service)

    migrate = commands.start("cli", "migrate", cwd=service.directory, environ=service.environ)
    migrate.communicate(timeout=60)
    assert migrate.returncode == 0
    service.start()


def test_postgres_wants_its_secrets_given(
    run_service: RunService, postgres_database: Database
) -> None:
    said = refused(
        run_service(postgres_database, start=False, ENCRYPTION_KEY="", MANAGEMENT_TOKEN="")
    )

    names = [line.partition(":")[0] for line in said.splitlines()]
    assert sorted(names) == ["ENCRYPTION_KEY", "MANAGEMENT_TOKEN"]


def test_postgres_wants_a_password_while_there_is_no_administrator(
    run_service: RunService, postgres_database: Database
) -> None:
    service = run_service(postgres_database, start=False, ADMIN_PASSWORD="")

    assert "ADMIN_PASSWORD: must be given" in refused(service)


async def test_postgres_remembers_across_empty_data_directories(
    run_service: RunService, postgres_database: Database, up: FakeUpstream
) -> None:
    """A platform's disk forgets; whatever matters is in the database or was given."""
    first = run_service(postgres_database)
    issued = await first.make_token(up.url, max_requests=2)
    assert await answers(first, issued.bearer)
    assert first.stop() == 0

    # There is an administrator now, whose password need not be given any more.
    second = run_service(postgres_database, ADMIN_PASSWORD="")

    assert await answers(second, issued.bearer)
    assert not await answers(second, issued.bearer)
    assert {path.name for path in second.data_dir.iterdir()}.isdisjoint(SECRETS)
