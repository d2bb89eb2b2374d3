"""Rows as they leave one database and enter another, alike whichever backend they are in.

Values become JSON: ids and times as text (times in UTC, to the microsecond), the rest as they are.
Key material stays encrypted, and secrets stay digests: both are text like any other.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tortoise import Model, fields

from models import request_tag
from models.administrators import AdminUser
from models.audit import AuditEvent
from models.db.conditions import execute_many
from models.db.database import dialect
from models.db.snapshots import Snapshot
from models.destinations import Destination
from models.events import Event, EventOnce
from models.exhaustion import Exhausted
from models.management_tokens import ManagementToken
from models.objects import OBJECT_KEY, UpstreamObject
from models.portable_values import COLUMNS, READERS, WRITERS, plain, read_text, same
from models.project_cache import ProjectCache
from models.projects import Project
from models.refusals import REFUSAL_KEY, Refusal, RefusalHour
from models.request_log import RequestLog
from models.revocations import Revocation
from models.tokens import Token, TokenSecret
from models.upstream_keys import UpstreamKey
from models.usage import (
    DIMENSION_KEY,
    USAGE_KEY,
    VALUE_KEY,
    UsageDimension,
    UsageHour,
    UsageMinute,
    UsageValue,
)

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Portable:
    """A table whose rows are moved. `key` is unique, and the order in which they are written."""

    model: type[Model]
    key: tuple[str, ...] = ("id",)
    #: Whether what is moved outdoes a row that the database itself has made of another table's.
    replaces: bool = False

    @property
    def name(self) -> str:
        """The table's."""
        return self.model._meta.db_table

    @property
    def columns(self) -> tuple[str, ...]:
        """What is moved; a number that the database gives itself is not. Needs a connection."""
        return tuple(
            name for name, field in self._fields.items() if not (field.pk and name not in self.key)
        )

    @property
    def _fields(self) -> dict[str, fields.Field[Any]]:
        """By the names of their columns, which a model may have another name for."""
        meta = self.model._meta
        return {column: meta.fields_map[name] for name, column in meta.fields_db_projection.items()}

    async def count(self, snapshot: Snapshot) -> int:
        """How many rows there are."""
        async for (count,) in snapshot.rows(f'SELECT count(*) FROM "{self.name}"'):  # noqa: S608
            return int(count)
        return 0

    async def rows(self, snapshot: Snapshot) -> AsyncIterator[Row]:
        """Every row, in order, as JSON has it."""
        columns = self.columns
        known = self._fields
        writers = [WRITERS.get(type(known[name]), same) for name in columns]
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
        is_text = isinstance(self._fields[name], fields.CharField)
        return f'"{name}" COLLATE "C"' if is_text and dialect() == "postgres" else f'"{name}"'

    def _reader(self, name: str) -> Callable[[Any], Any]:
        field = self._fields[name]
        if (special := COLUMNS.get((self.name, name))) is not None:
            return special
        if isinstance(field, fields.CharField):
            return partial(read_text, most=field.max_length)
        return READERS[type(field)]

    def check(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Whether each value can be one of its column. Raises ValueError, TypeError."""
        found = self._fields
        for name, values in zip(columns, zip(*rows, strict=True), strict=True):
            read, may_be_null = self._reader(name), found[name].null
            for value in values:
                if value is not None:
                    read(value)
                elif not may_be_null:
                    raise ValueError(f"{name} is missing")

    async def present(self, rows: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
        """Which keys of these rows, as JSON has them, are in the database."""
        wanted = {
            f"{name}__in": [self._reader(name)(value) for value in {row[name] for row in rows}]
            for name in self.key
        }
        found = await self.model.filter(**wanted).values_list(*self.key)
        return {tuple(plain(value) for value in key) for key in found}

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
        kept = "NOTHING"
        if self.replaces:
            set_ = (f'"{name}" = excluded."{name}"' for name in columns)
            kept = f"UPDATE SET {', '.join(set_)}"
        await execute_many(
            f'INSERT INTO "{self.name}" ({listed}) VALUES ({places})'  # noqa: S608
            f" ON CONFLICT ({', '.join(self.key)}) DO {kept}",
            values,
        )
        if self.model is RequestLog and "tags" in columns:
            id_, tags = columns.index("id"), columns.index("tags")
            # By the id as the row has it, which JSON may write in another way.
            ids = [str(row[id_]) for row in values]
            await request_tag.put(zip(ids, [row[tags] for row in rows], strict=True))


#: In an order in which each finds what it refers to.
TABLES: Final = (
    Portable(Project),
    Portable(ProjectCache, ("project_id",)),
    Portable(UpstreamKey),
    Portable(Token),
    Portable(TokenSecret),
    Portable(Exhausted, ("subject_id", "why"), replaces=True),
    Portable(Revocation, ("subject_id",)),
    Portable(ManagementToken),
    Portable(AdminUser),
    Portable(Destination),
    Portable(UsageMinute, USAGE_KEY),
    Portable(UsageHour, USAGE_KEY),
    Portable(UsageDimension, DIMENSION_KEY),
    Portable(UsageValue, VALUE_KEY),
    Portable(UpstreamObject, OBJECT_KEY),
    Portable(RefusalHour, REFUSAL_KEY),
    Portable(EventOnce, ("once",)),
)
#: Moved where they are asked for.
AUDIT: Final = Portable(AuditEvent)
#: Events that move are told to no destination anew.
REQUESTS: Final = (Portable(RequestLog), Portable(Refusal), Portable(Event))
