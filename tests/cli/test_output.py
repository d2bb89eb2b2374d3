"""Printing: what is in the database cannot take over a terminal, and tables fit where they go."""

import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from unittest import mock

import pytest

from cli import output
from models.queries.audit_names import differences


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(rows: Sequence[Mapping[str, Any]], **environ: str) -> str:
    """What a table of `rows` looks like there."""
    terminal = Terminal()
    with (
        mock.patch.object(sys, "stdout", terminal),
        mock.patch.dict("os.environ", {"TERM": "xterm-256color"} | environ, clear=True),
    ):
        output.table(rows, list(rows[0]))
    return terminal.getvalue()


NASTY = "a\x1b]0;owned\x07\x9b31m\u202eb[red]c[/red]:smile:\r\n"


def test_control_characters_and_markup_are_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.table([{"name": NASTY}], ["name"])
    output.record({"name": NASTY})
    output.say(NASTY)
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "[red]c[/red]:smile:" in text
        assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(text)


def test_emoji_keep_what_joins_them(capsys: pytest.CaptureFixture[str]) -> None:
    output.record({"name": "👨\u200d👩\u200d👧 a\u200db"})
    assert "👨\u200d👩\u200d👧 a\N{REPLACEMENT CHARACTER}b" in capsys.readouterr().out


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"name": NASTY})
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert not {"\x1b", "\x07", "\r"} & set(shown)


def test_pipe_gets_whole_rows_and_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    with mock.patch.dict("os.environ", {"COLUMNS": "20", "FORCE_COLOR": ""}):
        output.table([{"id": "x" * 300, "name": "y" * 300}], ["id", "name"])
    shown = capsys.readouterr().out
    assert "x" * 300 in shown
    assert "y" * 300 in shown
    assert "\x1b" not in shown


def test_narrow_terminal_gets_one_field_to_a_line() -> None:
    row = {"id": "x" * 36, "created_at": "2027-01-31T12:00:00.123456Z"}
    shown = on_terminal([row], COLUMNS="50", NO_COLOR="1")
    lines = shown.splitlines()
    assert any("created at" in line and "2027-01-31 12:00:00Z" in line for line in lines)
    assert any("x" * 36 in line for line in lines)
    assert "…" not in shown
    wide = on_terminal([row], COLUMNS="80", NO_COLOR="1")
    assert any("id" in line and "created at" in line for line in wide.splitlines())


def test_long_names_over_short_numbers_take_a_line_a_word() -> None:
    numbers = ("prompt_tokens", "completion_tokens", "cached_tokens", "total_tokens", "cost_usd")
    row = {"model": "gpt-4o", "requests": 12, "errors": 1, **dict.fromkeys(numbers, 3456)}
    lines = on_terminal([row], COLUMNS="80", NO_COLOR="1", TERM="dumb").splitlines()
    assert len(lines) == 4
    assert lines[0].split() == ["prompt", "completion", "cached", "total", "cost"]
    assert lines[3].split()[:4] == ["gpt-4o", "12", "1", "3,456"]


def test_colour_is_for_terminals_that_want_it() -> None:
    assert "\x1b[" in on_terminal([{"id": 1}])
    assert "\x1b[3" not in on_terminal([{"id": 1}], NO_COLOR="1")
    assert "\x1b" not in on_terminal([{"id": 1}], TERM="dumb")


def test_cells_read_well(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "is_active": True,
        "model": None,
        "total_tokens": 1234567,
        "cost_usd": 4.905e-05,
        "at": "2027-01-31T12:00:00.123456Z",
        "bucket": "2027-01-31T13:00:00Z",
        "resting_until": "2027-01-31T14:00:00.123456Z",
        "v1_prefix": "",
        "allowed_models": ["a", "b"],
        "model_map": {"gpt_4": "my_gpt", "o3": "x"},
        "failover": {"max_attempts": 3, "statuses": [429, 503], "first_byte_timeout": None},
    }
    output.table([row], list(row))
    shown = capsys.readouterr().out
    for text in (
        "yes",
        "–",
        "1,234,567",
        "0.000049",
        "2027-01-31 12:00:00Z",
        "31 13:00:00Z",
        "31 14:00:00Z",
        "nothing",
        "a, b",
        "gpt_4=my_gpt, o3=x",
        "max attempts: 3; statuses: 429, 503",
    ):
        assert text in shown


def test_nothing_to_show_leaves_standard_output_empty(capsys: pytest.CaptureFixture[str]) -> None:
    output.page([], ["id"], as_json=False)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "None.\n")


def test_what_an_event_changed_is_said_without_what_stayed_empty() -> None:
    changes = {
        "name": [None, "docs"], "label": [None, ""], "auth": [None, None], "weight": [1, 2],
        "priority": [None, 0], "is_active": [True, False], "requests_per_minute": [60, None],
        "allowed_models": [["a"], ["a", "b"]], "hint": ["same", "same"],
    }  # fmt: skip
    assert output.changed(differences(changes, {})) == (
        "name docs; weight 1 → 2; priority 0; is active yes → no; requests per minute 60 → –; "
        "allowed models a → a, b"
    )
