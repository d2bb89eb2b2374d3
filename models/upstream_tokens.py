"""Short-lived tokens of upstream keys, so that one fetch does for all workers and machines.

Encrypted like the keys. They are in no export, and a rotation of the encryption key drops them:
whoever needs one fetches it anew. No foreign key ties a row to its key, since removing a key must
not wait for a lock on anything.
"""

from datetime import UTC, datetime
from uuid import UUID

from tortoise import Model, fields

from models.crypto import KeyRing
from models.db.conditions import execute
from models.db.database import dialect, run_in_transaction
from models.errors import CorruptCiphertext, UnknownEncryptionKey


class UpstreamToken(Model):
    """What a key was exchanged for, until it ends."""

    key_id = fields.UUIDField(primary_key=True, generated=False)
    # The digest of what it was fetched with: a key whose kind changed needs another.
    source = fields.CharField(max_length=64)
    ciphertext = fields.TextField()
    encryption_key_id = fields.CharField(max_length=16)
    fetched_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "upstream_token"


async def load(key_id: UUID, source: str, ring: KeyRing) -> tuple[str, float, float] | None:
    """The token's text, when it was fetched and when it ends (Unix seconds), if it is there.

    None as well where it cannot be decrypted here. Raises DatabaseUnavailable.
    """
    row = await UpstreamToken.get_or_none(key_id=key_id, source=source)
    if row is None:
        return None
    try:
        text = ring.decrypt(row.ciphertext, key_id)
    except (UnknownEncryptionKey, CorruptCiphertext):
        return None
    return text, row.fetched_at.timestamp(), row.expires_at.timestamp()


async def save(
    key_id: UUID, source: str, text: str, ring: KeyRing, *, fetched_at: float, expires_at: float
) -> None:
    """Keep a token in place of one that ends earlier, for as long as its key is there.

    Raises DatabaseUnavailable.
    """
    values = [
        source,
        ring.encrypt(text, key_id),
        ring.newest,
        datetime.fromtimestamp(fetched_at, UTC),
        datetime.fromtimestamp(expires_at, UTC),
        str(key_id),
    ]

    async def write() -> None:
        await execute(
            "INSERT INTO upstream_token"
            " (key_id, source, ciphertext, encryption_key_id, fetched_at, expires_at)"
            " SELECT id, {}, {}, {}, {}, {} FROM upstream_key WHERE id = {}"
            " ON CONFLICT (key_id) DO UPDATE SET source = excluded.source,"
            " ciphertext = excluded.ciphertext, encryption_key_id = excluded.encryption_key_id,"
            " fetched_at = excluded.fetched_at, expires_at = excluded.expires_at"
            " WHERE upstream_token.expires_at < excluded.expires_at"
            " OR upstream_token.source <> excluded.source",
            values,
        )

    await run_in_transaction(write)


async def forget(key_id: UUID) -> None:
    """Remove a key's token, unless a worker is just about to write it: `purge` follows."""
    unlocked = " FOR UPDATE SKIP LOCKED" if dialect() == "postgres" else ""
    await execute(
        "DELETE FROM upstream_token WHERE key_id IN"  # noqa: S608  (our own words)
        f" (SELECT key_id FROM upstream_token WHERE key_id = {{}}{unlocked})",
        [str(key_id)],
    )


async def forget_other_rings(ring: KeyRing) -> None:
    """Remove tokens that were not encrypted with the newest key."""
    await UpstreamToken.exclude(encryption_key_id=ring.newest).delete()


async def purge(present: datetime) -> None:
    """Remove tokens that have ended, or whose key is gone."""
    await execute(
        "DELETE FROM upstream_token WHERE expires_at < {}"
        " OR NOT EXISTS (SELECT 1 FROM upstream_key WHERE upstream_key.id = upstream_token.key_id)",
        [present],
    )
