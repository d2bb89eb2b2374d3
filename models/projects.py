"""Projects: one upstream account (or several), and the limits that all its tokens share."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self, Unpack
from uuid import UUID

from tortoise import Model, fields
from tortoise.exceptions import IntegrityError

from config import parse_base_url
from models import (
    audit,
    budget_rows,
    changes,
    exhaustion,
    generation,
    key_states,
    project_cache,
    revocations,
)
from models.audit import Actor
from models.bindings import Upstreams, binding, check_origin, must_be_given, place_of
from models.crypto import KeyRing
from models.db.database import in_one_transaction
from models.errors import (
    KeyNotNeeded,
    NameTaken,
    ProjectDeleted,
)
from models.ids import new_id
from models.project_fields import (
    GivenKey,
    Isolation,
    ProjectChanges,
    ProjectFields,
    RevokedCounts,
    Unmetered,
    normalise,
)

if TYPE_CHECKING:
    from models.tokens import Token
    from models.upstream_keys import UpstreamKey, UpstreamKeyPlace


_ANY: Final = Upstreams()
_ADDRESS: Final = {"provider", "base_url"}
_VOIDS_ANSWERS: Final = project_cache.VOIDED_BY | {"is_active"}


class Project(Model):
    """Deleting one keeps the row, so that history stays readable, and erases its keys."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=200)
    # The name while the project lives, and NULL afterwards: unique among the living.
    live_name = fields.CharField(max_length=200, null=True, unique=True)
    provider = fields.CharField(max_length=64)
    base_url = fields.CharField(max_length=2048, null=True)
    is_active = fields.BooleanField(default=True)
    requests_per_minute = fields.IntField(null=True)
    max_parallel_requests = fields.IntField(null=True)
    allowed_models = fields.JSONField[list[str] | None](null=True)
    allowed_origins = fields.JSONField[list[str] | None](null=True)
    v1_prefix = fields.CharField(max_length=200, null=True)
    failover = fields.JSONField[dict[str, Any] | None](null=True)
    isolation: Isolation = fields.CharField(  # type: ignore[assignment]
        max_length=8, default="none", db_default="none"
    )
    # What the paths of a cloud that names both may hold.
    project = fields.CharField(max_length=200, null=True)
    location = fields.CharField(max_length=200, null=True)
    unmetered: Unmetered = fields.CharField(max_length=8, default="allow")  # type: ignore[assignment]
    # Whether the body says whom a request is for, where its header does not.
    end_user_from_body = fields.BooleanField(default=False, db_default=False)
    # In the form of `models.budgets`.
    budgets = fields.JSONField[list[dict[str, Any]] | None](null=True)
    policies = fields.JSONField[list[dict[str, Any]] | None](null=True)
    # In the form of `models.cache_rule`; NULL: no answer is kept.
    cache = fields.JSONField[dict[str, Any] | None](null=True)
    # What an administrator narrows and widens the provider's list by.
    allowed_endpoints = fields.JSONField[list[str] | None](null=True)
    extra_endpoints = fields.JSONField[list[dict[str, Any]] | None](null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    deleted_at = fields.DatetimeField(null=True)

    keys: fields.ReverseRelation["UpstreamKey"]
    tokens: fields.ReverseRelation["Token"]

    class Meta:
        table = "project"

    @classmethod
    async def find_row(cls, project_id: UUID) -> Self | None:
        """The living project with this id, as revocations that wait would have it, and nothing
        beside it: to switch it off waits for no lock of another table."""
        project = await cls.get_or_none(id=project_id, deleted_at__isnull=True)
        await revocations.show_projects([project] if project else [])
        return project if project and project.deleted_at is None else None

    @classmethod
    async def find(cls, project_id: UUID) -> Self | None:
        """The same with its keys, and how they stand."""
        if (project := await cls.find_row(project_id)) is not None:
            await project.fetch_related("keys")
            await revocations.hide_removed(project.keys)
            await key_states.show(list(project.keys))
        return project

    @classmethod
    @in_one_transaction
    async def create_with_key(
        cls,
        *,
        provider: str,
        api_key: str,
        ring: KeyRing,
        by: Actor,
        upstreams: Upstreams = _ANY,
        **wanted: Unpack[ProjectFields],
    ) -> Self:
        """A new project with its first upstream key.

        Raises NameTaken, OriginNotAllowed, BaseUrlMissing, KeyNotUsable, EndpointNotServed.
        """
        normalise(wanted)
        check_origin(upstreams, provider, wanted.get("base_url"))
        upstreams.check_key(provider, None, api_key)
        _check_extra(upstreams, wanted)
        present = changes.now()
        project = cls(provider=provider, created_at=present, updated_at=present)
        await budget_rows.store(project, wanted)
        changes.apply(project, wanted)
        project.live_name = project.name
        await _save(project, new=True)
        await audit.record(
            by,
            "project.create",
            "project",
            project.id,
            budget_rows.shown(changes.created(project, "provider", *wanted)),
        )
        await project.add_key(api_key=api_key, ring=ring, by=by)
        return project

    @in_one_transaction
    async def change(
        self,
        *,
        by: Actor,
        upstreams: Upstreams = _ANY,
        key: GivenKey | None = None,
        **wanted: Unpack[ProjectChanges],
    ) -> None:
        """Set fields; what is not named stays.

        A change of address that would send keys elsewhere needs `key`, which replaces those keys
        and no others. Raises NameTaken, ProjectDeleted, OriginNotAllowed, BaseUrlMissing,
        KeyMustBeGiven, KeyNotNeeded, KeyNotUsable, ProviderNotUsable, EndpointNotServed.
        """
        if key is None and wanted == {"is_active": False}:
            await self._switch_off(by=by)
            return
        await self._lock()
        normalise(wanted)
        _check_extra(upstreams, wanted)
        before = self.provider, self.base_url
        after = wanted.get("provider", self.provider), wanted.get("base_url", self.base_url)
        fitting, elsewhere = await self._keys_by_fit(upstreams, *after)
        if key is not None:
            upstreams.check_key(after[0], None, key.api_key)
        if after != before:
            check_origin(upstreams, *after)
            if elsewhere and key is None:
                raise must_be_given(elsewhere, *after)
        if key is not None and fitting and not elsewhere and not _ADDRESS & wanted.keys():
            raise KeyNotNeeded(
                "No key of this project would go elsewhere than it was entered for, so there is"
                " none to replace. Add this one beside them."
            )
        await budget_rows.store(self, wanted)
        changed = changes.apply(self, wanted)
        if changed:
            self.live_name = self.name
            self.updated_at = changes.now()
            await _save(self)
            if "budgets" in changed:
                await exhaustion.refresh("project", [self.id])
            await self._void_answers(changed)
            await audit.record(by, _action(changed), "project", self.id, budget_rows.shown(changed))
            await generation.bump("project", self.id)
        if after != before:
            for kept in fitting:
                if kept.provider is not None:
                    continue
                await kept.rebind(binding(*place_of(kept, *after)), by=by)
        if key is not None and (elsewhere or not fitting):
            await self._replace_keys(elsewhere, key, by=by)

    async def _switch_off(self, *, by: Actor) -> None:
        """It does not wait for a lock on the row: see `models.revocations`."""
        locked = await self._lock(wait=False)
        if not self.is_active:
            return
        self.is_active = False
        self.updated_at = changes.now()
        if locked:
            await _save(self)
        else:
            await revocations.deactivate(self.id, self.updated_at)
        shown: dict[str, tuple[object, object]] = {"is_active": (True, False)}
        await self._void_answers(shown)
        await audit.record(by, _action(shown), "project", self.id, shown)
        await generation.bump("project", self.id)

    async def _void_answers(self, changed: Mapping[str, tuple[Any, Any]]) -> None:
        """Empty its cache after a change of what answers are made by, or that is its end."""
        switched = "cache" in changed and None in changed["cache"]
        if switched or (self.cache is not None and not changed.keys().isdisjoint(_VOIDS_ANSWERS)):
            await project_cache.empty(self.id)

    @in_one_transaction
    async def purge_cache(self, *, by: Actor) -> None:
        """Forget every kept answer, without a look at the row, which others may have locked."""
        await project_cache.empty(self.id)
        await audit.record(by, "project.purge_cache", "project", self.id)
        await generation.bump("project", self.id)

    async def _keys_by_fit(
        self, upstreams: Upstreams, provider: str, base_url: str | None
    ) -> tuple[list["UpstreamKey"], list["UpstreamKey"]]:
        """The keys that may be sent to an address, or have one of another provider, and those that
        may not; all are locked. Raises ProviderNotUsable."""
        keys = await self.keys.all().order_by("id").select_for_update()
        for key in keys:
            upstreams.check_beside(key.provider, provider)
        fitting = [
            key
            for key in keys
            if key.provider or upstreams.fits(key.bound_to, *place_of(key, provider, base_url))
        ]
        return fitting, [key for key in keys if key not in fitting]

    async def _replace_keys(
        self, replaced: list["UpstreamKey"], given: GivenKey, *, by: Actor
    ) -> None:
        """One new key, with label, weight and priority of the first that goes."""
        first = replaced[0] if replaced else None
        for key in replaced:
            await key.remove(by=by)
        await self.add_key(
            api_key=given.api_key,
            ring=given.ring,
            by=by,
            label=first.label if first else "",
            weight=first.weight if first else 1,
            priority=first.priority if first else 0,
        )

    async def current_keys(self) -> list["UpstreamKey"]:
        """Its keys, with what is known of each."""
        keys = await self.keys.all().order_by("id")
        await key_states.show(keys)
        return keys

    async def activate(self, *, by: Actor) -> None:
        """Let its tokens in again."""
        await self.change(by=by, is_active=True)

    async def deactivate(self, *, by: Actor) -> None:
        """Refuse its tokens, and end their running streams."""
        await self.change(by=by, is_active=False)

    @in_one_transaction
    async def add_key(
        self,
        *,
        api_key: str,
        ring: KeyRing,
        by: Actor,
        upstreams: Upstreams = _ANY,
        label: str = "",
        weight: int = 1,
        priority: int = 0,
        **place: Unpack["UpstreamKeyPlace"],
    ) -> "UpstreamKey":
        """One more upstream key, in use at once.

        Raises ProjectDeleted, KeyNotUsable, ProviderNotUsable, OriginNotAllowed, BaseUrlMissing.
        """
        await self._lock()
        own, base_url = place.get("provider"), place.get("base_url")
        upstreams.check_beside(own, self.provider)
        upstreams.check_key(own or self.provider, place.get("auth"), api_key)
        if base_url is not None:
            place["base_url"] = base_url = parse_base_url(base_url)
        if own is not None or base_url is not None:
            check_origin(upstreams, own or self.provider, base_url)
        # The relation names the class, whose module imports this one.
        keys: type[UpstreamKey] = self.keys.remote_model
        key = await keys.seal(
            self, api_key, ring=ring, label=label, weight=weight, priority=priority, **place
        )
        await audit.record(
            by,
            "key.add",
            "key",
            key.id,
            {
                "project_id": (None, self.id),
                **changes.created(key, "label", "hint", "weight", "priority", "bound_to", *place),
            },
        )
        await generation.bump("project", self.id)
        return key

    @in_one_transaction
    async def revoke_tokens(self, *, by: Actor) -> RevokedCounts:
        """Revoke every token of the project, without waiting for locks on rows."""
        await self._lock(deleted=True, wait=False)
        counts = await self._revoke_all(changes.now())
        await audit.record(
            by,
            "project.revoke_tokens",
            "project",
            self.id,
            {"revoked_count": (None, counts.revoked_count)},
        )
        await generation.bump("project", self.id)
        return counts

    @in_one_transaction
    async def erase(self, *, by: Actor) -> None:
        """Delete: tokens revoked, key material gone, history kept. Again: nothing happens.

        It does not wait for locks on rows: see `models.revocations`.
        """
        locked = await self._lock(deleted=True, wait=False)
        if self.deleted_at is not None:
            return
        present = changes.now()
        counts = await self._revoke_all(present)
        erased = await revocations.remove_keys(present, by="project_id", owner=self.id)
        self.is_active = False
        self.live_name = None
        self.deleted_at = self.updated_at = present
        await self._void_answers({"is_active": (True, False)})
        if locked:
            await self.save()
        else:
            await revocations.delete(self.id, present)
        await audit.record(
            by,
            "project.delete",
            "project",
            self.id,
            {
                "deleted_at": (None, present),
                "tokens_revoked": (None, counts.revoked_count),
                "keys_erased": (None, erased),
            },
        )
        await generation.bump("project", self.id)

    async def _revoke_all(self, moment: datetime) -> RevokedCounts:
        revoked = await revocations.revoke_tokens(moment, by="project_id", owner=self.id)
        total = await self.tokens.all().count()
        return RevokedCounts(revoked, total - revoked, total)

    async def _lock(self, *, deleted: bool = False, wait: bool = True) -> bool:
        """Read the row again and keep others from changing it until we commit.

        Without `wait`, a row that another transaction has locked is only read. Returns whether the
        lock is ours.
        """
        if wait:
            await type(self).select_for_update().get(id=self.id)
        locked = wait or await revocations.lock("project", self.id)
        if locked and self.id in await revocations.waiting():
            await revocations.complete_here()
        changes.take_over(self, await type(self).get(id=self.id))
        await revocations.show_projects([self])
        if self.deleted_at is not None and not deleted:
            raise ProjectDeleted(f"The project {self.name} was deleted.")
        return locked


def _check_extra(upstreams: Upstreams, wanted: ProjectFields) -> None:
    upstreams.check_paths(one["path"] for one in wanted.get("extra_endpoints") or ())


def _action(changed: dict[str, tuple[object, object]]) -> str:
    if set(changed) == {"is_active"}:
        return "project.activate" if changed["is_active"][1] else "project.deactivate"
    return "project.update"


async def _save(project: Project, *, new: bool = False) -> None:
    try:
        await project.save(force_create=new)
    except IntegrityError as exc:
        raise NameTaken(f"There is a project named {project.name} already.") from exc
