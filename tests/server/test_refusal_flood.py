"""A flood of made-up tokens at the real door: one row of counts, and few of the newest."""

import asyncio
import re
from typing import Final

from models import Refusal, RefusalHour
from models.refusals import NOBODY
from models.secrets import generate
from telemetry.refusal_books import UNKNOWN_AT_ONCE
from tests.server.conftest import OpenDoor

_CONNECTIONS: Final = 8
_EACH: Final = 150
_STATUS: Final = re.compile(rb"HTTP/1\.1 401 ")


async def _flood(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"".join(
            b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n\r\n"
            % generate().encode()
            for _ in range(_EACH)
        )
    )
    answered, read = 0, b""
    while answered < _EACH:
        read += await reader.read(65_536)
        answered = len(_STATUS.findall(read))
    writer.close()


async def test_it_is_one_row_for_the_hour(a_door: OpenDoor) -> None:
    async with a_door() as door, asyncio.timeout(60):
        await asyncio.gather(*(_flood(door.port) for _ in range(_CONNECTIONS)))
        rows: list[RefusalHour] = []
        while sum(row.refusals for row in rows) < _CONNECTIONS * _EACH:
            await asyncio.sleep(0.05)
            rows = await RefusalHour.all()
        # Of two hours where it begins in one of them.
        assert len(rows) == len({row.bucket for row in rows})
        assert sum(row.refusals for row in rows) == _CONNECTIONS * _EACH
        assert {(row.token_id, row.model, row.code) for row in rows} == {
            (NOBODY, "", "invalid_token")
        }
        while await Refusal.all().count() < UNKNOWN_AT_ONCE:
            await asyncio.sleep(0.05)
        assert await Refusal.all().count() <= UNKNOWN_AT_ONCE + 5
