"""`llm-proxy migrate`: the database's schema; on a platform, the release step."""

import asyncio

from tortoise.exceptions import BaseORMException

from cli import output
from cli.command_table import examples, verb
from cli.errors import CommandError
from cli.session import load, translated
from migrations import schema

app = verb()


@app.command(epilog=examples("llm-proxy migrate"))
def migrate() -> None:
    """Bring the database up to date, and print what was applied.

    Concurrent runs take turns, and a migration that fails leaves nothing half done. On SQLite
    the server does this by itself.
    """
    # The whole configuration: a release that cannot start should stop here, before it migrates.
    database = load().database
    try:
        with translated(database):
            applied = asyncio.run(schema.upgrade(database))
    except BaseORMException as exc:
        raise CommandError(f"A migration failed, and was undone: {exc}") from exc
    for name in applied:
        output.result(name)
    output.say(f"{len(applied)} applied." if applied else "Up to date.")
