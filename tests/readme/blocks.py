"""What a page says to type, and what it says that comes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Stands for anything: within a line for a part of it, as a line for any number of lines.
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Command:
    """A line to type, and the lines that are to come of it; without any, they are not looked at."""

    line: str
    output: tuple[str, ...] = ()

    def expected(self, *, whole: bool) -> re.Pattern[str]:
        """What matches the output; its beginning, unless it is to be `whole`."""
        parts = [_line(line) for line in self.output]
        return re.compile(r"\A" + "".join(parts) + (r"\s*\Z" if whole else ""))


def _line(line: str) -> str:
    if line.strip() == ANYTHING:
        return r"(?:[^\n]*\n)*?"
    return r"[^\n]*".join(map(re.escape, line.rstrip().split(ANYTHING))) + r"[ ]*\n"


def commands(page: str) -> Iterator[Command | str]:
    """The commands of its console blocks, and its Python programs, in their order."""
    blocks = re.findall(r"^```(console|python)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for language, text in blocks:
        if language == "python":
            yield text
        else:
            yield from _of_console(text)


def _of_console(text: str) -> Iterator[Command]:
    # A line that ends in a backslash goes on.
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        typed = re.match(r"(?:[^\n]*\\\n)*[^\n]*\n?", part)
        assert typed is not None
        rest = part[typed.end() :].rstrip("\n")
        yield Command(typed[0].strip(), tuple(rest.split("\n")) if rest else ())
