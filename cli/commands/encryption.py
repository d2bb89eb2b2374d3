"""`llm-proxy encryption`: moving the stored API keys to the newest key of ENCRYPTION_KEY."""

from collections.abc import AsyncIterator

from cli import output
from cli.command_table import examples, noun
from cli.errors import CommandError
from cli.options import Json
from cli.session import Session, with_database
from models import UpstreamKey, audit, upstream_tokens
from models.crypto import KeyRing
from models.db.database import run_in_transaction
from models.errors import CorruptCiphertext, UnknownEncryptionKey

app = noun("encryption")

_BATCH = 200


@app.command(epilog=examples("llm-proxy encryption rotate"))
@with_database
async def rotate(session: Session, as_json: Json = False) -> None:
    """Encrypt every stored API key anew with the newest encryption key.

    First put the new key in front of the old one in ENCRYPTION_KEY, separated
    by a comma, and restart the servers. Then run this, while they serve. The
    old key can go afterwards. Interrupted, it goes on where it stopped.
    """
    ring = session.ring()
    waiting = UpstreamKey.exclude(encryption_key_id=ring.newest)
    done, failed = 0, list[str]()
    with output.progress("Encrypting", await waiting.count()) as advance:
        async for key in _outdated(ring):
            try:
                done += await _renew(key, ring, session.actor)
            except (UnknownEncryptionKey, CorruptCiphertext) as exc:
                failed.append(str(exc))
            advance(1)
    # They live for an hour, and are fetched anew where they are needed.
    await upstream_tokens.forget_other_rings(ring)
    if as_json:
        output.print_json({"reencrypted": done, "failed": len(failed)})
    else:
        output.say(
            f"{done} keys were re-encrypted." if done else "All keys use the newest encryption key."
        )
    if failed:
        raise CommandError("\n".join(f"Not decrypted: {problem}" for problem in failed))


async def _renew(key: UpstreamKey, ring: KeyRing, actor: audit.Actor) -> bool:
    async def work() -> bool:
        before = key.encryption_key_id
        if not await key.reencrypt(ring):
            return False
        await audit.record(
            actor, "key.reencrypt", "key", key.id, {"encryption_key_id": (before, ring.newest)}
        )
        return True

    # One key to a transaction, so that a serving process never waits for more.
    return await run_in_transaction(work)


async def _outdated(ring: KeyRing) -> AsyncIterator[UpstreamKey]:
    """Keys that an older encryption key was used for, in order, a batch of them at a time."""
    rows = UpstreamKey.exclude(encryption_key_id=ring.newest).order_by("id").limit(_BATCH)
    batch = await rows
    while batch:
        for key in batch:
            yield key
        batch = await rows.filter(id__gt=batch[-1].id)
