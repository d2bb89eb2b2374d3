"""Whether a request costs the same on a large database: tokens, their counters, the request log.

A million rows through the management API would take hours, so rows that LLM Proxy itself wrote
are copied in SQL with ids of their own.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import throughput
from benchmarks.closed_loop import ClosedLoop
from benchmarks.contenders import ROOT, Contender, Stage, environment
from benchmarks.plan import Plan
from benchmarks.proxy import Installation
from benchmarks.results import Rows
from benchmarks.target import Target
from models import secrets

_SMALL: Final = 10
_WORKING_SET: Final = 10
_LARGE_WORKING_SET: Final = 10_000
#: Milliseconds, of which the first copy's id is: a day ago, for what is old is removed meanwhile.
_BEGAN: Final = int((time.time() - 86_400) * 1000)
# A UUIDv7 of that time that counts upwards, so that the order of the copies is the order of time.
_ID: Final = (
    f"printf('%08x-%04x-7000-8000-000000000000', ({_BEGAN} + n) >> 16, ({_BEGAN} + n) & 65535)"
)
_ROOMY: Final = "PRAGMA cache_size = -500000"
_COUNT: Final = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows})"


def measure(stage: Stage, rows: int, plan: Plan, say: Callable[[str], None]) -> list[Rows]:
    """A small database and one of `rows` rows in turns, this one with few and with many tokens."""
    with ExitStack() as stack:
        subjects: list[tuple[Rows, Contender, list[bytes]]] = []
        for number, used in ((_SMALL, (_WORKING_SET,)), (rows, (_WORKING_SET, _LARGE_WORKING_SET))):
            say(f"filling a database with {number:,} rows")
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-rows-")))
            tokens = _fill(stage, directory, number, plan, min(number, max(used)))
            proxy = stack.enter_context(_installation(stage, directory))
            for working_set in used:
                targets = [Target(proxy.port, token) for token in tokens[:working_set]]
                requests = [target.request("changing") for target in targets]
                one = Contender("rows", "", targets[0], proxy.server)
                say(f"first use of {len(targets):,} tokens")
                uvloop.run(_use_all(one, requests, plan))
                subjects.append((Rows(number, len(targets), [], []), one, requests))
        for number in range(plan.rounds):
            say(f"rows, round {number + 1} of {plan.rounds}")
            for found, one, requests in subjects:
                sample = throughput.window(one, requests, plan)
                found.cpu_us.append(sample.cpu_us)
                found.requests_per_second.append(sample.requests_per_second)
        return [found for found, _, _ in subjects]


async def _use_all(one: Contender, requests: Sequence[bytes], plan: Plan) -> None:
    """Use every token once, so that what follows finds all of them cached."""
    async with ClosedLoop(one.target.port, requests, plan.connections) as load:
        while load.finished < len(requests):
            await load.run(plan.window)


def _installation(stage: Stage, directory: Path) -> Installation:
    return Installation(directory, stage.upstream.port, stage.cores.system, environment(ROOT))


def _fill(stage: Stage, directory: Path, rows: int, plan: Plan, working_set: int) -> list[str]:
    """Have LLM Proxy write a row of each kind, multiply them, and return some tokens."""
    with _installation(stage, directory) as proxy:
        target = Target(proxy.port, proxy.limited_token())
        one = Contender("rows", "", target, proxy.server)
        throughput.window(one, [target.request()] * 2, plan)
    digest = secrets.digest(target.token)
    with closing(sqlite3.connect(proxy.data / "llm-proxy.db")) as books:
        # Digests are random: without room for their index every row would write a page of it.
        books.execute(_ROOMY)
        (token,) = books.execute(
            "SELECT token_id FROM token_secret WHERE digest = ?", (digest,)
        ).fetchone()
        _multiply(books, "token", ("id", token), rows, {"id": _ID})
        own = {"id": _ID, "token_id": _ID, "digest": "lower(hex(randomblob(32)))"}
        _multiply(books, "token_secret", ("token_id", token), rows, own)
        _multiply(books, "request_log", ("token_id", token), rows, {"id": _ID, "token_id": _ID})
        tokens = _hand_out(books, working_set)
        books.commit()
    with closing(sqlite3.connect(proxy.data / "limits.db")) as limits:
        (key,) = limits.execute(
            "SELECT key FROM counter WHERE key LIKE ?", (f"%{token}%",)
        ).fetchone()
        own_key = f"replace(key, '{token}', {_ID})"
        _multiply(limits, "counter", ("key", key), rows, {"key": own_key})
        limits.commit()
    return tokens


def _multiply(
    database: sqlite3.Connection,
    table: str,
    where: tuple[str, str],
    rows: int,
    changed: Mapping[str, str],
) -> None:
    """Copy the row that has this value in that column `rows` times.

    `changed` says how columns of a copy are made of its number `n`.
    """
    column, value = where
    names: Sequence[str] = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    database.execute(
        f"{_COUNT.format(rows=rows)} INSERT INTO {table} ({columns}) SELECT {values} FROM "
        f"(SELECT * FROM {table} WHERE {column} = ? LIMIT 1), c",
        (value,),
    )


def _hand_out(books: sqlite3.Connection, number: int) -> list[str]:
    """Give the first copies secrets that are known."""
    tokens = [secrets.generate() for _ in range(number)]
    books.executemany(
        "UPDATE token_secret SET digest = ? WHERE id = ?",
        [
            (
                secrets.digest(token),
                str(uuid.UUID(f"{_BEGAN + n:012x}70008000" + "0" * 12)),
            )
            for n, token in enumerate(tokens, start=1)
        ],
    )
    return tokens
