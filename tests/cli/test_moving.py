"""`export` and `import`: from either backend to the other, whole or not at all."""

import asyncio
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tortoise import Model
from tortoise.transactions import in_transaction

from config import Database, load
from models import (
    AdminUser,
    AuditEvent,
    Destination,
    Exhausted,
    ManagementToken,
    Project,
    Revocation,
    Token,
    TokenSecret,
    UpstreamKey,
    UsageHour,
    UsageMinute,
    changes,
    generation,
    portable,
    secrets,
)
from models.budgets import policies_of
from models.crypto import KeyRing
from models.db.conditions import select
from models.db.snapshots import snapshot
from models.grants import load_grant
from models.ids import new_request_id
from models.ledger import apply_batch
from models.objects import Kept
from models.queries import lists, request_lists
from proxy.access.policies import GrantedPolicy, claims_with
from proxy.limits.budgets import Allowance, BudgetClaim, Charge, budget_key
from proxy.limits.engines import open_limits
from proxy.limits.store import Claim, LimitExceeded, claims_on, token_key
from tests.cli.conftest import configured
from tests.cli.running import CommandLine
from tests.models.rows import BY, a_refusal, an_entry, count_refusals, sum_key

RING = KeyRing([bytes(32)])
LIMIT = 5


def _claims(token: Token) -> tuple[Claim, ...]:
    return claims_on(
        token_key(token.id),
        quota=token.max_requests,
        quota_base=token.quota_base,
        quota_epoch=token.quota_epoch,
    ) + claims_with(
        (),
        tuple(GrantedPolicy.of(token_key(token.id), one) for one in policies_of(token.policies)),
    )


async def _spend(cli: CommandLine, token: Token) -> None:
    """Spend something of a budget, and hold something more."""
    settings = load({**cli.environ, "DATA_DIR": str(cli.directory / "data")}, None)
    limits = await open_limits(settings, "test")
    budget = Allowance(
        budget_key(token_key(token.id), "usd", "day", "UTC"), "usd", 1000, True, "day", "UTC", 0
    )
    claims = (BudgetClaim(budget, 300),)
    done = await limits.decide((), claims, new_request_id())
    limits.settle(done, charge=Charge("used", nanos=250))
    await limits.decide((), claims, new_request_id())
    await limits.close()


async def _admitted(cli: CommandLine, token: Token, most: int) -> int:
    """How many more requests the limits admit, of `most` tries."""
    settings = load({**cli.environ, "DATA_DIR": str(cli.directory / "data")}, None)
    settings.data_dir.mkdir(exist_ok=True)
    limits = await open_limits(settings, "test")
    try:
        for count in range(most):
            try:
                limits.settle(await limits.decide(_claims(token)))
            except LimitExceeded:
                return count
        return most
    finally:
        await limits.close()


async def _fill() -> str:
    """A bit of everything; the secret of the token that has a limit."""
    docs = await Project.create_with_key(
        name="Büro “docs”", provider="openai", api_key="sk-one", ring=RING, by=BY,
        allowed_models=["gpt-4o*", "日本"], base_url="https://example.com/v1",
        unmetered="refuse", policies=[{"name": "images", "models": ["dall*"], "max_requests": 9}],
        isolation="token", end_user_from_body=True,
        cache={"ttl_seconds": 60, "scope": "token", "only": "all"},
        allowed_endpoints=["/v1/*", "GET /v1/models/{model}"],
        extra_endpoints=[{"method": "POST", "path": "/v1/rerank", "usage": "generic"}],
    )  # fmt: skip
    await docs.purge_cache(by=BY)
    await docs.add_key(api_key="sk-two", ring=RING, by=BY, label="spare", weight=3)
    gone = await Project.create_with_key(
        name="gone", provider="openai", api_key="sk-3", ring=RING, by=BY
    )
    await Token.issue(gone, by=BY, name="of the deleted")
    await gone.erase(by=BY)
    limited, secret = await Token.issue(
        docs,
        by=BY,
        name="limited",
        max_requests=LIMIT,
        allowed_ips=["10.0.0.0/8"],
        tags={"team": "search", "feature": "a=b"},
        policies=[{"name": "all", "max_requests": 2 * LIMIT, "requests_per_minute": 100}],
    )
    rotated, _ = await Token.issue(docs, by=BY)
    await rotated.rotate(by=BY, grace_seconds=3600)
    await Token.issue(docs, by=BY)
    await ManagementToken.issue(name="ci", scope="read", by=BY)
    await AdminUser.create_with_password(username="alice", password="a password", by=BY)
    await Destination.make(
        kind="otlp", ring=RING, by=BY, name="Büro", url="http://collector:4318",
        headers={"authorization": "Basic hidden"}, filter={"project_id": str(docs.id)},
    )  # fmt: skip
    await Destination.make(kind="jsonl", ring=RING, by=BY, name="all", events=["key.resting"])
    entries = [
        an_entry(
            token_id=limited.id,
            project_id=docs.id,
            model=model,
            cost_nanos=cost,
            tags=(("team", "search"),),
            end_user=f"user of {model}",
        )
        for model, cost in (("gpt-4o", 7), ("ünknown", None), ("A", 0), ("a", 1))
    ]
    (first, *_) = await docs.current_keys()
    told = (Kept("file-1", "file"), Kept("batch_1", "batch"))
    entries[0] = an_entry(
        token_id=limited.id, project_id=docs.id, key_id=str(first.id), objects=told, cost_nanos=7
    )
    # Counted in another order than that of their names.
    await apply_batch("j", 0, 1, entries[:2])
    await apply_batch("j", 1, 2, entries[2:])
    at = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    used_up, _ = await Token.issue(docs, by=BY, max_requests=1, name="used up")
    await Token.filter(id=used_up.id).update(request_count=1)
    await Exhausted.filter(subject_id=used_up.id).update(at=at)
    await Exhausted.create(subject_id=docs.id, kind="project", why="budget", at=at, told_at=at)
    known = a_refusal(token_id=str(limited.id), project_id=str(docs.id), model="gpt-4o")
    await count_refusals(
        {sum_key(known): 3, sum_key(a_refusal()): 2}, [known, a_refusal(code="invalid_token")]
    )
    return secret


@pytest.fixture(params=["sqlite-postgres", "postgres-sqlite", "sqlite-sqlite"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[CommandLine, CommandLine]:
    """Where to export, and an empty one where to import."""
    made = []
    for number, backend in enumerate(request.param.split("-")):
        directory = tmp_path / f"side-{number}"
        directory.mkdir()
        if number == 1 and request.param == "sqlite-sqlite":
            # The copy of the template is the first side's, and this import makes its database.
            database = Database(dialect="sqlite", path=directory / "llm-proxy.db")
        else:
            database = request.getfixturevalue(f"{backend}_database")
        made.append(configured(database, directory))
    return made[0], made[1]


def _export(cli: CommandLine, name: str = "export.jsonl", *options: str) -> bytes:
    (cli.directory / name).unlink(missing_ok=True)
    ran = cli("export", name, *options)
    assert ran.code == 0, ran.err
    return (cli.directory / name).read_bytes()


def _import(cli: CommandLine, archive: bytes, *options: str) -> Any:
    (cli.directory / "in.jsonl").write_bytes(archive)
    return cli("import", "in.jsonl", *options)


def _rows(archive: bytes, table: str) -> list[dict[str, Any]]:
    """The rows of one table, in their order."""
    found: list[dict[str, Any]] = []
    section: dict[str, Any] = {}
    for line in map(json.loads, archive.splitlines()):
        if isinstance(line, dict):
            section = line
        elif section["table"] == table:
            found.append(dict(zip(section["columns"], line, strict=True)))
    return found


def _limited(cli: CommandLine) -> Token:
    async def find() -> Token:
        return await Token.get(name="limited")

    return cli.on_database(find)


def _count(cli: CommandLine, model: type[Model]) -> int:
    async def count() -> int:
        return await model.all().count()

    return cli.on_database(count)


def _grant(cli: CommandLine, secret: str) -> Any:
    async def load_it() -> Any:
        return await load_grant(secrets.digest(secret), RING)

    return cli.on_database(load_it)


async def _headers() -> Any:
    return (await Destination.get(name="Büro")).opened(RING).headers


def test_there_and_back_again(pair: tuple[CommandLine, CommandLine]) -> None:
    here, there = pair
    secret = here.on_database(_fill)
    token = _limited(here)
    assert asyncio.run(_admitted(here, token, 3)) == 3
    asyncio.run(_spend(here, token))

    archive = _export(here)
    assert [row["spent"] for row in _rows(archive, "budget_spent")] == [550]
    assert secret.encode() not in archive
    assert b"sk-one" not in archive
    assert b"Basic hidden" not in archive
    assert [row["model"] for row in _rows(archive, "usage_hour")] == ["A", "a", "gpt-4o", "ünknown"]
    assert _import(there, archive).code == 0
    assert _export(there) == archive

    # The token works there with all that it has, and with what is left of its quota.
    granted, before = _grant(there, secret), _grant(here, secret)
    policy = msgspec.structs.replace(before.policies[0], quota_base=3)
    assert granted == msgspec.structs.replace(before, quota_base=3, policies=(policy,))
    assert granted.project_policies[0].quota_base == 0
    assert [key.secret for key in granted.keys] == ["sk-one", "sk-two"]
    assert there.on_database(_headers) == {"authorization": "Basic hidden"}
    assert asyncio.run(_admitted(there, _limited(there), 9)) == LIMIT - 3

    # And back, into the installation that has seen those tokens before.
    again = _export(there)
    here.on_database(_empty)
    assert _import(here, again).code == 0
    assert _export(here) == again
    assert asyncio.run(_admitted(here, _limited(here), 9)) == 0


def test_what_was_used_of_an_earlier_quota_does_not_move(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.on_database(_fill)
    assert asyncio.run(_admitted(cli_on_sqlite, _limited(cli_on_sqlite), 3)) == 3

    async def set_anew() -> int:
        token = await Token.get(name="limited")
        await token.change(by=BY, max_requests=None)
        await token.change(by=BY, max_requests=9)
        return int(token.quota_base)

    base = cli_on_sqlite.on_database(set_anew)
    assert base != 3
    rows = _rows(_export(cli_on_sqlite), "token")
    assert [row["quota_base"] for row in rows if row["name"] == "limited"] == [base]


async def _empty() -> None:
    for model in (Project, ManagementToken, AdminUser, UsageHour, UsageMinute, Destination):
        await model.all().delete()


def test_audit_and_requests_move_on_request(pair: tuple[CommandLine, CommandLine]) -> None:
    here, there = pair
    here.on_database(_fill)
    archive = _export(here, "all.jsonl", "--with-audit", "--with-requests")
    assert _import(there, archive).code == 0

    async def events() -> list[Any]:
        rows = await AuditEvent.exclude(action__startswith="database.").order_by("id")
        return [(row.id, row.at, row.actor, row.action, row.changes) for row in rows]

    assert there.on_database(events) == here.on_database(events)
    tables = json.loads(archive.splitlines()[0])["rows"]
    assert tables["request_log"] == 4

    async def tagged() -> list[Any]:
        rows = await select("SELECT tag, request_id FROM request_tag ORDER BY request_id")
        return [(row["tag"], str(row["request_id"])) for row in rows]

    # Whoever writes a row of the log, its tags can be asked for.
    assert {tag for tag, _ in there.on_database(tagged)} == {"team=search"}
    assert there.on_database(tagged) == here.on_database(tagged)
    assert "request_log" not in json.loads(_export(here).splitlines()[0])["rows"]


async def test_a_tag_is_of_the_row_however_an_archive_writes_its_id(connected: Database) -> None:
    await apply_batch(new_request_id(), 0, 1, [an_entry(tags=(("team", "search"),))])
    log = next(table for table in portable.REQUESTS if table.name == "request_log")
    async with snapshot(connected) as found:
        (row,) = [row async for row in log.rows(found)]
    place = log.columns.index("id")
    row[place] = new_request_id().upper()
    async with in_transaction():
        await log.add(log.columns, [row])
    page, _ = await lists.page(request_lists.requests(tag="team=search"), limit=9)
    assert UUID(row[place]) in [one.id for one in page]


def test_who_moved_what_is_audited(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.on_database(_fill)
    archive = _export(cli_on_sqlite)
    cli_on_sqlite.on_database(_empty)
    assert _import(cli_on_sqlite, archive).code == 0

    async def find() -> list[AuditEvent]:
        return await AuditEvent.filter(action__startswith="database.").order_by("id")

    events = cli_on_sqlite.on_database(find)
    assert [event.action for event in events] == ["database.export", "database.import"]
    for event in events:
        assert event.actor.startswith("cli:")
        assert event.changes["token"] == [None, 5]


def test_merging_adds_what_is_missing_and_touches_nothing_else(
    pair: tuple[CommandLine, CommandLine],
) -> None:
    here, there = pair
    here.on_database(_fill)
    first = _export(here)
    assert _import(there, first).code == 0
    refused = _import(there, first)
    assert (refused.code, "not empty" in refused.err, "--merge" in refused.err) == (1, True, True)
    again = _import(there, first, "--merge", "--json")
    assert set(again.json["added"].values()) == {0}
    assert _export(there) == first

    async def go_on_here() -> None:
        docs = await Project.get(name="Büro “docs”")
        new, _ = await Token.issue(docs, by=BY, name="new")
        limited = await Token.get(name="limited")
        await limited.rotate(by=BY)
        # Both are revoked here, and wait for the locks of their rows.
        for token in (new, limited):
            await Revocation.create(subject_id=token.id, kind="token", at=changes.now())

    async def go_on_there() -> None:
        docs = await Project.get(name="Büro “docs”")
        keys = await docs.keys.all().order_by("id")
        await keys[0].remove(by=BY)
        await docs.change(by=BY, name="renamed there")

    here.on_database(go_on_here)
    there.on_database(go_on_there)
    before = there.on_database(generation.current)
    merged = _import(there, _export(here), "--merge", "--json")
    # Workers that remember the secret as unknown forget it.
    assert there.on_database(generation.current) == before + 1
    assert {name for name, count in merged.json["added"].items() if count} == {
        "token",
        "token_secret",
        "revocation",
    }

    async def left_there() -> tuple[int, int, list[str]]:
        docs = await Project.get(name="renamed there")
        secrets = TokenSecret.filter(token__name="limited")
        revoked = [await Token.get(id=row.subject_id) for row in await Revocation.all()]
        names = [token.name for token in revoked]
        return await docs.keys.all().count(), await secrets.count(), names

    # A token that is there already stays in force there.
    assert there.on_database(left_there) == (1, 1, ["new"])


def _without(archive: bytes, *columns: str) -> list[bytes]:
    """The lines of an archive as a release wrote them that did not know these columns."""
    lines: list[bytes] = []
    places: list[int] = []
    for line in archive.splitlines():
        item = json.loads(line)
        if isinstance(item, dict) and "columns" in item:
            places = [n for n, name in enumerate(item["columns"]) if name not in columns]
            item["columns"] = [item["columns"][n] for n in places]
        elif isinstance(item, list):
            item = [item[n] for n in places]
        lines.append(msgspec.json.encode(item, order="sorted"))
    return lines


def _signed(lines: list[bytes]) -> bytes:
    """These lines with the checksum that goes with them."""
    *body, last = lines
    content = b"".join(line + b"\n" for line in body)
    end = {**json.loads(last), "sha256": hashlib.sha256(content).hexdigest()}
    return content + msgspec.json.encode(end, order="sorted") + b"\n"


async def _bound() -> list[tuple[str, str | None]]:
    rows = UpstreamKey.all().order_by("id")
    return await rows.values_list("project__base_url", "bound_to")


def test_keys_of_an_older_release_are_bound_by_their_project(
    pair: tuple[CommandLine, CommandLine],
) -> None:
    here, there = pair
    secret = here.on_database(_fill)
    archive = _signed(_without(_export(here), "bound_to", "unmetered"))
    assert _import(there, archive).code == 0
    assert there.on_database(_bound) == here.on_database(_bound)
    assert there.on_database(_bound) == [("https://example.com", "https://example.com:443")] * 2
    assert _grant(there, secret).unmetered == "allow"


def test_keys_keep_their_binding_whatever_an_archive_says_of_their_project(
    pair: tuple[CommandLine, CommandLine],
) -> None:
    here, there = pair
    here.on_database(_fill)
    archive = _export(here)
    edited = archive.replace(b'"https://example.com"', b'"https://elsewhere.example"')
    assert _import(there, _signed(edited.splitlines())).code == 0
    assert (
        there.on_database(_bound) == [("https://elsewhere.example", "https://example.com:443")] * 2
    )
    # Into the installation that has the project, it changes nothing.
    assert _import(here, _signed(edited.splitlines()), "--merge").code == 0
    assert here.on_database(_bound) == [("https://example.com", "https://example.com:443")] * 2


def test_names_that_others_have_are_told_and_nothing_is_imported(
    pair: tuple[CommandLine, CommandLine],
) -> None:
    here, there = pair
    here.on_database(_fill)
    there.project("Büro “docs”")
    refused = _import(there, _export(here), "--merge")
    assert refused.code == 1
    assert "Büro “docs”" in refused.err
    assert _count(there, Token) == 0


def test_administrator_of_the_first_start_stays(cli_on_sqlite: CommandLine, tmp_path: Path) -> None:
    cli_on_sqlite.on_database(_fill)
    other = tmp_path / "other"
    other.mkdir()
    there = configured(Database(dialect="sqlite", path=other / "x.db"), other)
    made = there("admin", "create", "--username", "alice", "--password", "another password")
    assert made.code == 0
    assert _import(there, _export(cli_on_sqlite)).code == 0

    async def sign_in() -> list[bool]:
        tries = ("another password", "a password")
        return [await AdminUser.authenticate("alice", word) is not None for word in tries]

    assert there.on_database(sign_in) == [True, False]


@pytest.mark.parametrize("key", ["B" * 43, None])
def test_without_the_encryption_key_nothing_is_imported(
    cli_on_sqlite: CommandLine, tmp_path: Path, key: str | None
) -> None:
    cli_on_sqlite.on_database(_fill)
    other = tmp_path / "other"
    other.mkdir()
    there = configured(Database(dialect="sqlite", path=other / "x.db"), other)
    there.environ.pop("ENCRYPTION_KEY")
    if key:
        there.environ["ENCRYPTION_KEY"] = key
    refused = _import(there, _export(cli_on_sqlite))
    assert refused.code == 1
    assert refused.err.startswith("ENCRYPTION_KEY: ")
    assert RING.newest in refused.err
    assert not (other / "data" / "encryption-key").exists()
    assert _count(there, Project) == 0


def test_damaged_files_are_refused_whole(cli: CommandLine) -> None:
    cli.on_database(_fill)
    archive = _export(cli)
    lines = archive.splitlines(keepends=True)
    cli.on_database(_empty)
    token = next(n for n, line in enumerate(lines) if b'"limited"' in line)
    damaged = {
        "empty": b"",
        "other": b"PK\x03\x04 not ours\n",
        "cut in a line": archive[:-40],
        "cut after a line": b"".join(lines[:-1]),
        "cut before its last byte": archive[:-1],
        "another count": b"".join([*lines[:-1], re.sub(rb'(token":)', rb"\g<1>1", lines[-1])]),
        "only the first line": lines[0],
        "a line is missing": b"".join(lines[:token] + lines[token + 1 :]),
        "changed": archive.replace(b'"limited"', b'"limitex"'),
        "longer": archive + b"[]\n",
        "nested": b"".join(
            [*lines[:token], b"[" * 9999 + b"]" * 9999 + b"\n", *lines[token + 1 :]]
        ),
        "no JSON": b"".join([*lines[:token], b"[1,\n", *lines[token + 1 :]]),
        "newer": archive.replace(b'"llm_proxy_export":1', b'"llm_proxy_export":2'),
        "unknown table": archive.replace(b'"table":"token"', b'"table":"tokem"'),
        "unknown column": archive.replace(b'"hint"', b'"hunt"'),
        "wrong value": archive.replace(b'"limited"', b"12345678"),
        "short row": b"".join([*lines[:token], b'["0"]\n', *lines[token + 1 :]]),
    }
    for what, text in damaged.items():
        refused = _import(cli, text)
        assert (refused.code, refused.out) == (1, ""), what
        assert refused.err, what
        assert "Traceback" not in refused.err, what
        assert _count(cli, Project) == 0, what
        assert _count(cli, AdminUser) == 0, what
    assert _import(cli, archive).code == 0


def test_a_value_that_could_not_be_served_is_refused_in_words(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.on_database(_fill)
    lines = _export(cli_on_sqlite).splitlines(keepends=True)
    cli_on_sqlite.on_database(_empty)
    for table, column, value in (
        ("project", "id", 5),
        ("upstream_key", "id", 5),
        ("upstream_key", "ciphertext", 5),
        ("token", "id", ["x"]),
        ("project", "unmetered", "perhaps"),
        ("project", "isolation", "perhaps"),
        ("project", "allowed_endpoints", "/v1/models"),
        ("project", "extra_endpoints", [{"method": "POST", "path": "/admin/x"}]),
        ("project", "failover", {"max_attempts": 9}),
        ("project", "cache", {"ttl_seconds": 0, "scope": "token"}),
        ("project_cache", "epoch", None),
        ("project", "budgets", [{"limit": "usd"}]),
        ("token", "budgets", {}),
        ("project", "policies", [{"name": "limits-nothing"}]),
        ("token", "policies", 5),
        ("project", "base_url", "http://[::"),
        ("project", "allowed_origins", {"a": 1}),
        ("token", "allowed_models", "gpt-4o"),
        ("token", "allowed_ips", ["nowhere"]),
        ("token", "tags", {"Team": "search"}),
        ("project", "end_user_from_body", "perhaps"),
        ("admin_user", "role", "god"),
        ("management_token", "scope", None),
        ("upstream_key", "ciphertext", None),
        ("upstream_key", "ciphertext", RING.encrypt("sk-of-another-row", UUID(int=1))),
        ("upstream_key", "label", "x" * 201),
        ("upstream_key", "weight", 2**31),
        ("upstream_key", "base_url", "nowhere"),
        ("upstream_key", "v1_prefix", "/../x"),
        ("upstream_key", "auth", "digest"),
        ("upstream_key", "model_map", {"gpt-*": "x"}),
        ("project", "live_name", "x" * 201),
        ("token", "expires_at", "9999-12-31T23:59:59-14:00"),
        ("destination", "kind", "ftp"),
        # Its name is none of a file.
        ("destination", "kind", "jsonl"),
        ("destination", "url", "https://user:pw@example.com"),
        ("destination", "events", ["key.gone"]),
        ("destination", "filter", {"project_id": "all"}),
        ("destination", "ciphertext", RING.encrypt("{}", UUID(int=1))),
    ):
        section = next(n for n, line in enumerate(lines) if f'"table":"{table}"'.encode() in line)
        row = json.loads(lines[section + 1])
        row[json.loads(lines[section])["columns"].index(column)] = value
        line = json.dumps(row).encode() + b"\n"
        refused = _import(
            cli_on_sqlite, b"".join([*lines[: section + 1], line, *lines[section + 2 :]])
        )
        assert refused.code == 1, (table, column)
        # And not because the checksum is wrong, which it is.
        assert "checksum" not in refused.err, (table, column)
        assert "Traceback" not in refused.err, (table, column)
    assert _count(cli_on_sqlite, Project) == 0


def test_file_is_private_and_never_overwritten(cli_on_sqlite: CommandLine) -> None:
    _export(cli_on_sqlite)
    path = cli_on_sqlite.directory / "export.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert cli_on_sqlite("export", "export.jsonl").code == 1
    assert path.read_bytes() == before
    assert cli_on_sqlite("export", "no/such/directory").code == 1
    assert cli_on_sqlite("import", "no-such-file").code == 1


def test_through_a_pipe(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.on_database(_fill)
    archive = _export(cli_on_sqlite)
    piped = cli_on_sqlite.process("export", "-", is_forked=False)
    assert piped.code == 0
    assert piped.out.encode() == archive
    cli_on_sqlite.on_database(_empty)
    assert cli_on_sqlite.process("import", "-", stdin=piped.out, is_forked=False).code == 0
    assert _export(cli_on_sqlite) == archive


async def test_snapshot_is_of_one_moment_and_keeps_nobody_out(connected: Database) -> None:
    await _fill()
    async with snapshot(connected) as found:

        async def tokens() -> int:
            counts = [row[0] async for row in found.rows("SELECT count(*) FROM token")]
            return int(counts[0])

        before = await tokens()
        docs = await Project.get(name="Büro “docs”")
        await asyncio.wait_for(Token.issue(docs, by=BY), 60)
        assert await tokens() == before
    assert await Token.all().count() == before + 1


def test_every_column_of_a_moved_table_is_moved(cli_on_sqlite: CommandLine) -> None:
    """A column that a later release adds must not be lost on the way."""

    async def not_moved() -> dict[str, set[str]]:
        tables = (*portable.TABLES, portable.AUDIT, *portable.REQUESTS)
        return {table.name: table.model._meta.db_fields - set(table.columns) for table in tables}

    left_out = cli_on_sqlite.on_database(not_moved)
    for counters in (
        "usage_minute",
        "usage_hour",
        "usage_dimension",
        "usage_value",
        "refusal_hour",
    ):
        assert left_out.pop(counters) == {"id"}
    assert left_out.pop("upstream_object") == {"row_id"}
    assert left_out.pop("exhausted") == {"id"}
    assert not any(left_out.values())
