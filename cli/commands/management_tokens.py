"""`llm-proxy management-token`: named bearer tokens for `/manage`, beside MANAGEMENT_TOKEN."""

from typing import Annotated, Any, Literal

import typer

from cli import lookup, output, prompts, values
from cli.command_table import examples, noun
from cli.errors import NotFound
from cli.options import Json, Yes
from cli.session import Session, with_database
from models import ManagementToken

app = noun("management-token")

_COLUMNS = ("id", "name", "hint", "scope", "last_used_at", "revoked_at", "created_at")


@app.command(
    epilog=examples(
        "llm-proxy management-token create --name grafana --scope read",
        "TOKEN=$(llm-proxy management-token create --name deploy)",
    )
)
@with_database
async def create(
    session: Session,
    *,
    name: Annotated[
        str,
        typer.Option(
            parser=values.text(1, 100),
            metavar="NAME",
            help="What it is for; the audit trail shows it.",
        ),
    ],
    scope: Annotated[Literal["read", "write"], typer.Option(help="read may only look.")] = "write",
    as_json: Json = False,
) -> None:
    """Make a token. Its secret is printed once, alone on standard output."""
    token, secret = await ManagementToken.issue(name=name, scope=scope, by=session.actor)
    if as_json:
        output.print_json({**_shown(token), "token": secret})
    else:
        output.say(f"Management token {name} was created. Its secret is shown only this once:")
        output.result(secret)


@app.command("list", epilog=examples("llm-proxy management-token list"))
@with_database
async def list_(_session: Session, *, as_json: Json = False) -> None:
    """Show the tokens, newest first, revoked ones too."""
    tokens = await ManagementToken.all().order_by("-id")
    output.page([_shown(token) for token in tokens], _COLUMNS, as_json=as_json)


@app.command(epilog=examples("llm-proxy management-token revoke grafana --yes"))
@with_database
async def revoke(
    session: Session,
    token: Annotated[str, typer.Argument(metavar="ID|NAME", show_default=False)],
    *,
    yes: Yes = False,
) -> None:
    """End a token for good."""
    found = await _find(token)
    if found.revoked_at is not None:
        output.say(f"Management token {found.name} is revoked already.")
        return
    prompts.confirm(f"Revoke the management token {found.name}?", yes=yes)
    await found.revoke(by=session.actor)
    output.say(f"Management token {found.name} was revoked.")


async def _find(wanted: str) -> ManagementToken:
    found = await ManagementToken.get_or_none(name=wanted)
    if found is None and (id_ := lookup.as_id(wanted)) is not None:
        found = await ManagementToken.get_or_none(id=id_)
    if found is None:
        raise NotFound(f"There is no management token with the id or name {wanted}.")
    return found


def _shown(token: ManagementToken) -> dict[str, Any]:
    return {
        "id": str(token.id),
        "name": token.name,
        "hint": token.hint,
        "scope": token.scope,
        "last_used_at": output.moment(token.last_used_at),
        "revoked_at": output.moment(token.revoked_at),
        "created_at": output.moment(token.created_at),
    }
