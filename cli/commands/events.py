"""`llm-proxy events`: what happened and may have to be acted on."""

from typing import Annotated

import typer

from cli import lookup, output, views
from cli.command_table import examples, verb
from cli.options import Cursor, Json, Limit, ProjectOption, Since, TokenOption, Until
from cli.session import Session, with_database
from manage.schemas.events import EventView
from models.event_kinds import EventKind
from models.event_text import event_text
from models.queries import lists

app = verb()

_COLUMNS = ("at", "kind", "what")


@app.command(
    epilog=examples(
        "llm-proxy events --from 7d",
        "llm-proxy events --kind token.expiring",
        "llm-proxy events --project docs --json",
    )
)
@with_database
async def events(
    _session: Session,
    *,
    kind: Annotated[EventKind | None, typer.Option(help="Of this kind.")] = None,
    project: ProjectOption = None,
    token: TokenOption = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show what happened and may have to be acted on, newest first.

    With --json ids, and all that each says. Requests that failed are in `llm-proxy requests`.
    """
    rows = lists.events(
        kind=kind,
        project_id=await lookup.project_id(project),
        token_id=await lookup.token_id(token),
        start=since,
        end=until,
    )
    found, following = await lists.page(rows, limit=limit, before=lookup.cursor(cursor))
    items = [views.plain(EventView.of(row)) for row in found]
    if not as_json:
        for item in items:
            item["what"] = event_text(item["kind"], item["data"])
    output.page(items, _COLUMNS, as_json=as_json, following=following)
