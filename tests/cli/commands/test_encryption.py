"""`encryption rotate`: every stored API key moves to the newest key, and none is lost."""

from time import time

from models import AuditEvent, Destination, UpstreamKey, UpstreamToken, upstream_tokens
from models.crypto import KeyRing
from tests.cli.running import API_KEY, CommandLine
from tests.models.rows import BY

OLD, NEW = "A" * 43, "B" * 43
BOTH = f"{NEW},{OLD}"


def _material(cli: CommandLine, *keys: bytes) -> list[str]:
    ring = KeyRing(keys)

    async def open_all() -> list[str]:
        rows = await UpstreamKey.all().order_by("id")
        return [ring.decrypt(row.ciphertext, row.id) for row in rows]

    return cli.on_database(open_all)


def _bytes(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=")


def test_old_key_can_go_after_rotating(cli: CommandLine) -> None:
    for name in ("a", "b", "c"):
        cli.project(name)
    ran = cli.process("encryption", "rotate", ENCRYPTION_KEY=BOTH)
    assert (ran.code, ran.err) == (0, "3 keys were re-encrypted.\n")
    assert _material(cli, _bytes(NEW)) == [API_KEY] * 3
    assert cli("doctor", ENCRYPTION_KEY=NEW).code == 0
    again = cli("encryption", "rotate", "--json", ENCRYPTION_KEY=BOTH)
    assert (again.code, again.json) == (0, {"reencrypted": 0, "failed": 0})


def test_secrets_of_destinations_move_too(cli: CommandLine) -> None:
    async def make() -> None:
        ring, url = KeyRing([_bytes(OLD)]), "https://hooks.example.com"
        await Destination.make(kind="webhook", ring=ring, by=BY, name="webhook", url=url)
        await Destination.make(kind="jsonl", ring=ring, by=BY, name="file")

    async def opened() -> tuple[str, list[str]]:
        row = await Destination.get(name="webhook")
        events = await AuditEvent.filter(action="destination.reencrypt")
        return str(row.opened(KeyRing([_bytes(NEW)])).secret), [
            str(event.target_id) for event in events
        ]

    cli.on_database(make)
    checked = cli("doctor", ENCRYPTION_KEY=NEW)
    assert (checked.code, "destination webhook do not open" in checked.out) == (1, True)
    ran = cli("encryption", "rotate", ENCRYPTION_KEY=BOTH)
    assert (ran.code, ran.err) == (0, "the secrets of 1 destination were re-encrypted.\n")
    secret, audited = cli.on_database(opened)
    assert secret.startswith("whsec_")
    assert len(audited) == 1
    assert cli("doctor", ENCRYPTION_KEY=NEW).code == 0


def test_short_lived_tokens_of_the_old_key_go(cli: CommandLine) -> None:
    cli.project()

    async def keep() -> None:
        (key,) = await UpstreamKey.all()
        ring, ends = KeyRing([_bytes(OLD)]), time() + 3600
        await upstream_tokens.save(key.id, "s", "t", ring, fetched_at=ends - 9, expires_at=ends)

    async def kept() -> int:
        return await UpstreamToken.all().count()

    cli.on_database(keep)
    assert cli.on_database(kept) == 1
    cli("encryption", "rotate", ENCRYPTION_KEY=BOTH)
    assert cli.on_database(kept) == 0


def test_every_key_that_moves_is_audited(cli: CommandLine) -> None:
    cli.project()
    cli("encryption", "rotate", ENCRYPTION_KEY=BOTH)

    async def changed() -> list[dict[str, list[str]]]:
        return [event.changes for event in await AuditEvent.filter(action="key.reencrypt")]

    ids = [KeyRing([_bytes(key)]).newest for key in (OLD, NEW)]
    assert cli.on_database(changed) == [{"encryption_key_id": ids}]


def test_key_that_does_not_open_stops_none_of_the_others(cli: CommandLine) -> None:
    for name in ("a", "b", "c"):
        cli.project(name)

    async def damage() -> None:
        row = (await UpstreamKey.all().order_by("id"))[1]
        await UpstreamKey.filter(id=row.id).update(ciphertext=row.ciphertext[:-8])

    cli.on_database(damage)
    ran = cli("encryption", "rotate", "--json", ENCRYPTION_KEY=BOTH)
    assert (ran.code, ran.json) == (1, {"reencrypted": 2, "failed": 1})
    assert len(ran.err.splitlines()) == 1


def test_without_the_old_key_nothing_is_touched(cli: CommandLine) -> None:
    cli.project()
    ran = cli("encryption", "rotate", ENCRYPTION_KEY=NEW)
    assert ran.code == 1
    assert "newest" not in ran.err
    assert _material(cli, _bytes(OLD)) == [API_KEY]


def test_more_keys_than_one_batch(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    ring = KeyRing([_bytes(OLD)])

    async def add_many() -> None:
        (first,) = await UpstreamKey.all()
        rows = [
            UpstreamKey(
                project_id=first.project_id,
                hint="…",
                encryption_key_id=ring.newest,
                created_at=first.created_at,
            )
            for _ in range(450)
        ]
        for row in rows:
            row.ciphertext = ring.encrypt(API_KEY, row.id)
        await UpstreamKey.bulk_create(rows)

    cli_on_sqlite.on_database(add_many)
    ran = cli_on_sqlite("encryption", "rotate", "--json", ENCRYPTION_KEY=BOTH)
    assert ran.json == {"reencrypted": 451, "failed": 0}
