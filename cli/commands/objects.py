"""`llm-proxy object`: files, batches and stored responses at a project's accounts."""

import sys
from typing import Annotated

import typer

from cli import lookup, names, output, values, views
from cli.command_table import examples, noun
from cli.errors import CommandError
from cli.options import Json, Limit
from cli.session import Session, with_database
from manage.schemas.objects import (
    ADOPTED_MOST,
    AdoptionView,
    ObjectAdoption,
    ObjectMove,
    ObjectView,
)
from models import adoption
from models.errors import NotOfTheProject

app = noun("object")

_COLUMNS = ("id", "kind", "provider", "key", "token", "created_at", "counted_at")

Owner = Annotated[str, typer.Option("--project", metavar="PROJECT", help="Its id or its name.")]


@app.command(
    "list",
    epilog=examples(
        "llm-proxy object list --project docs",
        "llm-proxy object list --project docs --id file-abc123",
    ),
)
@with_database
async def list_(
    _session: Session,
    *,
    project: Owner,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="This one alone: whose is it?")
    ] = None,
    limit: Limit = 50,
    after: Annotated[
        str | None, typer.Option("--cursor", metavar="ID", help="Go on behind this id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the objects that are remembered, in order of their ids."""
    found = await lookup.project(project)
    rows = await adoption.listed(found.id, limit=limit + 1, after=after, named=id_)
    items = [views.plain(ObjectView.of(row)) for row in rows[:limit]]
    following = rows[limit - 1].id if len(rows) > limit else None
    if not as_json:
        await names.add_names(items)
    output.page(items, _COLUMNS, as_json=as_json, following=following)


@app.command(
    epilog=examples(
        "llm-proxy object adopt --project docs file-abc123 batch_def456",
        "llm-proxy object adopt --project docs --key 0199… --token 0199… --stdin < ids.txt",
    )
)
@with_database
async def adopt(
    session: Session,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)] = None,
    *,
    project: Owner,
    key: Annotated[
        str | None, typer.Option(metavar="ID", help="The key that knows them; the only one's.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose they are; else the project's.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="What they are; else as their ids show.")
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read ids from standard input, one a line.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say whose objects are that were made before they were remembered.

    Those that are known stay as they are.
    """
    owner = await lookup.project(project)
    wanted = list(ids or [])
    if stdin:
        wanted += [line.strip() for line in sys.stdin if line.strip()]
    total = AdoptionView(adopted=0, known=0)
    for start in range(0, max(1, len(wanted)), ADOPTED_MOST):
        fields = {
            "ids": wanted[start : start + ADOPTED_MOST],
            **values.sent(key_id=key, token_id=token, kind=kind),
        }
        given = values.validated(ObjectAdoption, fields)
        try:
            done = await adoption.adopt(
                owner, given.ids, by=session.actor, key_id=given.key_id,
                token_id=given.token_id, kind=given.kind,
            )  # fmt: skip
        except NotOfTheProject as exc:
            raise CommandError(str(exc)) from exc
        total = AdoptionView(adopted=total.adopted + done.adopted, known=total.known + done.known)
    if as_json:
        output.print_json(views.plain(total))
    else:
        output.say(f"{total.adopted} objects were adopted, {total.known} were known before.")


@app.command(epilog=examples("llm-proxy object move --project docs --from 0199… --key 0199…"))
@with_database
async def move(
    session: Session,
    *,
    project: Owner,
    gone: Annotated[str, typer.Option("--from", metavar="ID", help="The key that is gone.")],
    key: Annotated[str, typer.Option(metavar="ID", help="The one that knows them, too.")],
    as_json: Json = False,
) -> None:
    """Have another key of the same account know what a key knew that is gone."""
    owner = await lookup.project(project)
    given = values.validated(ObjectMove, {"from_key_id": gone, "key_id": key})
    try:
        moved = await adoption.move(owner, given.from_key_id, given.key_id, by=session.actor)
    except NotOfTheProject as exc:
        raise CommandError(str(exc)) from exc
    if as_json:
        output.print_json({"moved": moved})
    else:
        output.say(f"{moved} objects are known to the key {given.key_id} now.")
