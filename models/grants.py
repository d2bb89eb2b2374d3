"""What a secret may do, read in one go: the data plane loads this on a cache miss.

The values are frozen, so a worker can cache them until the generation moves.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

import msgspec

from models import objects, project_cache, revocations
from models.budgets import Budget, Policy, budgets_of, policies_of
from models.cache_rule import CacheRule
from models.crypto import KeyRing
from models.db.database import connection, dialect
from models.db.sqlite_readers import for_requests
from models.endpoint_rules import Extra
from models.errors import CorruptCiphertext, ModelError, UnknownEncryptionKey
from models.failover import Failover
from models.projects import Project
from models.tokens import Token, TokenSecret
from models.upstream_keys import UpstreamKey


class KeyMaterial(msgspec.Struct, frozen=True):
    """An active upstream key, decrypted. `weight` is its share among its project's keys."""

    id: UUID
    secret: str
    weight: int
    bound_to: str | None
    """Where it may be sent (`models.bindings`)."""
    priority: int = 0
    """Keys of the lowest that has a fit one are used."""
    base_url: str | None = None
    v1_prefix: str | None = None
    auth: str | None = None
    """These three: where it goes and how it is presented; None: as its project says."""
    provider: str | None = None
    """Whose account it is, where that is not its project's provider's."""
    model_map: dict[str, str] | None = None
    """What its account calls models, by the names that clients have for them."""

    def __repr__(self) -> str:
        # The default would print the key into whatever log a grant ends up in.
        return f"KeyMaterial(id={self.id}, weight={self.weight})"


class GrantRecord(msgspec.Struct, frozen=True):
    """Everything the data plane needs to decide about one secret.

    Times are Unix seconds. Revoked and expired tokens and inactive projects have records, too: the
    data plane decides, and can tell the client why.
    """

    token_id: UUID
    expires_at: float | None
    revoked_at: float | None
    #: When this secret ends; after a rotation the old one ends before its token does.
    secret_expires_at: float | None
    max_requests: int | None
    quota_epoch: int
    quota_base: int
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
    #: Active keys only, ordered by id.
    keys: tuple[KeyMaterial, ...]
    #: What stands upstream in place of `/v1`; None: as the provider says.
    v1_prefix: str | None = None
    failover: Failover | None = None
    #: What `{project}` and `{location}` of a path may be; None: anything.
    path_project: str | None = None
    path_location: str | None = None
    budgets: tuple[Budget, ...] = ()
    policies: tuple[Policy, ...] = ()
    project_budgets: tuple[Budget, ...] = ()
    project_policies: tuple[Policy, ...] = ()
    #: Whose files, batches and stored responses a request may name.
    isolation: Literal["none", "project", "token"] = "none"
    #: Whether a key that is gone knows objects of the project, which has one key left.
    others_know: bool = False
    #: What each of its requests is tagged with.
    tags: dict[str, str] | None = None
    #: Whether the body says whom a request is for, where its header does not.
    end_user_from_body: bool = False
    #: What its project keeps answers of; None: of nothing.
    cache: CacheRule | None = None
    #: Which of the kept ones are current (`models.project_cache`).
    cache_epoch: int = 0
    #: How the project narrows its provider's list, and what it adds to it.
    project_allowed_endpoints: tuple[str, ...] | None = None
    extra_endpoints: tuple[Extra, ...] = ()
    #: What people call them; for middlewares alone.
    token_name: str = ""
    project_name: str = ""


@for_requests
async def load_grants(digests: Sequence[str], ring: KeyRing) -> dict[str, GrantRecord | ModelError]:
    """Records by digest; digests that no token has are missing.

    At most six queries for any number of digests. Where a project's keys cannot be decrypted, its
    tokens have UnknownEncryptionKey or CorruptCiphertext in place of a record. Read the generation
    before calling, so that a change made meanwhile invalidates the result.
    Raises DatabaseUnavailable.
    """
    if len(digests) > 1:
        # Where many come at once most are made up: this drops them with one short statement.
        digests = await _known(digests)
    if not digests:
        return {}
    # Before the rows are read: a revocation that is written into its row meanwhile is in one of
    # the two then.
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
    alone = [(str(owner), str(of[0].id)) for owner, of in keys.items() if len(of) == 1]
    others_know = await objects.known_to_others(alone) if alone else set()
    found: dict[str, GrantRecord | ModelError] = {}
    for secret in secrets:
        owner = secret.token.project_id
        try:
            record = _record(secret, keys[owner], waiting, ring)
            if str(owner) in others_know:
                record = msgspec.structs.replace(record, others_know=True)
            found[secret.digest] = record
        except (UnknownEncryptionKey, CorruptCiphertext) as exc:
            found[secret.digest] = exc
    return await _in_their_epochs(found)


async def _in_their_epochs(
    found: dict[str, GrantRecord | ModelError],
) -> dict[str, GrantRecord | ModelError]:
    """The same, where answers are kept with the epoch of those that are current."""
    keep = {
        digest: record
        for digest, record in found.items()
        if isinstance(record, GrantRecord) and record.cache is not None
    }
    if not keep:
        return found
    # After the rows: an epoch that began before an answer was asked for is never that of one
    # which a change has made void meanwhile.
    epochs = await project_cache.epochs({record.project_id for record in keep.values()})
    return found | {
        digest: msgspec.structs.replace(record, cache_epoch=epochs.get(record.project_id, 0))
        for digest, record in keep.items()
    }


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
    # The project as it was when its keys were read: a new key must not go to the old address.
    project: Project = keys[0].project if keys else token.project
    if token.id in waiting:
        token.revoked_at = token.revoked_at or waiting[token.id].at
    project.is_active = project.is_active and project.id not in waiting
    return GrantRecord(
        token_id=token.id,
        expires_at=_unix(token.expires_at),
        revoked_at=_unix(token.revoked_at),
        secret_expires_at=_unix(secret.expires_at),
        max_requests=token.max_requests,
        quota_epoch=token.quota_epoch,
        quota_base=token.quota_base,
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
        keys=tuple(_material(key, ring) for key in keys if key.id not in waiting),
        v1_prefix=project.v1_prefix,
        failover=Failover.of(project.failover),
        path_project=project.project,
        path_location=project.location,
        budgets=budgets_of(token.budgets),
        policies=policies_of(token.policies),
        project_budgets=budgets_of(project.budgets),
        project_policies=policies_of(project.policies),
        isolation=project.isolation,
        tags=token.tags,
        token_name=token.name,
        project_name=project.name,
        end_user_from_body=project.end_user_from_body,
        cache=CacheRule.of(project.cache),
        project_allowed_endpoints=_frozen(project.allowed_endpoints),
        extra_endpoints=Extra.all_of(project.extra_endpoints),
    )


class LoneKey(msgspec.Struct, frozen=True):
    """An active key by itself, with what its project says of where it goes."""

    key: KeyMaterial
    provider: str
    base_url: str | None
    v1_prefix: str | None


@for_requests
async def load_key(key_id: UUID, ring: KeyRing) -> LoneKey | None:
    """The active key with this id, to be tested; None where there is none.

    Raises DatabaseUnavailable, UnknownEncryptionKey, CorruptCiphertext.
    """
    waiting = await revocations.waiting()
    key = await UpstreamKey.get_or_none(id=key_id, is_active=True).select_related("project")
    if key is None or key_id in waiting or key.project.id in waiting:
        return None
    project = key.project
    return LoneKey(_material(key, ring), project.provider, project.base_url, project.v1_prefix)


def _material(key: UpstreamKey, ring: KeyRing) -> KeyMaterial:
    secret = ring.decrypt(key.ciphertext, key.id)
    return KeyMaterial(
        key.id, secret, key.weight, key.bound_to, key.priority,
        key.base_url, key.v1_prefix, key.auth, key.provider, key.model_map,
    )  # fmt: skip


@for_requests
async def is_cut_off(token_id: UUID) -> bool:
    """Whether the token was revoked or its project deactivated, so that its streams must end.

    Expiry and rotation end no running stream. Raises DatabaseUnavailable.
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
