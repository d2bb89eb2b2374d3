"""Upstream keys: the real API keys, encrypted, several to a project, each with a share."""

from datetime import datetime
from typing import Final, Self, TypedDict, Unpack
from uuid import UUID

from tortoise import Model, fields

from config import parse_base_url
from models import (
    audit,
    changes,
    credentials,
    generation,
    key_states,
    project_cache,
    revocations,
    upstream_tokens,
)
from models.audit import Actor
from models.bindings import Upstreams, binding, check_origin, place_of
from models.crypto import KeyRing
from models.db.database import in_one_transaction
from models.errors import (
    CorruptCiphertext,
    KeyMustBeGiven,
    KeyNotUsable,
    KeyRemoved,
    UnknownEncryptionKey,
)
from models.ids import new_id
from models.projects import Project

_ANY: Final = Upstreams()
#: Of what it depends whether it may go where it would, and whether it can be presented there.
_ADDRESS: Final = {"provider", "base_url"}
_PLACE: Final = _ADDRESS | {"auth"}


class UpstreamKeyFields(TypedDict, total=False):
    """What may be changed on a key; its material is replaced by adding another."""

    label: str
    weight: int
    priority: int
    base_url: str | None
    v1_prefix: str | None
    provider: str | None
    auth: str | None
    model_map: dict[str, str] | None
    is_active: bool


class UpstreamKeyPlace(TypedDict, total=False):
    """Where a key goes, how it is presented, and what models are called there, where that is not as
    its project says. A `provider` of its own takes the place of all that."""

    base_url: str | None
    v1_prefix: str | None
    provider: str | None
    auth: str | None
    model_map: dict[str, str] | None


class UpstreamKey(Model):
    """Key material leaves this row decrypted only into a grant, and never into an answer."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        Project, related_name="keys", on_delete=fields.CASCADE
    )
    label = fields.CharField(max_length=200, default="")
    hint = fields.CharField(max_length=16)
    ciphertext = fields.TextField()
    # Which key of ENCRYPTION_KEY it was encrypted with, so that a rotation finds its work.
    encryption_key_id = fields.CharField(max_length=16, db_index=True)
    weight = fields.IntField(default=1)
    # Not the column of that name: see the next one.
    is_active = fields.BooleanField(default=True, source_field="in_use")
    # What a release before sees of it, which would send a key that has anything of its own to the
    # project's address: such a key is not active there. The database itself sets it, and what such
    # a release writes here it puts into `in_use`.
    is_active_before = fields.BooleanField(default=True, source_field="is_active")
    # Where it may be sent, see `models.bindings`. The database itself sets it for the rows of a
    # release that does not know the column.
    bound_to = fields.CharField(max_length=300, null=True)
    # Keys of the lowest that has a fit one are used.
    priority = fields.IntField(default=0, db_default=0)
    # Where it goes and how it is presented, where that is not its project's and its provider's.
    base_url = fields.CharField(max_length=2048, null=True)
    v1_prefix = fields.CharField(max_length=200, null=True)
    provider = fields.CharField(max_length=64, null=True)
    auth = fields.CharField(max_length=128, null=True)
    # What this account calls the models that clients name.
    model_map = fields.JSONField[dict[str, str] | None](null=True)
    created_at = fields.DatetimeField()

    project_id: UUID
    #: What its answers say of it; `key_states.show` reads it.
    standing = key_states.FIT

    @property
    def state(self) -> key_states.State:
        """Whether it is fit, as far as is known."""
        return self.standing.state

    @property
    def resting_until(self) -> datetime | None:
        """When the last of its rests ends."""
        return self.standing.resting_until

    @property
    def last_error(self) -> str | None:
        """What it last answered that made it rest, or suspended it."""
        return self.standing.last_error

    @property
    def last_error_at(self) -> datetime | None:
        """When that was."""
        return self.standing.last_error_at

    class Meta:
        table = "upstream_key"
        indexes = (("project", "id"),)

    @classmethod
    def draft(
        cls,
        project: Project,
        api_key: str,
        *,
        ring: KeyRing,
        label: str = "",
        weight: int = 1,
        priority: int = 0,
        **place: Unpack[UpstreamKeyPlace],
    ) -> Self:
        """Encrypted and bound to where it goes, and not stored: it may be tested first.

        Raises credentials.BadCredential for JSON that is none; each door has said so before.
        """
        key = cls(
            project_id=project.id,
            label=label,
            hint=credentials.hint_of(api_key),
            weight=weight,
            priority=priority,
            **place,
            created_at=changes.now(),
        )
        key.bound_to = binding(*place_of(key, project.provider, project.base_url))
        key.ciphertext = ring.encrypt(credentials.checked(api_key), key.id)
        key.encryption_key_id = ring.newest
        return key

    @classmethod
    async def seal(
        cls,
        project: Project,
        api_key: str,
        *,
        ring: KeyRing,
        label: str,
        weight: int,
        priority: int = 0,
        **place: Unpack[UpstreamKeyPlace],
    ) -> Self:
        """Encrypt and store, bound to where it goes; `Project.add_key` is what audits.

        Raises credentials.BadCredential for JSON that is none; each door has said so before.
        """
        key = cls.draft(
            project, api_key, ring=ring, label=label, weight=weight, priority=priority, **place
        )
        await key.save(force_create=True)
        return key

    @in_one_transaction
    async def change(
        self,
        *,
        by: Actor,
        upstreams: Upstreams = _ANY,
        ring: KeyRing | None = None,
        **wanted: Unpack[UpstreamKeyFields],
    ) -> None:
        """Set fields; what is not named stays. With `ring` it is made sure that the key can be
        presented as it then would be.

        Raises KeyRemoved, OriginNotAllowed, BaseUrlMissing, ProviderNotUsable, KeyNotUsable, and
        KeyMustBeGiven where it would go elsewhere.
        """
        await self._lock()
        if wanted.get("base_url") is not None:
            wanted["base_url"] = parse_base_url(wanted["base_url"] or "")
        changed = changes.apply(self, wanted)
        if not changed:
            return
        if _PLACE & changed.keys():
            await self._check_place(upstreams, moved=bool(_ADDRESS & changed.keys()), ring=ring)
        await self.save(update_fields=[*changed, "bound_to"])
        await audit.record(by, "key.update", "key", self.id, changed)
        await key_states.test_soon(self.id)
        if project_cache.VOIDED_BY & changed.keys():
            await project_cache.empty(self.project_id)
        await generation.bump("project", self.project_id)

    async def _check_place(
        self, upstreams: Upstreams, *, moved: bool, ring: KeyRing | None
    ) -> None:
        """Whether it can be presented as it is now, and where it `moved`, may go there."""
        project = await Project.get(id=self.project_id)
        place = place_of(self, project.provider, project.base_url)
        upstreams.check_beside(self.provider, project.provider)
        if ring is not None:
            upstreams.check_key(place.provider, self.auth, self._material(ring))
        if not moved:
            return
        check_origin(upstreams, *place)
        if not upstreams.fits(self.bound_to, *place):
            raise KeyMustBeGiven(
                f"The key {self.hint} was entered for another address, and is not sent elsewhere."
                " Add it anew with this address, and remove this one.",
                [(self.id, self.hint)],
            )
        self.bound_to = binding(*place)

    def _material(self, ring: KeyRing) -> str:
        try:
            return ring.decrypt(self.ciphertext, self.id)
        except (UnknownEncryptionKey, CorruptCiphertext) as exc:
            raise KeyNotUsable("The key cannot be decrypted with ENCRYPTION_KEY.") from exc

    @in_one_transaction
    async def remove(self, *, by: Actor) -> None:
        """Erase the key, material and all. Again: nothing happens.

        It does not wait for a lock on the row: see `models.revocations`.
        """
        if not await revocations.remove_keys(changes.now(), by="id", owner=self.id):
            return
        await upstream_tokens.forget(self.id)
        await audit.record(
            by,
            "key.remove",
            "key",
            self.id,
            {
                "project_id": (self.project_id, None),
                # The row that says it goes, and the trail is read for years.
                "label": (self.label, None),
                "hint": (self.hint, None),
                "bound_to": (self.bound_to, None),
            },
        )
        await generation.bump("project", self.project_id)

    async def rebind(self, bound_to: str, *, by: Actor) -> None:
        """Say anew where it may be sent, which leads to the same place: `Project.change` knows."""
        if self.bound_to == bound_to:
            return
        before, self.bound_to = self.bound_to, bound_to
        await self.save(update_fields=["bound_to"])
        await audit.record(by, "key.update", "key", self.id, {"bound_to": (before, bound_to)})

    @in_one_transaction
    async def reencrypt(self, ring: KeyRing) -> bool:
        """Encrypt anew with the newest key; False when that is done already.

        Not a change of the grant, so nothing is invalidated.
        """
        fresh = await type(self).select_for_update().get_or_none(id=self.id)
        if fresh is None or fresh.encryption_key_id == ring.newest:
            return False
        fresh.ciphertext = ring.encrypt(ring.decrypt(fresh.ciphertext, fresh.id), fresh.id)
        fresh.encryption_key_id = ring.newest
        await fresh.save(update_fields=["ciphertext", "encryption_key_id"])
        return True

    async def _lock(self) -> None:
        """Read the row again and keep others from changing it until we commit."""
        fresh = await type(self).select_for_update().get_or_none(id=self.id)
        if fresh is None:
            raise KeyRemoved(f"The key {self.hint} was removed.")
        changes.take_over(self, fresh)
