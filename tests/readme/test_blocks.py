"""What the README's player takes for commands, and what it takes for the output as written."""

from pathlib import Path

import pytest

from tests.readme.blocks import Command, commands

README = Path(__file__).parents[2] / "README.md"
PAGE = """
```console
$ first
one …
…
last
$ second \\
    --goes-on
```

```python
print(1)
```

```toml
not = "typed"
```
"""


def test_commands_have_the_lines_below_them_and_programs_are_whole() -> None:
    assert list(commands(PAGE)) == [
        Command("first", ("one …", "…", "last")),
        Command("second \\\n    --goes-on"),
        "print(1)\n",
    ]


@pytest.mark.parametrize(
    ("output", "fits"),
    [
        ("one 1\nlast\n", True),
        ("one \na\nb\nlast\n\n", True),
        ("one 1\nlast   \n", True),
        ("two 1\nlast\n", False),
        ("one 1\na\n", False),
        ("before\none 1\nlast\n", False),
        ("one 1\nlast\nafter\n", False),
    ],
)
def test_an_ellipsis_stands_for_part_of_a_line_or_for_lines_and_for_nothing_else(
    output: str, fits: bool
) -> None:
    first, *_ = commands(PAGE)
    assert isinstance(first, Command)
    assert bool(first.expected(whole=True).match(output)) is fits


def test_what_serves_need_only_begin_as_it_is_written() -> None:
    first, *_ = commands(PAGE)
    assert isinstance(first, Command)
    assert first.expected(whole=False).match("one 1\nlast\nand more\n")


def test_the_page_has_what_is_played() -> None:
    typed = [one.line for one in commands(README.read_text()) if isinstance(one, Command)]
    assert typed[0] == "make demo"
    assert any(line.startswith("curl ") for line in typed)
    assert any(isinstance(one, str) for one in commands(README.read_text()))
