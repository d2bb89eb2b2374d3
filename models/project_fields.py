"""What may be set on a project, and what comes with a change of it."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypedDict

import msgspec

from config import parse_base_url
from models.crypto import KeyRing

#: What happens to requests whose usage cannot be metered.
Unmetered: TypeAlias = Literal["allow", "refuse"]
#: Whose files, batches and stored responses a request may name.
Isolation: TypeAlias = Literal["none", "project", "token"]


class ProjectFields(TypedDict, total=False):
    """What may be set on a project, at creation and later."""

    name: str
    base_url: str | None
    v1_prefix: str | None
    is_active: bool
    requests_per_minute: int | None
    max_parallel_requests: int | None
    allowed_models: list[str] | None
    allowed_origins: list[str] | None
    project: str | None
    location: str | None
    unmetered: Unmetered
    isolation: Isolation
    end_user_from_body: bool
    failover: dict[str, Any] | None
    cache: dict[str, Any] | None
    allowed_endpoints: list[str] | None
    extra_endpoints: list[dict[str, Any]] | None
    budgets: list[dict[str, Any]] | None
    policies: list[dict[str, Any]] | None


class ProjectChanges(ProjectFields, total=False):
    """What may be changed on a project."""

    provider: str


@dataclass(frozen=True, slots=True)
class GivenKey:
    """An API key that comes with a change of address, and what it is encrypted with."""

    api_key: str = field(repr=False)
    ring: KeyRing


class RevokedCounts(msgspec.Struct, frozen=True):
    """What revoking all tokens of a project came to."""

    revoked_count: int
    already_revoked_count: int
    total_tokens: int


def normalise(wanted: ProjectFields) -> None:
    """Write what may be written in several ways in one."""
    base_url = wanted.get("base_url")
    if base_url is not None:
        wanted["base_url"] = parse_base_url(base_url)
    if not wanted.get("extra_endpoints", True):
        wanted["extra_endpoints"] = None
