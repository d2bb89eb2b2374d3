"""What `docs/destinations.md` has receivers do: as it stands there, on what is really sent."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

import pytest

from delivery.webhook import signed

PAGE = Path(__file__).parents[2] / "docs" / "destinations.md"
KEY = b"k" * 32
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
BODY = b'{"type": "key.suspended"}'


@pytest.fixture
def is_genuine() -> Callable[..., bool]:
    """The function of the page."""
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(snippet, str(PAGE), "exec"), scope)
    found: Callable[..., bool] = scope["is_genuine"]
    return found


def test_a_delivery_is_taken_for_genuine_and_nothing_else_is(
    is_genuine: Callable[..., bool],
) -> None:
    fields = dict(signed(KEY, "0199-id", int(time()), BODY))
    assert is_genuine(SECRET, fields, BODY)
    assert not is_genuine(SECRET, fields, BODY + b" ")
    assert not is_genuine(f"whsec_{base64.b64encode(b'o' * 32).decode()}", fields, BODY)
    assert not is_genuine(SECRET, fields | {"webhook-id": "another"}, BODY)
    old = dict(signed(KEY, "0199-id", int(time()) - 3600, BODY))
    assert not is_genuine(SECRET, old, BODY)
