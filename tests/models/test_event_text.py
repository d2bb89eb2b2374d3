"""Events in a line each, also of data that lacks something."""

import pytest

from models.event_kinds import EVENT_KINDS
from models.event_text import event_text

_DAY = {"scope": "token", "policy": None, "limit": "usd", "period": "day", "amount": 25}
_TOTAL = {"scope": "project", "policy": "cheap", "limit": "tokens", "period": "total", "amount": 9}


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("budget.threshold", {"budget": _DAY, "share": 80, "token_name": "a"},
         "80 % of the budget of $25 per day of the token a is spent."),
        ("budget.exceeded", {"budget": _TOTAL, "project_name": "Docs"},
         "No room for a request in the budget of 9 tokens in all of the policy cheap of the"
         " project Docs."),
        ("key.resting", {"model": "gpt-4o", "reason": "429", "key_label": ""},
         "The key without a name rests for gpt-4o: 429."),
        ("token.expiring", {"token_name": "a", "seconds_before": 86_400},
         "The token a ends within a day."),
        ("token.exhausted", {"token_name": "a", "why": "max_requests"},
         "The token a has used up all its requests."),
        ("database.back", {"machine": "one", "seconds": 2.5},
         "The database takes writes of one again, after 2.5 s."),
    ],
)  # fmt: skip
def test_an_event_is_said(kind: str, data: dict[str, object], text: str) -> None:
    assert event_text(kind, data) == text


@pytest.mark.parametrize("kind", [*EVENT_KINDS, "of.tomorrow"])
def test_data_of_another_release_is_said_as_far_as_it_goes(kind: str) -> None:
    assert event_text(kind, {})
    assert event_text(kind, {"budget": None, "seconds_before": None})
