"""What is asked for at the terminal: secrets, and confirmation of what cannot be undone."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass

from cli.errors import CommandError, WrongUsage


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if the user agrees. Raises CommandError when not, or without a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Use --yes to confirm where there is no terminal.")
    with _interruptible():
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
    if answer.strip().lower() not in ("y", "yes"):
        raise CommandError("Nothing was changed.")


def api_key(given: str | None, from_stdin: bool, variable: str | None) -> str:
    """An upstream's API key, from wherever it is to come."""
    return secret(
        "API key",
        "--api-key",
        given=given,
        from_stdin=from_stdin,
        variable=variable,
        twice=False,
    )


def secret(
    what: str,
    option: str,
    *,
    given: str | None,
    from_stdin: bool,
    variable: str | None,
    twice: bool,
) -> str:
    """A secret from one of its sources: as given, standard input, a variable, or hidden typing.

    Raises WrongUsage for none or several, or where it is empty.
    """
    if sum((given is not None, from_stdin, variable is not None)) > 1:
        raise WrongUsage(f"Give {option}, {option}-stdin or {option}-env, and only one of them.")
    if given is not None:
        found = given
    elif from_stdin:
        found = _read_stdin(option)
    elif variable is not None:
        found = _read_variable(variable, option)
    else:
        found = _ask(what, option, twice=twice)
    if not found:
        raise WrongUsage(f"The {what} is empty.")
    return found


def _read_stdin(option: str) -> str:
    try:
        with _interruptible():
            return sys.stdin.read().rstrip("\r\n")
    except UnicodeDecodeError:
        raise WrongUsage(f"{option}-stdin: not UTF-8 text.") from None


def _read_variable(variable: str, option: str) -> str:
    # Named by the user on this very command line: an argument, not a setting.
    found = os.environ.get(variable)
    if found is None:
        raise WrongUsage(f"{option}-env: there is no variable {variable} in the environment.")
    return found


def _ask(what: str, option: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise WrongUsage(
            f"There is no terminal to ask for the {what}. Give {option}-stdin or {option}-env."
        )
    label = what[0].upper() + what[1:]
    try:
        with _interruptible():
            found = getpass(f"{label}: ")
            if twice and getpass(f"{label}, again: ") != found:
                raise CommandError("The two differ; nothing was changed.")
    except EOFError:
        raise CommandError("Nothing was changed.") from None
    return found


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the wait: asyncio's own handler would cancel only once the loop runs again.

    To be entered before the question is shown, which may be answered by Ctrl-C at once.
    """
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if _cancelled():
            # Pressed before, and heard by asyncio's handler alone.
            raise KeyboardInterrupt
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _cancelled() -> bool:
    """Whether the command that asks is to end as soon as its event loop runs again."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        # Some commands ask without an event loop.
        return False
    return task is not None and task.cancelling() > 0
