"""The limits of one service and nothing around them: clients that take and give back.

Run by its path, with another checkout in PYTHONPATH to measure that one. Each line it reads is a
window of load as JSON, each line it writes what came of it.
"""

import asyncio
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop

from config.database import parse_database_url

#: So high that they are decided on every request, and never reached.
_QUOTA = 10**12
_RATE = 10**8
_SLOTS = 10**5


def _module(name: str, earlier: str) -> Any:
    """A module of the checkout; one from before December 2026 has other names, here and below."""
    try:
        return import_module(name)
    except ImportError:
        return import_module(earlier)


_limits = _module("proxy.limits.store", "proxy.limits")
_postgres = _module("proxy.limits.postgres", "proxy.limits_postgres")
_REFUSED = getattr(_limits, "LimitExceeded", None) or _limits.Exhausted


def _on(key: str, **wanted: int) -> tuple[Any, ...]:
    if hasattr(_limits, "claims_on"):
        return tuple(_limits.claims_on(key, **wanted))
    return (_limits.Claim(key, **wanted),)


def _claims(kind: str, token: int) -> tuple[Any, ...]:
    if kind == "quota":
        return _on("t:only", quota=_QUOTA)
    return (
        *_on(f"t:{token:032}", quota=_QUOTA, requests_per_minute=_RATE, max_parallel=_SLOTS),
        *_on(f"p:{0:032}", requests_per_minute=_RATE, max_parallel=_SLOTS),
    )


class Window:
    """One window of load."""

    def __init__(self, store: Any, task: dict[str, Any]) -> None:
        self._decide = getattr(store, "decide", None) or store.acquire
        self._settle = getattr(store, "settle", None) or store.release
        self._task = task
        self.taken: list[float] = []
        self.failed = 0

    async def _one(self, number: int, due: float) -> None:
        claims = _claims(self._task["kind"], number % self._task["tokens"])
        try:
            got = await self._decide(claims)
        except (_REFUSED, _limits.LimitsUnavailable):
            self.failed += 1
            return
        self.taken.append(time.perf_counter() - due)
        # As after an answer.
        await asyncio.sleep(0)
        self._settle(got)

    async def _client(self, number: int, end: float) -> None:
        while time.perf_counter() < end:
            await self._one(number, time.perf_counter())
            number += self._task["clients"]

    async def run(self) -> None:
        """As fast as so many clients go, or `rate` requests a second whatever the answers do."""
        begin = time.perf_counter()
        end = begin + self._task["seconds"]
        if not self._task.get("rate"):
            clients = range(self._task["clients"])
            await asyncio.gather(*(self._client(number, end) for number in clients))
            return
        due, number, running = begin, 0, set()
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            running.add(task := asyncio.create_task(self._one(number, due)))
            task.add_done_callback(running.discard)
            due += 1 / self._task["rate"]
            number += 1
        await asyncio.gather(*running)


async def main(url: str, directory: str) -> None:
    store = _postgres.PostgresLimits(parse_database_url(url), "bench", workers=Path(directory))
    await store.open()
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        window = Window(store, json.loads(line))
        began = time.perf_counter()
        await window.run()
        took = time.perf_counter() - began
        taken = sorted(window.taken) or [0.0]
        found = {
            "requests": len(window.taken),
            "failed": window.failed,
            "seconds": took,
            "p50": taken[len(taken) // 2],
            "p99": taken[len(taken) * 99 // 100],
        }
        print(json.dumps(found), flush=True)
    await store.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
