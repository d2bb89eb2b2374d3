"""Refusals in the audit trail: bounded, counted beyond the bound, and apart from one another."""

import asyncio
from uuid import UUID

import pytest

from config import Database
from models import Actor, AuditEvent, audit
from models.errors import DatabaseUnavailable
from models.ids import new_id
from web.refusal_audit import Refusal, RefusalAuditor

STRANGER = Actor("anonymous", ip="192.0.2.1")
VIEWER = Actor("admin:vera", ip="192.0.2.1")


def refusal(**more: object) -> Refusal:
    given = {"action": "x.refuse", "target_type": "x", "target": None, "outcome": "refused"}
    return Refusal(**(given | more))  # type: ignore[arg-type]


async def lines(actor: Actor) -> list[AuditEvent]:
    return await AuditEvent.filter(actor=actor.name).order_by("id")


async def test_suppressed_lines_are_counted_in_the_next_one(connected: Database) -> None:
    clock = [0.0]
    auditor = RefusalAuditor(lambda: clock[0])
    for _ in range(25):
        await auditor.stranger(STRANGER, refusal(changes={"status": (None, 401)}))
    assert len(await lines(STRANGER)) == 20
    clock[0] = 61
    await auditor.stranger(STRANGER, refusal())
    last = (await lines(STRANGER))[-1]
    assert last.changes == {"suppressed": [None, 5]}


async def test_strangers_in_any_number_hide_nothing_that_somebody_known_tried(
    connected: Database,
) -> None:
    auditor = RefusalAuditor()
    for number in range(300):
        await auditor.stranger(Actor("anonymous", ip=f"198.51.{number}.1"), refusal())
    assert len(await lines(STRANGER)) == 200
    await auditor.known(VIEWER, refusal())
    assert len(await lines(VIEWER)) == 1


async def test_who_may_write_is_not_bounded(connected: Database) -> None:
    auditor = RefusalAuditor()
    for _ in range(30):
        await auditor.unbounded(VIEWER, refusal())
    assert len(await lines(VIEWER)) == 30


async def test_a_target_is_looked_up_only_for_a_line_that_is_written(connected: Database) -> None:
    auditor = RefusalAuditor()
    looked_up: list[UUID] = []

    async def target() -> UUID:
        looked_up.append(new_id())
        return looked_up[-1]

    for _ in range(25):
        await auditor.stranger(STRANGER, refusal(target=target))
    assert [row.target_id for row in await lines(STRANGER)] == list(map(str, looked_up))


async def test_a_refusal_stands_where_its_line_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(audit, "record", away)
    async with asyncio.timeout(5):
        await RefusalAuditor().known(VIEWER, refusal())
