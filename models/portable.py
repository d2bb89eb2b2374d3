"""Rows as they leave one database and enter another, alike whichever backend they are in.

Values become JSON: ids and times as text (times in UTC, to the microsecond), the rest as they are.
Key material stays encrypted, and secrets stay digests: both are text like any other.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from tortoise import Model, fields

from config import parse_base_url, parse_destination_url
from models.administrators import AdminUser, Role
from models.audit import AuditEvent, AuditOutcome
from models.budgets import checked_budgets, checked_policies
from models.db.conditions import execute_many
from models.db.database import dialect
from models.db.snapshots import Snapshot
from models.destination_rules import DestinationFilter, Events, Kind
from models.destinations import Destination
from models.entry import Charge, UsageQuality
from models.event_kinds import EventKind
from models.events import Event, EventOnce
from models.exhaustion import Exhausted, Subject, Why
from models.failover import FailoverRule
from models.labels import TagMap, clean_tags
from models.management_tokens import ManagementToken, Scope
from models.objects import OBJECT_KEY, UpstreamObject
from models.projects import Isolation, Project, Unmetered
from models.refusals import REFUSAL_KEY, Refusal, RefusalHour
from models.request_log import RequestLog
from models.revocations import Revocation, RevocationKind
from models.rules import Address, KeyAuth, ModelMap, V1Prefix, is_datable
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
        writers = [_WRITERS.get(type(known[name]), _same) for name in columns]
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
        if (special := _COLUMNS.get((self.name, name))) is not None:
            return special
        if isinstance(field, fields.CharField):
            return partial(_read_text, most=field.max_length)
        return _READERS[type(field)]

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
        kept = "NOTHING"
        if self.replaces:
            set_ = (f'"{name}" = excluded."{name}"' for name in columns)
            kept = f"UPDATE SET {', '.join(set_)}"
        await execute_many(
            f'INSERT INTO "{self.name}" ({listed}) VALUES ({places})'  # noqa: S608
            f" ON CONFLICT ({', '.join(self.key)}) DO {kept}",
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
    if moment.tzinfo is None or not is_datable(moment):
        raise ValueError("a time without a zone, or out of all range")
    return moment.astimezone(UTC)


def _read_id(value: Any) -> str:
    return str(UUID(_read_text(value)))


def _write_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _read_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read_text(value: Any, *, most: int | None = None) -> str:
    if not isinstance(value, str) or "\x00" in value or len(value) > (most or len(value)):
        raise ValueError("no text, or too long a one")
    return value


def _whole_number(bits: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise ValueError(f"no whole number of {bits} bits")
        return value

    return read


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
    fields.TextField: _read_text,
    fields.IntField: _whole_number(32),
    fields.SmallIntField: _whole_number(16),
    fields.BigIntField: _whole_number(64),
}


def _one_of(words: Any) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in get_args(words):
            raise ValueError(f"none of {', '.join(get_args(words))}")
        return str(value)

    return read


def _read_base_url(value: Any) -> str:
    return parse_base_url(_read_text(value))


def _read_list(value: Any) -> str:
    if not isinstance(value, list):
        raise TypeError("no list of texts")
    return _read_json([_read_text(one) for one in value])


def _read_addresses(value: Any) -> str:
    try:
        return _read_json(_ADDRESSES.validate_python(value))
    except ValidationError:
        raise ValueError("no list of addresses") from None


def _read_object(value: Any) -> str:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return _read_json(value)


def _read_prefix(value: Any) -> str:
    return _PREFIX.validate_python(value)


def _read_auth(value: Any) -> str:
    return _AUTH.validate_python(value)


def _read_model_map(value: Any) -> str:
    return _read_json(_MODEL_MAP.validate_python(value))


def _read_failover(value: Any) -> str:
    return _read_json(FailoverRule.model_validate(value).model_dump())


def _read_destination_url(value: Any) -> str:
    return parse_destination_url(_read_text(value))


def _read_events(value: Any) -> str:
    return _read_json(_EVENTS.validate_python(value))


def _read_filter(value: Any) -> str:
    return _read_json(DestinationFilter.model_validate(value).stored())


def _read_budgets(value: Any) -> str:
    return _read_json(checked_budgets(value))


def _read_policies(value: Any) -> str:
    return _read_json(checked_policies(value))


def _read_fixed_tags(value: Any) -> str:
    return _read_json(_TAGS.validate_python(value))


def _read_tags(value: Any) -> str:
    """Those of a request, which may have more than a token."""
    tags = {_read_text(key): _read_text(one) for key, one in value.items()}
    if dict(clean_tags(tags.items()) or ()) != tags:
        raise ValueError("no tags")
    return _read_json(tags)


def _read_attempts(value: Any) -> str:
    if not isinstance(value, list):
        raise TypeError("no list of attempts")
    for attempt in value:
        _read_id(attempt["key_id"])
        _whole_number(64)(attempt["ms"])
        if "error" in attempt:
            _read_text(attempt["error"], most=64)
        else:
            _whole_number(16)(attempt["status"])
    return _read_json(value)


_ADDRESSES: Final = TypeAdapter(list[Address])
_TAGS: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(TagMap)
_PREFIX: Final[TypeAdapter[str]] = TypeAdapter(V1Prefix)
_AUTH: Final[TypeAdapter[str]] = TypeAdapter(KeyAuth)
_MODEL_MAP: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(ModelMap)
_EVENTS: Final[TypeAdapter[list[str]]] = TypeAdapter(Events)
#: What must be more than of its type: the API could not show it, or a request would stumble on it.
_COLUMNS: Final[Mapping[tuple[str, str], Callable[[Any], Any]]] = {
    ("project", "base_url"): _read_base_url,
    ("project", "unmetered"): _one_of(Unmetered),
    ("project", "budgets"): _read_budgets,
    ("project", "policies"): _read_policies,
    ("token", "budgets"): _read_budgets,
    ("token", "tags"): _read_fixed_tags,
    ("token", "policies"): _read_policies,
    ("project", "isolation"): _one_of(Isolation),
    ("project", "failover"): _read_failover,
    ("upstream_key", "base_url"): _read_base_url,
    ("upstream_key", "v1_prefix"): _read_prefix,
    ("upstream_key", "auth"): _read_auth,
    ("upstream_key", "model_map"): _read_model_map,
    ("project", "v1_prefix"): _read_prefix,
    ("project", "allowed_models"): _read_list,
    ("project", "allowed_origins"): _read_list,
    ("token", "allowed_models"): _read_list,
    ("token", "allowed_endpoints"): _read_list,
    ("token", "allowed_ips"): _read_addresses,
    ("destination", "kind"): _one_of(Kind),
    ("destination", "url"): _read_destination_url,
    ("destination", "events"): _read_events,
    ("destination", "filter"): _read_filter,
    ("revocation", "kind"): _one_of(RevocationKind),
    ("exhausted", "kind"): _one_of(Subject),
    ("exhausted", "why"): _one_of(Why),
    ("management_token", "scope"): _one_of(Scope),
    ("admin_user", "role"): _one_of(Role),
    ("audit_event", "changes"): _read_object,
    ("audit_event", "outcome"): _one_of(AuditOutcome),
    ("event", "kind"): _one_of(EventKind),
    ("event", "data"): _read_object,
    ("request_log", "usage"): _one_of(UsageQuality),
    ("request_log", "attempts"): _read_attempts,
    ("request_log", "charge"): _one_of(Charge),
    ("request_log", "tags"): _read_tags,
}

#: In an order in which each finds what it refers to.
TABLES: Final = (
    Portable(Project),
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
