"""`llm-proxy audit`: who changed what."""

from typing import Annotated

import typer

from cli import lookup, output, views
from cli.command_table import examples, verb
from cli.options import Cursor, Json, Limit, Since, Until
from cli.session import Session, with_database
from manage.schemas.audit import AuditView
from models.queries import audit_names, lists

app = verb()

_COLUMNS = ("at", "actor", "action", "target", "changes", "outcome", "ip")


@app.command(
    epilog=examples(
        "llm-proxy audit --from 7d",
        "llm-proxy audit --action token.revoke --json",
        "llm-proxy audit --actor cli:alice",
    )
)
@with_database
async def audit(
    _session: Session,
    *,
    actor: Annotated[
        str | None, typer.Option(help="Whose: management, admin:NAME, cli:USER, system.")
    ] = None,
    action: Annotated[str | None, typer.Option(help="Such as token.revoke.")] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="ID", help="What was changed.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show the audit trail, newest first; with --json ids, and changes as values."""
    rows = lists.audit_events(actor=actor, action=action, target_id=target, start=since, end=until)
    found, following = await lists.page(rows, limit=limit, before=lookup.cursor(cursor))
    items = [views.plain(AuditView.of(row)) for row in found]
    if not as_json:
        called = (await audit_names.of_events(found)).called
        for item, event in zip(items, found, strict=True):
            target = called.get(event.target_id or "", event.target_id)
            changes = audit_names.differences(event.changes, called)
            item |= {"target": target, "changes": output.changed(changes)}
    output.page(items, _COLUMNS, as_json=as_json, following=following)
