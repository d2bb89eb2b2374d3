"""What `docs/architecture.md` says under "Adding a kind of destination": no step is forgotten."""

from pathlib import Path
from typing import Any

import pytest

from admin.forms.destinations import KINDS as EXPLAINED
from delivery.senders import Senders
from models.crypto import KeyRing
from models.destination_rules import KINDS, Kind
from models.destinations import Destination, DestinationPolicy
from tests.models.rows import BY

ROOT = Path(__file__).parents[2]
RING = KeyRing([b"k" * 32])
#: The least that each kind has.
LEAST: dict[str, dict[str, Any]] = {
    "webhook": {"url": "https://ops.example.com"},
    "otlp": {"url": "http://collector:4318"},
    "langfuse": {"url": "https://cloud.langfuse.com", "secret": "pk-lf-1:sk-lf-2"},
    "jsonl": {},
}


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_has_what_sends_there(kind: Kind, tmp_path: Path) -> None:
    row, _ = await Destination.make(kind=kind, ring=RING, by=BY, name=kind, **LEAST[kind])
    senders = Senders(RING, DestinationPolicy(max_bytes=1_000_000), tmp_path)
    assert senders.of(row).batch >= 1
    assert (row.address is None) == (row.url is None)
    await senders.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_explained(kind: Kind) -> None:
    page = (ROOT / "docs" / "destinations.md").read_text(encoding="utf-8")
    assert f"--kind {kind}" in page, "no example of how to set it up"
    shown = EXPLAINED[kind]
    assert shown.title
    assert shown.summary.endswith(".")
