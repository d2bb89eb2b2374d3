"""Values of rows as JSON has them, and back: what each column takes of what a file brings."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from tortoise import fields

from config import parse_base_url, parse_destination_url
from models.administrators import Role
from models.audit import AuditOutcome
from models.budgets import checked_budgets, checked_policies
from models.cache_rule import CacheSettings, Looked
from models.destination_rules import DestinationFilter, Events, Kind
from models.endpoint_rules import ExtraEndpoint, ExtraEndpoints, stored
from models.entry import Charge, UsageQuality
from models.event_kinds import EventKind
from models.exhaustion import Subject, Why
from models.failover import FailoverRule
from models.labels import TagMap, clean_tags
from models.management_tokens import Scope
from models.project_fields import Isolation, Unmetered
from models.revocations import RevocationKind
from models.rules import Address, KeyAuth, ModelMap, V1Prefix, is_datable


def plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return _write_time(value) if isinstance(value, datetime) else value


def same(value: Any) -> Any:
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
    return str(UUID(read_text(value)))


def _write_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _read_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def read_text(value: Any, *, most: int | None = None) -> str:
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
WRITERS: Final[_Convert] = {
    fields.UUIDField: str,
    fields.DatetimeField: _write_time,
    fields.JSONField: _write_json,
    fields.BooleanField: bool,
}
READERS: Final[_Convert] = {
    fields.UUIDField: _read_id,
    fields.DatetimeField: _read_time,
    fields.JSONField: _read_json,
    fields.BooleanField: _read_flag,
    fields.TextField: read_text,
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
    return parse_base_url(read_text(value))


def _read_list(value: Any) -> str:
    if not isinstance(value, list):
        raise TypeError("no list of texts")
    return _read_json([read_text(one) for one in value])


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


def _read_cache(value: Any) -> str:
    return _read_json(CacheSettings.model_validate(value).model_dump())


def _read_destination_url(value: Any) -> str:
    return parse_destination_url(read_text(value))


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
    tags = {read_text(key): read_text(one) for key, one in value.items()}
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
            read_text(attempt["error"], most=64)
        else:
            _whole_number(16)(attempt["status"])
    return _read_json(value)


def _read_extra_endpoints(value: Any) -> str:
    return _read_json(stored(_EXTRA.validate_python(value)))


_EXTRA: Final[TypeAdapter[list[ExtraEndpoint]]] = TypeAdapter(ExtraEndpoints)
_ADDRESSES: Final = TypeAdapter(list[Address])
_TAGS: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(TagMap)
_PREFIX: Final[TypeAdapter[str]] = TypeAdapter(V1Prefix)
_AUTH: Final[TypeAdapter[str]] = TypeAdapter(KeyAuth)
_MODEL_MAP: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(ModelMap)
_EVENTS: Final[TypeAdapter[list[str]]] = TypeAdapter(Events)
#: What must be more than of its type: the API could not show it, or a request would stumble on it.
COLUMNS: Final[Mapping[tuple[str, str], Callable[[Any], Any]]] = {
    ("project", "base_url"): _read_base_url,
    ("project", "unmetered"): _one_of(Unmetered),
    ("project", "budgets"): _read_budgets,
    ("project", "policies"): _read_policies,
    ("token", "budgets"): _read_budgets,
    ("token", "tags"): _read_fixed_tags,
    ("token", "policies"): _read_policies,
    ("project", "isolation"): _one_of(Isolation),
    ("project", "cache"): _read_cache,
    ("project", "allowed_endpoints"): _read_list,
    ("project", "extra_endpoints"): _read_extra_endpoints,
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
    ("request_log", "cache"): _one_of(Looked),
}
