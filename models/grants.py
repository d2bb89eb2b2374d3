"""What one secret may do, read whole: the data plane calls this on a cache miss, once per secret.

The values are frozen, so a worker can keep them until the generation moves.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

import msgspec

from models import revocations
from models.crypto import KeyRing
from models.db.database import connection, dialect
from models.db.sqlite_readers import for_requests
from models.errors import CorruptCiphertext, ModelError, UnknownEncryptionKey
from models.projects import Project
from models.tokens import Token, TokenSecret
from models.upstream_keys import UpstreamKey


class KeyMaterial(msgspec.Struct, frozen=True):
    """An active upstream key, decrypted. `weight` is its share among its project's keys."""

    id: UUID
    secret: str
    weight: int
    bound_to: str | None
    """Where it may be sent, see `models.bindings`."""

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
    #: What happens to requests whose usage cannot be metered.
    unmetered: Literal["allow", "refuse"]
    #: Active keys only, in a steady order; empty when there is none.
    keys: tuple[KeyMaterial, ...]


@for_requests
async def load_grants(digests: Sequence[str], ring: KeyRing) -> dict[str, GrantRecord | ModelError]:
    """What the secrets with these digests may do; those that no token has are missing.

    Four queries at most, however many they are. One whose keys cannot be decrypted has
    UnknownEncryptionKey or CorruptCiphertext in place of a record: the others can do nothing
    for it. Read the generation before calling: what changes meanwhile then invalidates the answer.
    Raises DatabaseUnavailable.
    """
    if len(digests) > 1:
        # Most of many are made up, which this finds out without building a long statement.
        digests = await _known(digests)
    if not digests:
        return {}
    # First, since one that is carried out meanwhile is in the rows then.
    waiting = await revocations.waiting()
    secrets = await TokenSecret.filter(digest__in=digests).select_related("token__project")
    if not secrets:
        return {}
    keys: defaultdict[UUID, list[UpstreamKey]] = defaultdict(list)
    active = UpstreamKey.filter(
        project_id__in={secret.token.project_id for secret in secrets}, is_active=True
    )
    for key in await active.order_by("id").select_related("project"):
        keys[key.project.id].append(key)
    found: dict[str, GrantRecord | ModelError] = {}
    for secret in secrets:
        try:
            found[secret.digest] = _record(secret, keys[secret.token.project_id], waiting, ring)
        except (UnknownEncryptionKey, CorruptCiphertext) as exc:
            found[secret.digest] = exc
    return found


async def load_grant(digest: str, ring: KeyRing) -> GrantRecord | None:
    """One of them; None where no token has it.

    Raises DatabaseUnavailable, UnknownEncryptionKey, CorruptCiphertext.
    """
    found = (await load_grants([digest], ring)).get(digest)
    if isinstance(found, ModelError):
        raise found
    return found


async def _known(digests: Sequence[str]) -> list[str]:
    value: list[str] | str
    if dialect() == "postgres":
        wanted, value = "= ANY($1::text[])", list(digests)
    else:
        wanted, value = "IN (SELECT value FROM json_each(?))", json.dumps(digests)
    rows = await connection().execute_query_dict(
        f"SELECT digest FROM token_secret WHERE digest {wanted}",  # noqa: S608  (our own words)
        [value],
    )
    return [row["digest"] for row in rows]


def _record(
    secret: TokenSecret,
    keys: Sequence[UpstreamKey],
    waiting: Mapping[UUID, revocations.Revocation],
    ring: KeyRing,
) -> GrantRecord:
    token: Token = secret.token
    # As it was when its keys were read: a key and an address of two moments do not go together.
    project: Project = keys[0].project if keys else token.project
    if token.id in waiting:
        token.revoked_at = token.revoked_at or waiting[token.id].at
    project.is_active = project.is_active and project.id not in waiting
    return GrantRecord(
        token_id=token.id,
        token_hint=token.hint,
        expires_at=_unix(token.expires_at),
        revoked_at=_unix(token.revoked_at),
        secret_expires_at=_unix(secret.expires_at),
        max_requests=token.max_requests,
        quota_epoch=token.quota_epoch,
        quota_base=token.quota_base,
        request_count=token.request_count,
        requests_per_minute=token.requests_per_minute,
        max_parallel_requests=token.max_parallel_requests,
        allowed_models=_frozen(token.allowed_models),
        allowed_endpoints=_frozen(token.allowed_endpoints),
        allowed_ips=_frozen(token.allowed_ips),
        project_id=project.id,
        project_is_active=project.is_active,
        project_is_deleted=project.deleted_at is not None,
        provider=project.provider,
        base_url=project.base_url,
        project_requests_per_minute=project.requests_per_minute,
        project_max_parallel_requests=project.max_parallel_requests,
        project_allowed_models=_frozen(project.allowed_models),
        allowed_origins=_frozen(project.allowed_origins),
        unmetered=project.unmetered,
        keys=tuple(
            KeyMaterial(key.id, ring.decrypt(key.ciphertext, key.id), key.weight, key.bound_to)
            for key in keys
            if key.id not in waiting
        ),
    )


@for_requests
async def is_cut_off(token_id: UUID) -> bool:
    """Whether the token was revoked or its project switched off: what runs with it must end.

    Expiry and rotation are neither. Raises DatabaseUnavailable.
    """
    waiting = await revocations.waiting()
    token = await Token.get_or_none(id=token_id).select_related("project")
    return (
        token is None
        or token.revoked_at is not None
        or not token.project.is_active
        or token.id in waiting
        or token.project.id in waiting
    )


@for_requests
async def allowed_origins() -> list[str]:
    """Every origin that some active project allows, for preflights, which carry no token."""
    waiting = await revocations.waiting()
    lists = await Project.filter(
        is_active=True, deleted_at__isnull=True, allowed_origins__isnull=False
    ).values_list("id", "allowed_origins")
    return [
        origin
        for project, origins in cast(list[tuple[UUID, list[str]]], lists)
        if project not in waiting
        for origin in origins
    ]


def _unix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _frozen(entries: list[str] | None) -> tuple[str, ...] | None:
    return None if entries is None else tuple(entries)
