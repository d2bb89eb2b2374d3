"""`llm-proxy export`: everything that has to move, in one file, while the server runs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from cli import output
from cli.command_table import examples, verb
from cli.errors import CommandError
from cli.session import Session, with_database
from cli.transfer.archive import ArchiveWriter
from cli.transfer.spent import SpentBudgets
from models import audit, portable
from models.db.backup import ENCRYPTION_KEYS
from models.db.snapshots import Snapshot, snapshot
from models.portable import Portable, Row
from proxy.limits.engines import limit_records
from proxy.limits.records import Counter
from proxy.limits.store import LimitsUnavailable, policy_key, project_key, token_key

app = verb()

#: Rows that have quotas, and what names the counters of one.
_SUBJECTS: Final = {"token": token_key, "project": project_key}

WithAudit = Annotated[bool, typer.Option("--with-audit", help="The audit trail, too.")]
WithRequests = Annotated[
    bool, typer.Option("--with-requests", help="The request log and the events, too.")
]


@app.command(
    epilog=examples(
        "llm-proxy export llm-proxy.jsonl",
        "llm-proxy export --with-audit --with-requests everything.jsonl",
        "llm-proxy export - | ssh elsewhere 'cd llm-proxy && llm-proxy import -'",
    )
)
@with_database
async def export(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A new file, or - for a pipe.")],
    *,
    with_audit: WithAudit = False,
    with_requests: WithRequests = False,
) -> None:
    """Write projects, keys, tokens, counters, destinations and accounts into a file.

    Made for moving between SQLite and PostgreSQL: tokens keep working, and
    keep what they have used of their limits. API keys and the secrets of
    destinations stay encrypted, so the other side needs the same
    ENCRYPTION_KEY. The file is a snapshot of one moment. No secret can be
    found out from it; keep it private all the same.
    """
    tables = [*portable.TABLES]
    tables += [portable.AUDIT] if with_audit else []
    tables += portable.REQUESTS if with_requests else ()
    with _opened(file) as stream:
        async with snapshot(session.settings.database) as found:
            rows = await _write(session, found, tables, stream)
    shown = {name: (None, count) for name, count in rows.items()}
    await audit.record(session.actor, "database.export", "database", None, shown)
    output.say(f"{sum(rows.values()):,} rows were written.")


async def _write(
    session: Session, found: Snapshot, tables: list[Portable], stream: IO[bytes]
) -> dict[str, int]:
    rows = {table.name: await table.count(found) for table in tables}
    key_ids = [str(key_id) async for (key_id,) in found.rows(ENCRYPTION_KEYS)]
    counters, budgets = await _counters(session, found)
    if budgets:
        # Left out where there are none, so that the release before can read the file.
        rows[SpentBudgets.name] = len(budgets)
    writer = ArchiveWriter(stream, rows, key_ids)
    with output.progress("Writing", sum(rows.values())) as advance:
        for table in tables:
            columns = table.columns
            writer.section(table.name, columns)
            async for row in table.rows(found):
                if table.name in _SUBJECTS:
                    _note_quotas(table.name, columns, row, counters)
                writer.row(row)
                advance(1)
        if budgets:
            writer.section(SpentBudgets.name, SpentBudgets.columns)
        for row in budgets:
            writer.row(row)
            advance(1)
    writer.end()
    return rows


async def _counters(session: Session, found: Snapshot) -> tuple[dict[str, Counter], list[Row]]:
    """What is used of limits, by key, and what was spent of budgets."""
    records = limit_records(session.settings, snapshot=found)
    try:
        counters = await records.dump()
        budgets = await SpentBudgets(records).rows()
    except LimitsUnavailable as exc:
        raise CommandError(f"What is used of limits cannot be read: {exc}") from exc
    return {counter.key: counter for counter in counters}, budgets


def _note_quotas(
    kind: str, columns: tuple[str, ...], row: Row, counters: dict[str, Counter]
) -> None:
    """Let quotas go on, on the other side, where they stand here."""
    place = {name: number for number, name in enumerate(columns)}
    subject = _SUBJECTS[kind](row[place["id"]])
    if kind == "token":
        counted = counters.get(subject)
        if counted is not None and counted.epoch == row[place["quota_epoch"]]:
            # Where a quota begins to count, whatever counts it there.
            row[place["quota_base"]] = counted.used
    for policy in row[place["policies"]] or ():
        counted = counters.get(policy_key(subject, policy["name"]))
        if counted is not None and counted.epoch == policy["quota_epoch"]:
            policy["quota_base"] = counted.used


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """The file, which appears when it is whole; or standard output."""
    if file == "-":
        if sys.stdout.isatty():
            raise CommandError("This is not for a terminal. Name a file, or use a pipe.")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path, partial = Path(file), Path(f"{file}.part")
    if path.exists():
        raise CommandError(f"{path} exists already.")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        partial.rename(path)
    except OSError as exc:
        raise CommandError(f"{exc.filename or file}: {exc.strerror}.") from exc
    finally:
        partial.unlink(missing_ok=True)
