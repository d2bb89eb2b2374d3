"""The words of the command line: a table, and the group that imports a command when it is used.

`llm-proxy --help` needs the table alone; the database's libraries take as long again to load as
everything else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from inspect import Signature
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli import details
from cli.loading import loading


@dataclass(frozen=True, slots=True)
class Row:
    """One word, its summary, and the `module:attribute` of this package that it stands for.

    That is a Typer, or a function of no arguments that returns the exit code.
    """

    name: str
    target: str
    summary: str
    panel: str


_SERVICE: Final = "Service"
_ACCESS: Final = "Access"
_INSIGHT: Final = "Insight"
_OPERATION: Final = "Operation"

TABLE: Final = (
    Row(
        "project",
        "commands.projects:app",
        "Projects: an upstream and its limits.",
        _ACCESS,
    ),
    Row(
        "token",
        "commands.tokens:app",
        "Tokens, which applications hold instead of a key.",
        _ACCESS,
    ),
    Row("budget", "commands.budgets:app", "What is spent of budgets.", _ACCESS),
    Row("key", "commands.keys:app", "The upstream API keys of a project.", _ACCESS),
    Row("object", "commands.objects:app", "Files, batches and responses, and whose.", _ACCESS),
    Row("provider", "commands.providers:app", "Kinds of upstreams, and what they allow.", _ACCESS),
    Row("usage", "commands.usage:app", "What was used, and what it cost.", _INSIGHT),
    Row("refusals", "commands.refusals:app", "What the proxy refused, and whom.", _INSIGHT),
    Row("prices", "commands.prices:app", "What models cost, and by whose word.", _INSIGHT),
    Row("requests", "commands.requests:app", "The request log, newest first.", _INSIGHT),
    Row("events", "commands.events:app", "What may have to be acted on.", _INSIGHT),
    Row("audit", "commands.audit:app", "Who changed what, newest first.", _INSIGHT),
    Row(
        "destination",
        "commands.destinations:app",
        "Where events and requests are sent.",
        _INSIGHT,
    ),
    Row("serve", "commands.serve:serve", "Serve until SIGTERM or Ctrl-C.", _SERVICE),
    Row("demo", "commands.demo:demo", "Serve offline, with a bundled fake upstream.", _SERVICE),
    Row("migrate", "commands.migrate:app", "Bring the database up to date.", _OPERATION),
    Row(
        "doctor",
        "commands.doctor:app",
        "Check the configuration and what it names.",
        _OPERATION,
    ),
    Row("admin", "commands.administrators:app", "Administrators of the admin pages.", _OPERATION),
    Row(
        "management-token",
        "commands.management_tokens:app",
        "Named bearer tokens for the management API.",
        _OPERATION,
    ),
    Row(
        "encryption",
        "commands.encryption:app",
        "Encryption of the stored keys and secrets.",
        _OPERATION,
    ),
    Row("backup", "commands.backup:app", "Copy the database into a file (SQLite).", _OPERATION),
    Row(
        "restore",
        "commands.backup:restoring",
        "Put a backup in its place (SQLite).",
        _OPERATION,
    ),
    Row(
        "export",
        "transfer.export:app",
        "Write projects, tokens and counters to a file.",
        _OPERATION,
    ),
    Row("import", "transfer.importing:app", "Read what export wrote.", _OPERATION),
)


class Commands(TyperGroup):
    """The commands of `TABLE`: a line in the help each, loaded to be run or completed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for row in TABLE:
            self.add_command(
                TyperCommand(row.name, help=row.summary, rich_help_panel=row.panel), row.name
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that `args` begin with, loaded, and the rest of them."""
        name, command, rest = super().resolve_command(ctx, args)
        row = next((row for row in TABLE if row.name == name), None)
        return name, command if row is None else load_command(row), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what is wrong with an option is said without a library's own words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as exc:
            exc.message = exc.message.removeprefix("Value error, ")
            raise


def load_command(row: Row) -> Any:
    """What a word of `TABLE` stands for, imported now."""
    module, _, attribute = row.target.partition(":")
    with loading():
        found = getattr(import_module(f"cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        function, found = found, verb()
        found.command()(_exiting(function))
    command = get_command(found)
    command.name = row.name
    _take_verbose(command)
    return command


def _take_verbose(command: Any) -> None:
    """Have -v mean at the end of a line what it means at its beginning."""
    for verb in getattr(command, "commands", {}).values():
        _take_verbose(verb)
    app = typer.Typer(add_completion=False)
    app.command()(_verbose)
    option = next(one for one in get_command(app).params if one.name == "verbose")
    option.expose_value = False
    command.params.append(option)


def _say_details(wanted: bool) -> None:
    if wanted:
        details.want()


def _verbose(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", hidden=True, callback=_say_details, is_eager=True)
    ] = False,
) -> None:
    pass


def _exiting(function: Callable[[], int]) -> Callable[[], None]:
    @wraps(function)
    def run() -> None:
        raise typer.Exit(function())

    vars(run)["__signature__"] = Signature()
    return run


def verb() -> typer.Typer:
    """A word of `TABLE` that is a command by itself."""
    return typer.Typer(add_completion=False)


def noun(name: str) -> typer.Typer:
    """A word of `TABLE` that verbs follow."""
    (row,) = (row for row in TABLE if row.name == name)
    app = typer.Typer(help=row.summary, no_args_is_help=True, add_completion=False)
    # Typer makes a plain command of an app with a single verb, unless it has a callback.
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    pass


def examples(*lines: str) -> str:
    """The end of a command's help."""
    return "\n".join(("[bold]Examples[/bold]", *(f"  {line}" for line in lines)))
