"""Everything that is printed: results on standard output, words about them on standard error.

Text from the database came from users: it is shown without terminal control sequences and is
never read as markup.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Final, TextIO
from uuid import UUID

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from models.queries.audit_names import Difference
from models.text import around_emoji

#: Wide enough for any row: a pipe has no width, and what it carries is not to be cut.
_PIPE_COLUMNS: Final = 10_000
_NOTHING: Final = "–"
#: Before and after.


class Word(str):
    """What stands in a table where there is no number, and says why."""

    __slots__ = ()


#: Where the cost of what was used is unknown. Where nothing was there is none, as of anything else.
NO_PRICE: Final = Word("no price")
#: Where something may have been used, and how much was not told; nor then what it costs.
UNKNOWN: Final = Word("unknown")


def say(message: str) -> None:
    """A line for people, on standard error."""
    sys.stderr.write(f"{clean(message)}\n")


def result(line: str) -> None:
    """A line on standard output, for scripts."""
    sys.stdout.write(f"{line}\n")


def print_json(value: Any) -> None:
    """`value` on standard output; in ASCII, so that nothing in it can reach the terminal raw."""
    result(json.dumps(value, indent=2))


def page(
    items: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    as_json: bool,
    following: UUID | str | None = None,
) -> None:
    """A list: as the API answers it, or `columns` of it as a table."""
    next_cursor = None if following is None else str(following)
    if as_json:
        print_json({"data": items, "next_cursor": next_cursor})
        return
    table(items, columns)
    if next_cursor is not None:
        say(f"There is more: --cursor {next_cursor}")


def table(items: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """`columns` of `items`, side by side where the terminal is wide enough, else one by one."""
    if not items:
        say("None.")
        return
    console = _console(sys.stdout)
    unbounded = console.options.update(width=_PIPE_COLUMNS)
    # Columns of numbers are often narrower than their names: those may take a line a word.
    for between in (" ", "\n"):
        rows = _side_by_side(items, {name: name.replace("_", between) for name in columns})
        if Measurement.get(console, unbounded, rows).maximum <= console.width:
            console.print(rows)
            return
    for item in items:
        record({column: item[column] for column in columns})


def _side_by_side(items: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> Table:
    rows = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False)
    for column, header in headers.items():
        is_number = {type(item[column]) for item in items} <= {int, float, NoneType, Word}
        rows.add_column(header, justify="right" if is_number else "left", no_wrap=True)
    for item in items:
        rows.add_row(*(Text(_cell(column, item[column])) for column in headers))
    return rows


def record(fields: Mapping[str, Any]) -> None:
    """One thing, a field to a line."""
    console = _console(sys.stdout)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields.items():
        grid.add_row(_label(name), Text(_cell(name, value)))
    console.print(grid)
    console.print()


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while it is a terminal; call what this gives with steps done."""
    console = _console(sys.stderr)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


def show_generated(made: Mapping[str, str], data_dir: Path) -> None:
    """Secrets made just now: shown once on a terminal, and otherwise only where they are kept."""
    if made and sys.stderr.isatty():
        say(f"Made on this first start, and kept in {data_dir}:")
        for name, value in made.items():
            say(f"  {name}={value}")


def moment(value: datetime | None) -> str | None:
    """A time as the API writes it: RFC 3339, UTC, with Z."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def changed(changes: Iterable[Difference]) -> str:
    """What an event of the audit changed, in words: `name docs; weight 1 → 2`."""
    said = []
    for field, label, before, after in changes:
        was = [] if before is None else [_cell(field, before), "→"]
        said.append(" ".join([label, *was, _cell(field, after)]))
    return "; ".join(said)


def clean(text: str) -> str:
    """`text` without what moves the cursor, changes colours or turns the writing round."""
    if text.isascii() and text.isprintable():
        return text
    parts = around_emoji(text)
    parts[::2] = map(_without_controls, parts[::2])
    return "".join(parts)


def _without_controls(text: str) -> str:
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else character
        for character in text
    )


def _label(name: str) -> str:
    return name.replace("_", " ")


def _cell(name: str, value: Any) -> str:
    if value == "" and name == "v1_prefix":
        # Not what the provider says, but none.
        return "nothing"
    if value is None or value in ("", []):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if name.endswith(("_tokens", "requests", "errors")) else str(value)
    if isinstance(value, float):
        return f"{value:,.6f}" if name.endswith("_usd") else f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_cell("", item) for item in value)
    if isinstance(value, dict) and name in ("model_map", "tags"):
        return ", ".join(f"{clean(one)}={clean(other)}" for one, other in sorted(value.items()))
    if isinstance(value, dict):
        said = {one: it for one, it in value.items() if it is not None}
        return "; ".join(f"{_label(one)}: {_cell(one, it)}" for one, it in said.items())
    text = clean(value if isinstance(value, str) else json.dumps(value))
    if (name in ("at", "bucket") or name.endswith(("_at", "_until"))) and text.endswith("Z"):
        # To the second: 2026-11-23 14:05:10Z
        return f"{text[:19].replace('T', ' ')}Z"
    return text


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() else _PIPE_COLUMNS
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)
