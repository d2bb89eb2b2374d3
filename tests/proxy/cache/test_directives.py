"""A client's `Cache-Control` is obeyed in whatever form it comes."""

from __future__ import annotations

import pytest

from proxy.cache.directives import Directives, directives_of
from proxy.header_lines import HeaderLines

NOTHING = Directives()


def of(*values: bytes, name: bytes = b"Cache-Control") -> Directives:
    return directives_of(HeaderLines.of([(name, value) for value in values]))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((b"no-cache",), Directives(no_cache=True)),
        ((b"No-Cache",), Directives(no_cache=True)),
        ((b"no-store",), Directives(no_store=True)),
        ((b"max-age=5",), Directives(max_age=5)),
        ((b"max-age = 5",), Directives(max_age=5)),
        ((b'max-age="5"',), Directives(max_age=5)),
        ((b"max-age=0",), Directives(max_age=0)),
        ((b"max-age=5, max-age=3",), Directives(max_age=3)),
        ((b"max-age=99999999999999999999",), Directives(max_age=2**31)),
        ((b"no-cache, no-store,max-age=1",), Directives(True, True, 1)),
        ((b"no-cache", b"no-store"), Directives(True, True)),
        ((b",, ,no-cache ,",), Directives(no_cache=True)),
        ((b'ext="a, b", no-cache',), Directives(no_cache=True)),
        ((b'ext="\\"", no-store',), Directives(no_store=True)),
        ((b'ext="no-store',), Directives(no_store=True)),
        ((b'no-cache="x-a"',), Directives(no_cache=True)),
        # In a text it is said of something else.
        ((b'ext="a, no-cache, max-age=1"',), NOTHING),
        ((b"max-age",), NOTHING),
        ((b"max-age=",), NOTHING),
        ((b"max-age=-1",), NOTHING),
        ((b"max-age=1.5",), NOTHING),
        ((b"max-age=x",), NOTHING),
        ((b"no-cached, x-no-store, s-maxage=1",), NOTHING),
        ((b"max-stale=1, min-fresh=1, only-if-cached",), NOTHING),
        ((b"",), NOTHING),
        ((b'\xff\x80=;;"\\',), NOTHING),
        ((), NOTHING),
    ],
)
def test_what_it_says(values: tuple[bytes, ...], expected: Directives) -> None:
    assert of(*values) == expected


def test_pragma_counts_where_there_is_no_cache_control() -> None:
    assert of(b"No-Cache", name=b"Pragma") == Directives(no_cache=True)
    both = [(b"pragma", b"no-cache"), (b"cache-control", b"max-age=9")]
    assert directives_of(HeaderLines.of(both)) == Directives(max_age=9)


def test_a_kept_answer_is_served_up_to_the_age_that_is_asked_for() -> None:
    assert NOTHING.allows(1e9)
    assert not Directives(no_cache=True).allows(0)
    assert not Directives(no_store=True).allows(0)
    assert Directives(max_age=5).allows(5.0)
    assert not Directives(max_age=5).allows(5.1)
    assert not Directives(max_age=0).allows(0)


def test_no_store_alone_keeps_nothing() -> None:
    assert Directives(True, False, 0).keeps
    assert not Directives(no_store=True).keeps
    assert not NOTHING.asks
    assert all(
        each.asks for each in (Directives(True), Directives(False, True), Directives(max_age=0))
    )


def test_a_long_line_of_quotes_is_read_in_one_pass() -> None:
    """What is read stays in proportion to the line, whatever the line is."""
    line = b'a="' + b'\\"' * 30_000
    assert of(line) == NOTHING
    assert of(line + b'", no-store') == Directives(no_store=True)
