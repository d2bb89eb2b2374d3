"""`/manage/tokens`"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from config import Database, Settings
from models import AuditEvent, Token, TokenSecret, exhaustion, secrets
from models.spending import spent_by
from models.token_status import STATUSES
from proxy.limits.budgets import Allowance, BudgetClaim, budget_key
from proxy.limits.engines import limit_records, open_limits
from proxy.limits.spending import StoredSpending
from proxy.limits.store import token_key
from tests.manage.conftest import MANAGEMENT_TOKEN, Make, serving
from tests.manage.entries import entry, record

_FIELDS = [
    "id",
    "project_id",
    "name",
    "hint",
    "status",
    "expires_at",
    "revoked_at",
    "max_requests",
    "request_count",
    "requests_per_minute",
    "max_parallel_requests",
    "allowed_models",
    "allowed_endpoints",
    "allowed_ips",
    "tags",
    "budgets",
    "policies",
    "last_used_at",
    "created_at",
]


def _away(text: str) -> float:
    """Seconds from now."""
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()


async def test_token_is_created_with_its_secret_shown_once(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    limits = {
        "name": "batch",
        "max_requests": 10,
        "requests_per_minute": 60,
        "max_parallel_requests": 2,
        "allowed_models": ["gpt-*"],
        "allowed_endpoints": ["/v1/chat/completions", "GET /v1/models", "/v1/files/*"],
        "allowed_ips": ["10.0.0.0/8", "192.168.*", "::1"],
        "tags": {"team": "search", "feature": "a=b"},
    }
    response = await client.post("/manage/tokens", json={"project_id": project["id"], **limits})
    assert response.status_code == 201
    token = response.json()
    secret = token.pop("token")
    assert list(token) == _FIELDS
    assert token == token | limits
    assert secrets.is_well_formed(secret)
    assert token["hint"] == f"llmp_…{secret[-4:]}"
    assert (token["status"], token["request_count"]) == ("active", 0)
    assert _away(token["expires_at"]) == pytest.approx(30 * 86_400, abs=60)
    shown = await client.get(f"/manage/tokens/{token['id']}")
    assert shown.json() == token
    listed = await client.get("/manage/tokens")
    assert listed.json() == {"data": [token], "next_cursor": None}
    audited = await client.get("/manage/audit")
    for answer in (shown, listed, audited):
        assert secret not in answer.text
        assert secrets.digest(secret) not in answer.text


async def test_end_is_relative_absolute_or_none(make_token: Make) -> None:
    assert _away((await make_token(expires_in=3600))["expires_at"]) == pytest.approx(3600, abs=60)
    assert (await make_token(expires_in=None))["expires_at"] is None
    assert (await make_token(expires_at=None))["expires_at"] is None
    token = await make_token(expires_at="2090-01-31T12:00:00.5+02:00")
    assert token["expires_at"] == "2090-01-31T10:00:00.500000Z"


async def test_end_is_given_once(client: httpx.AsyncClient, make_project: Make) -> None:
    project = await make_project()
    response = await client.post(
        "/manage/tokens",
        json={
            "project_id": project["id"],
            "expires_in": 60,
            "expires_at": "2090-01-31T12:00:00Z",
            "max_requests": 0,
        },
    )
    assert response.status_code == 400
    named = [detail["field"] for detail in response.json()["error"]["details"]]
    assert named == ["expires_at", "max_requests"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("project_id", "x"),
        ("project_id", None),
        ("project_id", 7),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("expires_in", 0),
        ("expires_in", -5),
        ("expires_in", 10**12),
        ("expires_in", 1.5),
        ("expires_in", "60"),
        ("expires_in", True),
        ("expires_at", "2090-01-31"),
        ("expires_at", "2090-01-31T12:00:00"),
        ("expires_at", "2090-02-30T12:00:00Z"),
        ("expires_at", "2001-01-01T00:00:00Z"),
        ("expires_at", "9999-12-31T23:59:59-23:59"),
        ("expires_at", "2190-01-01T00:00:00Z"),
        ("expires_at", 1_900_000_000),
        ("max_requests", 2**53),
        ("max_requests", 0),
        ("max_requests", False),
        ("requests_per_minute", 2**31),
        ("allowed_models", {}),
        ("allowed_endpoints", []),
        ("allowed_endpoints", ["v1/models"]),
        ("allowed_endpoints", ["get /v1/models"]),
        ("allowed_endpoints", ["POST  /v1/models"]),
        ("allowed_endpoints", ["/v1/models?x=1"]),
        ("allowed_ips", ["10.0.0.256"]),
        ("allowed_ips", ["10.0.0.1/8"]),
        ("allowed_ips", ["example.com"]),
        ("allowed_ips", ["*.example.com"]),
        ("allowed_ips", [""]),
        ("tags", {}),
        ("tags", {"Team": "search"}),
        ("tags", {"team": ""}),
        ("tags", {"team": 7}),
        ("tags", {"team": "\u202ehcraes"}),
        ("tags", {"team": "x" * 65}),
        ("tags", {"k" * 33: "v"}),
        ("tags", {f"k{n}": "v" for n in range(11)}),
        ("tags", "team=search"),
        ("status", "active"),
        ("token", "llmp_"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bad_field_is_named(
    client: httpx.AsyncClient, make_project: Make, field: str, value: object
) -> None:
    project = await make_project()
    body: dict[str, Any] = {"project_id": project["id"], field: value}
    response = await client.post("/manage/tokens", json=body)
    assert response.status_code == 400, response.text
    details = response.json()["error"]["details"]
    assert [detail["field"].partition(".")[0] for detail in details] == [field]
    assert await Token.all().count() == 0


async def test_bad_name_of_a_tag_is_named_as_it_was_sent(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    body = {"project_id": project["id"], "tags": {"The Team": "search"}}
    response = await client.post("/manage/tokens", json=body)
    (detail,) = response.json()["error"]["details"]
    assert detail["field"] == "tags.The Team"


async def test_unknown_or_inactive_project(client: httpx.AsyncClient, make_project: Make) -> None:
    response = await client.post("/manage/tokens", json={"project_id": str(uuid4())})
    assert response.status_code == 404
    project = await make_project()
    await client.patch(f"/manage/projects/{project['id']}", json={"is_active": False})
    response = await client.post("/manage/tokens", json={"project_id": project["id"]})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    refused = await AuditEvent.get(outcome="refused")
    assert (refused.actor, refused.target_id) == ("management", "POST /manage/tokens")


async def test_change_sets_what_is_named(client: httpx.AsyncClient, make_token: Make) -> None:
    token = await make_token(name="one", requests_per_minute=60, allowed_ips=["10.0.0.1"])
    path = f"/manage/tokens/{token['id']}"
    change = {"name": "two", "requests_per_minute": None, "allowed_ips": ["::1"]}
    response = await client.patch(path, json=change)
    assert response.status_code == 200
    token.pop("token")
    assert response.json() == token | change
    assert (await client.patch(path, json={"expires_in": None})).json()["expires_at"] is None
    assert (await client.patch(path, json={"name": None})).json()["name"] == ""
    for unknown in ({"project_id": token["project_id"]}, {"token": "x"}):
        assert (await client.patch(path, json=unknown)).status_code == 400


async def test_limit_set_anew_counts_from_now(client: httpx.AsyncClient, make_token: Make) -> None:
    token = await make_token()
    await record(entry(token_id=token["id"]), entry(token_id=token["id"]))
    path = f"/manage/tokens/{token['id']}"
    shown = (await client.patch(path, json={"max_requests": 5})).json()
    assert (shown["max_requests"], shown["request_count"]) == (5, 2)
    assert shown["last_used_at"] is not None
    assert (await Token.get(id=token["id"])).quota_base == 2


async def test_revoked_stays_revoked(client: httpx.AsyncClient, make_token: Make) -> None:
    token = await make_token()
    path = f"/manage/tokens/{token['id']}"
    for _ in range(2):
        response = await client.delete(path)
        assert (response.status_code, response.content) == (204, b"")
    shown = (await client.get(path)).json()
    assert shown["status"] == "revoked"
    assert _away(shown["revoked_at"]) == pytest.approx(0, abs=60)
    for response in (
        await client.patch(path, json={"name": "x"}),
        await client.post(f"{path}/rotate"),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    assert await AuditEvent.filter(action="token.revoke").count() == 1


async def test_rotation_keeps_the_token_and_changes_the_secret(
    client: httpx.AsyncClient, make_token: Make
) -> None:
    token = await make_token()
    path = f"/manage/tokens/{token['id']}/rotate"
    response = await client.post(path, json={"grace_seconds": 3600})
    assert response.status_code == 200
    rotated = response.json()
    assert rotated["id"] == token["id"]
    assert rotated["token"] != token["token"]
    assert rotated["hint"] == f"llmp_…{rotated['token'][-4:]}"
    old = await TokenSecret.get(digest=secrets.digest(token["token"]))
    assert old.expires_at is not None
    assert (old.expires_at - datetime.now(UTC)).total_seconds() == pytest.approx(3600, abs=60)
    # Without a body there is no grace.
    newest = (await client.post(path)).json()["token"]
    digests = [row.digest for row in await TokenSecret.all()]
    assert digests == [secrets.digest(newest)]
    for grace in (-1, 10**9, "1", True, None):
        response = await client.post(path, json={"grace_seconds": grace})
        assert response.status_code == 400, grace


async def test_longest_lifetime_holds_at_every_door_of_the_end(
    connected: Database, settings: Settings, client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    strict = replace(settings, token_max_lifetime=3600)
    headers = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}
    async with (
        serving(strict) as url,
        httpx.AsyncClient(base_url=url, headers=headers) as limited,
    ):
        body: dict[str, Any] = {"project_id": project["id"]}
        created = await limited.post("/manage/tokens", json=body)
        assert _away(created.json()["expires_at"]) == pytest.approx(3600, abs=60)
        path = f"/manage/tokens/{created.json()['id']}"
        later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        for end in ({"expires_in": 3601}, {"expires_in": None}, {"expires_at": later}):
            for response in (
                await limited.post("/manage/tokens", json=body | end),
                await limited.patch(path, json=end),
            ):
                assert response.status_code == 400
                (detail,) = response.json()["error"]["details"]
                assert detail["field"] == next(iter(end))
                assert "3600" in detail["message"]
    refused = await AuditEvent.filter(action="management.refuse", outcome="refused")
    assert len(refused) == 6
    assert {event.changes["code"][1] for event in refused} == {"invalid_request"}


async def test_filters_and_search(client: httpx.AsyncClient, make_token: Make) -> None:
    active = await make_token(name="Nightly batch")
    revoked = await make_token(name="old", project_id=active["project_id"])
    await client.delete(f"/manage/tokens/{revoked['id']}")
    expired = await make_token(name="late", expires_in=None)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await Token.filter(id=expired["id"]).update(expires_at=past)
    forever = await make_token(expires_in=None)

    async def ids(**query: str) -> list[str]:
        response = await client.get("/manage/tokens", params=query)
        assert response.status_code == 200, response.text
        return [token["id"] for token in response.json()["data"]]

    assert await ids() == [token["id"] for token in (forever, expired, revoked, active)]
    assert await ids(status="active") == [forever["id"], active["id"]]
    assert await ids(status="expired") == [expired["id"]]
    assert await ids(status="revoked") == [revoked["id"]]
    assert await ids(project_id=active["project_id"]) == [revoked["id"], active["id"]]
    assert await ids(project_id=active["project_id"], status="active") == [active["id"]]
    assert await ids(project_id=str(uuid4())) == []
    assert await ids(q="BATCH") == [active["id"]]
    assert active["id"] in await ids(q=active["hint"][-4:])
    assert await ids(q=active["id"]) == [active["id"]]
    assert await ids(expiring_within="86400") == []
    assert await ids(expiring_within=str(31 * 86_400)) == [active["id"]]
    assert await ids(expiring_within=str(31 * 86_400), status="expired") == []


@pytest.mark.parametrize("query", ["status=lost", "expiring_within=0", "expiring_within=7d"])
async def test_a_filter_that_is_none_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/manage/tokens?{query}")).status_code == 400


async def test_status_is_the_first_that_holds_and_true_at_once_after_each_change(
    client: httpx.AsyncClient, make_token: Make
) -> None:
    token = await make_token(max_requests=2)
    at, project = f"/manage/tokens/{token['id']}", f"/manage/projects/{token['project_id']}"

    async def stands(status: str) -> None:
        assert (await client.get(at)).json()["status"] == status
        for other in STATUSES:
            listed = (await client.get("/manage/tokens", params={"status": other})).json()["data"]
            assert [one["status"] for one in listed] == ([status] if other == status else [])

    async def changed(path: str, **fields: Any) -> Any:
        answer = await client.patch(path, json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    await stands("active")
    (key,) = (await client.get(project)).json()["keys"]
    await changed(f"{project}/keys/{key['id']}", is_active=False)
    await stands("no_upstream_key")
    await Token.filter(id=token["id"]).update(request_count=2)
    await stands("exhausted")
    await changed(project, is_active=False)
    await stands("project_inactive")
    await Token.filter(id=token["id"]).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await stands("expired")

    assert (await changed(at, expires_in=3600))["status"] == "project_inactive"
    await changed(project, is_active=True)
    await stands("exhausted")
    assert (await changed(at, max_requests=3))["status"] == "no_upstream_key"
    await stands("no_upstream_key")
    assert (await changed(at, max_requests=1))["status"] == "exhausted"
    assert (await changed(at, max_requests=None))["status"] == "no_upstream_key"
    await client.post(f"{project}/keys", json={"api_key": "sk-the-upstream-key-0002"})
    await stands("active")
    await client.delete(at)
    await stands("revoked")


async def test_a_token_is_exhausted_while_a_total_budget_of_it_or_its_project_is_spent(
    client: httpx.AsyncClient, make_token: Make, settings: Settings
) -> None:
    total = {"limit": "tokens", "amount": 5, "period": "total"}
    token = await make_token(budgets=[total])
    at, project = f"/manage/tokens/{token['id']}", f"/manage/projects/{token['project_id']}"
    # Nothing is counted of it yet, so it is what the hour counters say.
    owner = UUID(token["project_id"])
    await record(
        entry(token_id=UUID(token["id"]), project_id=owner, prompt_tokens=4, completion_tokens=3)
    )
    exhaustion.configure(spent_by(StoredSpending(partial(limit_records, settings))))

    async def status_after(path: str, amount: int | None) -> str:
        budgets = None if amount is None else [{**total, "amount": amount}]
        assert (await client.patch(path, json={"budgets": budgets})).status_code == 200
        found: str = (await client.get(at)).json()["status"]
        return found

    try:
        assert await status_after(at, 7) == "exhausted"
        assert await status_after(at, 8) == "active"
        assert await status_after(project, 7) == "exhausted"
        assert await status_after(project, None) == "active"
    finally:
        exhaustion.configure(None)


async def test_policies_are_set_shown_and_audited_as_they_were_sent(
    client: httpx.AsyncClient, make_token: Make
) -> None:
    token = await make_token()
    assert token["policies"] is None
    path = f"/manage/tokens/{token['id']}"
    images = {"name": "images", "endpoints": ["POST /v1/images/*"], "max_requests": 9}
    dear = {"name": "dear", "models": ["gpt-5*"], "requests_per_minute": 2}
    both = (await client.patch(path, json={"policies": [images, dear]})).json()["policies"]
    nothing = dict.fromkeys(both[0])
    assert both == [nothing | images, nothing | dear]
    assert (await client.get(path)).json()["policies"] == both
    # What was shown can be sent again, and is no change.
    events = await AuditEvent.all().count()
    assert (await client.patch(path, json={"policies": both})).status_code == 200
    assert await AuditEvent.all().count() == events
    event = await AuditEvent.filter(action="token.update").order_by("-id").first()
    assert event is not None
    assert event.changes == {"policies": [None, both]}
    for none in ("null", "[]"):
        sent = await client.patch(
            path, content=f'{{"policies": {none}}}', headers={"content-type": "application/json"}
        )
        assert sent.json()["policies"] is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("policies", "field"),
    [
        ({}, "policies"),
        ([{"name": "a"}], "policies.0"),
        ([{"name": "a", "max_requests": "5"}], "policies.0.max_requests"),
        ([{"name": "a", "max_requests": 5, "models": []}], "policies.0.models"),
        ([{"name": "a", "max_requests": 5}] * 2, "policies"),
        ([{"name": str(n), "max_requests": 5} for n in range(21)], "policies"),
        ([{"name": "a", "budgets": []}], "policies.0"),
        ([{"name": "a", "budgets": [{"limit": "usd"}]}], "policies.0.budgets.0.amount"),
    ],
)
async def test_a_policy_that_cannot_be_meant_is_named(
    client: httpx.AsyncClient, make_token: Make, policies: object, field: str
) -> None:
    token = await make_token()
    response = await client.patch(f"/manage/tokens/{token['id']}", json={"policies": policies})
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["field"] == field


_DAY: dict[str, Any] = {"limit": "usd", "amount": 2.5, "period": "day", "timezone": "Asia/Kolkata"}


async def test_budgets_are_read_back_with_what_is_used_of_them(
    client: httpx.AsyncClient, make_token: Make, settings: Settings
) -> None:
    policy: dict[str, Any] = {
        "name": "mini",
        "models": ["gpt-4o-mini"],
        "budgets": [{**_DAY, "period": "total"}],
    }
    minute = {"limit": "tokens", "amount": 90_000, "period": "minute", "mode": "soft"}
    token = await make_token(budgets=[_DAY, minute], policies=[policy])
    path = f"/manage/tokens/{token['id']}"
    settings.data_dir.mkdir(exist_ok=True)
    limits = await open_limits(settings, "test")
    try:
        for budget, name in ((token["budgets"][0], ""), (policy["budgets"][0], "mini")):
            subject, period = token_key(token["id"]), budget["period"]
            key = budget_key(subject, "usd", period, "Asia/Kolkata", name)
            allowance = Allowance(key, "usd", 25 * 10**8, True, period, "Asia/Kolkata", 0)
            await limits.decide((), (BudgetClaim(allowance, 10**9),), f"r{period}")
        shown = (await client.get(path)).json()
        day, bucket = shown["budgets"]
        assert day == {
            **_DAY, "mode": "hard", "hold": "bound", "alert_at": [50, 80, 100],
            "spent": 0, "held": 1, "remaining": 1.5, "resets_at": day["resets_at"],
        }  # fmt: skip
        # Midnight in India is half past six in the evening before.
        assert day["resets_at"].endswith("T18:30:00Z")
        assert (bucket["spent"], bucket["held"], bucket["remaining"]) == (0, 0, 90_000)
        (total,) = shown["policies"][0]["budgets"]
        assert (total["held"], total["remaining"], total["resets_at"]) == (1, 1.5, None)
        assert (await client.get("/manage/tokens")).json()["data"] == [shown]
        # Another amount keeps what is held, none at all has none.
        sent = {"budgets": [{**_DAY, "amount": 10}]}
        (day,) = (await client.patch(path, json=sent)).json()["budgets"]
        assert (day["amount"], day["held"], day["remaining"]) == (10, 1, 9)
        assert (await client.patch(path, json={"budgets": []})).json()["budgets"] is None
    finally:
        await limits.close()
    event = await AuditEvent.filter(action="token.update").order_by("-id").first()
    assert event is not None
    assert event.changes["budgets"][0][0]["amount"] == 10
    assert event.changes["budgets"][1] is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("budgets", "field"),
    [
        ({}, "budgets"),
        ([{**_DAY, "amount": 0}], "budgets.0.amount"),
        ([{**_DAY, "amount": 0.0000001}], "budgets.0.amount"),
        ([{**_DAY, "timezone": "Asia/Nowhere"}], "budgets.0.timezone"),
        ([{**_DAY, "spent": 0}], "budgets.0.spent"),
        ([_DAY, {**_DAY, "timezone": "UTC"}], "budgets"),
        ([{**_DAY, "period": one} for one in ("hour", "day", "week", "month", "total")], "budgets"),
    ],
)
async def test_a_budget_that_cannot_be_meant_is_named(
    client: httpx.AsyncClient, make_token: Make, budgets: object, field: str
) -> None:
    token = await make_token()
    response = await client.patch(f"/manage/tokens/{token['id']}", json={"budgets": budgets})
    assert response.status_code == 400
    assert [found["field"] for found in response.json()["error"]["details"]] == [field]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_cannot_be_read_is_null(
    client: httpx.AsyncClient, make_token: Make, settings: Settings
) -> None:
    token = await make_token(budgets=[_DAY])
    settings.data_dir.mkdir(exist_ok=True)
    (settings.data_dir / "limits.db").write_bytes(b"no database at all, but long enough to be one")
    (day,) = (await client.get(f"/manage/tokens/{token['id']}")).json()["budgets"]
    assert (day["amount"], day["spent"], day["held"], day["remaining"]) == (2.5, None, None, None)
