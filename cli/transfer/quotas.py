"""What tokens have used of their quotas, which the limits engines know and the models do not.

An export writes it down as the token's `quota_base`, where a quota begins to count: whoever imports
the token goes on exactly where it stood. See `proxy.limits.sqlite` and the migration `limits`.
"""

import sqlite3
from contextlib import closing
from typing import NamedTuple
from urllib.parse import quote

from config import Settings
from models.db.conditions import select
from models.db.snapshots import Snapshot

_FILE = "limits.db"


class Used(NamedTuple):
    """Requests that were admitted under the quota of this epoch."""

    epoch: int
    requests: int


async def used(settings: Settings, snapshot: Snapshot) -> dict[str, Used]:
    """By token id, as far as a quota was ever asked about."""
    if settings.database.dialect == "postgres":
        query = "SELECT key, epoch, used FROM limit_counter"
        found = [row async for row in snapshot.rows(query)]
    else:
        found = _in_file(settings, "SELECT key, epoch, used FROM counter")
    return {key[2:]: Used(epoch, count) for key, epoch, count in found if key.startswith("t:")}


def _in_file(settings: Settings, query: str) -> list[tuple[str, int, int]]:
    path = settings.data_dir / _FILE
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as limits:
        return limits.execute(query).fetchall()


async def forget(settings: Settings, token_ids: list[str]) -> None:
    """Let these tokens begin at their `quota_base`, whatever was counted here in earlier lives."""
    keys = [f"t:{token_id}" for token_id in token_ids]
    if settings.database.dialect == "postgres":
        await select("DELETE FROM limit_counter WHERE key = ANY ({}::text[])", [keys])
        return
    path = settings.data_dir / _FILE
    if path.exists():
        with closing(sqlite3.connect(path, timeout=10)) as limits, limits:
            limits.executemany("DELETE FROM counter WHERE key = ?", [(key,) for key in keys])
