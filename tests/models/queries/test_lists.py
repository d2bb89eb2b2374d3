"""Pages: the right rows in the right order, whichever scan finds them, on both backends."""

import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from config import Database
from models import (
    AuditEvent,
    Exhausted,
    KeyState,
    Project,
    RequestLog,
    Token,
    UpstreamKey,
    request_tag,
    token_status,
)
from models.db import conditions
from models.db.database import connection, run_in_transaction
from models.ids import first_id_at, new_id
from models.queries import audit_search, lists, request_kinds, request_lists, scans
from models.queries.lists import Listing
from models.token_status import STATUSES

NOW = datetime.now(UTC)
NAMES = ("alpha", "Beta-7", "naïve Ärger", "a_b%c", "x", "llmp", "TOKEN-0001", "日本語の鍵")
SEARCHES = (
    "a", "A", "alp", "ALPHA", "eta-", "_", "%", "b%c", "ä", "Ä", "ärger", "本", "本語の", "0001",
    "llmp_…", "none of them", "x" * 200, "' OR 1=1", '"', "\\", "\x00", "\n",
)  # fmt: skip


async def _projects(count: int) -> list[UUID]:
    rows = [
        Project(
            name=NAMES[n % len(NAMES)],
            live_name=f"{n}",
            provider="openai",
            is_active=n % 3 > 0,
            created_at=NOW,
            updated_at=NOW,
            deleted_at=NOW if n % 5 == 0 else None,
        )
        for n in range(count)
    ]
    await Project.bulk_create(rows)
    return [row.id for row in rows]


async def _tokens(owners: Sequence[UUID], count: int, seed: int = 1) -> None:
    chance = random.Random(seed)
    await Token.bulk_create(
        Token(
            project_id=chance.choice(owners),
            name=chance.choice(NAMES),
            hint=f"llmp_…{chance.randrange(10_000):04}",
            created_at=NOW,
            expires_at=chance.choice([None, NOW - timedelta(1), NOW + timedelta(1)]),
            revoked_at=chance.choice([None, None, NOW]),
        )
        for _ in range(count)
    )


async def _requests(count: int) -> None:
    chance = random.Random(2)
    zero = dict.fromkeys(("bytes_in", "bytes_out", "duration_us", "overhead_us"), 0)
    rows = [
        RequestLog(
            id=UUID(int=first_id_at(NOW + timedelta(minutes=n)).int + chance.getrandbits(64)),
            at=NOW + timedelta(minutes=n),
            project_id=UUID(int=chance.randrange(3)),
            token_id=UUID(int=chance.randrange(9)),
            provider="openai",
            endpoint=chance.choice(["/v1/models", "/v1/responses"]),
            method="GET",
            # Rows of a kind lie together, and no model goes with the other's status.
            model="old" if n < count // 2 else "new",
            status=429 if n < count // 2 else chance.choice([200, 500]),
            outcome=chance.choice(["complete", "timeout"]),
            upstream_code=chance.choice([None, "overloaded", "1302"]),
            tags=chance.choice([None, {"team": "a"}, {"team": "b", "a.b": "x=y"}]),
            end_user=chance.choice([None, "u-1", "u-2"]),
            cache=("", "miss", "hit")[n // 5 % 3],
            usage="exact",
            **zero,
        )
        for n in range(count)
    ]
    await RequestLog.bulk_create(rows)
    await request_tag.put((str(row.id), row.tags) for row in rows)


async def _all(rows: Listing[Any], limit: int) -> list[UUID]:
    """Every page, one after the other."""
    found: list[UUID] = []
    before = None
    while True:
        page, before = await lists.page(rows, limit=limit, before=before)
        assert len(page) == limit or before is None
        assert page or not found, "a page said that more rows follow, and none did"
        found += [row.id for row in page]
        if before is None:
            return found
        assert before == found[-1]


@pytest.fixture(params=[1, 250])
async def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small windows every strategy begins, and gives up, in the middle of a page."""
    monkeypatch.setattr(scans, "_FIRST_WINDOW", request.param)
    monkeypatch.setattr("models.queries.search._PATIENCE", 8)


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The windows of all scans along an index."""
    windows: list[int] = []
    advance = scans.IndexScan.advance

    async def noted(self: scans.IndexScan, window: int) -> bool:
        windows.append(window)
        return await advance(self, window)

    monkeypatch.setattr(scans.IndexScan, "advance", noted)
    return windows


@pytest.fixture
async def filled(connected: Database, window: None) -> list[UUID]:
    """Projects of every kind, and their tokens; the first is inactive."""
    owners = [one for n, one in enumerate(await _projects(15)) if n % 5]
    inactive, keyless, suspended, spent, *_ = owners
    await Project.filter(id__in=owners).update(is_active=True)
    await Project.filter(id=inactive).update(is_active=False)
    for owner in owners:
        if owner != keyless:
            await _key(owner, suspended=owner == suspended)
    await _key(keyless, is_active=False)
    await _tokens(owners[:6], 150)
    used_up = await Token.filter(project_id__in=owners[:6]).order_by("id").limit(60)
    await Exhausted.bulk_create(
        [
            Exhausted(subject_id=spent, kind="project", why="budget", at=NOW),
            *(Exhausted(subject_id=row.id, kind="token", why="budget", at=NOW) for row in used_up),
            *(
                Exhausted(subject_id=row.id, kind="token", why="requests", at=NOW)
                for row in used_up[::2]
            ),
        ]
    )
    return owners[:6]


async def _key(owner: UUID, *, suspended: bool = False, is_active: bool = True) -> None:
    key = await UpstreamKey.create(
        project_id=owner, hint="sk", ciphertext="", encryption_key_id="k", created_at=NOW,
        is_active=is_active,
    )  # fmt: skip
    # One that rests is one all the same.
    await KeyState.create(key_id=key.id, suspended_at=NOW if suspended else None)


async def test_tokens_by_owner_status_and_text(filled: list[UUID]) -> None:
    everything = await Token.all().order_by("-id")
    await token_status.show(everything)
    assert {row.status for row in everything} == {*STATUSES}
    for status in (None, *STATUSES):
        for owner in (None, *filled[:5], new_id()):
            for q in (None, "a", "beta", "Ä", "nothing"):
                rows = lists.tokens(project_id=owner, status=status, q=q)
                wanted = [
                    row.id
                    for row in everything
                    if (owner is None or row.project_id == owner)
                    and status in (None, row.status)
                    and (q is None or _holds(f"{row.name}\n{row.hint}", q))
                ]
                assert await _all(rows, 7) == wanted, (status, owner, q)
                assert len(await rows.matching) == len(wanted)


async def test_tokens_that_end_soon(filled: list[UUID]) -> None:
    everything = await Token.all().order_by("-id")
    await token_status.show(everything)
    for status in (None, *STATUSES):
        for owner in (None, filled[5]):
            for days in (0.5, 2):
                within = timedelta(days=days)
                rows = lists.tokens(project_id=owner, status=status, expiring_within=within)
                wanted = [
                    row.id
                    for row in everything
                    if (owner is None or row.project_id == owner)
                    and status in (None, row.status)
                    and not row.is_over
                    and row.expires_at is not None
                    and row.expires_at <= NOW + within
                ]
                if owner is None:
                    assert bool(wanted) == (days == 2 and status not in ("revoked", "expired"))
                assert await _all(rows, 7) == wanted, (status, owner, days)
                assert len(await rows.matching) == len(wanted)


@pytest.mark.parametrize("inactive", [1, 40])
async def test_tokens_of_a_few_projects_among_many_are_found_by_their_projects(
    connected: Database, walked: list[int], inactive: int
) -> None:
    """Not by a walk along all others; of more projects, beside one another."""
    owners = [one for n, one in enumerate(await _projects(90)) if n % 5]
    await Project.filter(id__in=owners).update(is_active=True)
    await Project.filter(id__in=owners[:inactive]).update(is_active=False)
    rare = [row.id for row in await _one_each(owners[:inactive])]
    for _ in range(6):
        await _tokens(owners[inactive:], 200)
    rows = lists.tokens(status="project_inactive")
    assert await _all(rows, 50) == sorted(rare, reverse=True)
    assert sum(walked) <= 600


async def test_tokens_of_a_project_that_has_spent_its_budget_are_found_behind_many_others(
    connected: Database,
) -> None:
    owners = [one for n, one in enumerate(await _projects(10)) if n % 5]
    await Project.filter(id__in=owners).update(is_active=True)
    of_spent = [row.id for row in await _one_each([owners[0]] * 3)]
    await Exhausted.create(subject_id=owners[0], kind="project", why="budget", at=NOW)
    used_up = await _one_each([owners[1]])
    await Exhausted.create(subject_id=used_up[0].id, kind="token", why="requests", at=NOW)
    await _one_each([owners[2]] * 300)
    wanted = sorted([*of_spent, used_up[0].id], reverse=True)
    assert await _all(lists.tokens(status="exhausted"), 2) == wanted


async def _one_each(owners: Sequence[UUID]) -> list[Token]:
    rows = [Token(project_id=owner, hint="llmp_…0000", created_at=NOW) for owner in owners]
    await Token.bulk_create(rows)
    return rows


def _holds(text: str, q: str) -> bool:
    def fold(of: str) -> str:
        return "".join(c.lower() if c.isascii() else c for c in of)

    return fold(q.replace("\x00", "\ufffd")) in fold(text)


@pytest.mark.parametrize("q", SEARCHES)
async def test_every_part_of_a_text_is_found(connected: Database, q: str) -> None:
    owners = await _projects(8)
    await _tokens(owners, 30)
    for rows, texts in (
        (lists.tokens(q=q), [(t.id, f"{t.name}\n{t.hint}") for t in await Token.all()]),
        (
            lists.projects(q=q),
            [(p.id, p.name) for p in await Project.filter(deleted_at__isnull=True)],
        ),
    ):
        wanted = sorted((id_ for id_, text in texts if _holds(text, q)), reverse=True)
        assert await _all(rows, 4) == wanted


async def test_search_follows_changes(connected: Database) -> None:
    (owner,) = await _projects(1)
    await _tokens([owner], 5)
    token = (await Token.all().order_by("id"))[2]
    for name in ("renamed once", "Twice now"):
        token.name = name
        await token.save()
        assert await _all(lists.tokens(q=name.upper()), 5) == [token.id]
    assert await _all(lists.tokens(q="renamed"), 5) == []
    await token.delete()
    assert await _all(lists.tokens(q="twice"), 5) == []


async def test_an_id_is_found_too_and_only_where_the_filters_hold(connected: Database) -> None:
    owners = await _projects(3)
    await _tokens(owners, 20)
    token = (await Token.all().order_by("id"))[10]
    named = (await Token.all().order_by("id"))[3]
    named.name = f"made from {token.id}"
    await named.save()
    assert await _all(lists.tokens(q=str(token.id)), 1) == [token.id, named.id]
    other = next(owner for owner in owners if owner != token.project_id)
    assert token.id not in await _all(lists.tokens(q=str(token.id), project_id=other), 1)
    assert await _all(lists.projects(q=str(owners[0])), 1) == []  # deleted
    assert await _all(lists.projects(q=str(owners[1]).upper()), 1) == [owners[1]]


async def test_projects_by_activity(connected: Database, window: None) -> None:
    await _projects(40)
    everything = await Project.filter(deleted_at__isnull=True).order_by("-id")
    for active in (None, True, False):
        for q in (None, "a"):
            rows = lists.projects(q=q, is_active=active)
            wanted = [
                row.id
                for row in everything
                if active in (None, row.is_active) and (q is None or _holds(row.name, q))
            ]
            assert await _all(rows, 3) == wanted
            assert len(await rows.matching) == len(wanted)


async def test_requests_by_every_pair_of_filters(connected: Database, window: None) -> None:
    await _requests(120)
    everything = await RequestLog.all().order_by("-id")
    filters: dict[str, list[Any]] = {
        "project_id": [UUID(int=1), UUID(int=77)],
        "token_id": [UUID(int=4)],
        "model": ["old", "new"],
        "status": [429, 200, 404],
        "outcome": ["timeout"],
        "upstream_code": ["1302", "none"],
        "start": [NOW + timedelta(minutes=30)],
        "end": [NOW + timedelta(minutes=90)],
        "tag": ["team=a", "team=b", "a.b=x=y", "none=x"],
        "end_user": ["u-1", "nobody"],
        "cached": [True, False],
    }
    single = [(name, value) for name, values in filters.items() for value in values]
    for n, first in enumerate(single):
        for second in single[n:]:
            wanted = dict([first, second])
            if len(wanted) == 1 and first != second:
                # That is the second one alone, which has a turn of its own.
                continue
            rows = request_lists.requests(**wanted)
            expected = [row.id for row in everything if _fits(row, wanted)]
            assert await _all(rows, 7) == expected, wanted
            if not wanted.keys() & {"tag", "cached"}:
                assert len(await rows.matching) == len(expected)


@pytest.mark.parametrize(("endpoints", "kinds"), [(1, 64), (500, 64), (500, 1)])
async def test_requests_by_how_they_ended_and_where(
    connected: Database, window: None, monkeypatch: pytest.MonkeyPatch, endpoints: int, kinds: int
) -> None:
    monkeypatch.setattr(request_kinds, "_MOST_ENDPOINTS", endpoints)
    monkeypatch.setattr(request_kinds, "_MOST_KINDS", kinds)
    await _requests(90)
    everything = await RequestLog.all().order_by("-id")
    filters: dict[str, list[Any]] = {
        "status": [None, 200, 500, 404],
        "status_class": [None, 2, 5],
        "outcome": [None, "complete", "timeout"],
        "endpoint": [None, "/v1/models", "/v1/none"],
        "project_id": [None, UUID(int=2)],
    }
    for values in product(*filters.values()):
        wanted = {name: it for name, it in zip(filters, values, strict=True) if it is not None}
        expected = [row.id for row in everything if _fits(row, wanted)]
        assert await _all(request_lists.requests(**wanted), 25) == expected, wanted


async def test_the_usual_requests_among_others_are_found_without_a_walk_along_these(
    connected: Database, walked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "_FIRST_WINDOW", 10)
    await _requests(600)
    rare = [row.id for row in await RequestLog.all().order_by("id").limit(3)]
    await RequestLog.all().update(status=500, outcome="complete")
    await RequestLog.filter(id__in=rare).update(status=200)
    of_each: list[dict[str, Any]] = [
        {"status": 200}, {"status": 200, "outcome": "complete"}, {"status_class": 2},
    ]  # fmt: skip
    for wanted in of_each:
        walked.clear()
        page, _ = await lists.page(request_lists.requests(**wanted), limit=5)
        assert [row.id for row in page] == sorted(rare, reverse=True)
        assert sum(walked) <= 100


async def test_an_upstream_that_answers_each_status_makes_no_page_dear(
    connected: Database, walked: list[int]
) -> None:
    """The ways along kinds are few, however many kinds there are."""
    await _requests(300)
    for n, row in enumerate(await RequestLog.all()):
        await RequestLog.filter(id=row.id).update(status=200 + n, outcome="timeout")
    everything = await RequestLog.all().order_by("-id")
    of_each: list[dict[str, Any]] = [
        {"outcome": "timeout"}, {"outcome": "timeout", "endpoint": "/v1/models"},
    ]  # fmt: skip
    for wanted in of_each:
        walked.clear()
        page, _ = await lists.page(request_lists.requests(**wanted), limit=50)
        assert [row.id for row in page] == [row.id for row in everything if _fits(row, wanted)][:50]
        assert len(walked) <= 10


async def test_of_ways_side_by_side_none_goes_on_behind_the_page(
    connected: Database, walked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what no row fits, only those are looked at among which one might belong on the page."""
    monkeypatch.setattr(scans, "_FIRST_WINDOW", 20)
    await _requests(300)
    ids = [row.id for row in await RequestLog.all().order_by("-id")]
    await RequestLog.all().update(model="none fits", method="POST")
    await RequestLog.filter(id__in=ids[::2]).update(model="all fit", method="GET")
    parts = [
        scans.IndexScan(
            scans.Rows("request_log"),
            conditions.Condition("model = {}", (model,)),
            [conditions.Condition("method = 'GET'")],
            most=10,
        )
        for model in ("none fits", "all fit")
    ]
    assert await scans.newest([scans.Merged(parts, most=10)], 10) == ids[:20:2]
    assert sum(walked) <= 40


async def test_of_many_ways_side_by_side_a_turn_looks_at_one(
    connected: Database, walked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what is asked for is rare, or the work would be the square of their number."""
    await _requests(300)
    ids = [row.id for row in await RequestLog.all().order_by("-id")]
    for number in range(60):
        await RequestLog.filter(id__in=ids[number::60]).update(model=f"m{number}", method="POST")
    await RequestLog.filter(id=ids[-1]).update(method="GET")
    looks = 0

    def reached(part: scans.ScanStrategy) -> int | None:
        nonlocal looks
        looks += 1
        return of_part(part)

    of_part = scans._reached
    monkeypatch.setattr(scans, "_reached", reached)
    parts = [
        scans.IndexScan(
            scans.Rows("request_log"),
            conditions.Condition("model = {}", (f"m{number}",)),
            [conditions.Condition("method = 'GET'")],
            most=2,
        )
        for number in range(60)
    ]
    assert await scans.newest([scans.Merged(parts, most=2)], 2) == ids[-1:]
    assert looks <= len(parts) + len(walked)


async def test_requests_by_what_the_page_asks_for_beside(connected: Database, window: None) -> None:
    await _requests(60)
    everything = await RequestLog.all().order_by("-id")
    usual: list[tuple[str, Any]] = [
        ("project_id", UUID(int=1)), ("status", 500), ("tag", "team=a"), ("end", NOW),
    ]  # fmt: skip
    many = [f"m{n}" for n in range(50)]
    single: list[tuple[str, Any]] = [
        ("endpoint", "/v1/responses"), ("status_class", 4), ("status_class", 3),
        ("models", ["new", "old"]), ("models", [*many, "new"]), ("models", []),
        ("cached", True), ("request_id", everything[5].id),
    ]  # fmt: skip
    for n, first in enumerate(single):
        for second in (*single[n:], *usual):
            wanted = dict([first, second])
            expected = [row.id for row in everything if _fits(row, wanted)]
            assert await _all(request_lists.requests(**wanted), 7) == expected, wanted


def _fits(row: Any, wanted: dict[str, Any]) -> bool:
    special = {"start", "end", "tag", "status_class", "models", "request_id"}
    plain = {name: it for name, it in wanted.items() if name not in special}
    key, _, value = wanted.get("tag", "").partition("=")
    return (
        (not key or (row.tags or {}).get(key) == value)
        and all(getattr(row, name) == value for name, value in plain.items())
        and wanted.get("request_id", row.id) == row.id
        and ("models" not in wanted or row.model in wanted["models"])
        and ("status_class" not in wanted or row.status // 100 == wanted["status_class"])
        and ("start" not in wanted or row.at >= wanted["start"])
        and ("end" not in wanted or row.at < wanted["end"])
    )


async def test_part_of_a_models_name_finds_those_that_have_it(connected: Database) -> None:
    await _requests(20)
    for name in ("gpt-4o", "gpt-4o-mini", "GPT-5", ""):
        await RequestLog.filter(id=(await RequestLog.filter(model="old").first()).id).update(  # type: ignore[union-attr]
            model=name
        )
    assert await request_lists.names("model") == sorted(
        ["", "GPT-5", "gpt-4o", "gpt-4o-mini", "new", "old"]
    )
    assert len(await request_lists.names("model", most=2)) == 2
    for part, found in {
        "gpt": ["GPT-5", "gpt-4o", "gpt-4o-mini"],
        "4O": ["gpt-4o", "gpt-4o-mini"],
        # A whole name is itself alone.
        "gpt-4o": ["gpt-4o"],
        "claude": [],
    }.items():
        assert sorted(await request_lists.models_like(part)) == found


async def test_of_too_many_names_only_a_whole_one_is_looked_for(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _requests(4)
    monkeypatch.setattr(request_lists, "_MOST_NAMES", 2)
    assert await request_lists.models_like("ol") == ["ol"]


async def test_audit_by_every_pair_of_filters(connected: Database, window: None) -> None:
    chance = random.Random(3)
    await AuditEvent.bulk_create(
        AuditEvent(
            id=UUID(int=first_id_at(NOW + timedelta(minutes=n)).int + chance.getrandbits(64)),
            at=NOW + timedelta(minutes=n),
            actor=chance.choice(["management", "cli:a"]),
            action=chance.choice(["token.revoke", "key.add"]),
            target_type="token",
            target_id=chance.choice(["1", "2", None]),
            outcome="ok",
        )
        for n in range(60)
    )
    everything = await AuditEvent.all().order_by("-id")
    single: list[tuple[str, Any]] = [
        ("actor", "cli:a"), ("actor", "nobody"), ("action", "key.add"), ("target_id", "2"),
        ("start", NOW + timedelta(minutes=20)), ("end", NOW + timedelta(minutes=40)),
    ]  # fmt: skip
    for n, first in enumerate(single):
        for second in single[n:]:
            wanted = dict([first, second])
            expected = [row.id for row in everything if _fits(row, wanted)]
            assert await _all(lists.audit_events(**wanted), 4) == expected, wanted


# plans

_SOMEBODY = UUID(int=1)
#: Of the unusual kinds there is one, and of the endpoints of usual requests.
_USUAL = ["request_log_unusual", "request_log_usual_endpoint"]
_ENDPOINTS = ["request_log_usual_endpoint", "request_log_unusual_endpoint"]
#: Each list, and the indices that its strategies take, in turn; as SQLite and PostgreSQL name them.
PLANS: list[tuple[Callable[[], Listing[Any]], list[str]]] = [
    (lists.projects, ["project_living"]),
    (partial(lists.projects, is_active=False), ["project_living_active"]),
    (partial(lists.projects, q="doc"), ["project_living", "project_search"]),
    (lists.tokens, ["token_pkey"]),
    (partial(lists.tokens, project_id=_SOMEBODY), ["idx_token_project_67524e"]),
    (
        partial(lists.tokens, status="active"),
        ["token_unrevoked", "token_end", "token_project_unrevoked"],
    ),
    (
        partial(lists.tokens, status="project_inactive"),
        ["token_unrevoked", "token_end", "token_project_unrevoked"],
    ),
    (
        partial(lists.tokens, status="no_upstream_key"),
        ["token_unrevoked", "token_end", "token_project_unrevoked"],
    ),
    (
        partial(lists.tokens, status="exhausted"),
        [
            "token_unrevoked",
            "token_end",
            "idx_exhausted_listed",
            "idx_exhausted_listed",
            "token_project_unrevoked",
        ],
    ),
    (
        partial(lists.tokens, expiring_within=timedelta(days=7)),
        ["token_unrevoked", "token_end"],
    ),
    (partial(lists.tokens, status="expired"), ["token_unrevoked", "token_end"]),
    (partial(lists.tokens, status="revoked"), ["token_revoked"]),
    (
        partial(lists.tokens, status="active", project_id=_SOMEBODY),
        ["token_project_unrevoked", "token_project_end", "token_project_unrevoked"],
    ),
    (
        partial(lists.tokens, status="expired", project_id=_SOMEBODY),
        ["token_project_unrevoked", "token_project_end"],
    ),
    (
        partial(lists.tokens, status="revoked", project_id=_SOMEBODY),
        ["token_project_revoked"],
    ),
    (partial(lists.tokens, q="doc"), ["token_pkey", "token_search"]),
    (
        partial(lists.tokens, q="d", status="active"),
        ["token_unrevoked", "token_end", "token_project_unrevoked", "token_search"],
    ),
    (request_lists.requests, ["request_log_pkey"]),
    (partial(request_lists.requests, project_id=_SOMEBODY), ["idx_request_log_project_b7239e"]),
    (partial(request_lists.requests, token_id=_SOMEBODY), ["idx_request_log_token_i_c74add"]),
    (partial(request_lists.requests, model="gpt-4o"), ["idx_request_log_model_8510b1"]),
    (partial(request_lists.requests, status=500), ["request_log_unusual"]),
    (partial(request_lists.requests, outcome="timeout"), ["request_log_unusual"]),
    (partial(request_lists.requests, status=200), ["request_log_pkey", *_USUAL]),
    (partial(request_lists.requests, outcome="complete"), ["request_log_pkey", *_USUAL]),
    (partial(request_lists.requests, upstream_code="overloaded"), ["request_log_upstream_code"]),
    (partial(request_lists.requests, end_user="u-1"), ["request_log_end_user"]),
    (partial(request_lists.requests, cached=True), ["request_log_pkey", "request_log_cached"]),
    (partial(request_lists.requests, endpoint="/v1/models"), _ENDPOINTS),
    (
        partial(request_lists.requests, endpoint="/v1/models", status=200, outcome="timeout"),
        ["request_log_unusual", *_ENDPOINTS],
    ),
    (partial(request_lists.requests, status_class=5), ["request_log_unusual"]),
    (partial(request_lists.requests, status_class=2), ["request_log_pkey", *_USUAL]),
    (
        partial(request_lists.requests, project_id=_SOMEBODY, status=200),
        ["idx_request_log_project_b7239e", *_USUAL],
    ),
    (
        partial(request_lists.requests, models=["gpt-4o", "gpt-5"]),
        ["request_log_pkey", *["idx_request_log_model_8510b1"] * 2],
    ),
    (partial(request_lists.requests, tag="team=search"), ["request_log_pkey", "request_tag_pkey"]),
    (
        partial(request_lists.requests, tag="team=search", status=500),
        ["request_log_unusual", "request_tag_pkey"],
    ),
    (
        partial(
            request_lists.requests,
            project_id=_SOMEBODY,
            model="gpt-4o",
            status=500,
            outcome="timeout",
        ),
        [
            "request_log_project_model",
            "request_log_project_failed",
            "request_log_model_failed",
            "request_log_project_incomplete",
            "request_log_model_incomplete",
            "idx_request_log_project_b7239e",
            "idx_request_log_model_8510b1",
            "request_log_unusual",
        ],
    ),
    (lists.audit_events, ["audit_event_pkey"]),
    (partial(lists.audit_events, actor="management"), ["idx_audit_event_actor_5deb69"]),
    (partial(lists.audit_events, action="token.revoke"), ["idx_audit_event_action_ed6e8c"]),
    (
        partial(lists.audit_events, target_id="x", actor="management", end=NOW),
        ["idx_audit_event_target__87b044", "idx_audit_event_actor_5deb69"],
    ),
    (
        partial(audit_search.events, actors=["a1", "a2"], targets=["1", "2"], action="b1", end=NOW),
        [
            "audit_event_pkey",
            "idx_audit_event_action_ed6e8c",
            *["idx_audit_event_actor_5deb69"] * 2,
            *["idx_audit_event_target__87b044"] * 2,
        ],
    ),
]


#: PostgreSQL chooses by what is in its tables: enough for each index to be the best for something,
#: and nothing of what the rows of earlier tests leave behind when they are deleted.
_PLENTY = (
    "TRUNCATE project, token, exhausted, request_log, request_tag, audit_event CASCADE",
    "INSERT INTO project SELECT gen_random_uuid(), 'p' || n, 'p' || n, 'openai', NULL, n % 50 > 0,"
    " NULL, NULL, NULL, NULL, now(), now(), CASE WHEN n % 2 = 0 THEN now() END"
    " FROM generate_series(1, 500) AS n",
    "INSERT INTO token (id, name, hint, quota_epoch, quota_base, request_count, created_at,"
    " revoked_at, expires_at, project_id)"
    " SELECT gen_random_uuid(), 't' || n, 'h', 0, 0, 0, now(), CASE WHEN n % 2 = 0 THEN now() END,"
    " now() + n * interval '1 day', (SELECT id FROM project ORDER BY id OFFSET n % 20 LIMIT 1)"
    " FROM generate_series(1, 2000) AS n",
    "INSERT INTO exhausted (subject_id, kind, why, at)"
    " SELECT gen_random_uuid(), CASE WHEN n % 3 = 0 THEN 'project' ELSE 'token' END,"
    " CASE WHEN n % 2 = 0 THEN 'budget' ELSE 'requests' END, now()"
    " FROM generate_series(1, 2000) AS n",
    "INSERT INTO request_log (id, at, project_id, token_id, provider, endpoint, method, model,"
    " status, outcome, usage, bytes_in, bytes_out, duration_us, overhead_us, upstream_code,"
    " tags, end_user, cache)"
    " SELECT gen_random_uuid(), now(), lpad((n % 20)::text, 32, '0')::uuid,"
    " lpad((n % 500)::text, 32, '0')::uuid, 'openai', '/v1', 'POST', 'm' || n % 30,"
    " CASE WHEN n % 3 = 0 THEN 500 ELSE 200 END,"
    " CASE WHEN n % 3 = 1 THEN 'timeout' ELSE 'complete' END, 'exact', 0, 0, 0, 0,"
    " CASE WHEN n % 3 = 0 THEN 'c' || n % 50 END, jsonb_build_object('team', 't' || n % 50),"
    " 'u' || n % 50, CASE WHEN n % 20 = 0 THEN 'hit' ELSE '' END"
    " FROM generate_series(1, 5000) AS n",
    "INSERT INTO request_tag SELECT 'team=' || (tags ->> 'team'), id FROM request_log",
    "INSERT INTO audit_event SELECT gen_random_uuid(), now(), 'a' || n % 50, 'b' || n % 50, 't',"
    " n % 400, '{}', NULL, NULL, 'ok' FROM generate_series(1, 3000) AS n",
    "ANALYZE",
)


async def test_every_strategy_has_its_index(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.queries.search._PATIENCE", 0)
    if connected.dialect == "postgres":
        for statement in _PLENTY:
            await connection().execute_query(statement)
    for rows, indices in PLANS:
        strategies: list[scans.ScanStrategy] = []

        async def keep(
            found: Sequence[scans.ScanStrategy],
            _most: int,
            strategies: list[scans.ScanStrategy] = strategies,
        ) -> list[UUID]:
            strategies.extend(found)
            return []

        with monkeypatch.context() as patched:
            patched.setattr(lists, "newest", keep)
            await lists.page(rows(), limit=50, before=UUID(int=2**127))
        parts = [part for one in strategies for part in await _parts(one, monkeypatch)]
        for strategy, index in zip(parts, indices, strict=True):
            for sql, values in await _asked(strategy, monkeypatch):
                plan = await _plan(connected, sql, values)
                assert _takes(connected, index, plan), f"{index}\n{sql}\n{plan}"


async def test_the_kinds_and_endpoints_that_there_are_are_a_step_each(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No walk along all of a kind."""
    if connected.dialect == "postgres":
        for statement in _PLENTY:
            await connection().execute_query(statement)
    asked: list[tuple[str, list[Any]]] = []

    async def note(sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        asked.append((sql, list(values)))
        return []

    for module in (scans, request_kinds):
        monkeypatch.setattr(module, "select", note)
    await request_kinds._unusual(request_kinds.Kinds())
    await request_lists.names("endpoint")
    for (sql, values), index in zip(asked, ["request_log_unusual", *_ENDPOINTS], strict=True):
        lines = (await _plan(connected, sql, values)).splitlines()
        steps = [line for line in lines if "request_log" in line]
        assert steps, "\n".join(lines)
        for line in steps:
            by_it = rf"(Only Scan using|USING (COVERING )?INDEX) {index}\b"
            assert re.search(by_it, line), "\n".join(lines)


async def _parts(
    one: scans.ScanStrategy, monkeypatch: pytest.MonkeyPatch
) -> Sequence[scans.ScanStrategy]:
    if not isinstance(one, request_kinds.SideBySide):
        parts: Sequence[scans.ScanStrategy] = getattr(one, "_parts", [one])
        return parts

    async def one_kind(_kinds: request_kinds.Kinds) -> list[conditions.Condition]:
        return [conditions.Condition("status = {} AND outcome = {}", (500, "timeout"))]

    async def one_name(*_: object, most: int) -> list[str]:
        return ["/v1/models"][:most]

    with monkeypatch.context() as patched:
        patched.setattr(request_kinds, "_unusual", one_kind)
        patched.setattr(request_kinds, "distinct", one_name)
        return await one._look() or []


async def _asked(
    strategy: scans.ScanStrategy, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, list[Any]]]:
    """The queries of a step."""
    asked: list[tuple[str, list[Any]]] = []

    async def note(sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        asked.append((sql, list(values)))
        return []

    async def one_project(_sql: str, _values: Sequence[Any]) -> list[dict[str, Any]]:
        return [{"id": _SOMEBODY}]

    with monkeypatch.context() as patched:
        for module in ("models.queries.scans", "models.queries.search"):
            patched.setattr(f"{module}.select", note)
        patched.setattr("models.queries.token_states.select", one_project)
        await strategy.advance(250)
    assert asked
    return asked


def _takes(database: Database, index: str, plan: str) -> bool:
    if database.dialect == "postgres":
        return f" using {index} " in plan or f"Bitmap Index Scan on {index} " in plan
    first = next(line for line in plan.splitlines() if not line.startswith("CO-ROUTINE"))
    if index.endswith("_search"):
        # FTS5 reads its rows in order by itself.
        return first.startswith(f"SCAN {index} VIRTUAL TABLE")
    if index == "request_tag_pkey":
        # The table is its own index.
        return first.startswith("SEARCH request_tag USING PRIMARY KEY (tag=? AND request_id<?)")
    table = index.removesuffix("_pkey")
    name = f"sqlite_autoindex_{table}_1" if index != table else index
    return f"INDEX {name} " in f"{first} " and "TEMP B-TREE" not in plan.partition("SCAN")[0]


async def _plan(database: Database, sql: str, values: list[Any]) -> str:
    written = conditions.written(sql)

    async def explain() -> str:
        if database.dialect == "sqlite":
            rows = await connection().execute_query_dict(f"EXPLAIN QUERY PLAN {written}", values)
            return "".join(f"{row['detail']}\n" for row in rows)
        # Tables this small are read whole by choice; what counts is that there is another plan.
        for other in ("seqscan", "sort"):
            await connection().execute_query(f"SET LOCAL enable_{other} = off")
        rows = await connection().execute_query_dict(f"EXPLAIN {written}", values)
        return "".join(f"{row['QUERY PLAN']}\n" for row in rows)

    return await run_in_transaction(explain)
