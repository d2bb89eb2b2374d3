"""Rows as the API shows them: field names and formats are the contract's."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from cli.output import moment
from models import AuditEvent, Project, RequestLog, Token, UpstreamKey
from models.usage_report import GroupBy, UsageRow

KEY_COLUMNS: Final = ("id", "label", "hint", "is_active", "weight", "created_at")


def key(row: UpstreamKey) -> dict[str, Any]:
    """An upstream key, which never shows its material."""
    return {
        "id": str(row.id),
        "label": row.label,
        "hint": row.hint,
        "is_active": row.is_active,
        "weight": row.weight,
        "created_at": moment(row.created_at),
    }


def project(row: Project, keys: Iterable[UpstreamKey]) -> dict[str, Any]:
    """A project with its keys."""
    return {
        "id": str(row.id),
        "name": row.name,
        "provider": row.provider,
        "base_url": row.base_url,
        "is_active": row.is_active,
        "requests_per_minute": row.requests_per_minute,
        "max_parallel_requests": row.max_parallel_requests,
        "allowed_models": row.allowed_models,
        "allowed_origins": row.allowed_origins,
        "keys": [key(one) for one in keys],
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def token(row: Token) -> dict[str, Any]:
    """A token, which shows a hint of its secret."""
    return {
        "id": str(row.id),
        "project_id": str(row.project_id),
        "name": row.name,
        "hint": row.hint,
        "status": row.status,
        "expires_at": moment(row.expires_at),
        "revoked_at": moment(row.revoked_at),
        "max_requests": row.max_requests,
        "request_count": row.request_count,
        "requests_per_minute": row.requests_per_minute,
        "max_parallel_requests": row.max_parallel_requests,
        "allowed_models": row.allowed_models,
        "allowed_endpoints": row.allowed_endpoints,
        "allowed_ips": row.allowed_ips,
        "last_used_at": moment(row.last_used_at),
        "created_at": moment(row.created_at),
    }


def request(row: RequestLog) -> dict[str, Any]:
    """A line of the request log."""
    return {
        "id": str(row.id),
        "at": moment(row.at),
        "project_id": str(row.project_id),
        "token_id": str(row.token_id),
        "provider": row.provider,
        "endpoint": row.endpoint,
        "method": row.method,
        "model": row.model,
        "status": row.status,
        "outcome": row.outcome,
        "usage": row.usage,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "cached_tokens": row.cached_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cost_usd": dollars(row.cost_nanos),
        "bytes_in": row.bytes_in,
        "bytes_out": row.bytes_out,
        "ttfb_ms": None if row.ttfb_us is None else row.ttfb_us / 1000,
        "duration_ms": row.duration_us / 1000,
        "overhead_ms": row.overhead_us / 1000,
    }


def event(row: AuditEvent) -> dict[str, Any]:
    """A line of the audit trail."""
    return {
        "id": str(row.id),
        "at": moment(row.at),
        "actor": row.actor,
        "action": row.action,
        "target_type": row.target_type,
        "target_id": row.target_id,
        "changes": row.changes,
        "ip": row.ip,
        "request_id": row.request_id,
        "outcome": row.outcome,
    }


def group_field(group_by: GroupBy) -> str:
    """The field that says what a row of usage was grouped by."""
    return f"{group_by}_id" if group_by in ("project", "token") else group_by


def usage(row: UsageRow, group_by: GroupBy | None) -> dict[str, Any]:
    """A row of the usage report."""
    group = {} if group_by is None else {group_field(group_by): _text(row.group)}
    return {
        "bucket": moment(row.bucket),
        **group,
        "requests": row.requests,
        "errors": row.errors,
        "unknown_usage_requests": row.unknown_usage_requests,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "cached_tokens": row.cached_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "total_tokens": row.prompt_tokens + row.completion_tokens,
        "cost_usd": dollars(row.cost_nanos),
    }


def _text(value: UUID | str | None) -> str | None:
    return None if value is None else str(value)


def dollars(nanos: int | None) -> float | None:
    """A price for people; None where none is known."""
    return None if nanos is None else nanos / 1_000_000_000
