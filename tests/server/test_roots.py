"""Paths of the data plane that do not begin with /v1."""

from __future__ import annotations

from pathlib import Path

from config import Database
from tests.server.corpus import END, HOST
from tests.server.door import open_door

FILE = """
[providers.openai]
also_allow = [{ method = "POST", path = "/api/own", usage = "generic" }]
"""


async def test_every_provider_s_first_segment_leads_to_the_data_plane(
    sqlite_template: Database, tmp_path: Path
) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(FILE)
    async with open_door(sqlite_template, tmp_path, PROVIDERS_FILE=str(file)) as door:
        door.up.script(None, [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], times=1)
        message = b"POST %b HTTP/1.1\r\n" + HOST + b"$AUTH\r\nContent-Length: 2\r\n" + END + b"{}"
        async with await door.connect() as client:
            await client.send(door.with_token(message % b"/api/own"))
            assert (await client.answer()).status == 200
            # Of the same root, and so refused by the data plane.
            await client.send(door.with_token(message % b"/api/other"))
            answer = await client.answer()
            assert (answer.status, answer.code) == (404, "endpoint_not_allowed")
        assert door.up.last.target == b"/api/own"
