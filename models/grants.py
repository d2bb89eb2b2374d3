"""What one secret may do, read whole: the data plane calls this on a cache miss, once per secret.

The values are frozen, so a worker can keep them until the generation moves.
"""

from uuid import UUID

import msgspec


class KeyMaterial(msgspec.Struct, frozen=True):
    """An active upstream key, decrypted. `weight` is its share among its project's keys."""

    id: UUID
    secret: str
    weight: int

    def __repr__(self) -> str:
        # The default would print the key into whatever log a grant ends up in.
        return f"KeyMaterial(id={self.id}, weight={self.weight})"


class GrantRecord(msgspec.Struct, frozen=True):
    """Everything the data plane needs to decide about one secret.

    Times are Unix seconds. Refusals are the data plane's to decide: revoked and expired tokens and
    inactive projects are in here too, so that the client can be told why.
    """

    token_id: UUID
    token_hint: str
    expires_at: float | None
    revoked_at: float | None
    #: When this very secret ends, which for the old one of a rotation is before its token does.
    secret_expires_at: float | None
    max_requests: int | None
    quota_epoch: int
    quota_base: int
    request_count: int
    requests_per_minute: int | None
    max_parallel_requests: int | None
    allowed_models: tuple[str, ...] | None
    allowed_endpoints: tuple[str, ...] | None
    allowed_ips: tuple[str, ...] | None

    project_id: UUID
    project_is_active: bool
    project_is_deleted: bool
    provider: str
    base_url: str | None
    project_requests_per_minute: int | None
    project_max_parallel_requests: int | None
    project_allowed_models: tuple[str, ...] | None
    allowed_origins: tuple[str, ...] | None
    #: Active keys only, in a steady order; empty when there is none.
    keys: tuple[KeyMaterial, ...]
