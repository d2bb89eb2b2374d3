"""`/manage/projects`"""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from config import Database, Settings
from models import AuditEvent, Project, UpstreamKey, generation, project_cache
from tests.manage.conftest import MANAGEMENT_TOKEN, UPSTREAMS, Make, serving


async def test_project_is_created_with_its_key_and_without_its_material(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post(
        "/manage/projects",
        json={
            "name": "  Search ",
            "api_key": "sk-proj-very-secret-7890",
            "base_url": "https://api.example.com/v1/",
            "requests_per_minute": 60,
            "allowed_models": ["gpt-*"],
        },
    )
    assert response.status_code == 201
    project = response.json()
    (key,) = project.pop("keys")
    assert list(project) == [
        "id",
        "name",
        "provider",
        "base_url",
        "v1_prefix",
        "is_active",
        "requests_per_minute",
        "max_parallel_requests",
        "allowed_models",
        "allowed_origins",
        "project",
        "location",
        "unmetered",
        "isolation",
        "end_user_from_body",
        "failover",
        "cache",
        "allowed_endpoints",
        "extra_endpoints",
        "budgets",
        "policies",
        "created_at",
        "updated_at",
    ]
    assert project["name"] == "Search"
    assert project["provider"] == "openai"
    assert project["base_url"] == "https://api.example.com"
    assert project["is_active"] is True
    assert project["requests_per_minute"] == 60
    assert project["max_parallel_requests"] is None
    assert project["allowed_models"] == ["gpt-*"]
    assert project["created_at"].endswith("Z")
    assert list(key) == [
        "id", "label", "hint", "is_active", "weight", "priority", "base_url", "v1_prefix",
        "provider", "auth", "model_map", "state", "resting_until", "last_error", "created_at",
    ]  # fmt: skip
    assert (key["hint"], key["weight"], key["is_active"]) == ("sk-…7890", 1, True)
    assert "very-secret" not in response.text


async def test_a_project_says_whether_another_key_is_tried(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    assert project["failover"] is None
    path = f"/manage/projects/{project['id']}"
    shown = (await client.patch(path, json={"failover": {"max_attempts": 3}})).json()["failover"]
    assert shown == {
        "max_attempts": 3,
        "statuses": [401, 402, 403, 429, 500, 502, 503, 529],
        "first_byte_timeout": None,
    }
    rule = {"max_attempts": 2, "statuses": [429, 504], "first_byte_timeout": 20}
    assert (await make_project(name="two", failover=rule))["failover"] == rule
    for wrong in ({"max_attempts": 1}, {}, 3, {"max_attempts": 2, "statuses": [400]}):
        response = await client.patch(path, json={"failover": wrong})
        assert response.status_code == 400
        (found,) = {one["field"].split(".")[0] for one in response.json()["error"]["details"]}
        assert found == "failover"
    assert (await client.patch(path, json={"failover": None})).json()["failover"] is None


async def test_a_project_says_what_answers_are_kept(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    assert project["cache"] is None
    path = f"/manage/projects/{project['id']}"
    rule = {"ttl_seconds": 60, "scope": "token"}
    shown = (await client.patch(path, json={"cache": rule})).json()["cache"]
    assert shown == {**rule, "only": "deterministic"}
    assert (await Project.get(id=project["id"])).cache == shown
    event = await AuditEvent.filter(action="project.update").order_by("-id").first()
    assert event is not None
    assert event.changes == {"cache": [None, shown]}
    most = {"ttl_seconds": 2_592_000, "scope": "project", "only": "all"}
    assert (await make_project(name="two", cache=most))["cache"] == most
    wrongs: tuple[object, ...] = (
        {}, 3, True, [], {"ttl_seconds": 60}, {"scope": "token"},
        {**rule, "ttl_seconds": 0}, {**rule, "ttl_seconds": 2_592_001},
        {**rule, "ttl_seconds": True}, {**rule, "ttl_seconds": 1.5},
        {**rule, "ttl_seconds": "60"}, {**rule, "scope": "all"}, {**rule, "only": None},
        {**rule, "more": 1},
    )  # fmt: skip
    for wrong in wrongs:
        response = await client.patch(path, json={"cache": wrong})
        assert response.status_code == 400, wrong
        (found,) = {one["field"].split(".")[0] for one in response.json()["error"]["details"]}
        assert found == "cache"
    assert (await client.patch(path, json={"cache": None})).json()["cache"] is None


async def test_kept_answers_of_a_project_are_purged(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project(cache={"ttl_seconds": 60, "scope": "project"})
    path = f"/manage/projects/{project['id']}/cache"
    before = await generation.current()
    assert await project_cache.epochs([UUID(project["id"])]) == {}
    for _ in range(2):
        response = await client.delete(path)
        assert (response.status_code, response.content) == (204, b"")
    assert (await project_cache.epochs([UUID(project["id"])]))[UUID(project["id"])] > 0
    assert await generation.current() == before + 2
    assert await AuditEvent.filter(action="project.purge_cache", outcome="ok").count() == 2
    await client.delete(f"/manage/projects/{project['id']}")
    assert (await client.delete(path)).status_code == 404


async def test_a_project_narrows_its_provider_s_list_and_adds_to_it(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    plain = await make_project()
    assert (plain["allowed_endpoints"], plain["extra_endpoints"]) == (None, [])
    project = await make_project(
        name="two",
        allowed_endpoints=["/v1/chat/completions", "GET /v1/models/{model}"],
        extra_endpoints=[{"method": "POST", "path": "/v1/rerank"}],
    )
    rerank = {"method": "POST", "path": "/v1/rerank", "usage": "generic"}
    assert project["allowed_endpoints"] == ["/v1/chat/completions", "GET /v1/models/{model}"]
    assert project["extra_endpoints"] == [rerank]
    path = f"/manage/projects/{project['id']}"
    kept = (await client.patch(path, json={"name": "three"})).json()
    assert (kept["allowed_endpoints"], kept["extra_endpoints"]) == (
        project["allowed_endpoints"],
        [rerank],
    )
    before = await generation.current()
    changed = await client.patch(path, json={"allowed_endpoints": None, "extra_endpoints": []})
    assert (changed.json()["allowed_endpoints"], changed.json()["extra_endpoints"]) == (None, [])
    assert await generation.current() > before
    event = await AuditEvent.filter(action="project.update").order_by("-id").first()
    assert event is not None
    assert event.changes == {
        "allowed_endpoints": [project["allowed_endpoints"], None],
        "extra_endpoints": [[rerank], None],
    }


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"allowed_endpoints": []}, "allowed_endpoints", "least 1"),
        ({"allowed_endpoints": ["v1"]}, "allowed_endpoints.0", "METHOD and a path"),
        ({"extra_endpoints": [{"method": "POST"}]}, "extra_endpoints.0.path", "required"),
        (
            {"extra_endpoints": [{"method": "GET", "path": "/manage/tokens"}]},
            "extra_endpoints.0.path",
            "the proxy's own",
        ),
        (
            {"extra_endpoints": [{"method": "GET", "path": "/nobodys/x"}]},
            "extra_endpoints",
            "begins as no provider's paths do here",
        ),
    ],
)
async def test_an_endpoint_that_cannot_be_served_is_told_at_its_field(
    client: httpx.AsyncClient, make_project: Make, sent: dict[str, Any], field: str, said: str
) -> None:
    project = await make_project()
    response = await client.patch(f"/manage/projects/{project['id']}", json=sent)
    assert response.status_code == 400
    (detail,) = response.json()["error"]["details"]
    assert detail["field"] == field
    assert said.casefold() in detail["message"].casefold()


async def test_a_project_has_budgets_as_a_token_has(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project(budgets=[{"limit": "tokens", "amount": 5, "period": "month"}])
    (month,) = project["budgets"]
    assert (month["limit"], month["amount"], month["spent"]) == ("tokens", 5, 0)
    assert month["resets_at"].endswith("-01T00:00:00Z")
    path = f"/manage/projects/{project['id']}"
    assert (await client.patch(path, json={"name": "two"})).json()["budgets"] == [month]
    (listed,) = (await client.get("/manage/projects")).json()["data"]
    assert listed["budgets"] == [month]
    assert (await client.patch(path, json={"budgets": None})).json()["budgets"] is None


async def test_a_project_has_policies_as_a_token_has(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    rule = {"name": "images", "models": ["dall-e*"], "max_parallel_requests": 2}
    project = await make_project(policies=[rule])
    (policy,) = project["policies"]
    assert policy == dict.fromkeys(policy) | rule
    path = f"/manage/projects/{project['id']}"
    assert (await client.patch(path, json={"name": "two"})).json()["policies"] == [policy]
    assert (await client.patch(path, json={"policies": None})).json()["policies"] is None
    event = await AuditEvent.filter(action="project.update").order_by("-id").first()
    assert event is not None
    assert event.changes == {"policies": [[policy], None]}


async def test_unmetered_requests_are_let_through_unless_the_project_says_otherwise(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    assert (await make_project())["unmetered"] == "allow"
    project = await make_project(unmetered="refuse")
    assert project["unmetered"] == "refuse"
    path = f"/manage/projects/{project['id']}"
    assert (await client.patch(path, json={"name": "two"})).json()["unmetered"] == "refuse"
    assert (await client.patch(path, json={"unmetered": "allow"})).json()["unmetered"] == "allow"
    event = await AuditEvent.filter(action="project.update").order_by("-id").first()
    assert event is not None
    assert event.changes == {"unmetered": ["refuse", "allow"]}
    for wrong in ("", "Refuse", None, True):
        response = await client.patch(path, json={"unmetered": wrong})
        assert response.status_code == 400
        assert [found["field"] for found in response.json()["error"]["details"]] == ["unmetered"]


async def test_objects_are_isolated_where_the_project_says_so(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    assert (await make_project())["isolation"] == "none"
    project = await make_project(isolation="token")
    assert project["isolation"] == "token"
    path = f"/manage/projects/{project['id']}"
    before = await generation.current()
    changed = await client.patch(path, json={"isolation": "project"})
    assert changed.json()["isolation"] == "project"
    assert await generation.current() > before
    for wrong in ("", "Token", None):
        response = await client.patch(path, json={"isolation": wrong})
        assert response.status_code == 400
        assert [found["field"] for found in response.json()["error"]["details"]] == ["isolation"]


async def test_show_change_and_list_agree(client: httpx.AsyncClient, make_project: Make) -> None:
    project = await make_project("one", requests_per_minute=5, allowed_models=["a"])
    path = f"/manage/projects/{project['id']}"
    assert (await client.get(path)).json() == project
    change = {"name": "two", "requests_per_minute": None, "is_active": False}
    response = await client.patch(path, json=change)
    assert response.status_code == 200
    changed = response.json()
    assert changed["updated_at"] > project["updated_at"]
    assert changed == project | change | {"updated_at": changed["updated_at"]}
    assert (await client.get(path)).json() == changed
    assert (await client.get("/manage/projects")).json() == {"data": [changed], "next_cursor": None}


async def test_change_of_nothing_changes_nothing(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    for body in (b"{}", b""):
        response = await client.patch(
            f"/manage/projects/{project['id']}",
            content=body,
            headers={"content-type": "application/json"},
        )
        assert (response.status_code, response.json()) == (200, project)


async def test_two_projects_do_not_share_a_name(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    await make_project("taken")
    other = await make_project("other")
    for response in (
        await client.post("/manage/projects", json={"name": "taken", "api_key": "sk-x"}),
        await client.patch(f"/manage/projects/{other['id']}", json={"name": "taken"}),
    ):
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "conflict"
        assert "taken" in response.json()["error"]["message"]


async def test_deleting_revokes_tokens_erases_keys_and_keeps_history(
    client: httpx.AsyncClient, make_project: Make, make_token: Make
) -> None:
    project = await make_project("gone")
    token = await make_token(project_id=project["id"])
    path = f"/manage/projects/{project['id']}"
    response = await client.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert await UpstreamKey.all().count() == 0
    assert await Project.filter(id=project["id"]).exists()
    shown = (await client.get(f"/manage/tokens/{token['id']}")).json()
    assert shown["status"] == "revoked"
    assert (await client.get("/manage/projects")).json()["data"] == []
    for method in ("GET", "PATCH", "DELETE"):
        assert (await client.request(method, path)).status_code == 404
    response = await client.post("/manage/tokens", json={"project_id": project["id"]})
    assert response.status_code == 404
    # The name is free again.
    await make_project("gone")


async def test_revoking_all_tokens_counts_them(
    client: httpx.AsyncClient, make_project: Make, make_token: Make
) -> None:
    project = await make_project()
    tokens = [await make_token(project_id=project["id"]) for _ in range(3)]
    await client.delete(f"/manage/tokens/{tokens[0]['id']}")
    path = f"/manage/projects/{project['id']}/tokens/revoke"
    response = await client.post(path)
    assert response.status_code == 200
    assert response.json() == {"revoked_count": 2, "already_revoked_count": 1, "total_tokens": 3}
    again = (await client.post(path, json={})).json()
    assert again == {"revoked_count": 0, "already_revoked_count": 3, "total_tokens": 3}


async def test_search_and_filter(client: httpx.AsyncClient, make_project: Make) -> None:
    search = await make_project("Search 100%")
    other = await make_project("Billing")
    await client.patch(f"/manage/projects/{other['id']}", json={"is_active": False})

    async def names(**query: str) -> list[str]:
        response = await client.get("/manage/projects", params=query)
        assert response.status_code == 200, response.text
        return [project["name"] for project in response.json()["data"]]

    assert await names() == ["Billing", "Search 100%"]
    assert await names(q="EARCH") == ["Search 100%"]
    assert await names(q="0%") == ["Search 100%"]
    assert await names(q="S%100") == []
    assert await names(q="_") == []
    assert await names(q=search["id"]) == ["Search 100%"]
    assert await names(is_active="false") == ["Billing"]
    assert await names(is_active="true", q="billing") == []
    assert await names(q="") == ["Billing", "Search 100%"]


async def test_every_mutation_is_audited_with_the_request_id_and_without_secrets(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project("audited", api_key="sk-never-to-be-seen-1234")
    path = f"/manage/projects/{project['id']}"
    changed = await client.patch(path, json={"requests_per_minute": 7})
    await client.patch(path, json={"is_active": False})
    await client.delete(path)
    events = await AuditEvent.all().order_by("id")
    assert [event.action for event in events] == [
        "project.create",
        "key.add",
        "project.update",
        "project.deactivate",
        "project.delete",
    ]
    assert {event.actor for event in events} == {"management"}
    assert {event.ip for event in events} == {"127.0.0.1"}
    assert events[2].changes == {"requests_per_minute": [None, 7]}
    assert events[2].request_id == changed.headers["x-llm-proxy-request-id"]
    listed = await client.get("/manage/audit")
    assert "never-to-be-seen" not in listed.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("name", "a\ud800b"),
        ("name", "two\nlines"),
        ("name", None),
        ("name", 7),
        ("api_key", ""),
        ("api_key", "sk with spaces"),
        ("api_key", "sk-\u2026"),
        ("api_key", "k" * 4097),
        ("provider", "nobody"),
        ("provider", None),
        ("base_url", "ftp://example.com"),
        ("base_url", "https://user:password@example.com"),
        ("base_url", "https://example.com?x=1"),
        ("base_url", "https://example.com#x"),
        ("base_url", "example.com"),
        ("base_url", ""),
        ("requests_per_minute", 0),
        ("requests_per_minute", -1),
        ("requests_per_minute", True),
        ("requests_per_minute", "60"),
        ("requests_per_minute", 1.5),
        ("requests_per_minute", 10**30),
        ("max_parallel_requests", 2**63),
        ("allowed_models", []),
        ("allowed_models", [""]),
        ("allowed_models", [1]),
        ("allowed_models", "gpt-4"),
        ("allowed_models", ["x"] * 1001),
        ("allowed_origins", ["example.com"]),
        ("allowed_origins", ["https://example.com/path"]),
        ("tokens", 1),
        ("is_active", True),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bad_field_is_named(client: httpx.AsyncClient, field: str, value: object) -> None:
    body = {"name": "fine", "api_key": "sk-fine", field: value}
    response = await client.post(
        "/manage/projects",
        content=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["code"] == "invalid_request"
    assert [detail["field"].partition(".")[0] for detail in error["details"]] == [field]
    assert await Project.all().count() == 0


async def test_all_bad_fields_are_named_at_once(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/manage/projects",
        json={"name": 7, "base_url": "x", "max_parallel_requests": 0, "surprise": 1},
    )
    named = {detail["field"] for detail in response.json()["error"]["details"]}
    assert named == {"name", "api_key", "base_url", "max_parallel_requests", "surprise"}


async def test_null_is_refused_where_there_is_no_none(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    for field in ("name", "is_active", "api_key", "provider"):
        response = await client.patch(f"/manage/projects/{project['id']}", json={field: None})
        assert response.status_code == 400, field


@pytest.mark.parametrize("project_id", ["x", "0", "%00", "%ff", "1" * 5000, str(UUID(int=7))])
async def test_unknown_or_malformed_id_is_not_found(
    client: httpx.AsyncClient, project_id: str
) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        response = await client.request(method, f"/manage/projects/{project_id}")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"


async def test_another_address_needs_the_key_for_it(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project(base_url="https://one.example/v1")
    path = f"/manage/projects/{project['id']}"
    added = await client.post(f"{path}/keys", json={"api_key": "sk-second-key-0002"})
    ids = [project["keys"][0]["id"], added.json()["id"]]

    # The same place, and what is no address at all.
    for change in ({"base_url": "https://ONE.example:443/eu"}, {"name": "renamed"}):
        assert (await client.patch(path, json=change)).status_code == 200
    for base_url in ("https://two.example", None):
        response = await client.patch(path, json={"name": "moved", "base_url": base_url})
        assert response.status_code == 409
        error = response.json()["error"]
        assert error["code"] == "key_must_be_given"
        assert [detail["key_id"] for detail in error["details"]] == ids
        assert all(detail["field"] == "api_key" for detail in error["details"])
    shown = (await client.get(path)).json()
    assert (shown["name"], shown["base_url"]) == ("renamed", "https://one.example:443/eu")
    assert [key["id"] for key in shown["keys"]] == ids
    refused = await AuditEvent.filter(action="management.refuse").order_by("-id").first()
    assert refused is not None
    assert refused.changes["code"] == [None, "key_must_be_given"]

    response = await client.patch(
        path, json={"base_url": "https://two.example", "api_key": "sk-for-two.example-0003"}
    )
    assert response.status_code == 200
    assert "sk-for-two" not in response.text
    (key,) = response.json()["keys"]
    assert key["id"] not in ids
    assert key["hint"] == "sk-…0003"
    response = await client.patch(path, json={"api_key": "sk-for-two.example-0004"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    response = await client.patch(path, json={"provider": "anthropic"})
    assert response.json()["provider"] == "anthropic"
    response = await client.patch(path, json={"provider": "none-such"})
    assert response.status_code == 400


async def test_origins_of_the_operator_are_a_fields_bound(
    connected: Database, settings: Settings
) -> None:
    listed = replace(UPSTREAMS, origins=frozenset({"https://one.example:443"}))
    headers = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}
    async with (
        serving(settings, listed) as url,
        httpx.AsyncClient(base_url=url, headers=headers) as client,
    ):
        body = {"name": "p", "api_key": "sk-the-upstream-key-0001"}
        for wrong in (None, "https://two.example", "http://one.example", "https://one.example:8"):
            response = await client.post("/manage/projects", json={**body, "base_url": wrong})
            assert response.status_code == 400
            (detail,) = response.json()["error"]["details"]
            assert detail["field"] == "base_url"
            assert "UPSTREAM_ORIGINS: https://one.example:443" in detail["message"]
        body["base_url"] = "https://One.example/v1"
        made = await client.post("/manage/projects", json=body)
        assert made.status_code == 201
        change = {"base_url": "https://two.example", "api_key": "sk-x"}
        path = f"/manage/projects/{made.json()['id']}"
        assert (await client.patch(path, json=change)).status_code == 400


@pytest.mark.parametrize("unseen", ["\u202e", "\u2066", "\u200b", "\u200d", "\u3164", "\ufe0f"])
async def test_a_name_that_is_not_seen_as_it_is_is_refused_and_still_searched_for(
    client: httpx.AsyncClient, make_project: Make, unseen: str
) -> None:
    project = await make_project()
    named = f"a{unseen}b"
    at = f"/manage/projects/{project['id']}"
    for method, path, body, field in (
        ("POST", "/manage/projects", {"name": named, "api_key": "sk-x"}, "name"),
        ("PATCH", at, {"name": named}, "name"),
        ("PATCH", at, {"allowed_models": [named]}, "allowed_models.0"),
        ("POST", f"{at}/keys", {"api_key": "sk-x", "label": named}, "label"),
        ("POST", "/manage/tokens", {"project_id": project["id"], "name": named}, "name"),
    ):
        response = await client.request(method, path, json=body)
        assert response.status_code == 400, path
        (detail,) = response.json()["error"]["details"]
        assert detail["field"] == field
        assert f"U+{ord(unseen):04X}" in detail["message"]
    for path in ("projects?q", "tokens?q", "requests?model", "audit?actor"):
        response = await client.get(f"/manage/{path}={quote(named)}")
        assert response.status_code == 200, path


async def test_emoji_of_several_characters_are_names(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    name = "👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3"
    project = await make_project(name=name)
    assert project["name"] == name
    (found,) = (await client.get(f"/manage/projects?q={quote(name)}")).json()["data"]
    assert found["id"] == project["id"]


async def test_a_provider_without_an_address_needs_one_of_the_project(
    client: httpx.AsyncClient,
) -> None:
    wanted = {"name": "Bedrock", "api_key": "key", "provider": "bedrock"}
    refused = await client.post("/manage/projects", json=wanted)
    assert refused.status_code == 400
    (detail,) = refused.json()["error"]["details"]
    assert detail["field"] == "base_url"
    assert "https://bedrock-runtime.us-east-1.amazonaws.com" in detail["message"]
    base_url = "https://bedrock-runtime.eu-west-1.amazonaws.com"
    made = await client.post("/manage/projects", json=wanted | {"base_url": base_url})
    assert made.status_code == 201
    path = f"/manage/projects/{made.json()['id']}"
    assert (await client.patch(path, json={"base_url": None})).status_code == 400


async def test_what_paths_of_a_cloud_may_name(client: httpx.AsyncClient) -> None:
    wanted = {"name": "P", "api_key": "key", "location": "eu", "project": "p-1"}
    made = (await client.post("/manage/projects", json=wanted)).json()
    assert (made["project"], made["location"]) == ("p-1", "eu")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("base_url", "https://h/v1/chat/completions", "leave out /chat/completions"),
        ("location", "a/b", "such as my-project-1"),
    ],
)
async def test_paths_that_lead_elsewhere_are_refused_with_the_mend(
    client: httpx.AsyncClient, field: str, value: str, said: str
) -> None:
    wanted = {"name": "P", "api_key": "key", field: value}
    refused = await client.post("/manage/projects", json=wanted)
    assert refused.status_code == 400
    (detail,) = refused.json()["error"]["details"]
    assert said in detail["message"]
