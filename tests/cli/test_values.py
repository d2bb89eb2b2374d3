"""What is typed for a field, as the API would be sent it."""

import pytest
import typer

from cli import values
from cli.values import Provided


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("none", None),
        ("3", {"max_attempts": 3}),
        (
            "2 statuses=429,503 first_byte_timeout=2.5",
            {"max_attempts": 2, "statuses": [429, 503], "first_byte_timeout": 2.5},
        ),
    ],
)
def test_a_rule_for_failover_is_read(typed: str, sent: object) -> None:
    assert values.failover(typed) == Provided(sent)


@pytest.mark.parametrize(
    "typed", ["x", "", "2 statuses=x", "2 first_byte_timeout=soon", "2 retries=3", "statuses=429"]
)
def test_what_is_no_rule_is_refused(typed: str) -> None:
    with pytest.raises(typer.BadParameter):
        values.failover(typed)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("none", None),
        ("ttl=60 scope=token", {"ttl_seconds": 60, "scope": "token"}),
        ("only=all  ttl=5", {"ttl_seconds": 5, "only": "all"}),
    ],
)
def test_a_rule_for_kept_answers_is_read(typed: str, sent: object) -> None:
    assert values.cache(typed) == Provided(sent)


@pytest.mark.parametrize("typed", ["60", "ttl=x", "ttl=", "scope", "ttl=5 for=all"])
def test_what_is_no_rule_for_kept_answers_is_refused(typed: str) -> None:
    with pytest.raises(typer.BadParameter):
        values.cache(typed)
