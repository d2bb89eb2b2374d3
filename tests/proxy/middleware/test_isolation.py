"""What a middleware does wrong harms its own request alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from config import Database
from models import Token
from models.budgets import BudgetRule, with_budgets
from proxy.errors import MiddlewareFailed
from proxy.middleware import View, calling
from proxy.middleware.loading import Loaded
from proxy.middleware.watchdog import Held
from tests.proxy.middleware.shaped import EVENTS, Kept, shaped_plane, streamed
from tests.proxy.middleware.test_answering import DONE, PLAIN, STREAM, TEXT
from tests.proxy.planes import Plane
from tests.proxy.scripted import CHAT, HEAD_OK, Client, Peer, a_client
from tests.proxy.upstream.conftest import until

#: What people asked, which no log may quote.
PRIVATE = "alice@example.com"
BAD = {
    "an exception": ValueError(PRIVATE),
    "the end of the process": SystemExit(PRIVATE),
    "an interrupt": KeyboardInterrupt(PRIVATE),
    "a cancellation of its own": asyncio.CancelledError(PRIVATE),
    "the end of a generator": GeneratorExit(PRIVATE),
    "the end of an iteration": StopIteration(PRIVATE),
    "a lack of memory": MemoryError(PRIVATE),
}


class Fails:
    """In the hook and for the requests that a test says; all others pass."""

    keeps_body = True

    def __init__(self) -> None:
        self.request_does: Callable[[], Awaitable[Any]] | None = None
        self.head_does: Callable[[], Any] | None = None
        self.event_does: Callable[[], Any] | None = None

    def _is_meant(self, view: View) -> bool:
        return view.tags.get("fails") == "yes"

    async def request(self, view: View) -> None:
        if self.request_does is not None and self._is_meant(view):
            return await self.request_does()  # type: ignore[no-any-return]
        return None

    def response_head(self, view: View) -> None:
        if self.head_does is not None and self._is_meant(view):
            return self.head_does()  # type: ignore[no-any-return]
        return None

    def event(self, view: View, data: bytes) -> bytes | None:
        if self.event_does is not None and self._is_meant(view):
            return self.event_does()  # type: ignore[no-any-return]
        return None


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged."""
    found: list[str] = []
    handler = logger.add(found.append, format="{level} {message} {extra}", diagnose=False)
    yield found
    logger.remove(handler)


def raises(error: BaseException) -> Callable[[], Any]:
    def does() -> Any:
        raise error

    return does


def returns(what: Any) -> Callable[[], Any]:
    return lambda: what


def waiting(does: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def later() -> Any:
        await asyncio.sleep(0)
        return does()

    return later


async def ask(plane: Plane, secret: str, *, fails: bool = True, body: bytes = CHAT) -> Client:
    fields = ("X-LLM-Proxy-Tags: fails=yes",) if fails else ()
    return await plane.serve(a_client("POST", body, secret=secret, fields=fields))


async def test_whatever_a_hook_raises_is_one_refusal_and_is_logged_without_what_was_asked(
    tmp_path: Path, sqlite_database: Database, lines: list[str], both_ways: None
) -> None:
    fails = Fails()
    async with shaped_plane(tmp_path, sqlite_database, fails) as plane:
        _, secret = await plane.token()
        for error in BAD.values():
            for hook, does in (
                ("request_does", waiting(raises(error))), ("head_does", raises(error)),
                ("event_does", raises(error)),
            ):  # fmt: skip
                fails.__init__()  # type: ignore[misc]
                setattr(fails, hook, does)
                lines.clear()
                client = await ask(plane, secret)
                assert (client.status, client.code) == (500, "middleware_failed"), (hook, error)
                assert client.ended == "finish"
                assert PRIVATE.encode() not in client.content
                (line,) = lines
                assert line.startswith("ERROR middleware Fails in ")
                kind = (
                    "RuntimeError"
                    if "request" in hook and isinstance(error, StopIteration)
                    else type(error).__name__
                )
                assert f"raised {kind}" in line
                assert "test_isolation.py" in line
                assert PRIVATE not in line
                calls = plane.plane._shaping
                assert calls is not None
                calls.calls._logged.clear()
                assert (await ask(plane, secret, fails=False)).status == 200
                assert plane.is_idle()


async def test_what_a_hook_returns_that_it_must_not_is_a_failure(
    tmp_path: Path, sqlite_database: Database, lines: list[str]
) -> None:
    fails = Fails()

    async def nothing() -> None:
        """Never awaited by anybody."""

    async with shaped_plane(tmp_path, sqlite_database, fails) as plane:
        _, secret = await plane.token()
        for hook, what in (
            ("request_does", 5), ("request_does", b""), ("head_does", {}), ("head_does", nothing),
            ("event_does", "text"), ("event_does", 5), ("event_does", True),
            ("event_does", bytearray()), ("event_does", nothing),
        ):  # fmt: skip
            fails.__init__()  # type: ignore[misc]
            made: Any = what if what is not nothing else nothing()
            does = returns(made)
            setattr(fails, hook, waiting(does) if hook == "request_does" else does)
            client = await ask(plane, secret)
            assert (client.status, client.code) == (500, "middleware_failed"), (hook, what)
            assert (await ask(plane, secret, fails=False)).status == 200
            assert plane.is_idle()
    assert any("must not be async" in line for line in lines)


class Plain:
    """Its hook is no coroutine."""

    def request(self, view: View) -> None:
        """Nothing."""


async def test_a_request_hook_that_is_not_async_is_a_failure(
    tmp_path: Path, sqlite_database: Database, lines: list[str]
) -> None:
    async with shaped_plane(tmp_path, sqlite_database, Plain()) as plane:
        _, secret = await plane.token()
        assert (await ask(plane, secret)).code == "middleware_failed"
    assert "request must be async" in lines[0]


async def test_a_failure_behind_the_first_bytes_breaks_the_answer_visibly(
    tmp_path: Path, sqlite_database: Database, both_ways: None
) -> None:
    fails, go_on = Fails(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(EVENTS + b"\r\n" + TEXT[0])
        await go_on.wait()
        await peer.send(DONE)
        await peer.gone()

    async with shaped_plane(tmp_path, sqlite_database, fails) as plane:
        plane.upstream.follow(script)
        _, secret = await plane.token()
        failing = a_client("POST", STREAM, secret=secret, fields=("X-LLM-Proxy-Tags: fails=yes",))
        other = a_client("POST", STREAM, secret=secret)
        tasks = [plane.begin(client) for client in (failing, other)]
        await until(lambda: failing.content == other.content == TEXT[0])
        fails.event_does = raises(ValueError())
        go_on.set()
        await until(lambda: failing.ended == "abort" and other.content == TEXT[0] + DONE)
        assert (failing.content, failing.ended) == (TEXT[0], "abort")
        await plane.leave(other, tasks[1])
        await asyncio.gather(*tasks, return_exceptions=True)
        assert plane.is_idle()
        entry = next(one for one in plane.entries() if one.refusal_code)
        assert (entry.status, entry.refusal_code) == (200, "middleware_failed")
        assert entry.outcome == "middleware_failed"


async def test_one_that_never_returns_has_its_time_and_holds_nobody_up(
    tmp_path: Path, sqlite_database: Database, lines: list[str], both_ways: None
) -> None:
    fails, called, ended = Fails(), asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    fails.request_does = forever
    async with shaped_plane(tmp_path, sqlite_database, fails, timeout=0.2) as plane:
        _, secret = await plane.token()
        asking = asyncio.ensure_future(ask(plane, secret))
        await called.wait()
        assert (await ask(plane, secret, fails=False)).status == 200
        client = await asking
        assert (client.status, client.code) == (500, "middleware_failed")
        await ended.wait()
        assert plane.is_idle()
    assert "did not return within MIDDLEWARE_TIMEOUT" in lines[0]


async def test_one_that_ignores_its_cancellation_is_left_behind_and_their_number_is_bounded(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "ABANDONED_MAX", 2)
    fails, calls, end = Fails(), [], asyncio.Event()

    async def stubborn() -> None:
        calls.append(1)
        while not end.is_set():
            try:
                await end.wait()
            except asyncio.CancelledError:
                continue

    fails.request_does = stubborn
    async with shaped_plane(tmp_path, sqlite_database, fails, timeout=0.01) as plane:
        _, secret = await plane.token()
        for _ in range(4):
            assert (await ask(plane, secret)).code == "middleware_failed"
        assert len(calls) == 2
        end.set()
        shaping = plane.plane._shaping
        assert shaping is not None
        await until(lambda: not shaping.asked[0].abandoned)
        fails.request_does = None
        assert (await ask(plane, secret, fails=False)).status == 200
        assert plane.is_idle()


async def test_a_worker_ends_although_a_call_does_not() -> None:
    """`asyncio.Runner` waits for all tasks that are left."""
    end = asyncio.Event()

    class Stubborn:
        async def request(self, view: View) -> None:
            while not end.is_set():
                try:
                    await end.wait()
                except asyncio.CancelledError:
                    continue

    one = Loaded("stubborn", Stubborn())
    calls = calling.Calls(Held(), 0.01)
    view: Any = type("view", (), {"refused": None})()
    with pytest.raises(MiddlewareFailed):
        await calls.ask(one, view, "request")
    (task,) = one.abandoned
    assert task in asyncio.all_tasks()
    calls.let_go((one,))
    assert task not in asyncio.all_tasks()
    end.set()
    await until(task.done)


async def test_a_client_that_leaves_ends_the_call(
    tmp_path: Path, sqlite_database: Database, both_ways: None
) -> None:
    fails, called, ended = Fails(), asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    fails.request_does = forever
    async with shaped_plane(tmp_path, sqlite_database, fails) as plane:
        _, secret = await plane.token()
        client = a_client(secret=secret, fields=("X-LLM-Proxy-Tags: fails=yes",))
        task = plane.begin(client)
        await called.wait()
        await plane.leave(client, task)
        await ended.wait()
        assert plane.is_idle()
        assert plane.entries() == []


async def test_failures_are_counted_by_middleware_and_reason_and_logged_now_and_then(
    tmp_path: Path, sqlite_database: Database, lines: list[str]
) -> None:
    fails = Fails()
    fails.request_does = waiting(raises(ValueError()))
    async with shaped_plane(tmp_path, sqlite_database, fails) as plane:
        _, secret = await plane.token()
        for _ in range(3):
            await ask(plane, secret)
        shaping = plane.plane._shaping
        assert shaping is not None
        assert shaping.calls.take_failures() == {("Fails", "raised"): 3}
        assert shaping.calls.take_failures() == {}
        assert len(lines) == 1
        shaping.calls._logged.update(dict.fromkeys(shaping.calls._logged, 0.0))
        await ask(plane, secret)
    assert "(and 2 times more since it was logged last)" in lines[1]


async def test_a_budget_is_charged_for_an_answer_that_a_middleware_kept_from_the_client(
    tmp_path: Path, sqlite_database: Database
) -> None:
    """The upstream has done the work: what it used where that was read, else what was held."""
    fails, answer = Fails(), json.dumps(PLAIN).encode()
    async with shaped_plane(tmp_path, sqlite_database, fails) as plane:
        token, secret = await plane.token()
        rules = [BudgetRule(limit="tokens", amount=100_000, period="day")]
        await Token.filter(id=token.id).update(budgets=with_budgets(rules, None, 1))
        body = b'{"model": "gpt-4o", "messages": [], "max_tokens": 5}'
        for hook in ("head_does", "event_does"):
            fails.__init__()  # type: ignore[misc]
            setattr(fails, hook, raises(ValueError()))
            plane.upstream.follow(Kept(answer))
            assert (await ask(plane, secret, body=body)).code == "middleware_failed"
        # Without room for its answer it must not be told either that nothing was used.
        fails.__init__()  # type: ignore[misc]
        plane.plane.body_budget.most = len(body) + len(answer) // 2
        plane.upstream.follow(streamed(answer, head=HEAD_OK))
        assert (await ask(plane, secret, body=body)).code == "middleware_failed"
        assert plane.is_idle()
        entries = plane.entries()
    assert [entry.charge for entry in entries] == ["held", "used", "used"]
    assert {(entry.status, entry.outcome) for entry in entries} == {(500, "middleware_failed")}
    assert not entries[0].used_nothing
