"""What is remembered of the credentials that came before, and what of them goes with a grant."""

from __future__ import annotations

import pytest

from proxy.access.recognised import _VALUE_MAX_BYTES, Known, Recognised
from proxy.header_lines import HeaderLines
from server.http.downstream import read_head


def lines(*fields: str) -> HeaderLines:
    return read_head("\r\n".join(["GET / HTTP/1.1", "Host: a", *fields, "", ""]).encode(), "").lines


def in_memory(known: Recognised[str]) -> tuple[int, int, int]:
    return len(known.lines), len(known.known), len(known._of_digest)


@pytest.mark.parametrize("fields", [("Authorization:",), ()])
def test_no_grant_is_kept_for_those_that_present_nothing(fields: tuple[str, ...]) -> None:
    known: Recognised[str] = Recognised()
    known.add(lines(*fields), "grant", "digest")
    assert known.find(lines()) is None
    assert in_memory(known) == (0, 0, 0)


@pytest.mark.parametrize("longer", [0, 1])
def test_a_value_that_is_longer_than_any_token_takes_no_memory(longer: int) -> None:
    known: Recognised[str] = Recognised()
    presented = lines("Authorization: " + "a" * (_VALUE_MAX_BYTES + longer))
    known.add(presented, "grant", "digest")
    assert known.find(presented) == (None if longer else Known("grant", "digest"))
    assert in_memory(known) == ((0, 0, 0) if longer else (1, 1, 1))


def test_what_goes_with_one_grant_leaves_that_of_another() -> None:
    known: Recognised[str] = Recognised()
    one, other = lines("Authorization: Bearer 1"), lines("Authorization: Bearer 2")
    known.add(one, "first", "1")
    known.add(other, "second", "2")
    known.forget("1")
    known.forget("1")
    assert known.find(one) is None
    assert known.find(other) == Known("second", "2")
    known.clear()
    assert known.find(other) is None
    assert in_memory(known) == (0, 0, 0)


@pytest.mark.parametrize("beside", ["x-api-key: b", "api-key: b", "x-goog-api-key: b"])
def test_a_credential_beside_another_is_neither_kept_nor_found(beside: str) -> None:
    known: Recognised[str] = Recognised()
    alone, both = lines("Authorization: a"), lines("Authorization: a", beside)
    known.add(both, "grant", "digest")
    assert in_memory(known) == (0, 0, 0)
    known.add(alone, "grant", "digest")
    assert known.find(alone) is not None
    assert known.find(both) is None


def test_fields_that_were_not_read_one_by_one_are_not_looked_up() -> None:
    """Of one name there may be two."""
    known: Recognised[str] = Recognised()
    known.add(lines("Authorization: a"), "grant", "digest")
    twice = HeaderLines.of([(b"Authorization", b"a"), (b"authorization", b"b")])
    assert known.find(twice) is None
    known.add(twice, "grant", "other")
    assert in_memory(known) == (1, 1, 1)
