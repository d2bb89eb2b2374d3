"""The text of docs/command-line.md, from what the commands say of themselves."""

import re
from collections.abc import Iterator
from typing import Any, Final

from cli.command_table import TABLE, load_command

_HEAD: Final = """\
# Command line

`llm-proxy`, or `python -m cli` where the project itself is not installed. It works directly on the
database that `DATABASE_URL` names, whether a server runs or not; a running one sees every change at
its next request. Exit codes: 0 fine, 1 refused or not found, 2 usage or configuration. Results are
on standard output, words about them on standard error.

<!-- Written by `make docs` from cli/. -->
"""


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command that can be run, with its words: `token create`."""
    for row in TABLE:
        loaded = load_command(row)
        verbs = getattr(loaded, "commands", None)
        if not verbs:
            yield row.name, loaded
            continue
        for name, command in verbs.items():
            yield f"{row.name} {name}", command


def command_line() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(words, command) for words, command in every_command())


def _section(words: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = " ".join(["llm-proxy", words, *(one.metavar or one.name.upper() for one in arguments)])
    parts = [f"\n## {words}\n\n```\n{usage}{' [OPTIONS]' if options else ''}\n```\n"]
    if command.help:
        # Typer's mark for "keep these lines", and markup that a terminal would show in bold.
        parts.append(f"\n{_plain(command.help)}\n")
    if options:
        parts.append("\n| option | meaning |\n|---|---|\n")
        parts += [_option(one) for one in options]
    if command.epilog:
        lines = _plain(command.epilog).splitlines()[1:]
        parts.append("\n```console\n" + "".join(f"$ {line.strip()}\n" for line in lines) + "```\n")
    return "".join(parts)


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = f" `{_cell(option.metavar)}`" if option.metavar else ""
    needed = " Required." if option.required else ""
    return f"| {names}{value} | {_cell(_plain(option.help or ''))}{needed} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    return re.sub(r"\[/?bold\]|\x08", "", text).strip()
