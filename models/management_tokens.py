"""Named bearer secrets for `/manage`, beside MANAGEMENT_TOKEN, which has no row."""

from datetime import timedelta
from typing import Literal, Self, TypeAlias
from uuid import UUID

from tortoise import Model, fields
from tortoise.exceptions import IntegrityError

from models import audit, changes, secrets
from models.audit import Actor
from models.db.database import in_one_transaction
from models.errors import NameTaken
from models.ids import new_id

#: `read` may only look.
Scope: TypeAlias = Literal["read", "write"]

_USE_RESOLUTION = timedelta(minutes=1)


class ManagementToken(Model):
    """Revoked ones are kept, and keep their name: audit rows speak of it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=100, unique=True)
    digest = fields.CharField(max_length=64, unique=True)
    hint = fields.CharField(max_length=16)
    scope = fields.CharField(max_length=16)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "management_token"

    @classmethod
    @in_one_transaction
    async def issue(cls, *, name: str, scope: Scope, by: Actor) -> tuple[Self, str]:
        """A new token, and its secret, which is known only now. Raises NameTaken."""
        secret = secrets.generate(secrets.MANAGEMENT_PREFIX)
        token = cls(
            name=name,
            scope=scope,
            digest=secrets.digest(secret),
            hint=secrets.hint(secret),
            created_at=changes.now(),
        )
        try:
            await token.save(force_create=True)
        except IntegrityError as exc:
            raise NameTaken(f"There is a management token named {name} already.") from exc
        shown = changes.created(token, "name", "scope", "hint")
        await audit.record(by, "management_token.create", "management_token", token.id, shown)
        return token, secret

    @in_one_transaction
    async def revoke(self, *, by: Actor) -> None:
        """End it for good. Again: nothing happens."""
        present = changes.now()
        if (
            not await type(self)
            .filter(id=self.id, revoked_at__isnull=True)
            .update(revoked_at=present)
        ):
            return
        self.revoked_at = present
        await audit.record(
            by,
            "management_token.revoke",
            "management_token",
            self.id,
            {"revoked_at": (None, present)},
        )

    async def note_shown(self, ticket: UUID, *, by: Actor) -> bool:
        """Note that the secret which `ticket` was made for is shown; False where it was before.

        The note has the ticket's id, so that of several askers, on whatever machine, one is first.
        """
        try:
            await audit.record(
                by, "management_token.show_secret", "management_token", self.id, event_id=ticket
            )
        except IntegrityError:
            return False
        return True

    @classmethod
    async def presented(cls, secret: str) -> Self | None:
        """The unrevoked token that `secret` belongs to; notes its use, to the minute."""
        token = await cls.get_or_none(digest=secrets.digest(secret), revoked_at__isnull=True)
        if token is None:
            return None
        present = changes.now()
        if token.last_used_at is None or present - token.last_used_at > _USE_RESOLUTION:
            await cls.filter(id=token.id).update(last_used_at=present)
            token.last_used_at = present
        return token
