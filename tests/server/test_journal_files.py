"""A worker whose journal goes on in new files under load: all is counted and charged once."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from models import Actor, Project, Token
from models.budgets import BudgetRule, with_budgets
from models.usage import UsageHour
from proxy.journal.writer import Journal
from tests.server.door import Door

_BY: Final = Actor("cli:tester")
_BODY: Final = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"max_tokens":9}'
_CLIENTS: Final = 4
_EACH: Final = 100


@pytest.fixture(scope="module")
def journals() -> Iterator[list[Journal]]:
    """Those of workers that are made behind it, with small files."""
    made: list[Journal] = []
    create = Journal.__init__

    def init(journal: Journal, *given: Any, **named: Any) -> None:
        create(journal, *given, **named | {"rotate_bytes": 4 * 1024})
        made.append(journal)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "__init__", init)
        yield made


async def test_what_is_in_files_that_were_left_is_counted_and_charged_once(
    journals: list[Journal], door: Door
) -> None:
    (journal,) = journals
    left: list[Path] = []
    rules = [BudgetRule(limit="tokens", amount=10**9, period="month")]
    (project,) = await Project.filter(base_url=door.up.url)
    token, secret = await Token.issue(project, by=_BY)
    await Token.filter(id=token.id).update(budgets=with_budgets(rules, None, 1))
    message = replace(door, secret=secret).with_token(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n$AUTH\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
    )

    async def ask() -> None:
        async with await door.connect() as client:
            for _ in range(_EACH):
                await client.send(message)
                assert (await client.answer()).status == 200
                old = journal.file
                journal.rotate()
                if old is not None and old is not journal.file and old.path.exists():
                    left.append(old.path)

    await asyncio.gather(*(ask() for _ in range(_CLIENTS)))
    assert left
    # Nothing announces it, so it is polled.
    while journal.pending or any(path.exists() for path in left):
        await asyncio.sleep(0.02)
    with closing(sqlite3.connect(journal.directory.parent / "limits.db")) as file:
        held = 1
        while held:
            await asyncio.sleep(0.02)
            ((spent, held),) = file.execute("SELECT SUM(spent), SUM(held) FROM budget").fetchall()
    hours = await UsageHour.filter(token_id=token.id)
    assert sum(hour.requests for hour in hours) == _CLIENTS * _EACH
    assert sum(hour.prompt_tokens + hour.completion_tokens for hour in hours) == spent
