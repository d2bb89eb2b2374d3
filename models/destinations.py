"""Destinations: where events and finished requests are sent, and how that goes.

A destination's row holds what was set up. How its deliveries go has a table of its own, which the
delivery writes and no change locks; it stays behind where destinations move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self, TypedDict, Unpack
from uuid import UUID

import msgspec
from tortoise import Model, fields
from tortoise.exceptions import IntegrityError

from config import Settings, origin_of
from models import audit, changes, generation
from models.audit import Actor
from models.crypto import KeyRing
from models.db.database import in_one_transaction
from models.destination_rules import (
    Kind,
    Problem,
    Settled,
    generated_secret,
    is_file_name,
    problems,
)
from models.errors import (
    DestinationRefused,
    DestinationRemoved,
    NameTaken,
    OriginNotAllowed,
    SecretMustBeGiven,
    TooManyDestinations,
)
from models.event_kinds import TRACES
from models.ids import new_id
from models.projects import Project
from models.tokens import Token

_TRACES_PATH: Final = "/v1/traces"
_LANGFUSE_PATH: Final = "/api/public/otel"
#: What is encrypted, and how the audit trail shows that it is there.
_SEALED: Final = ("secret", "headers")
_GIVEN: Final = "given"


@dataclass(frozen=True, slots=True)
class DestinationPolicy:
    """What the environment says of destinations."""

    origins: frozenset[str] = frozenset()
    """DESTINATION_ORIGINS; empty: all."""
    max_bytes: int = 0
    """DESTINATION_MAX_BYTES."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As `settings` say."""
        return cls(frozenset(settings.destination_origins), settings.destination_max_bytes)

    def allows(self, url: str) -> bool:
        """Whether a destination may have this address; to be asked again at each connection."""
        return not self.origins or origin_of(url) in self.origins


_ANY: Final = DestinationPolicy()
#: Of all kinds, switched off or not.
MOST: Final = 100


class DestinationFields(TypedDict, total=False):
    """What may be set on a destination; `secret` and `headers` are never read back."""

    name: str
    url: str | None
    secret: str | None
    headers: dict[str, str] | None
    events: list[str] | None
    requests: bool
    filter: dict[str, str] | None
    is_active: bool


class Opened(NamedTuple):
    """What is encrypted of a destination. It leaves the row for the delivery alone."""

    secret: str | None = None
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Opened(…)"


class _Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text that is encrypted."""

    secret: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class Destination(Model):
    """Where something is sent. Deleting one deletes its row; what waits for it goes after it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    # Unique whatever the case, as files are on some systems: an index of the migration.
    name = fields.CharField(max_length=200)
    kind: Kind = fields.CharField(max_length=16)  # type: ignore[assignment]
    url = fields.CharField(max_length=2048, null=True)
    # `_Sealed` as JSON; NULL where there is nothing to hide.
    ciphertext: str | None = fields.TextField(null=True)
    encryption_key_id = fields.CharField(max_length=16, null=True)
    has_secret = fields.BooleanField(default=False)
    has_headers = fields.BooleanField(default=False)
    events = fields.JSONField[list[str] | None](null=True)
    requests = fields.BooleanField(default=False)
    # `filter` is what Tortoise calls a query.
    only = fields.JSONField[dict[str, str] | None](null=True, source_field="filter")
    is_active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "destination"

    @property
    def address(self) -> str | None:
        """What is posted to; None of a file."""
        if self.url is None or self.kind == "jsonl":
            return None
        if self.kind not in TRACES:
            return self.url
        base = self.url.rstrip("/")
        if base.endswith(_TRACES_PATH):
            return base
        if self.kind == "langfuse" and not base.endswith(_LANGFUSE_PATH):
            base += _LANGFUSE_PATH
        return base + _TRACES_PATH

    @property
    def file_name(self) -> str:
        """Of a jsonl destination, without a directory. Raises ValueError for a name that is none,
        which nothing of ours stores."""
        if self.kind != "jsonl" or not is_file_name(self.name):
            raise ValueError("the name of a destination that is no file's")
        return f"{self.name}.jsonl"

    def opened(self, ring: KeyRing) -> Opened:
        """Its secret and its header fields. Raises UnknownEncryptionKey, CorruptCiphertext."""
        if self.ciphertext is None:
            return Opened()
        sealed = msgspec.json.decode(ring.decrypt(self.ciphertext, self.id), type=_Sealed)
        return Opened(sealed.secret, sealed.headers)

    @classmethod
    @in_one_transaction
    async def make(
        cls,
        *,
        kind: Kind,
        ring: KeyRing,
        by: Actor,
        policy: DestinationPolicy = _ANY,
        **wanted: Unpack[DestinationFields],
    ) -> tuple[Self, str | None]:
        """A new destination, and the secret that was made for it, where one was: it is known only
        now. Raises DestinationRefused, NameTaken, OriginNotAllowed, TooManyDestinations."""
        if await cls.all().count() >= MOST:
            raise TooManyDestinations(
                f"There are {MOST} destinations, and not more may be: delete one first."
            )
        wanted.setdefault("requests", kind in TRACES)
        made = None
        if kind == "webhook" and wanted.get("secret") is None:
            made = wanted["secret"] = generated_secret()
        present = changes.now()
        row = cls(kind=kind, name="", created_at=present, updated_at=present)
        changed = row._apply(wanted)
        await row._check_all(policy, wanted)
        hidden = row._seal(ring, wanted)
        await row._store(new=True)
        shown = {name: (None, after) for name, (_, after) in (changed | hidden).items()}
        await audit.record(
            by, "destination.create", "destination", row.id, {"kind": (None, kind)} | shown
        )
        generation.tell()
        return row, made

    @in_one_transaction
    async def change(
        self,
        *,
        ring: KeyRing,
        by: Actor,
        policy: DestinationPolicy = _ANY,
        **wanted: Unpack[DestinationFields],
    ) -> str | None:
        """Set fields; what is not named stays. A webhook's `secret` that is None is made anew, and
        returned: it is known only now.

        Raises DestinationRefused, DestinationRemoved, NameTaken, OriginNotAllowed,
        SecretMustBeGiven, UnknownEncryptionKey, CorruptCiphertext.
        """
        await self._lock()
        made = None
        if self.kind == "webhook" and wanted.get("secret", "") is None:
            made = wanted["secret"] = generated_secret()
        url = self.url
        changed = self._apply(wanted)
        # A project that was deleted since, or an origin that is listed no more, keeps nobody from
        # changing the rest.
        for name in {"filter", "url"} - changed.keys():
            wanted.pop(name, None)  # type: ignore[misc]
        await self._check_all(policy, wanted)
        if url is not None and self.url is not None and origin_of(url) != origin_of(self.url):
            self._check_secrets_stay(wanted)
        changed |= self._seal(ring, wanted)
        if changed:
            self.updated_at = changes.now()
            await self._store()
            await self.retry_soon()
            await audit.record(by, "destination.update", "destination", self.id, changed)
            generation.tell()
        return made

    async def retry_soon(self) -> None:
        """Have what waits for a next try sent at once: it was changed, or a test of it worked.

        What comes of that try says anew whether it fails, and since when.
        """
        await DestinationState.filter(destination_id=self.id, failures__gt=0).update(
            retry_at=None, failures=0, failing_since=None
        )

    @in_one_transaction
    async def note_test(self, *, works: bool, said: str, by: Actor) -> None:
        """Note what came of a test. One that worked has what failed before tried at once."""
        shown = {"works": (None, works), "message": (None, said)}
        await audit.record(by, "destination.test", "destination", self.id, shown)
        if works:
            await self.retry_soon()

    async def note_shown(self, ticket: UUID, *, by: Actor) -> bool:
        """Note that the secret which `ticket` was made for is shown; False where it was before.

        The note has the ticket's id, so that of several askers, on whatever machine, one is first.
        """
        try:
            await audit.record(
                by, "destination.show_secret", "destination", self.id, event_id=ticket
            )
        except IntegrityError:
            return False
        return True

    @in_one_transaction
    async def switch_off(self, *, by: Actor, reason: str) -> None:
        """Send nothing more, because of what a receiver answered. Again: nothing happens."""
        off = {"is_active": False, "updated_at": changes.now()}
        if not await type(self).filter(id=self.id, is_active=True).update(**off):
            return
        self.is_active = False
        shown = {"is_active": (True, False), "reason": (None, reason)}
        await audit.record(by, "destination.update", "destination", self.id, shown)
        generation.tell()

    @in_one_transaction
    async def remove(self, *, by: Actor) -> None:
        """Delete it, secrets and all. Again: nothing happens."""
        if not await type(self).filter(id=self.id).delete():
            return
        await audit.record(
            by,
            "destination.delete",
            "destination",
            self.id,
            {"name": (self.name, None), "kind": (self.kind, None), "url": (self.url, None)},
        )
        generation.tell()

    @in_one_transaction
    async def reencrypt(self, ring: KeyRing) -> bool:
        """Encrypt anew with the newest key; False when that is done already."""
        fresh = await type(self).select_for_update().get_or_none(id=self.id)
        if fresh is None or fresh.ciphertext is None or fresh.encryption_key_id == ring.newest:
            return False
        fresh.ciphertext = ring.encrypt(ring.decrypt(fresh.ciphertext, fresh.id), fresh.id)
        fresh.encryption_key_id = ring.newest
        await fresh.save(update_fields=["ciphertext", "encryption_key_id"])
        return True

    def _apply(self, wanted: DestinationFields) -> dict[str, tuple[Any, Any]]:
        """Set what is in the row as it is; what changed, by the names that people know."""
        plain = {name: value for name, value in wanted.items() if name not in _SEALED}
        if "filter" in plain:
            plain["only"] = plain.pop("filter")
        changed = changes.apply(self, plain)
        return {("filter" if name == "only" else name): pair for name, pair in changed.items()}

    async def _check_all(self, policy: DestinationPolicy, wanted: DestinationFields) -> None:
        kept = "" if self.has_secret else None
        found = problems(
            Settled(
                kind=self.kind,
                name=self.name,
                url=self.url,
                secret=wanted.get("secret", kept),
                headers=wanted.get("headers", {} if self.has_headers else None),
                events=self.events,
                requests=self.requests,
            )
        )
        if wanted.get("filter"):
            found += await _unknown_ids(self.only or {})
        if found:
            raise DestinationRefused(found)
        if wanted.get("url") is not None and not policy.allows(self.url or ""):
            raise OriginNotAllowed(
                "DESTINATION_ORIGINS does not list the origin of this address"
                f" ({origin_of(self.url or '')}). Add it there, or give another address."
            )

    def _check_secrets_stay(self, wanted: DestinationFields) -> None:
        """A secret is sent where it was entered for: whoever moves the address has to know it. A
        webhook's is not sent at all."""
        missing = [
            name
            for name, there in (
                ("headers", self.has_headers),
                ("secret", self.has_secret and self.kind != "webhook"),
            )
            if there and name not in wanted
        ]
        if missing:
            raise SecretMustBeGiven(
                f"The address is another, and the {' and the '.join(missing)} of this destination"
                " were entered for the one before: give them anew with it, or null to leave them"
                " out.",
                missing,
            )

    def _seal(self, ring: KeyRing, wanted: DestinationFields) -> dict[str, tuple[Any, Any]]:
        """Encrypt what came of secrets; what changed, without any of it."""
        there = {"secret": self.has_secret, "headers": self.has_headers}
        given = [name for name in _SEALED if name in wanted and (there[name] or wanted.get(name))]
        if not given:
            return {}
        keeps = any(there[name] for name in _SEALED if name not in given)
        before = self.opened(ring) if keeps else Opened()
        after = _Sealed(
            wanted.get("secret", before.secret),
            wanted.get("headers", dict(before.headers)) or {},
        )
        self.has_secret, self.has_headers = after.secret is not None, bool(after.headers)
        self.ciphertext = self.encryption_key_id = None
        if self.has_secret or self.has_headers:
            self.ciphertext = ring.encrypt(msgspec.json.encode(after).decode(), self.id)
            self.encryption_key_id = ring.newest
        now_there = {"secret": self.has_secret, "headers": self.has_headers}
        return {
            name: (
                _GIVEN if there[name] else None,
                (f"{_GIVEN} anew" if there[name] else _GIVEN) if now_there[name] else None,
            )
            for name in given
        }

    async def _store(self, *, new: bool = False) -> None:
        try:
            await self.save(force_create=new, force_update=not new)
        except IntegrityError as exc:
            raise NameTaken(f"There is a destination named {self.name} already.") from exc

    async def _lock(self) -> None:
        """Read the row again and keep others from changing it until we commit."""
        fresh = await type(self).select_for_update().get_or_none(id=self.id)
        if fresh is None:
            raise DestinationRemoved(f"The destination {self.name} was deleted.")
        changes.take_over(self, fresh)


async def _unknown_ids(only: Mapping[str, str]) -> list[Problem]:
    """What a filter names that there is not, or that is never found together."""
    found: list[Problem] = []
    project_id, token_id = only.get("project_id"), only.get("token_id")
    if project_id is not None and await Project.find(UUID(project_id)) is None:
        found.append(Problem("filter.project_id", "There is no project with this id."))
    if token_id is not None:
        token = await Token.get_or_none(id=token_id)
        if token is None:
            found.append(Problem("filter.token_id", "There is no token with this id."))
        elif project_id is not None and str(token.project_id) != project_id:
            found.append(Problem("filter.token_id", "The token is not of this project."))
    return found


class DestinationState(Model):
    """How deliveries to a destination go, as the delivery writes it; a row may be missing."""

    destination_id = fields.UUIDField(primary_key=True, generated=False)
    delivered = fields.BigIntField(default=0)
    # Refused by the receiver, or beyond DESTINATION_MAX_BYTES.
    dropped = fields.BigIntField(default=0)
    last_delivered_at = fields.DatetimeField(null=True)
    last_dropped_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=300, null=True)
    last_error_at = fields.DatetimeField(null=True)
    # Since the last delivery; 0 where that went well.
    failures = fields.IntField(default=0)
    failing_since = fields.DatetimeField(null=True)
    retry_at = fields.DatetimeField(null=True)
    # Which machine delivers, and until when that is so without a word of it.
    owner = fields.CharField(max_length=64, null=True)
    leased_until = fields.DatetimeField(null=True)

    class Meta:
        table = "destination_state"
