"""How many steps a usual request takes: counted, since a clock says more of the machine."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

from models import Actor, Project, Token
from models.budgets import BudgetRule, with_budgets
from tests.server.corpus import HOST
from tests.server.door import Door

_ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = tuple(
    str(_ROOT / room) + "/" for room in ("models", "proxy", "server", "telemetry")
)
BY: Final = Actor("cli:tester")
_BODY: Final = b'{"model": "gpt-4o", "messages": []}'
_REQUESTS: Final = 60
_FIELDS: Final = HOST + b"$AUTH\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
#: Calls of our own functions, and steps of our own coroutines, from the first byte of a request to
#: the last of its answer. It was some 270 before a usual request had a way of its own.
MOST_CALLS: Final = 59


#: With two limits, a rate and four budgets.
MOST_CALLS_WITH_BUDGETS: Final = 199


#: One whose answer is kept: it asks no upstream, but its body's digest is made.
MOST_CALLS_OF_A_HIT: Final = 62


async def calls_of_requests(door: Door, body: bytes) -> list[int]:
    """The token known, the body with its head, the upstream's connection kept, the answer short."""
    message = door.with_token(
        b"POST /v1/chat/completions HTTP/1.1\r\n" + _FIELDS % len(body) + body
    )
    counted: list[int] = []

    def count(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call" and frame.f_code.co_filename.startswith(_ROOMS):
            counted[-1] += 1

    async with await door.connect() as client:
        # What comes again and again is remembered from the second time on; and one at least of so
        # many has nothing in it that the worker does now and then.
        for number in range(_REQUESTS):
            counted.append(0)
            sys.setprofile(count if number >= 5 else None)
            try:
                await client.send(message)
                answer = await client.answer()
            finally:
                sys.setprofile(None)
            assert answer.status == 200
    return counted[5:]


async def test_a_usual_request_takes_few_calls(door: Door) -> None:
    assert min(await calls_of_requests(door, _BODY)) <= MOST_CALLS


async def test_a_request_with_budgets_takes_few_more(door: Door) -> None:
    rules = [
        BudgetRule(limit="usd", amount=1000, period="day"),
        BudgetRule(limit="usd", amount=1000, period="month"),
        BudgetRule(limit="tokens", amount=10**9, period="day"),
        BudgetRule(limit="tokens", amount=10**9, period="minute"),
    ]
    (project,) = await Project.filter(base_url=door.up.url)
    token, secret = await Token.issue(project, by=BY, max_requests=1000)
    await Token.filter(id=token.id).update(
        budgets=with_budgets(rules, None, 1), requests_per_minute=1000, max_parallel_requests=9
    )
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"max_tokens":9}'
    counted = await calls_of_requests(replace(door, secret=secret), body)
    assert min(counted) <= MOST_CALLS_WITH_BUDGETS


async def test_a_kept_answer_takes_few_calls(door: Door) -> None:
    (project,) = await Project.filter(base_url=door.up.url)
    await project.change(by=BY, cache={"ttl_seconds": 60, "scope": "project", "only": "all"})
    _, secret = await Token.issue(project, by=BY)
    counted = await calls_of_requests(replace(door, secret=secret), _BODY)
    assert min(counted) <= MOST_CALLS_OF_A_HIT
