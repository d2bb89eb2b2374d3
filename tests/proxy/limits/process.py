"""A worker of its own for the limits' tests: `python -m tests.proxy.limits.process JSON`.

It opens the store, says `ready`, waits for a line, and says what came of its attempts. With
`"hold": true` it keeps what it got and waits to be killed.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any, Final

from config.database import parse_database_url
from proxy.limits.postgres import PostgresLimits
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import Claim, LimitExceeded, LimitStore

#: Seconds before the engines give up, for tests of what is decided and not of when: in all of
#: these a machine may stand still for longer than anybody should wait in earnest.
PATIENCE: Final[Mapping[str, float]] = MappingProxyType(
    {
        "proxy.limits.sqlite._BUSY_TIMEOUT_S": 60.0,
        "proxy.limits.sqlite._CLOSE_TIMEOUT_S": 60.0,
        "proxy.limits.postgres._TIMEOUT_S": 60.0,
        "proxy.limits.postgres._COMMAND_TIMEOUT_S": 60.0,
        "proxy.limits.postgres._CLOSE_TIMEOUT_S": 60.0,
    }
)


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
            store.settle(await store.decide(claims))
            count += 1
        except LimitExceeded:
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
        held = [await store.decide(claims) for _ in range(task["attempts"])]
        say(len(held))
        await asyncio.Event().wait()
    share = task["attempts"] // 10
    counts = await asyncio.gather(*(admitted(store, claims, share) for _ in range(10)))
    say(sum(counts))
    await store.close()


if __name__ == "__main__":
    for path, seconds in PATIENCE.items():
        module, _, name = path.rpartition(".")
        setattr(resolve_name(module), name, seconds)
    asyncio.run(main(json.loads(sys.argv[1])))
