"""`llm-proxy admin`: who may sign in to the admin pages."""

from typing import Annotated, Any, Literal

import typer

from cli import output, prompts, values
from cli.command_table import examples, noun
from cli.errors import NotFound, WrongUsage
from cli.options import Json, Yes
from cli.session import Session, with_database
from models import AdminUser

app = noun("admin")

Username = Annotated[str, typer.Argument(metavar="USERNAME", show_default=False)]
GivenPassword = Annotated[
    str | None,
    typer.Option("--password", help="Stays in the shell's history; better one of the next two."),
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read it from standard input.")
]
PasswordVariable = Annotated[
    str | None,
    typer.Option("--password-env", metavar="NAME", help="Read it from this environment variable."),
]

_COLUMNS = ("id", "username", "role", "is_active", "last_login_at", "created_at")


@app.command(
    epilog=examples(
        "llm-proxy admin create --username alice",
        "pass show bob | llm-proxy admin create --username bob --password-stdin",
    )
)
@with_database
async def create(
    session: Session,
    *,
    username: Annotated[
        str, typer.Option(parser=values.text(1, 150), metavar="NAME", help="To sign in with.")
    ],
    role: Annotated[
        Literal["admin", "viewer"], typer.Option(help="A viewer sees all and changes nothing.")
    ] = "admin",
    password: GivenPassword = None,
    password_stdin: PasswordStdin = False,
    password_env: PasswordVariable = None,
    as_json: Json = False,
) -> None:
    """Make an account that may sign in. The password is asked for unless an option brings it."""
    user = await AdminUser.create_with_password(
        username=username,
        password=_password(password, password_stdin, password_env),
        by=session.actor,
        role=role,
    )
    if as_json:
        output.print_json(_shown(user))
    else:
        output.say(f"Administrator {username} was created.")


@app.command("list", epilog=examples("llm-proxy admin list --json"))
@with_database
async def list_(_session: Session, *, as_json: Json = False) -> None:
    """Show the administrators, newest first."""
    users = await AdminUser.all().order_by("-id")
    output.page([_shown(user) for user in users], _COLUMNS, as_json=as_json)


@app.command(epilog=examples("llm-proxy admin passwd alice"))
@with_database
async def passwd(
    session: Session,
    username: Username,
    *,
    password: GivenPassword = None,
    password_stdin: PasswordStdin = False,
    password_env: PasswordVariable = None,
) -> None:
    """Change a password. Every session opened with the old one ends."""
    user = await _find(username)
    await user.set_password(_password(password, password_stdin, password_env), by=session.actor)
    output.say(f"The password of {username} was changed.")


@app.command(epilog=examples("llm-proxy admin remove alice --yes"))
@with_database
async def remove(session: Session, username: Username, *, yes: Yes = False) -> None:
    """Remove an administrator, and end the sessions. The last one stays."""
    user = await _find(username)
    prompts.confirm(f"Remove the administrator {username}?", yes=yes)
    await user.remove(by=session.actor)
    output.say(f"Administrator {username} was removed.")


async def _find(username: str) -> AdminUser:
    user = await AdminUser.get_or_none(username=username)
    if user is None:
        raise NotFound(f"There is no administrator named {username}.")
    return user


def _password(given: str | None, from_stdin: bool, variable: str | None) -> str:
    found = prompts.secret(
        "password",
        "--password",
        given=given,
        from_stdin=from_stdin,
        variable=variable,
        twice=True,
    )
    # As ADMIN_PASSWORD.
    if not (found.isprintable() and 8 <= len(found) <= 256):
        raise WrongUsage("The password must be 8 to 256 printable characters.")
    return found


def _shown(user: AdminUser) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "username": user.username,
        "role": user.role,
        "is_active": user.is_active,
        "last_login_at": output.moment(user.last_login_at),
        "created_at": output.moment(user.created_at),
    }
