"""`llm-proxy encryption`: moving what is stored encrypted to the newest key of ENCRYPTION_KEY."""

from collections.abc import AsyncIterator
from typing import Final, TypeAlias, TypeVar

from tortoise.queryset import QuerySet

from cli import output
from cli.command_table import examples, noun
from cli.errors import CommandError
from cli.options import Json
from cli.session import Session, with_database
from models import Destination, UpstreamKey, audit, upstream_tokens
from models.crypto import KeyRing
from models.db.database import run_in_transaction
from models.errors import CorruptCiphertext, UnknownEncryptionKey

app = noun("encryption")

_BATCH: Final = 200
Encrypted: TypeAlias = UpstreamKey | Destination
T = TypeVar("T", UpstreamKey, Destination)


@app.command(epilog=examples("llm-proxy encryption rotate"))
@with_database
async def rotate(session: Session, as_json: Json = False) -> None:
    """Encrypt every stored API key anew with the newest encryption key, and
    every secret of a destination.

    First put the new key in front of the old one in ENCRYPTION_KEY, separated
    by a comma, and restart the servers. Then run this, while they serve. The
    old key can go afterwards. Interrupted, it goes on where it stopped.
    """
    ring = session.ring()
    done, failed = {"key": 0, "destination": 0}, list[str]()
    waiting = await _outdated_keys(ring).count() + await _outdated_destinations(ring).count()
    with output.progress("Encrypting", waiting) as advance:
        async for noun, row in _outdated(ring):
            try:
                done[noun] += await _renew(noun, row, ring, session.actor)
            except (UnknownEncryptionKey, CorruptCiphertext) as exc:
                failed.append(str(exc))
            advance(1)
    # They live for an hour, and are fetched anew where they are needed.
    await upstream_tokens.forget_other_rings(ring)
    if as_json:
        output.print_json({"reencrypted": sum(done.values()), "failed": len(failed)})
    elif any(done.values()) or not failed:
        output.say(_said(**done))
    if failed:
        raise CommandError("\n".join(f"Not decrypted: {problem}" for problem in failed))


def _said(key: int, destination: int) -> str:
    parts = [f"{key} keys"] if key else []
    plural = "" if destination == 1 else "s"
    parts += [f"the secrets of {destination} destination{plural}"] if destination else []
    if not parts:
        return "All keys use the newest encryption key."
    return f"{' and '.join(parts)} were re-encrypted."


async def _renew(noun: str, row: Encrypted, ring: KeyRing, actor: audit.Actor) -> bool:
    async def work() -> bool:
        before = row.encryption_key_id
        if not await row.reencrypt(ring):
            return False
        await audit.record(
            actor, f"{noun}.reencrypt", noun, row.id, {"encryption_key_id": (before, ring.newest)}
        )
        return True

    # One key to a transaction, so that a serving process never waits for more.
    return await run_in_transaction(work)


def _outdated_keys(ring: KeyRing) -> QuerySet[UpstreamKey]:
    return UpstreamKey.exclude(encryption_key_id=ring.newest)


def _outdated_destinations(ring: KeyRing) -> QuerySet[Destination]:
    return Destination.filter(ciphertext__isnull=False).exclude(encryption_key_id=ring.newest)


async def _outdated(ring: KeyRing) -> AsyncIterator[tuple[str, Encrypted]]:
    """What an older encryption key was used for, in order, a batch at a time, and its kind."""
    async for key in _in_batches(_outdated_keys(ring)):
        yield "key", key
    async for destination in _in_batches(_outdated_destinations(ring)):
        yield "destination", destination


async def _in_batches(query: QuerySet[T]) -> AsyncIterator[T]:
    rows = query.order_by("id").limit(_BATCH)
    batch = await rows
    while batch:
        for row in batch:
            yield row
        batch = await rows.filter(id__gt=batch[-1].id)
