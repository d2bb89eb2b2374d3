"""Secrets that are not cached: made-up ones hold up no honest one, and a new one works at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from config import Database
from models import generation, secrets
from models.errors import CorruptCiphertext, DatabaseUnavailable, ModelError
from models.generation import ChangeRecord, GenerationFile
from models.grants import GrantRecord, is_cut_off, load_grants
from models.tokens import Token
from models.upstream_keys import UpstreamKey
from proxy.access.grant_lookups import Lookups
from proxy.access.grants import Grants
from proxy.providers.catalog import BUILT_IN
from tests.models.rows import BY, RING, a_project
from tests.proxy.limits.stores import eventually
from tests.proxy.rows import UPSTREAMS, a_record


class Source:
    """A source that knows a few digests, counts its queries, and answers once it is let."""

    def __init__(self, *known: str) -> None:
        self.records: dict[str, GrantRecord | ModelError] = {name: a_record() for name in known}
        self.queries: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.moved: list[ChangeRecord] = []

    async def load(self, digests: list[str]) -> dict[str, GrantRecord | ModelError]:
        self.queries.append(digests)
        found = {name: self.records[name] for name in digests if name in self.records}
        await self.open.wait()
        return found

    async def generation(self) -> int:
        return 0

    async def is_cut_off(self, token_id: UUID) -> bool:
        return False

    def is_current(self, generation: int) -> bool:
        return False

    async def changes_since(self, generation: int) -> list[ChangeRecord]:
        return [change for change in self.moved if change.generation > generation]

    def change(self) -> None:
        """Something changed; which token or project does not matter."""
        self.moved.append(ChangeRecord(len(self.moved) + 1, "token", uuid4()))


def grants_of(source: Source) -> Grants:
    """The cache over it; each change is one tick."""
    return Grants(source, lambda: len(source.moved), BUILT_IN, UPSTREAMS)


async def test_a_flood_of_made_up_secrets_costs_few_queries_and_delays_nobody() -> None:
    source = Source("honest", "another", "first")
    grants = grants_of(source)
    await grants.find("first")
    source.open.clear()
    flood = [asyncio.create_task(grants.find(f"made-up {number}")) for number in range(3_000)]
    await asyncio.sleep(0)
    honest = [asyncio.create_task(grants.find(name)) for name in ("honest", "another")]
    await asyncio.sleep(0)
    source.open.set()
    assert all(grant is not None for grant in await asyncio.gather(*honest))
    assert set(await asyncio.gather(*flood)) == {None}
    assert len(source.queries) <= 3 + 3_002 // 200 + 1
    assert max(map(len, source.queries)) <= 200


async def test_what_waits_is_bounded_and_told_to_come_back() -> None:
    source = Source("honest")
    grants = grants_of(source)
    await grants.find("honest")
    source.open.clear()
    flood = [asyncio.create_task(grants.find(f"made-up {number}")) for number in range(5_000)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable):
        await grants.find("one more")
    # What is cached, and what somebody asks for already, does not wait for a place.
    assert await grants.find("honest") is not None
    repeated = asyncio.create_task(grants.find("made-up 7"))
    source.open.set()
    assert set(await asyncio.gather(repeated, *flood)) == {None}
    assert len(source.queries) <= 2 + 5_000 // 200 + 2


async def test_a_secret_that_is_unknown_is_asked_for_once() -> None:
    source = Source()
    grants = grants_of(source)
    for _ in range(100):
        assert await grants.find("old") is None
    assert len(source.queries) == 1
    # Any change may have made it known.
    source.change()
    source.records["old"] = a_record()
    assert await grants.find("old") is not None


async def test_what_is_remembered_as_unknown_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.access.grants._UNKNOWN_MAX", 10)
    grants = grants_of(source := Source())
    for number in range(100):
        assert await grants.find(f"made-up {number}") is None
    assert len(grants._unknown) == 10
    await grants.find("made-up 99")
    assert len(source.queries) == 100


async def test_a_secret_made_while_it_is_looked_up_works_at_once() -> None:
    """The question was asked before the token was there, and is answered after it is."""
    source = Source()
    grants = grants_of(source)
    await grants.find("another")
    source.open.clear()
    asked = asyncio.create_task(grants.find("new"))
    while len(source.queries) < 2:
        await asyncio.sleep(0)
    source.change()
    source.records["new"] = a_record()
    await grants._catch_up()
    # It came after the change, and waits for the same answer.
    later = asyncio.create_task(grants.find("new"))
    await asyncio.sleep(0)
    source.open.set()
    assert await later is not None
    assert await asked is not None


async def test_one_that_cannot_be_read_is_not_the_others_trouble() -> None:
    source = Source("honest")
    source.records["altered"] = CorruptCiphertext("altered")
    source.records["misdirected"] = a_record(base_url="https://upstream:99999")
    grants = grants_of(source)
    outcomes = await asyncio.gather(
        *(grants.find(name) for name in ("altered", "misdirected", "honest", "made up")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], CorruptCiphertext)
    assert isinstance(outcomes[1], ValueError)
    assert not isinstance(outcomes[2], BaseException | None)
    assert outcomes[3] is None


async def test_nothing_is_unknown_across_an_outage() -> None:
    """What is created meanwhile cannot be heard of."""

    class Away(Source):
        away = False

        async def changes_since(self, generation: int) -> list[ChangeRecord]:
            if self.away:
                raise DatabaseUnavailable("away")
            return await super().changes_since(generation)

    source = Away()
    grants = grants_of(source)
    assert await grants.find("old") is None
    await grants._poll()
    source.away = True
    await grants._poll()
    with pytest.raises(DatabaseUnavailable):
        await grants.find("old")


# Over the real database.


class Models:
    """The source as `app` has it."""

    def __init__(self) -> None:
        self.queries = 0
        self.generation = generation.current
        self.changes_since = generation.changes_since
        self.is_cut_off = is_cut_off

    def is_current(self, generation: int) -> bool:
        return False

    async def load(self, digests: list[str]) -> dict[str, GrantRecord | ModelError]:
        self.queries += 1
        return await load_grants(digests, RING)


@pytest.fixture
async def machine(
    connected: Database, tmp_path: Path
) -> AsyncIterator[Callable[[str], Awaitable[Grants]]]:
    """The caches of workers on machines of their own; ours is the one named `here`."""
    files: list[GenerationFile] = []
    opened: list[Grants] = []

    async def make(name: str) -> Grants:
        files.append(GenerationFile(tmp_path / name))
        opened.append(Grants(Models(), files[-1].read, BUILT_IN, UPSTREAMS))
        if name == "here":
            generation.configure(files[-1])
        return opened[-1]

    yield make
    generation.configure(None)
    for grants in opened:
        await grants.close()
    for file in files:
        file.close()


@pytest.mark.parametrize("how", ["created", "rotated"])
async def test_a_secret_that_was_unknown_works_at_once_here_and_soon_elsewhere(
    machine: Callable[[str], Awaitable[Grants]], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    here, elsewhere = await machine("here"), await machine("elsewhere")
    elsewhere.open()
    token, _ = await Token.issue(project := await a_project(), by=BY)
    secret = secrets.generate()
    digest = secrets.digest(secret)
    assert await here.find(digest) is await elsewhere.find(digest) is None
    monkeypatch.setattr(secrets, "generate", lambda: secret)
    if how == "created":
        await Token.issue(project, by=BY)
    else:
        await token.rotate(by=BY)
    assert await here.find(digest) is not None

    async def heard() -> bool:
        return await elsewhere.find(digest) is not None

    await eventually(heard)


async def test_many_are_found_together(connected: Database) -> None:
    first, second = await a_project("First"), await a_project("Second", allowed_models=["gpt-*"])
    await UpstreamKey.filter(project_id=second.id).update(is_active=False)
    issued = {}
    for project in (first, second, first):
        token, secret = await Token.issue(project, by=BY)
        issued[secrets.digest(secret)] = token, project
    made_up = [secrets.digest(secrets.generate()) for _ in range(197)]
    found = await load_grants([*made_up, *issued], RING)
    assert set(found) == set(issued)
    for digest, record in found.items():
        token, project = issued[digest]
        assert isinstance(record, GrantRecord)
        assert (record.token_id, record.project_id) == (token.id, project.id)
        assert len(record.keys) == (project is first)
        assert record == (await load_grants([digest], RING))[digest]
    assert await load_grants(made_up, RING) == {}
    assert await load_grants(made_up[:1], RING) == {}


async def test_keys_that_cannot_be_decrypted_are_their_own_tokens_trouble(
    connected: Database,
) -> None:
    fine, altered = await a_project("Fine"), await a_project("Altered")
    await UpstreamKey.filter(project_id=altered.id).update(ciphertext="not one of ours")
    digests = [secrets.digest((await Token.issue(each, by=BY))[1]) for each in (fine, altered)]
    found = await load_grants(digests, RING)
    assert isinstance(found[digests[0]], GrantRecord)
    assert isinstance(found[digests[1]], CorruptCiphertext)


async def test_a_look_up_that_begins_as_all_others_end_is_answered() -> None:
    """In the very turn of the loop in which the last query's answer came."""
    came = asyncio.Event()

    async def load(digests: list[str]) -> dict[str, str]:
        if digests != ["last"]:
            await came.wait()
        return {digest: digest for digest in digests}

    lookups: Lookups[str] = Lookups(load)

    async def ask_then() -> str | None:
        await came.wait()
        return await lookups.find("last")

    first = asyncio.create_task(lookups.find("first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(lookups.find("second"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    last = asyncio.create_task(ask_then())
    await asyncio.sleep(0)
    came.set()
    async with asyncio.timeout(5):
        assert [await one for one in (first, second, last)] == ["first", "second", "last"]
