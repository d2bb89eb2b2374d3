"""The request log as it grows: what viewers get, and when their streams end."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from admin.components import live_tail
from admin.components.live_tail import Viewer
from models import AdminSession, RequestLog
from models.entry import Entry
from models.ledger import apply_batch
from models.queries import log_tail
from models.queries.log_tail import LogTail
from tests.admin.conftest import BY, Browser, browsing, make_project, make_token, on_both
from tests.fixtures.service import GIVEN, RunService
from tests.manage.entries import entry

TAIL = "/admin/requests/tail"
_PATIENCE_S = 60


async def record(*entries: Entry) -> None:
    await apply_batch(uuid4().hex, 0, 1, list(entries))


def ids_of(rows: list[RequestLog]) -> list[str]:
    return [str(row.id) for row in rows]


def now() -> datetime:
    return datetime.now(UTC)


class Stream:
    """An open tail."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def event(self) -> dict[str, str]:
        """The next event, its fields; what is only a comment is no event."""
        found: dict[str, str] = {}
        async with asyncio.timeout(_PATIENCE_S):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if not line and "event" in found:
                    return found
                if name:
                    found[name] = found.get(name, "") + value
        raise AssertionError("the stream has ended")

    async def ids(self, count: int) -> list[str]:
        """The next rows' ids. The page leaves out what it has, so a row may come twice."""
        found: dict[str, None] = {}
        while len(found) < count:
            found[(await self.event())["id"]] = None
        return list(found)

    async def end(self) -> None:
        """Wait until the server ends it."""
        async with asyncio.timeout(_PATIENCE_S):
            async for _ in self._lines:
                pass


@asynccontextmanager
async def watching(browser: Browser, query: str = "") -> AsyncIterator[Stream]:
    async with browser.stream("GET", TAIL + query, timeout=_PATIENCE_S) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        assert await anext(stream._lines) == "retry: 2000"
        yield stream


@on_both
async def test_a_new_row_comes_as_the_list_shows_it(admin: Browser) -> None:
    project = await make_project("shop <b>")
    token = await make_token(project, "web")
    async with watching(admin) as stream:
        row = entry(project_id=project.id, token_id=token.id, model="gpt-<i>")
        await record(row)
        event = await stream.event()
    assert (event["event"], event["id"]) == ("row", str(row.id))
    assert f"/admin/requests/{row.id}" in event["data"]
    assert "shop &lt;b&gt;" in event["data"]
    assert "gpt-&lt;i&gt;" in event["data"]


async def test_the_filters_of_the_list_hold(admin: Browser) -> None:
    async with watching(admin, f"?model=big&outcome=complete&project={UUID(int=1)}") as stream:
        wanted = entry(model="big")
        await record(entry(), entry(model="big", project_id=UUID(int=5)),
                     entry(model="big", outcome="client_left"), wanted)  # fmt: skip
        assert (await stream.event())["id"] == str(wanted.id)
    async with watching(admin, "?tag=team%3Dsearch&end_user=u-1") as stream:
        tags = (("team", "search"),)
        wanted = entry(tags=tags, end_user="u-1")
        await record(entry(tags=tags), entry(end_user="u-1"), wanted)
        assert (await stream.event())["id"] == str(wanted.id)


@on_both
async def test_what_ended_just_before_it_was_watched_is_in_it_for_each_viewer(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "LIST_PAGE", 2)
    # However long this machine takes to let them join.
    monkeypatch.setattr(log_tail, "_JUST_BEFORE", timedelta(minutes=5))
    moment = now()
    await record(
        entry(moment - timedelta(minutes=20)),
        # Began first of these, so it stands on the list's second page, and is not new.
        entry(moment - timedelta(seconds=2), duration_us=2_000_000),
        one := entry(moment - timedelta(seconds=1), duration_us=1_000_000),
        two := entry(moment),
    )
    # The second joins a poller that runs already, and has seen these rows.
    async with watching(admin) as first:
        assert await first.ids(2) == [str(one.id), str(two.id)]
        async with watching(admin) as second:
            assert await second.ids(2) == [str(one.id), str(two.id)]
            await record(three := entry())
            for stream in (first, second):
                while await stream.ids(1) != [str(three.id)]:
                    pass


@on_both
async def test_what_a_newcomers_list_may_hold_is_not_new_though_the_poller_finds_it_new(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "LIST_PAGE", 1)
    look, has_found, go_on = LogTail.look, asyncio.Event(), asyncio.Event()

    async def held(self: LogTail, present: datetime) -> list[RequestLog]:
        rows = await look(self, present)
        if any(row.model == "held" for row in rows):
            has_found.set()
            await go_on.wait()
        return rows

    monkeypatch.setattr(LogTail, "look", held)
    async with watching(admin) as first:
        # Once the first is no newcomer any more.
        await record(entry())
        await first.event()
        await record(one := entry(), two := entry(model="held"))
        async with asyncio.timeout(_PATIENCE_S):
            await has_found.wait()
        async with watching(admin) as second:
            go_on.set()
            seen = await first.ids(2)
            while str(two.id) not in seen:
                seen += await first.ids(1)
            assert seen[-2:] == [str(one.id), str(two.id)]
            assert await second.ids(1) == [str(two.id)]


async def test_all_viewers_share_one_poller(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = LogTail.look

    async def counting(self: LogTail, present: datetime) -> list[RequestLog]:
        nonlocal looks
        looks += 1
        return await look(self, present)

    monkeypatch.setattr(LogTail, "look", counting)
    started = asyncio.get_running_loop().time()
    async with watching(admin) as one, watching(admin) as two, watching(admin) as three:
        row = entry()
        await record(row)
        for stream in (one, two, three):
            assert (await stream.event())["id"] == str(row.id)
        passed = asyncio.get_running_loop().time() - started
        assert looks <= passed + 2


async def test_signing_out_ends_the_stream_at_once(admin: Browser) -> None:
    async with watching(admin) as stream:
        session = await AdminSession.all().first()
        assert session is not None
        await session.revoke(by=BY)
        assert (await stream.event())["event"] == "gone"
        await stream.end()


async def test_strangers_are_led_to_sign_in(stranger: Browser) -> None:
    answer = await stranger.get(TAIL, follow_redirects=False)
    assert answer.status_code == 303


async def test_a_browser_that_comes_back_to_a_stream_is_told_that_its_session_is_over(
    stranger: Browser,
) -> None:
    answer = await stranger.get(TAIL, headers={"accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.endswith("event: gone\ndata:\n\n")


async def test_a_stream_has_the_strict_headers(viewer: Browser) -> None:
    async with watching(viewer) as stream:
        assert "default-src 'none'" in stream.response.headers["content-security-policy"]
        assert stream.response.headers["cache-control"] == "no-store"


async def test_a_draining_worker_does_not_wait_for_viewers(run_service: RunService) -> None:
    service = run_service(ADMIN_PASSWORD=GIVEN["ADMIN_PASSWORD"], GRACEFUL_SHUTDOWN_TIMEOUT="600")
    async with browsing(service.url) as browser:
        await browser.sign_in("admin", GIVEN["ADMIN_PASSWORD"])
        async with watching(browser) as stream:
            service.send(signal.SIGTERM)
            await stream.end()
            # It would wait for ten minutes.
            assert await asyncio.to_thread(service.wait) == 0


# The poller's look


@pytest.mark.usefixtures("url")
class TestLook:
    @on_both
    async def test_the_first_finds_nothing_new(self) -> None:
        await record(entry())
        assert await LogTail().look(now()) == []

    @on_both
    async def test_the_newest_are_those_of_the_lists_first_page(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_tail, "LIST_PAGE", 2)
        await record(entry(), one := entry(), two := entry())
        assert ids_of(await log_tail.newest()) == [one.id, two.id]

    @on_both
    async def test_each_row_is_told_once(self) -> None:
        log = LogTail()
        await log.look(now())
        await record(one := entry(), two := entry())
        assert ids_of(await log.look(now())) == sorted((one.id, two.id))
        assert await log.look(now()) == []

    async def test_a_request_that_ends_after_later_ones_is_told(self) -> None:
        log = LogTail()
        began = now() - timedelta(seconds=60)
        await log.look(now())
        await record(entry())
        assert len(await log.look(now())) == 1
        await record(slow := entry(began, duration_us=60_000_000))
        assert ids_of(await log.look(now())) == [slow.id]

    async def test_one_that_ran_for_many_minutes_is_told_a_little_later(self) -> None:
        log = LogTail()
        await log.look(now())
        await record(slow := entry(now() - timedelta(minutes=20), duration_us=1_200_000_000))
        assert ids_of(await log.look(now() + timedelta(seconds=11))) == [slow.id]
        assert await log.look(now() + timedelta(seconds=22)) == []


# A viewer's queue


def a_viewer(**wanted: Any) -> Viewer:
    return Viewer(uuid4(), wanted)


def test_a_viewer_sees_what_the_list_would_show() -> None:
    row = RequestLog(id=uuid4(), model="gpt-4o", status=429, endpoint="/v1/responses")
    for seen, wanted in (
        (True, {"models": ["gpt-4o", "gpt-5"], "status_class": 4, "endpoint": "/v1/responses"}),
        (True, {"request_id": row.id}),
        (True, {"model_part": "GPT"}),
        (False, {"model_part": "gpt-5"}),
        (False, {"models": []}),
        (False, {"status_class": 5}),
        (False, {"endpoint": "/v1/messages"}),
        (False, {"request_id": uuid4()}),
    ):
        assert a_viewer(**live_tail.wanted(wanted)).sees(row) is seen


async def test_who_does_not_keep_up_is_ended_rather_than_kept_in_memory() -> None:
    viewer = a_viewer()
    while viewer.push(b"x"):
        pass
    assert viewer.queue.qsize() == live_tail._QUEUE
    viewer.end()
    assert [event async for event in viewer.events()] == []


async def test_silence_is_broken_by_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_tail, "_HEARTBEAT_SECONDS", 0.01)
    viewer = a_viewer()
    assert (await anext(viewer.events())).startswith(b":")


def test_an_event_stays_one_whatever_is_in_its_lines() -> None:
    event = live_tail._event(UUID(int=1), "<tr>\r\n\n<td>\u2028a</td></tr>\n")
    assert event.count(b"\n\n") == 1
    assert event.endswith(b"\n\n")
    assert all(line.startswith(b"data: ") for line in event.splitlines()[2:-1])
