"""A plane's table of rows, as routes."""

from typing import NamedTuple

import pytest

from web import routes


class Row(NamedTuple):
    method: str
    path: str


def test_a_row_that_is_in_the_table_twice_stops_the_start() -> None:
    rows = [Row("GET", "/tokens"), Row("POST", "/tokens")]
    assert routes.by_path(rows) == {"/tokens": {row.method: row for row in rows}}
    with pytest.raises(ValueError, match="GET /tokens is in the table twice"):
        routes.by_path([*rows, Row("GET", "/tokens")])


def test_whoever_may_get_may_head() -> None:
    assert routes.allowed_methods({"POST": 1, "GET": 1}) == ["GET", "HEAD", "POST"]
    assert routes.allowed_methods({"POST": 1}) == ["POST"]


def test_a_path_has_ids_or_nothing_is_there() -> None:
    text = "00000000-0000-4000-8000-000000000000"
    ids = routes.parse_ids({"token_id": text})
    assert ids is not None
    assert str(ids["token_id"]) == text
    assert routes.parse_ids({}) == {}
    assert routes.parse_ids({"token_id": text, "key_id": "1"}) is None
