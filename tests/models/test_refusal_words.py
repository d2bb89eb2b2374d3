"""Each refusal that a client can get is explained to whoever administers it."""

import re
from pathlib import Path

from models.refusal_words import REASONS
from proxy import errors

_DOCS = Path(__file__).parents[2] / "docs" / "errors.md"


def _codes() -> set[str]:
    found: set[str] = set()
    kinds = [errors.Refusal]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind is not errors.Refusal:
            found.add(kind.code)
    # The front door's own, before there is a request.
    return found | {"upgrade_required"}


def test_every_code_is_explained() -> None:
    assert set(REASONS) == _codes()


def test_and_stands_in_the_documentation() -> None:
    ours = _DOCS.read_text().partition("## Of the management API")[0]
    assert set(REASONS) <= set(re.findall(r"`([a-z_]++)`", ours))


def test_in_words_that_fit_beside_a_name() -> None:
    for code, reason in REASONS.items():
        assert len(reason.says) <= 40, code
        assert len(reason.mend) <= 24, code
