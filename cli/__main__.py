"""`llm-proxy`, and `python -m cli` where the project itself is not installed.

Exit codes: 0 fine, 1 refused, not found or unavailable, 2 usage, configuration or a database that
cannot be reached, 130 Ctrl-C.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from cli import details
from cli.command_table import Commands
from cli.errors import CommandError, WrongUsage
from config import VERSION, ConfigError

#: What a write to standard output fails with where that is a file: no other error without a file's
#: name has one of these.
_NOT_WRITTEN: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    # A traceback with local variables would print secrets.
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"llm-proxy {VERSION}\n")
        raise typer.Exit


def _say_details(wanted: bool) -> None:
    if wanted:
        details.want()


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    _verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", callback=_say_details, help="Say which database is used."),
    ] = False,
) -> None:
    """Short-lived, limited, revocable tokens in place of real API keys.

    Works directly on the database that DATABASE_URL names, whether a server
    runs or not; a running one sees every change at its next request. Settings
    come from the environment and from .env.
    """


def main() -> None:
    """Run the command that `sys.argv` names, and exit."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character must not stop a command half way.
            stream.reconfigure(errors="replace")
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        code = 1
    except OSError as exc:
        if exc.filename is not None:
            what = exc.filename
        elif exc.errno in _NOT_WRITTEN:
            _drop_output()
            what = "Standard output cannot be written"
        else:
            raise
        sys.stderr.write(f"{what}: {exc.strerror}.\n")
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _open_what_is_closed() -> None:
    """As with /dev/null where the caller has closed standard output or standard error (`>&-`):
    Python has None there, and a file that is opened later would get the number."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(descriptor, "w"))


def _drop_output() -> None:
    """What is still buffered must not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> int:
    details.want(False)
    try:
        _refuse_unreadable(sys.argv[1:])
        app()
    except SystemExit as exc:
        # Typer ends every command so.
        return exc.code if isinstance(exc.code, int) else 0
    except (CommandError, ConfigError) as exc:
        return _report(exc)
    return 0


def _refuse_unreadable(arguments: Sequence[str]) -> None:
    """Raise WrongUsage for an argument that is no text, which no database would take either."""
    for number, argument in enumerate(arguments, start=1):
        if any("\ud800" <= character <= "\udfff" for character in argument):
            # Not quoted: it may be a secret.
            raise WrongUsage(f"Argument {number} is not {sys.getfilesystemencoding()} text.")


def _report(error: CommandError | ConfigError) -> int:
    sys.stderr.write(f"{error}\n")
    return error.exit_code if isinstance(error, CommandError) else 2


if __name__ == "__main__":
    main()
