"""`llm-proxy destination`: where events and finished requests are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from cli import lookup, output, prompts, values, views
from cli.command_table import examples, noun
from cli.errors import WrongUsage
from cli.options import Cursor, Json, Limit, Yes
from cli.session import Session, with_database
from cli.values import Provided
from delivery.testing import Tester
from manage.schemas.destinations import (
    DestinationChange,
    DestinationCreation,
    DestinationView,
    DestinationWithSecret,
)
from models import Destination
from models.destination_rules import Kind
from models.destinations import DestinationPolicy
from models.errors import DestinationRefused
from models.queries import lists
from models.reports.destinations import health

app = noun("destination")

_COLUMNS = (
    "id", "name", "kind", "url", "state", "delivered", "waiting", "dropped", "last_delivered_at",
    "next_try_at",
)  # fmt: skip

DestinationArgument = Annotated[
    str, typer.Argument(metavar="DESTINATION", help="Its id or its name.")
]
Url = Annotated[
    Provided | None,
    typer.Option(
        parser=values.text_or_none,
        metavar="URL|none",
        help="Of otlp with or without /v1/traces; of langfuse the installation's; jsonl has none.",
    ),
]
Secret = Annotated[
    str | None,
    typer.Option(
        "--secret",
        help="whsec_… of a webhook (made where none is given), PUBLIC:SECRET of langfuse, a bearer"
        " token of otlp. Stays in the shell's history; better one of the next two.",
    ),
]
SecretStdin = Annotated[bool, typer.Option("--secret-stdin", help="Read it from standard input.")]
SecretVariable = Annotated[
    str | None,
    typer.Option("--secret-env", metavar="NAME", help="Read it from this environment variable."),
]
Headers = Annotated[
    list[Provided] | None,
    typer.Option(
        "--header",
        parser=values.header,
        metavar="FIELD|none",
        help="Repeatable, all of them each time: 'x-api-key: …'.",
    ),
]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event", metavar="NAME|all|none", help="Repeatable, all of them each time. Default: all."
    ),
]
Requests = Annotated[
    bool | None,
    typer.Option(
        "--requests/--no-requests",
        help="Each finished request, too. Default: of otlp and langfuse alone.",
    ),
]
FilterProject = Annotated[
    str | None,
    typer.Option("--project", metavar="PROJECT|none", help="Only what is of it (id or name)."),
]
FilterToken = Annotated[
    str | None, typer.Option("--token", metavar="TOKEN|none", help="Only what is of it (id).")
]
FilterOutcome = Annotated[
    str | None,
    typer.Option("--outcome", metavar="NAME|none", help="Only requests that ended so."),
]


@app.command(
    epilog=examples(
        "llm-proxy destination create --name ops --kind webhook --url https://ops.example.com/in",
        "llm-proxy destination create --name traces --kind otlp --url http://collector:4318",
        "llm-proxy destination create --name langfuse --kind langfuse"
        " --url https://cloud.langfuse.com --secret-env LANGFUSE_KEYS",
        "llm-proxy destination create --name archive --kind jsonl --requests --event none",
    )
)
@with_database
async def create(
    session: Session,
    *,
    name: Annotated[str, typer.Option(metavar="TEXT", help="Of jsonl: its file's name.")],
    kind: Annotated[Kind, typer.Option(help="What is there.")],
    url: Url = None,
    secret: Secret = None,
    secret_stdin: SecretStdin = False,
    secret_env: SecretVariable = None,
    header: Headers = None,
    event: Events = None,
    requests: Requests = None,
    project: FilterProject = None,
    token: FilterToken = None,
    outcome: FilterOutcome = None,
    as_json: Json = False,
) -> None:
    """Make a destination. What it is told of is sent from now on.

    A webhook's secret, where none was given, is printed once, alone on standard
    output (with --json as "secret"), and cannot be shown again.
    """
    fields = values.sent(
        name=name,
        kind=kind,
        url=url,
        secret=_secret(secret, secret_stdin, secret_env),
        headers=_headers(header),
        events=_events(event),
        requests=requests,
        filter=await _filter({}, project, token, outcome),
    )
    wanted = values.validated(DestinationCreation, fields)
    with _refusals():
        row, made = await Destination.make(
            kind=wanted.kind,
            ring=session.ring(),
            policy=DestinationPolicy.of(session.settings),
            by=session.actor,
            **wanted.fields(),
        )
    await _print(row, made, f"Destination {row.name} was created.", as_json=as_json)


@app.command("list", epilog=examples("llm-proxy destination list"))
@with_database
async def list_(
    _session: Session,
    *,
    kind: Annotated[Kind | None, typer.Option(help="Only those of this kind.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show destinations, newest first, and how deliveries to them go."""
    rows = lists.destinations(kind=kind)
    found, following = await lists.page(rows, limit=limit, before=lookup.cursor(cursor))
    items = [views.plain(one) for one in map(DestinationView.of, found, await health(found))]
    output.page(items, _COLUMNS, as_json=as_json, following=following)


@app.command(epilog=examples("llm-proxy destination show ops"))
@with_database
async def show(
    _session: Session, destination: DestinationArgument, *, as_json: Json = False
) -> None:
    """Show one destination, but for its secrets, and how deliveries to it go."""
    row = await lookup.destination(destination)
    (how,) = await health([row])
    shown = views.plain(DestinationView.of(row, how))
    if as_json:
        output.print_json(shown)
    else:
        output.record(shown)


@app.command(
    epilog=examples(
        "llm-proxy destination update ops --event key.suspended --event budget.exceeded",
        "llm-proxy destination update ops --new-secret",
        "llm-proxy destination update ops --inactive",
    )
)
@with_database
async def update(
    session: Session,
    destination: DestinationArgument,
    *,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="A new name.")] = None,
    url: Url = None,
    secret: Secret = None,
    secret_stdin: SecretStdin = False,
    secret_env: SecretVariable = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Make a webhook another one, shown once.")
    ] = False,
    header: Headers = None,
    event: Events = None,
    requests: Requests = None,
    project: FilterProject = None,
    token: FilterToken = None,
    outcome: FilterOutcome = None,
    active: Annotated[
        bool | None,
        typer.Option("--active/--inactive", help="Send, or not; what waits then waits on."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named. What failed is tried again at once.

    Another origin of --url asks for --header and --secret anew.
    """
    row = await lookup.destination(destination)
    material = _secret(secret, secret_stdin, secret_env)
    if new_secret and (material is not None or row.kind != "webhook"):
        raise WrongUsage("--new-secret: of a webhook, and without --secret.")
    fields = values.sent(
        name=name,
        url=url,
        secret=Provided(None) if new_secret else material,
        headers=_headers(header),
        events=_events(event),
        requests=requests,
        filter=await _filter(row.only or {}, project, token, outcome),
        is_active=active,
    )
    wanted = values.changes(DestinationChange, fields)
    with _refusals():
        made = await row.change(
            ring=session.ring(),
            policy=DestinationPolicy.of(session.settings),
            by=session.actor,
            **wanted.fields(),
        )
    await _print(row, made, f"Destination {row.name} was updated.", as_json=as_json)


@app.command("test", epilog=examples("llm-proxy destination test ops"))
@with_database
async def try_(
    session: Session, destination: DestinationArgument, *, as_json: Json = False
) -> None:
    """Send one item that says that it is a test, now and once.

    Exit code 0 it was taken, 1 it was not. After one that was, what failed before is tried at once.
    """
    row = await lookup.destination(destination)
    policy = DestinationPolicy.of(session.settings)
    tried = await Tester(session.settings.data_dir, session.ring(), policy).test(row)
    await row.note_test(works=tried.ok, said=tried.message, by=session.actor)
    if as_json:
        shown = {"works": tried.ok, "message": tried.message, "status": tried.status}
        output.print_json({**shown, "ms": tried.ms})
    else:
        output.result(tried.message)
    if not tried.ok:
        raise typer.Exit(1)


@app.command(epilog=examples("llm-proxy destination delete ops --yes"))
@with_database
async def delete(session: Session, destination: DestinationArgument, *, yes: Yes = False) -> None:
    """Delete a destination, its secrets, and what waits for it."""
    row = await lookup.destination(destination)
    prompts.confirm(f"Delete the destination {row.name}, and what waits for it?", yes=yes)
    await row.remove(by=session.actor)
    output.say(f"Destination {row.name} was deleted.")


def _secret(given: str | None, from_stdin: bool, variable: str | None) -> Provided | None:
    if given is None and not from_stdin and variable is None:
        return None
    if given == "none":
        return Provided(None)
    return Provided(
        prompts.secret(
            "secret", "--secret", given=given, from_stdin=from_stdin, variable=variable, twice=False
        )
    )


def _headers(given: list[Provided] | None) -> Provided | None:
    listed = values.together(given)
    if listed is None or listed.value is None:
        return listed
    fields = dict(listed.value)
    if len(fields) != len(listed.value):
        raise WrongUsage("--header: one field is named twice.")
    return Provided(fields)


def _events(given: list[str] | None) -> Provided | None:
    if not given:
        return None
    if given in (["all"], ["none"]):
        return Provided(None if given == ["all"] else [])
    return Provided(given)


async def _filter(
    before: dict[str, str], project: str | None, token: str | None, outcome: str | None
) -> Provided | None:
    """The filter with what was given in place of what was there."""
    given = {"project_id": project, "token_id": token, "outcome": outcome}
    if not any(given.values()):
        return None
    wanted: dict[str, Any] = before | {name: text for name, text in given.items() if text}
    wanted = {name: text for name, text in wanted.items() if text != "none"}
    if project not in (None, "none"):
        wanted["project_id"] = str((await lookup.project(str(project))).id)
    return Provided(wanted or None)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except DestinationRefused as exc:
        raise values.refused(exc.problems) from exc


async def _print(row: Destination, made: str | None, said: str, *, as_json: bool) -> None:
    (how,) = await health([row])
    if as_json:
        output.print_json(views.plain(DestinationWithSecret.made(row, how, made)))
        return
    if made is None:
        output.say(said)
        output.record(views.plain(DestinationView.of(row, how)))
        return
    output.say(f"{said} Its secret is shown only this once:")
    output.result(made)
