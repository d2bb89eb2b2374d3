"""Rows as they leave one database and enter another, alike whichever backend they are in.

Values become JSON: ids and times as text (times in UTC, to the microsecond), the rest as they are.
Key material stays encrypted, and secrets stay digests: both are text like any other.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from tortoise import Model, fields

from models.administrators import AdminUser
from models.audit import AuditEvent
from models.conditions import written
from models.database import connection, dialect
from models.management_tokens import ManagementToken
from models.projects import Project
from models.request_log import RequestLog
from models.revocations import Revocation
from models.snapshots import Snapshot
from models.tokens import Token, TokenSecret
from models.upstream_keys import UpstreamKey
from models.usage import USAGE_KEY, UsageHour, UsageMinute

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Portable:
    """A table whose rows are moved. `key` is unique, and the order in which they are written."""

    model: type[Model]
    key: tuple[str, ...] = ("id",)

    @property
    def name(self) -> str:
        """The table's."""
        return self.model._meta.db_table

    @property
    def columns(self) -> tuple[str, ...]:
        """What is moved; a number that the database gives itself is not. Needs a connection."""
        return tuple(
            name
            for name, field in self.model._meta.fields_map.items()
            if name in self.model._meta.db_fields and not (field.pk and name not in self.key)
        )

    async def count(self, snapshot: Snapshot) -> int:
        """How many rows there are."""
        async for (count,) in snapshot.rows(f'SELECT count(*) FROM "{self.name}"'):  # noqa: S608
            return int(count)
        return 0

    async def rows(self, snapshot: Snapshot) -> AsyncIterator[Row]:
        """Every row, in order, as JSON has it."""
        columns = self.columns
        writers = [_WRITERS.get(type(self.model._meta.fields_map[name]), _same) for name in columns]
        listed = ", ".join(f'"{name}"' for name in columns)
        order = ", ".join(self._ordered(name) for name in self.key)
        query = f'SELECT {listed} FROM "{self.name}" ORDER BY {order}'  # noqa: S608
        async for row in snapshot.rows(query):
            yield [
                None if value is None else write(value)
                for write, value in zip(writers, row, strict=True)
            ]

    def _ordered(self, name: str) -> str:
        # A collation of the database's own would put the same rows in another order.
        is_text = isinstance(self.model._meta.fields_map[name], fields.CharField)
        return f'"{name}" COLLATE "C"' if is_text and dialect() == "postgres" else f'"{name}"'

    def _reader(self, name: str) -> Callable[[Any], Any]:
        return _READERS[type(self.model._meta.fields_map[name])]

    async def present(self, rows: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
        """Which keys of these rows, as JSON has them, are in the database."""
        wanted = {
            f"{name}__in": [self._reader(name)(value) for value in {row[name] for row in rows}]
            for name in self.key
        }
        found = await self.model.filter(**wanted).values_list(*self.key)
        return {tuple(_plain(value) for value in key) for key in found}

    async def add(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows, as JSON has them; those whose key is there already are left out.

        Raises ValueError for what cannot be a value of its column, and IntegrityError.
        """
        readers = [self._reader(name) for name in columns]
        values = [
            [
                None if value is None else read(value)
                for read, value in zip(readers, row, strict=True)
            ]
            for row in rows
        ]
        listed = ", ".join(f'"{name}"' for name in columns)
        places = ", ".join("{}" for _ in columns)
        await connection().execute_many(
            written(
                f'INSERT INTO "{self.name}" ({listed}) VALUES ({places})'  # noqa: S608
                f" ON CONFLICT ({', '.join(self.key)}) DO NOTHING",
                len(columns),
            ),
            values,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return _write_time(value) if isinstance(value, datetime) else value


def _same(value: Any) -> Any:
    return value


def _write_time(value: datetime | str) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _read_time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _read_id(value: Any) -> str:
    return str(UUID(value))


def _write_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _read_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no text")
    return value


def _read_number(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError("no whole number of 64 bits")
    return value


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


_Convert = dict[type, Callable[[Any], Any]]
_WRITERS: Final[_Convert] = {
    fields.UUIDField: str,
    fields.DatetimeField: _write_time,
    fields.JSONField: _write_json,
    fields.BooleanField: bool,
}
_READERS: Final[_Convert] = {
    fields.UUIDField: _read_id,
    fields.DatetimeField: _read_time,
    fields.JSONField: _read_json,
    fields.BooleanField: _read_flag,
    fields.CharField: _read_text,
    fields.TextField: _read_text,
    fields.IntField: _read_number,
    fields.SmallIntField: _read_number,
    fields.BigIntField: _read_number,
}

#: In an order in which each finds what it refers to.
TABLES: Final = (
    Portable(Project),
    Portable(UpstreamKey),
    Portable(Token),
    Portable(TokenSecret),
    Portable(Revocation, ("subject_id",)),
    Portable(ManagementToken),
    Portable(AdminUser),
    Portable(UsageMinute, USAGE_KEY),
    Portable(UsageHour, USAGE_KEY),
)
#: Moved where they are asked for.
AUDIT: Final = Portable(AuditEvent)
REQUESTS: Final = Portable(RequestLog)
