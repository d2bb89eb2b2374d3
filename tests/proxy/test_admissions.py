"""A quota that is set anew begins at what was let in, not at what has been counted of it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from config import Database, Settings, load
from models import admissions
from models.entry import Entry, encode
from models.tokens import Token
from proxy.admissions import NodeFiles
from proxy.journal.consumer import JournalConsumer
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.files import entry_of
from proxy.journal.writer import Journal
from proxy.limits.engines import limit_records, open_limits
from proxy.limits.store import LimitExceeded, LimitStore, claims_on, token_key
from tests.models.rows import BY, a_project, an_entry


@pytest.fixture
def settings(connected: Database, tmp_path: Path) -> Iterator[Settings]:
    found = replace(load({}, None), database=connected, data_dir=tmp_path)
    admissions.configure(NodeFiles(tmp_path, limit_records(found)))
    yield found
    admissions.configure(None)


@pytest.fixture
async def limits(settings: Settings) -> AsyncIterator[LimitStore]:
    store = await open_limits(settings, "test")
    yield store
    await store.close()


@pytest.fixture
def journal(settings: Settings) -> Journal:
    """What a worker writes, and no consumer reads."""
    return Journal(settings.data_dir / "journal")


@pytest.fixture
async def token(settings: Settings) -> Token:
    made, _ = await Token.issue(await a_project(), by=BY)
    return made


async def admitted(limits: LimitStore, token: Token, most: int) -> int:
    """How many of so many requests are let in."""
    claims = claims_on(
        token_key(token.id),
        quota=token.max_requests,
        quota_base=token.quota_base,
        quota_epoch=token.quota_epoch,
    )
    for count in range(most):
        try:
            limits.settle(await limits.decide(claims))
        except LimitExceeded:
            return count
    return most


def ended(journal: Journal, token: Token, times: int) -> None:
    """So many requests of the token come to their end, and others besides."""
    for _ in range(times):
        journal.append(an_entry(token_id=token.id, project_id=token.project_id))
        # Names it, and is not its own.
        journal.append(an_entry(token_id=uuid4(), model=str(token.id)))


async def test_a_quota_set_removed_and_set_again_lets_in_what_it_says(
    limits: LimitStore, journal: Journal, token: Token
) -> None:
    await token.change(by=BY, max_requests=10)
    assert await admitted(limits, token, 4) == 4
    ended(journal, token, 3)  # and one still runs
    await token.change(by=BY, max_requests=None)
    await token.change(by=BY, max_requests=10)
    assert (token.request_count, token.quota_base) == (0, 4)
    assert await admitted(limits, token, 9) == 6


async def test_requests_without_a_quota_count_before_they_are_drained(
    limits: LimitStore, journal: Journal, token: Token
) -> None:
    ended(journal, token, 5)
    await token.change(by=BY, max_requests=8)
    assert await admitted(limits, token, 9) == 3
    await token.change(by=BY, max_requests=None)
    ended(journal, token, 4)
    await token.change(by=BY, max_requests=11)
    assert token.quota_base == 9
    assert await admitted(limits, token, 9) == 2


async def test_what_was_given_back_does_not_count(journal: Journal, token: Token) -> None:
    ended(journal, token, 2)
    journal.append(an_entry(token_id=token.id, project_id=token.project_id, given_back=True))
    await token.change(by=BY, max_requests=8)
    assert token.quota_base == 2


async def test_what_was_drained_counts_once(
    settings: Settings, journal: Journal, token: Token
) -> None:
    dead = Journal(settings.data_dir / "journal")
    ended(dead, token, 2)
    ended(journal, token, 3)
    assert await JournalConsumer(journal, [DatabaseSink()]).consume_once()
    ended(journal, token, 2)
    await token.change(by=BY, max_requests=100)
    assert (token.request_count, token.quota_base) == (3, 7)


async def test_a_damaged_line_and_an_unreadable_counter_stop_no_change(
    settings: Settings, journal: Journal, token: Token
) -> None:
    ended(journal, token, 1)
    (path,) = (settings.data_dir / "journal").glob("*.journal")
    with path.open("ab") as file:
        file.write(f'["{token.id}", damaged\n'.encode())
    ended(journal, token, 1)
    (settings.data_dir / "limits.db").write_bytes(b"no database at all")
    await token.change(by=BY, max_requests=100)
    assert token.quota_base == 2


async def test_entries_count_wherever_the_pieces_end_that_are_read(
    settings: Settings, journal: Journal, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(journal, token, 20)
    await journal.keep()
    (path,) = (settings.data_dir / "journal").glob("*.journal")
    # What a worker that was killed leaves: the last line lacks its end.
    orphan = path.with_name("orphan.journal")
    orphan.write_bytes(path.read_bytes()[:-1])
    node = NodeFiles(settings.data_dir, limit_records(settings))
    assert sorted(node.journals()) == sorted([path.stem, "orphan"])
    lines = path.read_bytes().splitlines(keepends=True)
    positions = {path.stem: len(lines[0]) + len(lines[1]), "orphan": 0, "gone": 0}
    for piece in (1024 * 1024, 1000, 97):
        monkeypatch.setattr("proxy.admissions._PIECE_BYTES", piece)
        assert await node.waiting(token.id, positions) == 39


async def test_the_last_line_of_a_killed_worker_counts(settings: Settings, token: Token) -> None:
    directory = settings.data_dir / "journal"
    directory.mkdir()
    entry = an_entry(token_id=token.id)
    (directory / "orphan.journal").write_bytes(encode(entry))
    node = NodeFiles(settings.data_dir, limit_records(settings))
    assert await node.waiting(token.id, {"orphan": 0}) == 1


async def test_journals_are_read_beside_the_loop(
    settings: Settings, journal: Journal, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be many megabytes, and requests go on."""
    ended(journal, token, 1)
    await journal.keep()
    threads: set[int] = set()

    def noted(line: bytes) -> Entry | None:
        threads.add(threading.get_ident())
        return entry_of(line)

    monkeypatch.setattr("proxy.admissions.entry_of", noted)
    node = NodeFiles(settings.data_dir, limit_records(settings))
    assert await node.waiting(token.id, dict.fromkeys(node.journals(), 0)) == 1
    assert threads
    assert threading.get_ident() not in threads


async def test_an_entry_that_names_its_token_twice_counts_once(
    journal: Journal, token: Token
) -> None:
    journal.append(an_entry(token_id=str(token.id), model=f"of {token.id}"))
    journal.append(an_entry(model=f"of {token.id}"))
    await token.change(by=BY, max_requests=5)
    assert token.quota_base == 1
