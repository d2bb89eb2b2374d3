"""Administrators and their sessions, for the admin pages."""

from datetime import datetime
from typing import Literal, Self, TypeAlias

from tortoise import Model, fields
from tortoise.exceptions import IntegrityError

from models import audit, changes, passwords
from models.audit import Actor
from models.database import in_one_transaction
from models.errors import LastAdministrator, NameTaken
from models.ids import new_id

#: A viewer sees everything and changes nothing.
Role: TypeAlias = Literal["admin", "viewer"]


class AdminUser(Model):
    """Somebody who may sign in."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    username = fields.CharField(max_length=150, unique=True)
    password_hash = fields.CharField(max_length=255)
    role = fields.CharField(max_length=16, default="admin")
    is_active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()
    last_login_at = fields.DatetimeField(null=True)
    password_changed_at = fields.DatetimeField()

    sessions: fields.ReverseRelation["AdminSession"]

    class Meta:
        table = "admin_user"

    @classmethod
    async def create_with_password(
        cls, *, username: str, password: str, by: Actor, role: Role = "admin"
    ) -> Self:
        """A new administrator. Raises NameTaken."""
        # Hashed before the transaction: 0.1 s is too long to hold one.
        return await cls._insert(username, await passwords.hash_password(password), role, by)

    @classmethod
    @in_one_transaction
    async def _insert(cls, username: str, password_hash: str, role: Role, by: Actor) -> Self:
        present = changes.now()
        user = cls(
            username=username,
            password_hash=password_hash,
            role=role,
            created_at=present,
            password_changed_at=present,
        )
        try:
            await user.save(force_create=True)
        except IntegrityError as exc:
            raise NameTaken(f"There is an administrator named {username} already.") from exc
        await audit.record(
            by, "admin.create", "admin", user.id, changes.created(user, "username", "role")
        )
        return user

    async def set_password(self, password: str, *, by: Actor) -> None:
        """Change the password, and end every session opened with the old one."""
        await self._replace_hash(await passwords.hash_password(password), by)

    @in_one_transaction
    async def _replace_hash(self, password_hash: str, by: Actor) -> None:
        self.password_hash = password_hash
        self.password_changed_at = changes.now()
        await self.save(update_fields=["password_hash", "password_changed_at"])
        await self.sessions.all().delete()
        await audit.record(by, "admin.password", "admin", self.id)

    @in_one_transaction
    async def change(
        self, *, by: Actor, role: Role | None = None, is_active: bool | None = None
    ) -> None:
        """Set what is given. Losing a role or being deactivated ends the sessions.

        Raises LastAdministrator.
        """
        wanted = {"role": role, "is_active": is_active}
        changed = changes.apply(self, {k: v for k, v in wanted.items() if v is not None})
        if not changed:
            return
        await self.save(update_fields=list(changed))
        await self.sessions.all().delete()
        await _require_an_administrator()
        await audit.record(by, "admin.update", "admin", self.id, changed)

    @in_one_transaction
    async def remove(self, *, by: Actor) -> None:
        """Remove the account and its sessions. Raises LastAdministrator."""
        await self.delete()
        await _require_an_administrator()
        await audit.record(
            by, "admin.remove", "admin", self.id, {"username": (self.username, None)}
        )


class AdminSession(Model):
    """A signed-in browser. The cookie's secret is stored as its digest only."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    digest = fields.CharField(max_length=64, unique=True)
    user: fields.ForeignKeyRelation[AdminUser] = fields.ForeignKeyField(
        AdminUser, related_name="sessions", on_delete=fields.CASCADE
    )
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    ip = fields.CharField(max_length=64, null=True)
    user_agent = fields.CharField(max_length=400, default="")

    class Meta:
        table = "admin_session"
        indexes = (("user",),)

    @classmethod
    async def purge(cls, before: datetime) -> int:
        """Remove the sessions that expired before `before`; how many."""
        return await cls.filter(expires_at__lt=before).delete()


async def _require_an_administrator() -> None:
    # Every row is locked, so that two demotions at once cannot each count on the other.
    await AdminUser.all().order_by("id").select_for_update().values_list("id")
    if not await AdminUser.filter(role="admin", is_active=True).exists():
        raise LastAdministrator("There must be an active administrator left.")
