"""Regular expressions that meet bytes from outside: none may try the same bytes in two ways.

Backtracking costs the square of a message's length, or its exponential, and stops a whole worker
meanwhile. So every repeat without a bound is possessive (`*+`, `++`), and what is searched for
starts only where a line does, or with a byte that is rare.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import delivery
import proxy
import server
import telemetry
import web

#: How Python itself takes expressions apart.
PARSER = importlib.import_module("re._parser")


def backtracking(tree: Any) -> Iterator[Any]:
    """Repeats without an upper bound that may give back what they took, anywhere in `tree`."""
    for operation, argument in tree:
        if str(operation) in ("MAX_REPEAT", "MIN_REPEAT") and str(argument[1]) == "MAXREPEAT":
            yield argument
        for inner in argument if isinstance(argument, tuple | list) else ():
            branches = inner if isinstance(inner, list) else [inner]
            for branch in branches:
                if type(branch).__name__ == "SubPattern":
                    yield from backtracking(branch)


def parsed(pattern: re.Pattern[Any]) -> Any:
    """As a tree, without the repeat of one character at the very end: none asks it for any back."""
    tree = PARSER.parse(pattern.pattern, pattern.flags)
    operation, argument = tree[-1]
    ends_in_one = str(operation) == "MAX_REPEAT" and str(argument[2][0][0]) in ("IN", "LITERAL")
    return tree[:-1] if ends_in_one and len(argument[2]) == 1 else tree


def _expressions() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for room in (delivery, proxy, server, telemetry, web):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{module.name}.{name}", value


EXPRESSIONS = dict(_expressions())


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_expression_tries_the_same_bytes_in_two_ways(name: str) -> None:
    assert list(backtracking(parsed(EXPRESSIONS[name]))) == []


def test_the_expressions_of_the_front_door_are_among_them() -> None:
    assert {
        "server.http.framing._FIELD",
        "server.http.chunked._CHUNK_LINE",
    } <= EXPRESSIONS.keys()


@pytest.mark.parametrize("pattern", ["(a(?:b+|c)*)x{1,3}", "(?:a|b*?)c", "^a*b*"])
def test_a_backtracking_expression_would_be_found(pattern: str) -> None:
    assert list(backtracking(parsed(re.compile(pattern))))


@pytest.mark.parametrize("name", ["server.http.framing._FIELD", "proxy.body.multipart._FIELD"])
def test_a_search_for_fields_starts_only_where_a_line_does(name: str) -> None:
    assert EXPRESSIONS[name].pattern.startswith(b"^")
