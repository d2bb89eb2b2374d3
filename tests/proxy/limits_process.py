"""A worker of its own for the limits' tests: `python -m tests.proxy.limits_process JSON`.

It opens the store, says `ready`, waits for a line, and says what came of its attempts. With
`"hold": true` it keeps what it got and waits to be killed.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from config.database import parse_database_url
from proxy.limits import Claim, Exhausted, LimitStore
from proxy.limits_postgres import PostgresLimits
from proxy.limits_sqlite import SqliteLimits


async def opened(location: str, workers: Path, name: str) -> SqliteLimits | PostgresLimits:
    """The store at a DATABASE_URL, or at SQLite's own path."""
    store: SqliteLimits | PostgresLimits
    if location.startswith("postgres"):
        store = PostgresLimits(parse_database_url(location), name, workers=workers)
    else:
        store = SqliteLimits(Path(location), name)
    await store.open()
    return store


async def admitted(store: LimitStore, claims: tuple[Claim, ...], attempts: int) -> int:
    """How many of `attempts` were let in."""
    count = 0
    for _ in range(attempts):
        try:
            store.release(await store.acquire(claims))
            count += 1
        except Exhausted:
            pass
    return count


def say(what: object) -> None:
    """A line for the test."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def main(task: dict[str, Any]) -> None:
    store = await opened(task["location"], Path(task["workers"]), "process")
    claims = tuple(Claim(*claim) for claim in task["claims"])
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    if task.get("hold"):
        held = [await store.acquire(claims) for _ in range(task["attempts"])]
        say(len(held))
        await asyncio.Event().wait()
    share = task["attempts"] // 10
    counts = await asyncio.gather(*(admitted(store, claims, share) for _ in range(10)))
    say(sum(counts))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
