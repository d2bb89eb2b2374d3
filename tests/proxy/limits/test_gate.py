"""Sinks go beside one another, and wait for who makes a window."""

import asyncio
from pathlib import Path

from proxy.limits.gate import Gate


async def test_many_share_and_one_is_alone(tmp_path: Path) -> None:
    first, second = Gate(tmp_path), Gate(tmp_path)
    done: list[str] = []

    async def alone() -> None:
        async with second.alone():
            done.append("alone")

    async with first.shared(), second.shared():
        making = asyncio.create_task(alone())
        await asyncio.sleep(0.01)
        assert done == []
    await making
    async with first.alone():
        sharing = asyncio.create_task(first.shared().__aenter__())
        await asyncio.sleep(0.01)
        assert not sharing.done()
    await sharing


async def test_who_comes_later_does_not_keep_out_who_wants_to_be_alone(tmp_path: Path) -> None:
    """However many there are, and without a pause between them."""
    gates = [Gate(tmp_path) for _ in range(4)]
    over = False

    async def deliver(gate: Gate) -> None:
        while not over:
            async with gate.shared():
                await asyncio.sleep(0.002)

    delivering = [asyncio.create_task(deliver(gate)) for gate in gates]
    for _ in range(3):
        async with Gate(tmp_path).alone():
            pass
    over = True
    await asyncio.gather(*delivering)
