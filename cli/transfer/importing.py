"""`llm-proxy import`: what `export` wrote, all of it or nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from cli import output
from cli.command_table import examples, verb
from cli.errors import CommandError
from cli.options import Json
from cli.session import Session, with_database
from cli.transfer.archive import ArchiveReader
from cli.transfer.import_run import ImportRun
from config.generated import read_generated
from models.crypto import KeyRing
from models.db.database import run_in_transaction

app = verb()


@app.command(
    epilog=examples("llm-proxy import llm-proxy.jsonl", "llm-proxy import --merge more.jsonl")
)
@with_database
async def import_(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Of llm-proxy export; - for a pipe.")],
    *,
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Into a database that is not empty: add what is missing."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read what llm-proxy export wrote: all of it, or nothing.

    The database has to be empty, but for administrators. With --merge it need
    not be: projects and tokens that are there already stay as they are, to
    their keys and secrets, so that importing a file again changes nothing.
    Needs the ENCRYPTION_KEY of the installation that exported.
    """
    with _opened(file) as stream:
        archive = ArchiveReader(stream)
        ring = _ring(session, archive.header.encryption_key_ids)
        with output.progress("Reading", sum(archive.header.rows.values())) as advance:
            run = ImportRun(session, archive, ring, merge=merge, advance=advance)
            await run_in_transaction(run.whole)
    if as_json:
        output.print_json({"added": run.added, "present": run.present})
        return
    output.say(f"{sum(run.added.values()):,} rows were added.")
    if present := sum(run.present.values()):
        output.say(f"{present:,} rows exist already and were left unchanged.")


def _ring(session: Session, key_ids: list[str]) -> KeyRing | None:
    """The keys that the file's keys can be used with. Raises CommandError."""
    if not key_ids:
        return None
    keys = read_generated(session.settings).encryption_keys
    ring = KeyRing(keys) if keys else None
    missing = [key_id for key_id in key_ids if ring is None or key_id not in ring]
    if missing:
        raise CommandError(
            "ENCRYPTION_KEY: the API keys in the file are encrypted with another key"
            f" ({', '.join(missing)}). Give the ENCRYPTION_KEY of the installation that exported"
            " them, behind a new one if you rotate."
        )
    return ring


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as exc:
        raise CommandError(f"{file}: {exc.strerror}.") from exc
