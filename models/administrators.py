"""Administrators and their sessions, for the admin pages."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final, Literal, Self, TypeAlias
from uuid import UUID

from tortoise import Model, fields
from tortoise.exceptions import IntegrityError

from config.client_address import network_of
from models import audit, changes, passwords, secrets
from models.audit import Actor
from models.db.database import in_one_transaction
from models.errors import AdministratorRemoved, LastAdministrator, NameTaken, TooManyHashes
from models.ids import new_id
from models.text import clean_text

#: A viewer sees everything and changes nothing.
Role: TypeAlias = Literal["admin", "viewer"]

#: A session ends when it was not used for so long …
SESSION_IDLE: Final = timedelta(hours=12)
#: … and in any case so long after its sign-in.
SESSION_LIFETIME: Final = timedelta(days=7)
_USE_RESOLUTION: Final = timedelta(minutes=1)
#: The hash of no account: refusing an unknown name must take as long as a wrong password.
_NO_ACCOUNTS_HASH: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


class AdminUser(Model):
    """An account that may sign in to the admin pages."""

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
        """A new administrator. Raises NameTaken, TooManyHashes."""
        # Hashed before the transaction: 0.1 s is too long to hold one.
        password_hash = await passwords.hash_password(password, client=_client(by.ip))
        return await cls._insert(username, password_hash, role, by)

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

    @classmethod
    async def authenticate(
        cls, username: str, password: str, *, client: str = "", suspicion: float = 0.0
    ) -> Self | None:
        """The active administrator with this name and password; a weak hash is made anew.

        `client` is who takes turns with others at the hashing, `suspicion` how many wrong
        passwords came from there lately. Raises TooManyHashes.
        """
        user = await cls.get_or_none(username=username, is_active=True)
        stored = _NO_ACCOUNTS_HASH if user is None else user.password_hash
        right = await passwords.verify_password(
            stored, password, client=client, suspicion=suspicion
        )
        if not right or user is None:
            return None
        if passwords.needs_rehash(stored):
            # Another sign-in will do as well where too many wait now.
            with suppress(TooManyHashes):
                fresh = await passwords.hash_password(password, client=client)
                # Only over what was verified: the password may have been changed meanwhile.
                await cls.filter(id=user.id, password_hash=stored).update(password_hash=fresh)
        return user

    async def set_password(self, password: str, *, by: Actor) -> None:
        """Change the password, and end every session opened with the old one.

        Raises AdministratorRemoved, TooManyHashes.
        """
        password_hash = await passwords.hash_password(password, client=_client(by.ip))
        await self._replace_hash(password_hash, by)

    @in_one_transaction
    async def _replace_hash(self, password_hash: str, by: Actor) -> None:
        await self._lock()
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

        Raises LastAdministrator, AdministratorRemoved.
        """
        await self._lock()
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
        """Remove the account and its sessions. Again: nothing happens. Raises LastAdministrator."""
        try:
            await self._lock()
        except AdministratorRemoved:
            return
        await self.delete()
        await _require_an_administrator()
        await audit.record(
            by, "admin.remove", "admin", self.id, {"username": (self.username, None)}
        )

    async def _lock(self) -> None:
        """Read the row again and keep others from changing it, or any other, until we commit.

        Every row is locked, and in one order, so that two demotions at once can neither each
        count on the other nor each wait for the other.
        """
        accounts = await type(self).all().order_by("id").select_for_update()
        fresh = next((user for user in accounts if user.id == self.id), None)
        if fresh is None:
            raise AdministratorRemoved(f"The administrator {self.username} was removed.")
        changes.take_over(self, fresh)


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

    user_id: UUID

    class Meta:
        table = "admin_session"
        indexes = (("user",),)

    @classmethod
    @in_one_transaction
    async def open(cls, user: AdminUser, *, by: Actor, user_agent: str = "") -> tuple[Self, str]:
        """A session for an account whose password was right, and its secret for the cookie."""
        present = changes.now()
        secret = token_urlsafe(32)
        session = await cls.create(
            digest=secrets.digest(secret),
            user=user,
            created_at=present,
            last_seen_at=present,
            expires_at=present + SESSION_LIFETIME,
            ip=by.ip,
            user_agent=clean_text(user_agent, limit=400),
        )
        await AdminUser.filter(id=user.id).update(last_login_at=present)
        await cls.purge(present)
        await audit.record(by, "admin.sign_in", "admin", user.id)
        return session, secret

    @classmethod
    async def presented(cls, secret: str) -> Self | None:
        """The live session that `secret` belongs to, with its user. Notes its use."""
        session = await cls.get_or_none(digest=secrets.digest(secret)).select_related("user")
        present = changes.now()
        if (
            session is None
            or not session.user.is_active
            or session.expires_at <= present
            or session.last_seen_at + SESSION_IDLE <= present
        ):
            return None
        if present - session.last_seen_at > _USE_RESOLUTION:
            await cls.filter(id=session.id).update(last_seen_at=present)
            session.last_seen_at = present
        return session

    @classmethod
    async def living(cls, ids: Collection[UUID]) -> set[UUID]:
        """Which of these sessions have not ended. Does not count as use."""
        present = changes.now()
        rows = cls.filter(
            id__in=list(ids),
            expires_at__gt=present,
            last_seen_at__gt=present - SESSION_IDLE,
            user__is_active=True,
        )
        return {row.id for row in await rows.only("id")}

    @in_one_transaction
    async def revoke(self, *, by: Actor) -> None:
        """End it: signed out, here or from another browser."""
        if await type(self).filter(id=self.id).delete():
            await audit.record(by, "admin.sign_out", "admin", self.user_id)

    @classmethod
    async def purge(cls, before: datetime) -> int:
        """Remove the sessions that expired before `before`; the number removed."""
        return await cls.filter(expires_at__lt=before).delete()


def _client(ip: str | None) -> str:
    """Who takes turns with others at the hashing; "" for the command line."""
    return "" if ip is None else network_of(ip)


async def _require_an_administrator() -> None:
    if not await AdminUser.filter(role="admin", is_active=True).exists():
        raise LastAdministrator("There must be an active administrator left.")
