"""Tokens: what applications hold in place of an upstream key, with limits and an end."""

from datetime import datetime, timedelta
from typing import Any, Final, Self, TypedDict, Unpack
from uuid import UUID

from tortoise import Model, fields
from tortoise.exceptions import IntegrityError

from models import (
    admissions,
    audit,
    budget_rows,
    changes,
    exhaustion,
    generation,
    revocations,
    secrets,
    token_status,
)
from models.audit import Actor
from models.db.database import in_one_transaction
from models.errors import LifetimeTooLong, ProjectInactive, TokenRevoked
from models.ids import new_id
from models.projects import Project
from models.token_status import TokenStatus

DEFAULT_LIFETIME: Final = timedelta(days=30)
#: How long a secret lasts that is made for one request, should nobody end it.
LENT_FOR: Final = timedelta(minutes=1)


class TokenFields(TypedDict, total=False):
    """What may be set on a token, at creation and later."""

    name: str
    expires_at: datetime | None
    max_requests: int | None
    requests_per_minute: int | None
    max_parallel_requests: int | None
    allowed_models: list[str] | None
    allowed_endpoints: list[str] | None
    allowed_ips: list[str] | None
    tags: dict[str, str] | None
    budgets: list[dict[str, Any]] | None
    policies: list[dict[str, Any]] | None


class Token(Model):
    """Its secrets are rows of their own, because a rotation with overlap has two at a time."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        Project, related_name="tokens", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=200, default="")
    hint = fields.CharField(max_length=16)
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    max_requests = fields.BigIntField(null=True)
    # Names the counter behind `max_requests`: a limit set anew starts a new one …
    quota_epoch = fields.IntField(default=0)
    # … at what `request_count` comes to, once every request until that moment is counted.
    quota_base = fields.BigIntField(default=0)
    requests_per_minute = fields.IntField(null=True)
    max_parallel_requests = fields.IntField(null=True)
    allowed_models = fields.JSONField[list[str] | None](null=True)
    allowed_endpoints = fields.JSONField[list[str] | None](null=True)
    allowed_ips = fields.JSONField[list[str] | None](null=True)
    # What each request has, whatever its header says.
    tags = fields.JSONField[dict[str, str] | None](null=True)
    # In the form of `models.budgets`.
    budgets = fields.JSONField[list[dict[str, Any]] | None](null=True)
    policies = fields.JSONField[list[dict[str, Any]] | None](null=True)
    # Maintained by the ledger, from entries; nothing else writes these two.
    request_count = fields.BigIntField(default=0)
    last_used_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    secrets: fields.ReverseRelation["TokenSecret"]
    project_id: UUID

    class Meta:
        table = "token"
        indexes = (("project", "id"),)

    #: What lies beside the row; `token_status.show` reads it.
    circumstances = token_status.USUAL

    @property
    def status(self) -> TokenStatus:
        """What the token is worth now, as far as its circumstances were read."""
        return token_status.status_of(
            self.revoked_at, self.expires_at, self.circumstances, changes.now()
        )

    @property
    def is_over(self) -> bool:
        """Whether it is revoked or has expired."""
        return self.status in ("revoked", "expired")

    @classmethod
    async def find_row(cls, token_id: UUID) -> Self | None:
        """The token with this id, as revocations that wait would have it, and nothing beside it: to
        revoke it waits for no lock of another table."""
        token = await cls.get_or_none(id=token_id)
        if token is not None:
            await revocations.show_tokens([token])
        return token

    @classmethod
    async def find(cls, token_id: UUID) -> Self | None:
        """The same with its project, and how it stands."""
        token = await cls.get_or_none(id=token_id).select_related("project")
        if token is not None:
            await revocations.show_tokens([token])
            await revocations.show_projects([token.project])
            await token_status.show([token])
        return token

    @classmethod
    @in_one_transaction
    async def issue(
        cls,
        project: Project,
        *,
        by: Actor,
        max_lifetime: timedelta | None = None,
        **wanted: Unpack[TokenFields],
    ) -> tuple[Self, str]:
        """A new token, and its secret, which is known only now. No `expires_at`: never expires.

        Raises ProjectInactive, LifetimeTooLong.
        """
        present = changes.now()
        owner = await Project.select_for_update().get(id=project.id)
        await revocations.show_projects([owner])
        if not owner.is_active or owner.deleted_at is not None:
            raise ProjectInactive(f"The project {owner.name} is not active.")
        _check_lifetime(wanted.get("expires_at"), present, max_lifetime)
        secret = secrets.generate()
        token = cls(project=owner, hint=secrets.hint(secret), created_at=present)
        await budget_rows.store(token, wanted)
        changes.apply(token, wanted)
        await token.save(force_create=True)
        await TokenSecret.create(token=token, digest=secrets.digest(secret), created_at=present)
        shown = budget_rows.shown(changes.created(token, "hint", *wanted))
        await audit.record(
            by, "token.create", "token", token.id, {"project_id": (None, owner.id), **shown}
        )
        # A worker may remember that this digest is unknown; it is not any more.
        await generation.bump("token", token.id)
        await token_status.show([token])
        return token, secret

    @in_one_transaction
    async def change(
        self, *, by: Actor, max_lifetime: timedelta | None = None, **wanted: Unpack[TokenFields]
    ) -> None:
        """Set fields; what is not named stays. Raises TokenRevoked, LifetimeTooLong."""
        await self._lock()
        if "expires_at" in wanted and wanted["expires_at"] != self.expires_at:
            _check_lifetime(wanted["expires_at"], changes.now(), max_lifetime)
        await budget_rows.store(self, wanted)
        changed = changes.apply(self, wanted)
        if not changed:
            return
        written = list(changed)
        if changed.get("max_requests", (0, 0))[0] is None:
            self.quota_base = await admissions.let_in(self)
            self.quota_epoch += 1
            written += ["quota_epoch", "quota_base"]
        await self.save(update_fields=written)
        if "budgets" in changed:
            await exhaustion.refresh("token", [self.id])
        await audit.record(by, "token.update", "token", self.id, budget_rows.shown(changed))
        await generation.bump("token", self.id)
        await token_status.show([self])

    @in_one_transaction
    async def revoke(self, *, by: Actor) -> None:
        """End the token and its running streams, for good. Again: nothing happens.

        It does not wait for a lock on the row: see `models.revocations`.
        """
        moment = changes.now()
        if not await revocations.revoke_tokens(moment, by="id", owner=self.id):
            return
        self.revoked_at = moment
        await audit.record(
            by, "token.revoke", "token", self.id, {"revoked_at": (None, self.revoked_at)}
        )
        await generation.bump("token", self.id)

    @in_one_transaction
    async def rotate(self, *, by: Actor, grace_seconds: int = 0) -> str:
        """A new secret for the same token; the old one works for `grace_seconds` more.

        Older ones still in their grace keep the earlier end. Raises TokenRevoked.
        """
        await self._lock()
        present = changes.now()
        await self._retire_secrets(present + timedelta(seconds=grace_seconds), present)
        secret = secrets.generate()
        await TokenSecret.create(token=self, digest=secrets.digest(secret), created_at=present)
        before, self.hint = self.hint, secrets.hint(secret)
        await self.save(update_fields=["hint"])
        await audit.record(
            by,
            "token.rotate",
            "token",
            self.id,
            {"hint": (before, self.hint), "grace_seconds": (None, grace_seconds)},
        )
        await generation.bump("token", self.id)
        return secret

    async def note_shown(self, ticket: UUID, *, by: Actor) -> bool:
        """Note that the secret which `ticket` was made for is shown; False where it was before.

        The note has the ticket's id, so that of several askers, on whatever machine, one is first.
        """
        try:
            await audit.record(by, "token.show_secret", "token", self.id, event_id=ticket)
        except IntegrityError:
            return False
        return True

    @in_one_transaction
    async def lend_secret(self, *, by: Actor, path: str, model: str) -> str:
        """A second secret, for a minute, to ask once for `path` and `model` as the token would.

        Raises TokenRevoked.
        """
        await self._lock()
        if self.revoked_at is not None:
            raise TokenRevoked(f"The token {self.hint} is revoked, which is for good.")
        present = changes.now()
        secret = secrets.generate()
        await TokenSecret.create(
            token=self,
            digest=secrets.digest(secret),
            expires_at=present + LENT_FOR,
            created_at=present,
        )
        asked = {"path": (None, path), "model": (None, model)}
        await audit.record(by, "token.test", "token", self.id, asked)
        return secret

    @in_one_transaction
    async def take_back(self, secret: str) -> None:
        """End a secret that was lent."""
        await TokenSecret.filter(digest=secrets.digest(secret)).delete()
        await generation.bump("token", self.id)

    async def _retire_secrets(self, end: datetime, present: datetime) -> None:
        await self.secrets.filter(expires_at__lte=present).delete()
        if end <= present:
            await self.secrets.all().delete()
        else:
            await self.secrets.filter(expires_at__isnull=True).update(expires_at=end)
            await self.secrets.filter(expires_at__gt=end).update(expires_at=end)

    async def _lock(self) -> None:
        """Read the row again and keep others from changing it until we commit."""
        fresh = await type(self).select_for_update().get(id=self.id)
        changes.take_over(self, fresh)
        await revocations.show_tokens([self])
        if self.revoked_at is not None:
            raise TokenRevoked(f"The token {self.hint} is revoked.")


class TokenSecret(Model):
    """The digest of a secret. `expires_at` is set on the old one of a rotation with overlap."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    token: fields.ForeignKeyRelation[Token] = fields.ForeignKeyField(
        Token, related_name="secrets", on_delete=fields.CASCADE
    )
    digest = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "token_secret"
        indexes = (("token",),)


def _check_lifetime(end: datetime | None, present: datetime, longest: timedelta | None) -> None:
    if longest is not None and (end is None or end > present + longest):
        raise LifetimeTooLong(
            f"A token may live for at most {int(longest.total_seconds())} seconds here."
        )
